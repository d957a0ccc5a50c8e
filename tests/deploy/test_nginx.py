"""The nginx files as they are in `deploy/`, with a real nginx in front of a private registry.

What the public file serves from the disk needs no token, and what it passes on meets the registry's
own 401: so one server shows both.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.formats.access_log import AccessLog
from tests.deploy.nginx import NGINX, SECONDS_TO_START, ask, nginx
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.journeys.wire import upload_plain
from tests.ports import free_port
from tests.prepared import Prepared
from tests.server import Server

# One command instead of two: each takes a second to start.
NORA = """
from django.core.management import call_command
call_command("create_user", "nora", email="nora@example.com", stdout=open("/dev/null", "w"))
call_command("create_token", "nora", "laptop")
"""
DOWNLOAD = "/api/v1/crates/tide-pool/0.1.0/download"
INDEX = "/index/ti/de/tide-pool"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    # One server for all of them.
    pytest.mark.skipif(not NGINX, reason="the program nginx is not here (apt: nginx-light)"),
]


@dataclass(frozen=True)
class Site:
    """Two virtual hosts in front of one private registry, and a token that opens it."""

    public: int
    private: int
    token: str
    logs: Path
    registry: Server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("nginx")
    with prepared.copy(folder / "data") as database:
        server = Server(folder, database=database, AUTH_REQUIRED="1", TRUSTED_PROXIES="127.0.0.1")
        try:
            server.start()
            token = server.manage("shell", "-v0", "-c", NORA)
            assert upload_plain(server.url, token, "tide-pool").status == 200
            public, private = free_port(), free_port()
            files = {"waybill.conf": public, "waybill-private.conf": private}
            with nginx(folder, files, upstream=[server.port], data_dir=server.data_dir):
                yield Site(public, private, token, folder, server)
        finally:
            server.kill()


def _line_of(log: Path) -> str:
    """nginx writes it once the answer is on its way."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not (said := log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return said


def test_it_speaks_http_2(site: Site) -> None:
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    for port in (site.public, site.private):
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname="crates.example.com") as secured,
        ):
            assert secured.selected_alpn_protocol() == "h2"


