"""Crates move from one registry to another over its sparse index, and keep times and checksums."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.errors import InvalidInput
from accounts.models import ApiToken, User
from registry.models import Crate, Dependency, Version
from registry.operations.fetch_crates import (
    ForeignRegistry,
    bring,
    download_template,
    find_versions,
)
from tests.factories.archives import build_crate, build_frame, manifest_for, metadata_for
from tests.journeys.wire import ask, index_lines, upload, upload_plain
from tests.server import Server

pytestmark = [pytest.mark.slow, pytest.mark.once]
CRATES_IO = "https://github.com/rust-lang/crates.io-index"
TOP = """
[dependencies.moved]
version = "1"
package = "move-base"
registry-index = "{index}"

[dependencies.serde]
version = "1"
"""


@pytest.fixture(scope="module")
def source(running_server: Server, alices_token: str) -> Server:
    """Two versions of one crate, the first yanked, and a crate that needs it."""
    for number in ("1.0.0", "1.1.0"):
        assert upload_plain(running_server.url, alices_token, "move-base", number).status == 200
    path = "/api/v1/crates/move-base/1.0.0/yank"
    assert ask("DELETE", running_server.url + path, token=alices_token).status == 200
    # As cargo writes a manifest when it packs: other registries by index, crates.io by nothing.
    extra = 'readme = "docs/READ.md"\n' + TOP.format(index=running_server.index)
    manifest = manifest_for("move-top", "0.1.0", extra)
    deps = [
        {"name": "move-base", "explicit_name_in_toml": "moved", "version_req": "^1"},
        {"name": "serde", "version_req": "^1", "registry": CRATES_IO},
    ]
    files = {"src/lib.rs": b"", "docs/READ.md": b"# On top"}
    archive = build_crate("move-top", "0.1.0", manifest=manifest, files=files)
    frame = build_frame(metadata_for("move-top", "0.1.0", deps=deps), archive)
    answer = upload(running_server.url, alices_token, frame)
    assert answer.status == 200, answer.body
    return running_server


def run(source: Server, folder: Path, *names: str) -> None:
    call_command(
        "import_crates", source.index, owner="alice", crate=[*names], folder=folder, verbosity=0
    )


def test_a_crate_comes_with_what_it_needs(
    source: Server, alice: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(source, tmp_path, "move-top")

    assert capsys.readouterr().out == "3 imported, 0 there already, 0 refused\n"
    lines = index_lines(source.url, "mo/ve/move-base")
    here = Version.objects.filter(crate__name="move-base").order_by("pk")
    assert [json.loads(version.index_line) for version in here] == lines
    assert [version.yanked for version in here] == [True, False]
    first = Version.objects.get(crate__name="move-base", num="1.0.0")
    assert first.created_at.isoformat().replace("+00:00", "Z") == lines[0]["pubtime"]
    assert Crate.objects.get(name="move-base").created_at == first.created_at
    # The index does not tell of it; the archive does.
    top = Version.objects.get(crate__name="move-top")
    assert (top.readme, top.readme_file) == ("# On top", "docs/READ.md")
    # What was of that registry is of this one now, and crates.io's stays there.
    assert set(Dependency.objects.values_list("name", "alias", "registry_index")) == {
        ("move-base", "moved", ""),
        ("serde", "", CRATES_IO),
    }


def test_a_second_run_asks_for_no_archive_again(
    source: Server, alice: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(source, tmp_path, "move-top")
    # A download that broke off, and one that is whole.
    (tmp_path / "move-top-0.1.0.crate").write_bytes(b"half")
    whole = tmp_path / "move-base-1.0.0.crate"
    before = whole.stat().st_mtime_ns

    run(source, tmp_path, "move-top")

    assert capsys.readouterr().out.endswith("0 imported, 3 there already, 0 refused\n")
    assert whole.stat().st_mtime_ns == before
    assert (tmp_path / "move-top-0.1.0.crate").stat().st_size > 4


def test_what_is_not_there_is_named_and_the_rest_comes(
    source: Server, alice: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="not everything was imported"):
        run(source, tmp_path, "move-base", "no-such-crate", "no crate")

    said = capsys.readouterr()
    assert said.out == "2 imported, 0 there already, 2 refused\n"
    assert f"no-such-crate: no such crate at {source.url}/index" in said.err


def test_an_archive_that_is_not_what_the_index_says_is_not_kept(
    source: Server, alice: User, tmp_path: Path
) -> None:
    registry = ForeignRegistry(source.index, pause=0)
    versions = find_versions(registry, ["move-base"])
    object.__setattr__(versions[0], "checksum", "0" * 64)

    bring(registry, download_template(registry), versions, tmp_path)

    assert registry.problems == [
        "move-base-1.0.0.crate: its SHA-256 is not the one in the index; it was not kept"
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "move-base-1.1.0.crate",
        "move-base-1.1.0.json",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "options", "problem"),
    [
        ("sparse+http://127.0.0.1:9/", {}, "name them with --crate or --crates-from"),
        ("sparse+https://", {"crate": ["a"]}, "the host is missing"),
        ("sparse+http://127.0.0.1:9/", {"crates_from": Path("/none")}, "/none cannot be read"),
    ],
)
def test_what_cannot_work_is_said_at_once(
    alice: User,
    tmp_path: Path,
    address: str,
    options: dict[str, object],
    problem: str,
) -> None:
    with pytest.raises(CommandError, match=problem):
        call_command("import_crates", address, owner="alice", folder=tmp_path, **options)


def test_a_registry_that_is_away_is_said_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"cannot be read: 127\.0\.0\.1 cannot be reached"):
        download_template(ForeignRegistry("sparse+http://127.0.0.1:9/", pause=0))


def test_a_folder_tells_times_and_yanks_too(alice: User, tmp_path: Path) -> None:
    (tmp_path / "old-1.0.0.crate").write_bytes(build_crate("old", "1.0.0"))
    metadata = metadata_for("old", "1.0.0", pubtime="2020-02-03T04:05:06Z", yanked=True)
    (tmp_path / "old-1.0.0.json").write_text(json.dumps(metadata))
    (tmp_path / "new-1.0.0.crate").write_bytes(build_crate("new", "1.0.0"))
    ahead = (timezone.now() + timedelta(days=3)).isoformat()
    (tmp_path / "new-1.0.0.json").write_text(
        json.dumps(metadata_for("new", "1.0.0", pubtime=ahead))
    )

    call_command("import_crates", tmp_path, owner="alice")

    old = Version.objects.get(crate__name="old")
    assert (old.created_at, old.yanked) == (datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC), True)
    assert Version.objects.get(crate__name="new").created_at <= timezone.now()
    (tmp_path / "old-1.0.0.json").write_text(json.dumps({**metadata, "pubtime": "yesterday"}))
    with pytest.raises(CommandError, match="`pubtime` must be a time with its zone"):
        call_command("import_crates", tmp_path, owner="alice")


def test_an_imported_archive_gives_no_token_away(
    alice: User, alice_token: str, tmp_path: Path
) -> None:
    files = {"src/lib.rs": f"// {alice_token}\n".encode()}
    (tmp_path / "old-1.0.0.crate").write_bytes(build_crate("old", "1.0.0", files=files))
    (tmp_path / "old-1.0.0.json").write_text(json.dumps(metadata_for("old", "1.0.0", yanked=True)))

    with pytest.raises(CommandError, match="not everything was imported"):
        call_command("import_crates", tmp_path, owner="alice")

    assert not ApiToken.objects.usable().exists()
