"""Two servers, each of web processes and a worker, on one PostgreSQL, one Redis and one S3."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demo.issuer import LocalIssuer
from tests import s3
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.journeys.wire import Answer, ask, post_json
from tests.prepared import Prepared
from tests.redis_databases import Use, emptied
from tests.server import Server

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (os.environ.get("TEST_DATABASE_URL") and os.environ.get("TEST_REDIS_URL")),
        reason="needs PostgreSQL and Redis",
    ),
]
TOKENS = "/api/v1/trusted_publishing/tokens"
FIELDS = {
    "repository_owner": "ferris-labs",
    "repository_name": "tidepool",
    "workflow_filename": "release.yml",
    "environment": "release",
}
PREPARE = """
from django.core.management import call_command
silent = open("/dev/null", "w")
call_command("create_user", "nora", email="nora@example.com", stdout=silent)
call_command("trust_issuer", "github", {issuer!r}, web_url="https://forge.example", stdout=silent)
fields = [f"{{name}}={{value}}" for name, value in {fields!r}.items()]
to = {{"issuer": {issuer!r}, "pending_owner": "nora", "stdout": silent}}
call_command("add_publisher", "node-ci", "github", *fields, **to)
call_command("create_token", "nora", "laptop")
"""
CLAIMS = "from registry.operations.job_runs import claim; print(claim('trustpub.expire'))"

SWITCH_OFF = """
from registry.actors import System
from trustpub.operations.switches import switch_off
switch_off(actor=System("tests"), name="provider:github", reason="an attack")
"""


@pytest.fixture
def nodes(tmp_path: Path, prepared: Prepared) -> Iterator[tuple[Server, Server]]:
    with s3.running() as storage, prepared.copy(tmp_path / "first" / "data") as database:
        bucket = s3.new_bucket(storage, "crates")
        redis = emptied(Use.OWN_SERVER)
        servers = [
            Server(
                tmp_path / name,
                database=database,
                redis=redis,
                WEB_WORKERS="1",
                SECRET_KEY="the same for all of them",
                STORAGE_URL=bucket,
                **s3.CREDENTIALS,
                RATE_LIMITER_PUBLISH_NEW_BURST="3",
                RATE_LIMITER_PUBLISH_NEW_RATE_SECONDS="600",
                PUBLIC_URL="http://nodes.example",
            )
            for name in ("first", "second")
        ]
        servers[1].folder.mkdir()
        try:
            with ThreadPoolExecutor(2) as both:
                list(both.map(_start, servers))
            yield servers[0], servers[1]
        finally:
            for server in servers:
                server.kill()


def _start(server: Server) -> None:
    # It says that it serves the address of all of them.
    own, server.url = server.url, "http://nodes.example"
    server.start()
    server.url = own


def test_servers_agree_on_everything(nodes: tuple[Server, Server]) -> None:
    first, second = nodes
    with LocalIssuer() as ci:
        prepare = PREPARE.format(issuer=ci.url, fields=FIELDS)
        token = first.manage("shell", "-v0", "-c", prepare).splitlines()[-1]

        # What one publishes, the other's index and API have at once, also after they said no.
        assert ask("GET", f"{second.url}/index/no/de/node-0").status == 404
        for number, server in enumerate((first, second, first)):
            assert ask("GET", f"{second.url}/api/v1/crates/node-{number}").status == 404
            assert publish(server, f"node-{number}", token).status == 200
            for other in nodes:
                index = ask("GET", f"{other.url}/index/no/de/node-{number}")
                assert json.loads(index.body)["vers"] == "1.0.0"
                crate = ask("GET", f"{other.url}/api/v1/crates/node-{number}").json["crate"]
                assert crate["max_version"] == "1.0.0"
                assert archive(other, f"node-{number}") == build_crate(f"node-{number}", "1.0.0")
        # They share no disk.
        assert not [path for server in nodes for path in server.data_dir.rglob("*.crate")]

        # Both count on one limit: three new crates, wherever they are sent.
        assert [publish(server, "node-9", token).status for server in nodes] == [429, 429]

        # An ID token is good for one exchange on one of them, even at the same moment.
        body = {"jwt": ci.github_token("nodes.example")}
        with ThreadPoolExecutor(8) as many:
            places = [f"{server.url}{TOKENS}" for server in nodes] * 4
            answers = list(many.map(lambda place: post_json(place, body), places))
        assert sorted(answer.status for answer in answers) == [200] + [409] * 7
        granted = next(answer for answer in answers if answer.status == 200).json["token"]

        # The token that one gave publishes at the other, and is dead at both once revoked.
        assert publish(second, "node-ci", granted).status == 200
        address = f"{first.url}{TOKENS}"
        assert ask("DELETE", address, token=granted).status == 204
        assert publish(second, "node-ci", granted, "2.0.0").status in {401, 403}

        # What both recall of the issuer does not outlive a switch that one of them throws.
        assert _exchanges(ci, nodes) == [200] * 6
        first.manage("shell", "-v0", "-c", SWITCH_OFF)
        assert _exchanges(ci, nodes) == [503] * 6

    # A job that one server's clock sends, the other's does not.
    said = [server.manage("shell", "-v0", "-c", CLAIMS).splitlines()[-1] for server in nodes]
    assert said == ["True", "False"]

    # A yank at one is seen at the other, whatever its caches held.
    versions = "/api/v1/crates/node-1/versions"
    for server in nodes * 2:
        assert not ask("GET", f"{server.url}{versions}").json["versions"][0]["yanked"]
    yank = "/api/v1/crates/node-1/1.0.0/yank"
    assert ask("DELETE", f"{second.url}{yank}", token=token).status == 200
    for server in nodes:
        assert json.loads(ask("GET", f"{server.url}/index/no/de/node-1").body)["yanked"]
        version = ask("GET", f"{server.url}/api/v1/crates/node-1/1.0.0").json["version"]
        assert version["yanked"]
        assert ask("GET", f"{server.url}{versions}").json["versions"][0]["yanked"]


def _exchanges(ci: LocalIssuer, nodes: tuple[Server, Server]) -> list[int]:
    jwts = [ci.github_token("nodes.example") for _ in range(6)]
    places = [f"{server.url}{TOKENS}" for server in nodes * 3]
    return [post_json(place, {"jwt": jwt}).status for place, jwt in zip(places, jwts, strict=True)]


def archive(server: Server, name: str) -> bytes:
    """As cargo gets it, from where the server sends it; its first bytes can be had alone."""
    sent = ask("GET", f"{server.url}/api/v1/crates/{name}/1.0.0/download")
    assert sent.status == 302
    whole = ask("GET", sent.headers["Location"])
    part = ask("GET", sent.headers["Location"], headers={"Range": "bytes=0-9"})
    assert (part.status, part.body) == (206, whole.body[:10])
    return whole.body


def publish(server: Server, name: str, token: str, version: str = "1.0.0") -> Answer:
    frame = build_frame(metadata_for(name, version), build_crate(name, version))
    return ask("PUT", f"{server.url}/api/v1/crates/new", token=token, body=frame)
