"""Many crates at once: a folder is imported, or published one by one, with the same result.

The large corpus is not part of this repository. It is a folder with `NAME-VERSION.crate` files and
a `publish.json` (registry/operations/import_crates.py says of what form); WAYBILL_CORPUS names it.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from registry.models import Version
from tests.cargo import Cargo, succeeded
from tests.factories.archives import build_crate, build_frame, manifest_for, metadata_for
from tests.journeys.wire import ask, upload
from tests.server import ROOT, Server

# Well known, and between them they need most of the others.
CONSUMED = """
    serde serde_json serde_derive tokio regex rand syn quote futures tracing
    rayon url log libc bytes itertools hashbrown num-bigint tempfile thiserror
""".split()

needs_corpus = pytest.mark.skipif(
    not os.environ.get("WAYBILL_CORPUS"), reason="WAYBILL_CORPUS names no folder of real crates"
)
Corpus = list[dict[str, Any]]


# --- A small one, made here ---


def test_a_folder_is_imported_in_the_order_of_its_dependencies(
    alice: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = _chain(tmp_path)

    call_command("import_crates", tmp_path, owner="alice")

    assert capsys.readouterr().out == "11 imported, 0 there already, 0 refused\n"
    published = Version.objects.order_by("pk").values_list("crate__name", "num")
    # The first needs the second and so on; two versions of one crate come in their order.
    assert [name for name, _ in published if name in names] == [*reversed(names)]
    assert list(published)[-2:] == [("link-0", "0.1.0"), ("root", "2.0.0")]
    version = Version.objects.get(crate__name="root", num="1.0.0")
    stored = (tmp_path / "root-1.0.0.crate").read_bytes()
    assert version.checksum == hashlib.sha256(stored).hexdigest()
    assert version.published_by == alice


def test_what_is_there_already_is_passed_over(
    alice: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = _chain(tmp_path)
    hidden = tmp_path / f"{names[4]}-0.1.0.crate"
    hidden.rename(tmp_path / "away")

    # One is missing in the middle, so all above it are refused, each by name.
    with pytest.raises(CommandError, match="not everything was imported"):
        call_command("import_crates", tmp_path, owner="alice")
    output = capsys.readouterr()
    assert output.out == "5 imported, 0 there already, 5 refused\n"
    assert f"{names[3]}-0.1.0.crate: no known crate named `{names[4]}`" in output.err

    # Mended and run again, it goes on where it stopped.
    (tmp_path / "away").rename(hidden)
    call_command("import_crates", tmp_path, owner="alice")
    assert capsys.readouterr().out == "6 imported, 5 there already, 0 refused\n"
    call_command("import_crates", tmp_path, owner="alice")
    assert capsys.readouterr().out == "0 imported, 11 there already, 0 refused\n"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a-1.0.0.json", "{", "a-1.0.0.json: the metadata cannot be read"),
        ("a-1.0.0.json", "[]", "a-1.0.0.json: the metadata must be a JSON object"),
        ("a-1.0.0.json", "{}", "must hold `name` and `vers` as texts"),
        ("a-1.0.0.json", '{"name": "a", "vers": "1"}', '"1" is an invalid semver version'),
        ("a-1.0.0.json", '{"name": "a", "vers": "1.0.0", "deps": [1]}', "`deps` of its metadata"),
        ("publish.json", '{"crates": [{"file": "b.crate"}]}', "each of `crates` must hold"),
        ("other.json", "{}", "a-1.0.0.json: the metadata cannot be read"),
    ],
)
def test_a_folder_that_is_not_as_it_should_be_is_explained(
    alice: User, tmp_path: Path, name: str, content: str, problem: str
) -> None:
    (tmp_path / "a-1.0.0.crate").write_bytes(build_crate("a", "1.0.0"))
    (tmp_path / name).write_text(content)

    with pytest.raises(CommandError, match=problem.replace("[", r"\[")):
        call_command("import_crates", tmp_path, owner="alice")


def _chain(folder: Path) -> list[str]:
    """Nine crates that need one another in a row, the last one `root`; and `root` 2 needs all."""
    names = [f"link-{number}" for number in range(9)]
    crates = [
        (name, "0.1.0", [needed]) for name, needed in zip(names, [*names[1:], "root"], strict=True)
    ]
    crates += [("root", "1.0.0", []), ("root", "2.0.0", ["link-0"])]
    for name, version, needs in random.Random(7).sample(crates, len(crates)):
        table = "".join(f'{needed} = ">=0"\n' for needed in needs)
        archive = build_crate(
            name, version, manifest=manifest_for(name, version, f"[dependencies]\n{table}")
        )
        deps = [{"name": needed, "version_req": ">=0", "kind": "normal"} for needed in needs]
        (folder / f"{name}-{version}.crate").write_bytes(archive)
        (folder / f"{name}-{version}.json").write_text(
            json.dumps(metadata_for(name, version, deps=deps))
        )
    return names


# --- The large one, if there is one ---


@pytest.fixture
def corpus_folder() -> Path:
    return Path(os.environ["WAYBILL_CORPUS"])


@pytest.fixture
def corpus(corpus_folder: Path) -> Corpus:
    """Each with `file`, `sha256` and `metadata`, in publish order."""
    found: Corpus = json.loads((corpus_folder / "publish.json").read_text())["crates"]
    return found


@needs_corpus
@pytest.mark.cargo
@pytest.mark.slow
@pytest.mark.services
@pytest.mark.timeout(600)
def test_a_corpus_of_real_crates_is_imported(
    own_server: Server, cargo: Cargo, corpus_folder: Path, corpus: Corpus
) -> None:
    server = own_server
    server.manage("create_user", "alice", "--email", "alice@example.com")

    # The import is interrupted in the middle, by Ctrl-C and by a power failure ...
    for signal_number, count in ((signal.SIGINT, 30), (signal.SIGKILL, 90)):
        _import_until(server, corpus_folder, count, signal_number)

    # ... and goes on where it was.
    said = server.manage("import_crates", str(corpus_folder), "--owner", "alice")
    assert said.endswith("0 refused")
    said = server.manage("import_crates", str(corpus_folder), "--owner", "alice")
    assert said == f"0 imported, {len(corpus)} there already, 0 refused"

    _everything_is_there(server, corpus)
    _cargo_resolves(cargo, server, corpus)


@needs_corpus
@pytest.mark.cargo
@pytest.mark.slow
@pytest.mark.services
@pytest.mark.timeout(600)
def test_a_corpus_of_real_crates_is_published(
    own_server: Server, cargo: Cargo, corpus_folder: Path, corpus: Corpus
) -> None:
    server = own_server
    server.manage("create_user", "alice", "--email", "alice@example.com")
    token = server.manage("create_token", "alice", "laptop")

    refused = {}
    for entry in corpus:
        frame = build_frame(entry["metadata"], (corpus_folder / entry["file"]).read_bytes())
        answer = upload(server.url, token, frame)
        if answer.status != 200:
            refused[entry["file"]] = answer.body

    assert not refused
    _everything_is_there(server, corpus)
    _cargo_resolves(cargo, server, corpus)


def _import_until(server: Server, folder: Path, count: int, signal_number: int) -> None:
    """Runs import_crates and ends it once so many crates are there."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_crates", str(folder), "--owner", "alice"],
        cwd=ROOT,
        env=server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while ask("GET", f"{server.url}/api/v1/crates").json["meta"]["total"] < count:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal_number)
    assert process.wait(100) != 0


