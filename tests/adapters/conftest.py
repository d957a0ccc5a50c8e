"""What the tests of the adapters share: a server on loopback, and an S3 that lives in memory."""

import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.request import Request, urlopen

import django
import pytest
from django.conf import settings

from tests import s3

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    # The adapters know no app of ours, so their tests run without the project as well.
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        USE_TZ=True,
    )
    django.setup()

Script = Callable[[socket.socket], None]
Serve = Callable[[Script], str]


class _OneScript(socketserver.ThreadingTCPServer):
    daemon_threads = True
    script: Script


class _Reader(socketserver.BaseRequestHandler):
    server: _OneScript

    def handle(self) -> None:
        try:
            self.server.script(self.request)
        except OSError:
            return  # The client hung up, which some tests are about.


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that treat every connection by a script; gives the address of each."""
    with ExitStack() as stack:

        def start(script: Script) -> str:
            server = stack.enter_context(_OneScript(("127.0.0.1", 0), _Reader))
            server.script = script
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield start


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server."""
    with s3.running() as address:
        yield address


@pytest.fixture
def s3_url(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A storage URL of a fresh bucket that already holds somebody else's object."""
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    yield s3.new_bucket(s3_server, "crates")
    urlopen(Request(f"{s3_server}/moto-api/reset", method="POST")).close()
