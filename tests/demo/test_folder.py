from pathlib import Path

import pytest

from demo.errors import DemoFailed
from demo.folder import MARKER, fresh_folder


def test_it_starts_empty_each_time(tmp_path: Path) -> None:
    path = tmp_path / "var" / "demo"
    with fresh_folder(path) as folder:
        (folder.path / "data").mkdir()
        (folder.path / "data" / "old").write_text("old")
        (folder.path / "link").symlink_to(tmp_path)

    with fresh_folder(path):
        assert [entry.name for entry in path.iterdir()] == [MARKER]

    assert tmp_path.is_dir()


def test_it_does_not_touch_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")

    with (
        pytest.raises(DemoFailed, match="holds files that are not the demo's"),
        fresh_folder(tmp_path),
    ):
        pass

    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_it_is_used_by_one_demo_at_a_time(tmp_path: Path) -> None:
    with fresh_folder(tmp_path) as folder:
        (folder.path / "data").write_text("in use")

        with pytest.raises(DemoFailed, match="another demo is running"), fresh_folder(tmp_path):
            pass

        assert (folder.path / "data").exists()


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")

    with pytest.raises(DemoFailed, match="cannot be used"), fresh_folder(tmp_path / "demo"):
        pass
