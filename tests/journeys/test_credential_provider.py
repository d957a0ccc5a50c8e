"""Real cargo asks our credential provider for a token at the moment of each upload."""

import json
import re
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.issuer import LocalIssuer
from tests.cargo import REGISTRY, Cargo, failed, succeeded
from tests.journeys.wire import ask, index_lines, upload_plain
from tests.server import Server

pytestmark = [pytest.mark.cargo, pytest.mark.slow]

PROGRAM = Path(__file__).parents[2] / "credential" / "cargo_credential_waybill.py"
REQUEST = "/actions/id-token"
Announce = Callable[..., dict[str, object]]


@pytest.fixture(scope="module")
def ci(running_server: Server, alices_token: str) -> Iterator[LocalIssuer]:
    with LocalIssuer() as found:
        running_server.manage(
            "trust_issuer", "github", found.url, "--web-url", "https://forge.test"
        )
        yield found


@pytest.fixture
def job(ci: LocalIssuer, registry_cargo: Cargo) -> dict[str, str]:
    """What the environment of a job on GitHub holds, and how it names the provider to cargo."""
    ci.requests.clear()
    # The interpreter of this run, as a job whose python3 is another would do it.
    program = registry_cargo.folder / "cargo-credential-waybill"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{PROGRAM}" "$@"\n')
    program.chmod(0o755)
    return {
        **ci.runner_environment(),
        "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS": f"cargo:token {program}",
    }


@pytest.fixture
def announce(running_server: Server, ci: LocalIssuer, alices_token: str) -> Announce:
    """Alice lets the release job of a repository publish a crate; the next job is that one."""

    def announce(crate: str, repository: str, *, pending: bool = True) -> dict[str, object]:
        ci.job_claims = _claims(repository)
        config = {
            "crate": crate,
            "repository_owner": "ferris-labs",
            "repository_name": repository,
            "workflow_filename": "release.yml",
            "environment": "release",
            "issuer": ci.url,
            "pending": pending,
        }
        body = json.dumps({"github_config": config}).encode()
        headers = {"Content-Type": "application/json"}
        address = f"{running_server.url}/api/v1/trusted_publishing/github_configs"
        answer = ask("POST", address, token=alices_token, body=body, headers=headers)
        assert answer.status == 200, answer
        return ci.job_claims

    return announce


def test_a_workspace_is_published_with_a_token_for_each_archive(
    registry_cargo: Cargo,
    running_server: Server,
    ci: LocalIssuer,
    job: dict[str, str],
    announce: Announce,
    alices_token: str,
) -> None:
    cargo, server = registry_cargo, running_server

    # One member exists, the other is announced; both trust the same workflow.
    assert upload_plain(server.url, alices_token, "raft-core", "0.1.0").status == 200
    announce("raft-core", "raft", pending=False)
    announce("raft-paint", "raft")
    root = _workspace(cargo, "raft-core", "raft-paint")

    # There is no token anywhere: the job has an identity, and cargo asks for each upload.
    said = succeeded(cargo.run("publish", "--workspace", cwd=root, variables=job))
    assert said.index("Published raft-core v0.2.0") < said.index("Published raft-paint v0.1.0")

    # One ID token was requested for each upload, and none for reading what everybody may read.
    assert ci.requests[REQUEST] == 2
    for name, path in (("raft-core", "ra/ft/raft-core"), ("raft-paint", "ra/ft/raft-paint")):
        line = index_lines(server.url, path)[-1]
        assert f"may publish {name}@{line['vers']} with the SHA-256 {line['cksum']}" in said

    # Neither token of the job is in what the log of the job would show, or in any file of it.
    _holds_no_token(said + server.output(), cargo.folder)


def test_a_refusal_is_shown_to_whoever_reads_the_log(
    registry_cargo: Cargo, ci: LocalIssuer, job: dict[str, str], announce: Announce
) -> None:
    cargo = registry_cargo
    announce("raft-mast", "raft-mast")
    ci.job_claims = _claims("raft-mast") | {"environment": "staging"}

    said = failed(cargo.run("publish", "--no-verify", cwd=cargo.new("raft-mast"), variables=job))

    # What the publisher expects is not told before it has seen the repository's ids.
    assert "differs from the job in: environment (the job has `staging`)" in said
    assert "publisher_mismatch, request " in said
    _holds_no_token(said, cargo.folder)


def test_what_a_job_may_not_do_is_left_to_other_providers(
    registry_cargo: Cargo,
    running_server: Server,
    job: dict[str, str],
    alices_token: str,
) -> None:
    cargo = registry_cargo
    assert upload_plain(running_server.url, alices_token, "raft-sail").status == 200

    said = failed(cargo.run("yank", "raft-sail@0.1.0", variables=job))
    assert "the identity of a CI job cannot yank versions; use an API token" in said

    # A token that is there all the same is used, because the provider stands aside.
    succeeded(cargo.run("yank", "raft-sail@0.1.0", variables=job, token=alices_token))


def test_gitlab_gives_a_token_for_each_upload_in_variables(
    registry_cargo: Cargo,
    running_server: Server,
    ci: LocalIssuer,
    job: dict[str, str],
    announce: Announce,
) -> None:
    cargo = registry_cargo
    claims = announce("raft-helm", "raft-helm")
    announce("raft-hull", "raft-helm")
    audience = running_server.url.removeprefix("http://")
    for name in ci.runner_environment():
        del job[name]
    tokens = {
        "WAYBILL_ID_TOKEN": ci.github_token(audience, **claims),
        "WAYBILL_ID_TOKEN_2": ci.github_token(audience, **claims),
        "TMPDIR": str(cargo.folder),
    }

    for name in ("raft-helm", "raft-hull"):
        succeeded(cargo.run("publish", "--no-verify", cwd=cargo.new(name), variables=job | tokens))

    crate = cargo.new("raft-helm", "0.1.1")
    said = failed(cargo.run("publish", "--no-verify", cwd=crate, variables=job | tokens))
    assert "let the job have more of them, as WAYBILL_ID_TOKEN_2" in said


def _workspace(cargo: Cargo, core: str, paint: str) -> Path:
    root = cargo.folder / "raft"
    root.mkdir()
    (root / "Cargo.toml").write_text('[workspace]\nresolver = "2"\nmembers = ["core", "paint"]\n')
    needs = f'{core} = {{ path = "../core", version = "0.2", registry = "{REGISTRY}" }}\n'
    shutil.move(cargo.new(core, "0.2.0", source="pub fn keel() {}\n"), root / "core")
    use = f"pub fn go() {{ {core.replace('-', '_')}::keel() }}\n"
    shutil.move(cargo.new(paint, manifest=needs, source=use), root / "paint")
    return root


def _holds_no_token(said: str, folder: Path) -> None:
    secret = re.compile(rb"wbl_tp_|eyJ[\w-]{20,}\.eyJ")
    assert not secret.search(said.encode())
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in written if secret.search(path.read_bytes())]


def _claims(repository: str) -> dict[str, object]:
    """The claims of a job in which repositories of one owner differ."""
    number = str(zlib.crc32(repository.encode()))
    reference = f"ferris-labs/{repository}/.github/workflows/release.yml@refs/tags/v1.4.0"
    return {
        "sub": f"repo:ferris-labs@9176411/{repository}@{number}:environment:release",
        "repository": f"ferris-labs/{repository}",
        "repository_id": number,
        "workflow_ref": reference,
        "job_workflow_ref": reference,
    }
