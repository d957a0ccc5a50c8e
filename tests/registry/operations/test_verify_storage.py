import os
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from registry import storage
from registry.models import Version
from registry.operations.verify_storage import differences, repair
from tests.factories.registry import make_crate
from tests.wire import publish, stored_files

pytestmark = pytest.mark.django_db
INDEX = "index/de/mo/demo-crate"
ARCHIVE = "crates/demo-crate/demo-crate-0.1.0.crate"


@pytest.fixture(autouse=True)
def _one_crate(alice_token: str) -> None:
    assert publish(alice_token).status_code == 200
    # Index files are written after the commit, which a test never reaches.
    assert [str(repaired.difference.key) for repaired in repair()] == [INDEX]


def path_of(key: str) -> Path:
    path = storage.objects().local_path(key)
    assert path
    return path


def leave(key: str, *, hours_ago: float) -> None:
    """A file that no row names."""
    storage.objects().write(key, b"stray")
    at = path_of(key).stat().st_mtime - hours_ago * 3600
    os.utime(path_of(key), (at, at))


def test_index_files_are_written_anew() -> None:
    path_of(INDEX).write_text("nonsense")

    [outcome] = repair()

    assert (outcome.done, str(outcome)) == (
        True,
        f"{INDEX}: differs from the database; written anew",
    )
    assert list(differences()) == []


def test_a_stray_archive_is_put_aside_and_not_lost() -> None:
    stray = "crates/demo-crate/demo-crate-9.9.9.crate"
    leave(stray, hours_ago=2)

    [outcome] = repair()

    assert outcome.done
    assert f"aside/{stray}" in stored_files()
    assert stray not in stored_files()
    assert list(differences()) == []


def test_a_stray_index_file_is_removed() -> None:
    leave("index/go/ne/gone-crate", hours_ago=2)

    assert [outcome.outcome for outcome in repair()] == ["removed"]
    assert list(differences()) == []


def test_an_index_file_is_not_stray_once_its_crate_is_founded() -> None:
    for key in ("index/se/a-/sea-shell", "index/se/a-/sea-star"):
        leave(key, hours_ago=2)
    repairs = repair()
    first = next(repairs).difference.key
    founded = "Sea-Star" if first.endswith("shell") else "Sea-Shell"

    make_crate(founded)

    assert [outcome.outcome for outcome in repairs] == ["written anew"]
    assert list(differences()) == []


@pytest.mark.parametrize("key", ["crates/new/new-1.0.0.crate", "index/3/n/new"])
def test_what_an_upload_under_way_may_own_is_left_alone(key: str) -> None:
    leave(key, hours_ago=0.5)

    [outcome] = repair()

    assert not outcome.done
    assert "run again in 60 minutes" in outcome.outcome
    assert key in stored_files()
    assert all(outcome.done for outcome in repair(settled=timedelta(0)))


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_only_a_backup_brings_an_archive_back(damage: str, tmp_path: Path) -> None:
    copy = tmp_path / "backup" / "storage" / ARCHIVE
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path_of(ARCHIVE).read_bytes())
    if damage == "missing":
        path_of(ARCHIVE).unlink()
    else:
        path_of(ARCHIVE).write_bytes(b"something else")

    [without] = repair()
    assert not without.done
    assert "only a backup has it" in without.outcome

    [outcome] = repair(backup=tmp_path / "backup")

    assert outcome.done
    assert list(differences()) == []


def test_a_backup_that_is_damaged_too_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "backup" / "storage" / ARCHIVE
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"damaged too")
    path_of(ARCHIVE).unlink()

    [outcome] = repair(backup=tmp_path / "backup")

    assert (outcome.done, outcome.outcome) == (False, f"{copy} is damaged too")
    assert ARCHIVE not in stored_files()


def test_the_command_mends_and_says_what_it_cannot() -> None:
    leave("crates/demo-crate/demo-crate-9.9.9.crate", hours_ago=2)
    Version.objects.update(checksum="0" * 64)
    said = StringIO()

    with pytest.raises(CommandError, match="1 differences mended, 1 left"):
        call_command("verify_storage", repair=True, stdout=said)

    assert f"{ARCHIVE}: its SHA-256 differs" in said.getvalue()
    with pytest.raises(CommandError, match="1 differences; --repair"):
        call_command("verify_storage", stdout=said)


def test_the_command_wants_a_backup_only_for_repairs(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="give both"):
        call_command("verify_storage", backup=tmp_path)
    with pytest.raises(CommandError, match="no backup with archives"):
        call_command("verify_storage", repair=True, backup=tmp_path / "absent")