def _everything_is_there(server: Server, corpus: Corpus) -> None:
    """Index, API and files tell of the same archives."""
    assert server.manage("rebuild_index", "--check") == "the index agrees with the database"
    assert server.manage("verify_storage") == "database, index and stored files agree"
    for entry in corpus:
        name, num = entry["metadata"]["name"], entry["metadata"]["vers"]
        address = f"{server.url}/api/v1/crates/{name}/{num}"
        archive = ask("GET", f"{address}/download").body
        assert hashlib.sha256(archive).hexdigest() == entry["sha256"], entry["file"]
        assert ask("GET", address).json["version"]["checksum"] == entry["sha256"], entry["file"]


def _cargo_resolves(cargo: Cargo, server: Server, corpus: Corpus) -> None:
    """A consumer of twenty gets them all, with the checksums of the files we began with."""
    cargo.use(server.index)
    newest = {entry["metadata"]["name"]: entry["metadata"]["vers"] for entry in corpus}
    wanted = {name: f"={newest[name]}" for name in CONSUMED if name in newest}
    assert len(wanted) == len(CONSUMED)
    consumer = cargo.new("consumer-of-twenty", dependencies=wanted)

    succeeded(cargo.run("fetch", cwd=consumer))

    sums = {(e["metadata"]["name"], e["metadata"]["vers"]): e["sha256"] for e in corpus}
    locked = list(_locked(consumer / "Cargo.lock"))
    assert len(locked) > len(CONSUMED)
    for package in locked:
        assert package["checksum"] == sums[package["name"], package["version"]]


def _locked(lock: Path) -> Iterator[dict[str, str]]:
    """The packages that came from the registry."""
    for package in tomllib.loads(lock.read_text())["package"]:
        if "source" in package:
            yield package
