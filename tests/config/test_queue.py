from pathlib import Path

from config.queue import filesystem_broker


def test_it_makes_the_folders_that_the_broker_needs(tmp_path: Path) -> None:
    options = filesystem_broker(tmp_path / "data")

    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        assert Path(options[name]).is_dir()
    assert options["data_folder_in"] == options["data_folder_out"]


def test_a_second_start_finds_them(tmp_path: Path) -> None:
    assert filesystem_broker(tmp_path) == filesystem_broker(tmp_path)
