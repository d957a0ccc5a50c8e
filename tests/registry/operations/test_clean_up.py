import os
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from pytest_django import Settings

from adapters.file_storage import WORKSHOP
from registry import storage
from registry.operations.clean_up import remove_unfinished_files
from tests.wire import stored_files


def put(path: Path, *, hours_old: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half of it")
    then = (timezone.now() - timedelta(hours=hours_old)).timestamp()
    os.utime(path, (then, then))


def test_unfinished_files_go_after_a_day(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    root = Path(settings.STORAGE_URL.removeprefix("file://"))
    put(root / "crates" / WORKSHOP / ".0123456789abcdef.tmp", hours_old=25)
    put(root / "index" / WORKSHOP / ".fedcba9876543210.tmp", hours_old=400)
    put(tmp_path / "mail/.00112233445566ff.tmp", hours_old=25)

    assert remove_unfinished_files() == 3
    assert stored_files() == []
    assert list((tmp_path / "mail").iterdir()) == []
    assert remove_unfinished_files() == 0


def test_everything_else_stays(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_FILE_PATH = tmp_path / "absent"
    root = Path(settings.STORAGE_URL.removeprefix("file://"))
    storage.objects().write("crates/tide/tide-0.1.0.crate", b"whole")
    for name, hours in (
        (f"crates/{WORKSHOP}/.0123456789abcdef.tmp", 23),
        ("crates/tide/tide-0.2.0.crate", 48),
        (f"crates/{WORKSHOP}/0123456789abcdef.tmp", 48),
        ("crates/tide/.hidden", 48),
    ):
        put(root / name, hours_old=hours)
    before = stored_files()

    assert remove_unfinished_files() == 0
    assert stored_files() == before
