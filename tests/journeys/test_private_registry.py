"""A registry that only its people can read, and what cargo makes of it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.issuer import LocalIssuer
from tests.cargo import Cargo, failed, succeeded
from tests.journeys.auth_action import AuthAction
from tests.journeys.wire import ask, index_lines, upload_plain
from tests.prepared import Prepared
from tests.server import Server

PROGRAM = Path(__file__).parents[2] / "credential" / "cargo_credential_waybill.py"

pytestmark = [pytest.mark.cargo, pytest.mark.slow, pytest.mark.xdist_group("private")]


@pytest.fixture(scope="module")
def private_server(
    tmp_path_factory: pytest.TempPathFactory, prepared: Prepared
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("private")
    with prepared.copy(folder / "data") as database:
        server = Server(folder, database=database, AUTH_REQUIRED="1")
        try:
            server.start()
            server.manage("create_user", "alice", "--email", "alice@example.com")
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="module")
def members_token(private_server: Server) -> str:
    return private_server.manage("create_token", "alice", "laptop")


@pytest.fixture
def member(cargo: Cargo, private_server: Server) -> Cargo:
    cargo.use(private_server.index)
    return cargo


def test_strangers_are_told_where_to_sign_in(member: Cargo, private_server: Server) -> None:
    url = private_server.url

    # Cargo learns from the 401 that it needs a token, and where to get one.
    answer = ask("GET", f"{url}/index/config.json")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == f'Cargo login_url="{url}/me"'
    said = failed(
        member.run("fetch", cwd=member.new("curious", dependencies={"secret-sauce": "1"}))
    )
    assert "please run `cargo login --registry waybill`" in said
    shown = succeeded(member.run_at_terminal("login", "--registry", "waybill", typed="anything\n"))
    assert f"please paste the token found on {url}/me below" in shown

    # Nothing else is open either: index, archives, API, pages.
    for path in (
        "/index/se/cr/secret-sauce",
        "/api/v1/crates",
        "/api/v1/crates/secret-sauce",
        "/api/v1/crates/secret-sauce/1.0.0/download",
    ):
        assert ask("GET", url + path).status == 401, path
    assert ask("GET", f"{url}/crates/secret-sauce").status == 302


def test_a_wrong_token_is_rejected_as_such(member: Cargo, private_server: Server) -> None:
    # The form is right, the token is not: 401, at which cargo says that it was rejected.
    unknown = private_server.manage("create_token", "alice", "short lived", "--days", "1")
    forged = unknown[:-8] + "00000000"
    crate = member.new("no-entry", dependencies={"secret-sauce": "1"})
    said = failed(member.run("fetch", cwd=crate, token=forged))
    assert "token rejected for `waybill`" in said
    assert ask("GET", f"{private_server.url}/index/config.json", token=forged).status == 401


def test_members_publish_and_consume(
    member: Cargo, private_server: Server, members_token: str
) -> None:
    # Publish, with verification, which reads the index and an archive.
    base = member.new("secret-base", source="pub fn seed() -> u8 { 4 }\n")
    succeeded(member.run("publish", cwd=base, token=members_token))
    sauce = member.new(
        "secret-sauce",
        dependencies={"secret-base": "0.1"},
        source="pub fn taste() -> u8 { secret_base::seed() }\n",
    )
    succeeded(member.run("publish", cwd=sauce, token=members_token))

    # A colleague's build, and what else goes through the API.
    consumer = member.new("secret-dish", dependencies={"secret-sauce": "0.1"})
    succeeded(member.run("build", cwd=consumer, token=members_token))
    said = succeeded(member.run("search", "secret", token=members_token))
    assert 'secret-sauce = "0.1.0"' in said
    succeeded(member.run("info", "secret-base", token=members_token))

    # A machine that only builds has a token that can do no more than that.
    reader = private_server.manage("create_token", "alice", "builder", "--scope", "read")
    builder = member.new("secret-copy", dependencies={"secret-sauce": "0.1"})
    succeeded(member.run("build", cwd=builder, token=reader))
    succeeded(member.run("info", "secret-sauce", token=reader))
    said = failed(member.run("publish", "--no-verify", cwd=builder, token=reader))
    assert "this token does not have the required permissions" in said
    said = failed(member.run("yank", "secret-sauce@0.1.0", token=reader))
    assert "this token does not have the required permissions" in said

    # What the answers allow others to keep: nothing.
    [line] = index_lines(private_server.url, "se/cr/secret-sauce", members_token)
    assert line["vers"] == "0.1.0"
    answer = ask("GET", f"{private_server.url}/index/se/cr/secret-sauce", token=members_token)
    assert "private" in answer.headers["Cache-Control"]
    answer = ask(
        "GET",
        f"{private_server.url}/api/v1/crates/secret-sauce/0.1.0/download",
        token=members_token,
    )
    assert answer.status == 200
    assert "private" in answer.headers["Cache-Control"]


def test_a_ci_job_reads_and_publishes_with_the_token_of_its_exchange(
    member: Cargo, private_server: Server, members_token: str
) -> None:
    server = private_server
    assert upload_plain(server.url, members_token, "inner-part").status == 200
    with LocalIssuer() as issuer:
        server.manage("trust_issuer", "github", issuer.url)
        server.manage(
            "add_publisher",
            "inner-whole",
            "github",
            "repository_owner=ferris-labs",
            "repository_name=tidepool",
            "workflow_filename=release.yml",
            "environment=release",
            "--issuer",
            issuer.url,
            "--pending-owner",
            "alice",
        )

        # The exchange needs no other token.
        action = AuthAction(server.url, issuer.runner_environment())
        token = action.main()

        # Verification downloads a dependency, with the same token.
        whole = member.new("inner-whole", dependencies={"inner-part": "0.1"})
        succeeded(member.run("publish", cwd=whole, token=token))
        succeeded(member.run("info", "inner-part", token=token))
        assert 'inner-part = "0.1.0"' in succeeded(member.run("search", "inner-part", token=token))

        # A job that only builds has no publisher: the operator lets its organisation read.
        server.manage(
            "allow_reader", "github", "ferris-labs", "--owner-id", "9176411", "--issuer", issuer.url
        )
        reading = action.main(scope="read")
        tested = member.new("inner-tests", dependencies={"inner-whole": "0.1"})
        succeeded(member.run("build", cwd=tested, token=reading))
        said = failed(member.run("publish", "--no-verify", cwd=tested, token=reading))
        assert "not valid for crate `inner-tests`" in said
        action.token = token

        # Afterwards it opens nothing any more.
        action.post()
        assert ask("GET", f"{server.url}/index/config.json", token=token).status == 401


def test_the_credential_provider_reads_and_publishes_without_a_token_of_the_job(
    member: Cargo, private_server: Server, members_token: str
) -> None:
    server = private_server
    assert upload_plain(server.url, members_token, "buoy-bell").status == 200
    program = member.folder / "cargo-credential-waybill"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{PROGRAM}" "$@"\n')
    program.chmod(0o755)
    with LocalIssuer() as issuer:
        server.manage("trust_issuer", "github", issuer.url)
        server.manage(
            "add_publisher",
            "buoy",
            "github",
            "repository_owner=ferris-labs",
            "repository_name=tidepool",
            "workflow_filename=release.yml",
            "environment=release",
            "--issuer",
            issuer.url,
            "--pending-owner",
            "alice",
        )
        job = {
            **issuer.runner_environment(),
            "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS": str(program),
        }

        # One exchange for all that is read, one for the upload.
        buoy = member.new("buoy", dependencies={"buoy-bell": "0.1"})
        succeeded(member.run("publish", cwd=buoy, variables=job))

        assert issuer.requests["/actions/id-token"] == 2
    assert ask("GET", f"{server.url}/api/v1/crates/buoy", token=members_token).status == 200