def test_index_and_archives_come_from_the_disk(site: Site) -> None:
    line = ask(site.public, INDEX)
    assert (line.status, line.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert line.headers["Cache-Control"] == "public, max-age=60, must-revalidate"
    assert b'"name":"tide-pool"' in line.body
    # As cargo asks: with one of the two.
    for validator in ("ETag", "Last-Modified"):
        header = {"ETag": "If_None_Match"}.get(validator, "If_Modified_Since")
        assert ask(site.public, INDEX, **{header: line.headers[validator]}).status == 304

    archive = ask(site.public, DOWNLOAD)
    assert (archive.status, archive.headers["Content-Type"]) == (200, "application/gzip")
    assert archive.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert archive.body == build_crate("tide-pool")
    for port, token in ((site.public, None), (site.private, site.token)):
        known = {"Range": "bytes=2-5", "If_Range": ask(port, DOWNLOAD, token).headers["ETag"]}
        part = ask(port, DOWNLOAD, token, **known)
        assert (part.status, part.body) == (206, archive.body[2:6])
        assert ask(port, DOWNLOAD, token, Range="bytes=9999999-").status == 416
    # The log is what count_downloads reads.
    said = _line_of(site.logs / "waybill-downloads.log")
    assert f'"GET {DOWNLOAD} HTTP/1.1" 200' in said
    assert {row.name for row in AccessLog().downloads(said.splitlines())} == {"tide-pool"}


@pytest.mark.parametrize(
    "path",
    [
        "/index/config.json",
        "/index/no/ne/none",
        "/index/ti/",
        "/index/ti",
        "/api/v1/crates/tide_pool/0.1.0/download",
        "/api/v1/crates/tide-pool/9.9.9/download",
        "/api/v1/crates",
    ],
)
def test_what_is_no_file_goes_on_to_the_registry(site: Site, path: str) -> None:
    assert ask(site.public, path).status == 401
    assert "X-Request-Id" in ask(site.public, path).headers
    assert "X-Request-Id" in ask(site.private, path, site.token).headers


def test_nobody_reads_what_is_being_written(site: Site) -> None:
    unfinished = "index/.unfinished/0123456789abcdef.tmp"
    file = site.registry.data_dir / "storage" / unfinished
    file.write_text("half of a line")
    for port in (site.public, site.private):
        assert ask(port, f"/{unfinished}", site.token).status == 404
    file.unlink()


def test_a_large_file_is_packed_and_caches_keep_both_apart(site: Site) -> None:
    large = site.registry.data_dir / "storage/index/la/rg/large"
    large.parent.mkdir(parents=True)
    large.write_text("{}\n" * 5000)
    for port in (site.public, site.private):
        for asked in ("gzip", "identity"):
            answer = ask(port, "/index/la/rg/large", site.token, Accept_Encoding=asked)
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert (answer.headers["Content-Encoding"] == "gzip") == (asked == "gzip")
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            known = answer.headers["ETag"]
            again = ask(port, "/index/la/rg/large", site.token, If_None_Match=known)
            assert again.status == 304
    large.unlink()


def test_a_file_of_the_index_is_only_read(site: Site) -> None:
    for port in (site.public, site.private):
        assert ask(port, INDEX, site.token, method="POST", body=b"x" * 20_000).status == 405
        assert ask(port, INDEX, site.token, method="HEAD").status == 200


def test_who_wants_json_gets_the_address(site: Site) -> None:
    for port in (site.public, site.private):
        answer = ask(port, DOWNLOAD, site.token, Accept="application/json")
        assert (answer.status, b'"url"' in answer.body) == (200, True)


@pytest.mark.parametrize(
    "path",
    [
        "/index/../crates/tide-pool/tide-pool-0.1.0.crate",
        "/index/%2e%2e/%2e%2e/secret_key",
        "/api/v1/crates/tide-pool/..%2f..%2f..%2fsecret_key/download",
        "/api/v1/crates/../0.1.0/download",
        "/index/.hidden",
    ],
)
def test_nothing_leads_out_of_the_folder(site: Site, path: str) -> None:
    secret = (site.registry.data_dir / "secret_key").read_bytes()
    for port in (site.public, site.private):
        answer = ask(port, path)
        assert answer.status in (400, 401, 404), answer
        assert secret not in answer.body


@pytest.mark.parametrize("path", [INDEX, DOWNLOAD, "/index/config.json", "/api/v1/crates"])
def test_a_private_registry_asks_for_a_token_and_says_where_to_get_one(
    site: Site, path: str
) -> None:
    unknown = site.token[:-1] + ("x" if site.token[-1] != "x" else "y")
    for token in (None, unknown):
        answer = ask(site.private, path, token)
        assert answer.status == 401
        assert "Cargo login_url=" in answer.headers["WWW-Authenticate"]
        assert b'"code": "malformed_credentials"' in answer.body

    assert ask(site.private, path, site.token).status == 200


def test_members_read_files_that_others_may_not_keep(site: Site) -> None:
    line, archive = ask(site.private, INDEX, site.token), ask(site.private, DOWNLOAD, site.token)

    assert line.headers["Cache-Control"] == "private, no-cache"
    assert archive.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    # Straight from the disk.
    assert "X-Request-Id" not in line.headers
    assert archive.body == build_crate("tide-pool")
    assert ask(site.private, INDEX, site.token, If_None_Match=line.headers["ETag"]).status == 304


def test_a_publish_passes_and_shows_at_once(site: Site) -> None:
    frame = build_frame(metadata_for("rock-pool"), build_crate("rock-pool"))

    answer = ask(site.private, "/api/v1/crates/new", site.token, method="PUT", body=frame)

    assert answer.status == 200, answer.body
    assert ask(site.private, "/index/ro/ck/rock-pool", site.token).status == 200


def test_figures_are_for_the_operators_network(site: Site) -> None:
    assert ask(site.public, "/metrics", site.token).status == 200


def test_a_revoked_token_opens_the_index_for_moments_only(site: Site) -> None:
    token = site.registry.manage("create_token", "nora", "short-lived")
    assert ask(site.private, INDEX, token).status == 200
    revoked = ask(site.private, "/api/v1/tokens/current", token, method="DELETE")
    assert revoked.status == 204
    # nginx remembers for five seconds.
    deadline = time.monotonic() + 12
    while ask(site.private, INDEX, token).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert ask(site.private, INDEX, token).status == 401
    assert ask(site.private, INDEX, site.token).status == 200
