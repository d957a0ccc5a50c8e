"""What backup and restore say when something is wrong; journeys/test_backup.py tells the rest."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder

from registry import storage
from registry.formats.backup_manifest import checksum_line
from registry.models import Version
from registry.operations.backup import back_up
from registry.operations.restore import damages, open_backup
from tests.wire import publish

TABLES_ARE_COMMITTED = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(alice_token: str, tmp_path: Path) -> Path:
    """A backup of three versions."""
    for number in ("0.1.0", "0.2.0", "0.3.0"):
        assert publish(alice_token, version=number).status_code == 200
    backup = back_up(tmp_path / "backup")
    assert (backup.archives, backup.problems) == (3, ())
    return tmp_path / "backup"


def archive_of(folder: Path, number: str) -> Path:
    return folder / "storage" / "crates" / "demo-crate" / f"demo-crate-{number}.crate"


@TABLES_ARE_COMMITTED
def test_every_damage_is_named(made: Path) -> None:
    assert list(damages(made, open_backup(made))) == []
    database = next(made.glob("database.*"))
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)
    archive_of(made, "0.1.0").unlink()
    flipped = bytearray(archive_of(made, "0.2.0").read_bytes())
    flipped[20] ^= 1
    archive_of(made, "0.2.0").write_bytes(flipped)
    size = archive_of(made, "0.3.0").stat().st_size
    archive_of(made, "0.3.0").write_bytes(b"short")
    (made / "storage" / "more").write_text("")

    said = StringIO()
    with pytest.raises(CommandError, match="nothing was restored"):
        call_command("restore", made, check=True, stdout=said)

    assert said.getvalue().splitlines()[:-1] == [
        f"{database.name}: its SHA-256 is not the one in the manifest",
        "crates/demo-crate/demo-crate-0.1.0.crate: missing",
        "crates/demo-crate/demo-crate-0.2.0.crate: its SHA-256 is not the one in the manifest",
        f"crates/demo-crate/demo-crate-0.3.0.crate: has 5 bytes instead of {size}",
        "storage/more: not part of the backup",
    ]


@TABLES_ARE_COMMITTED
def test_a_manifest_that_was_changed_is_not_believed(made: Path) -> None:
    manifest = made / "manifest.json"
    manifest.write_text(manifest.read_text().replace("0.1.0.crate", "0.1.1.crate"))

    with pytest.raises(CommandError, match=r"its SHA-256 is not the one in manifest\.json\.sha256"):
        call_command("restore", made, check=True)

    (made / "manifest.json.sha256").unlink()
    with pytest.raises(CommandError, match="no whole backup"):
        call_command("restore", made, check=True)


@TABLES_ARE_COMMITTED
def test_what_is_there_is_replaced_only_when_that_is_meant(made: Path) -> None:
    with pytest.raises(CommandError, match="the database holds crates"):
        call_command("restore", made)


@TABLES_ARE_COMMITTED
def test_a_backup_of_a_newer_version_or_another_database_is_refused(
    made: Path, tmp_path: Path
) -> None:
    MigrationRecorder.Migration.objects.create(app="registry", name="9999_later")
    back_up(tmp_path / "newer")

    with pytest.raises(CommandError, match="made by a newer version"):
        call_command("restore", tmp_path / "newer", force=True)

    MigrationRecorder.Migration.objects.filter(name="9999_later").delete()
    manifest = replace(open_backup(made), database_kind="another").to_json()
    (made / "manifest.json").write_bytes(manifest)
    (made / "manifest.json.sha256").write_text(checksum_line(manifest, "manifest.json"))
    with pytest.raises(CommandError, match="into a database of the same kind"):
        call_command("restore", made, force=True)


@TABLES_ARE_COMMITTED
def test_archives_that_keep_to_their_storage_are_only_listed(made: Path, tmp_path: Path) -> None:
    listed = tmp_path / "listed"
    call_command("backup", listed, list_archives=True, stdout=StringIO())

    assert not (listed / "storage").exists()
    assert list(damages(listed, open_backup(listed))) == []
    storage.objects().delete("crates/demo-crate/demo-crate-0.1.0.crate")
    storage.objects().write("crates/demo-crate/demo-crate-0.2.0.crate", b"other")
    assert list(damages(listed, open_backup(listed))) == [
        "crates/demo-crate/demo-crate-0.1.0.crate: missing in storage",
        "crates/demo-crate/demo-crate-0.2.0.crate: has another size in storage",
    ]


@TABLES_ARE_COMMITTED
def test_what_is_broken_already_is_said_at_once_and_all_else_is_kept(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage.objects().delete("crates/demo-crate/demo-crate-0.1.0.crate")

    with pytest.raises(CommandError, match="1 archives were missing or damaged already"):
        call_command("backup", tmp_path / "partial")

    said = capsys.readouterr().err
    assert "demo-crate-0.1.0.crate: missing in the registry's storage" in said
    assert len(list((tmp_path / "partial").rglob("*.crate"))) == 2


@TABLES_ARE_COMMITTED
def test_a_folder_that_holds_something_is_not_touched(made: Path, tmp_path: Path) -> None:
    before = sorted(made.rglob("*"))

    with pytest.raises(CommandError, match="exists and is not empty"):
        call_command("backup", made)

    assert sorted(made.rglob("*")) == before


@TABLES_ARE_COMMITTED
def test_a_backup_that_fails_leaves_nothing(
    made: Path, tmp_path: Path, settings: LazySettings
) -> None:
    (tmp_path / "in the way").write_text("")
    settings.STORAGE_URL = f"file://{tmp_path}/in the way/storage"

    with pytest.raises(CommandError, match="the backup was not made"):
        call_command("backup", tmp_path / "failed")

    assert not [path for path in tmp_path.iterdir() if "failed" in path.name]


@TABLES_ARE_COMMITTED
def test_a_damaged_backup_mends_what_it_has_whole(made: Path) -> None:
    key = "crates/demo-crate/demo-crate-0.3.0.crate"
    storage.objects().delete(key)

    call_command("verify_storage", repair=True, backup=made, stdout=StringIO())

    assert storage.objects().exists(key)
    assert Version.objects.count() == 3
