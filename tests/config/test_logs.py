"""What an operator's tools get to see of an error: a log line, and a report if they want one."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.server import INHERITED, ROOT

# No table exists here, so whatever asks the database fails as a broken installation does.
REQUESTS = """
import sys
import sentry_sdk
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.test import RequestFactory

def answered(status, headers):
    print(status.split()[0], dict(headers)["X-Request-Id"])

token, jwt = sys.argv[1:]
factory = RequestFactory()
for request in (
    factory.get("/api/v1/crates/tide?q=asked-for"),
    factory.post(
        f"/unsubscribe/{'7.8:' + 'x' * 43}", {"jwt": jwt, "word": "in-the-body"},
        content_type="application/json",
        headers={"authorization": token, "cookie": "sessionid=cookie-of-mira"},
    ),
):
    application(request.environ, answered).close()

# At its end a process waits for two seconds only, which a busy machine may need.
sentry_sdk.flush(60)
"""
TOKEN = f"wbl_{'Zz9' * 15}Q"
JWT = f"eyJ{'hbGciOiJ' * 4}.eyJpc3MiOiJ.c2ln"


@dataclass
class Collector:
    """Keeps every event that a reporter sends, as Sentry's own server would take it."""

    url: str
    events: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            # An envelope: its header, then header and payload of each item.
            lines = [json.loads(line) for line in body.splitlines() if line]
            found.events += [
                payload
                for header, payload in zip(lines[1::2], lines[2::2], strict=True)
                if header["type"] == "event"
            ]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Collector(f"http://key@127.0.0.1:{server.server_port}/1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def fail(tmp_path: Path, **variables: str) -> tuple[list[list[str]], str]:
    """Status and id of two answers of a broken installation, and what it logged."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", REQUESTS, TOKEN, JWT],
        cwd=ROOT,
        env={
            **inherited,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(tmp_path),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
    )
    return [line.split() for line in done.stdout.splitlines()], done.stderr


def test_an_error_is_logged_as_json_and_reported_without_anything_secret(
    tmp_path: Path, collector: Collector
) -> None:
    answers, logged = fail(tmp_path, SENTRY_DSN=collector.url, LOG_REQUESTS="1")

    assert [status for status, _ in answers] == ["500", "500"]
    lines = [json.loads(line) for line in logged.splitlines()]
    by_request = {line["request_id"]: line for line in lines if line["logger"] == "waybill.request"}
    first = by_request[answers[0][1]]
    assert (first["status"], first["method"], first["crate"]) == (500, "GET", "tide")
    assert first["route"] == "/api/v1/crates/<str:name>"
    errors = [line for line in lines if line["level"] == "ERROR"]
    assert [line["request_id"] for line in errors] == [number for _, number in answers]
    assert all("OperationalError" in line["exc_info"] for line in errors)
    assert {event["tags"]["request_id"] for event in collector.events} == set(by_request)
    assert collector.events[0]["exception"]["values"][-1]["type"] == "OperationalError"
    assert collector.events[0]["request"] == {
        "method": "GET",
        "url": "http://testserver/api/v1/crates/tide",
    }
    seen = logged + json.dumps(collector.events)
    for secret in (TOKEN, JWT, "cookie-of-mira", "in-the-body", "asked-for", "x" * 43):
        assert secret not in seen


def test_a_line_is_for_people_where_one_says_so(tmp_path: Path) -> None:
    answers, logged = fail(tmp_path, LOG_FORMAT="text")

    assert f"ERROR django.request [{answers[0][1]}] Internal Server Error" in logged
    assert "Traceback (most recent call last)" in logged
    assert "waybill.request" not in logged
