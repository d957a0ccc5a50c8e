"""The registry of the demo: started as `make serve` does, with a fresh data folder."""

import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.errors import DemoFailed
from demo.folder import DemoFolder
from demo.surroundings import clean_environment
from demo.web import ask

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
USUAL_PORT = 8000
ATTEMPTS = 10
SECONDS_TO_START = 90
SECONDS_TO_STOP = 40
PR_SET_PDEATHSIG = 1


class RegistryServer:
    """Serves from `start` to the end of the context; its output is the folder's server log."""

    def __init__(self, folder: DemoFolder, variables: Mapping[str, str]) -> None:
        self._claim = reserve_port()
        port = self._claim.getsockname()[1]
        self.url = f"http://{HOST}:{port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **clean_environment(),
            "HOST": HOST,
            "PORT": str(port),
            "PUBLIC_URL": self.url,
            "DATA_DIR": str(folder.path / "data"),
            "DEV_LOGIN": "1",
            **variables,
        }

    @property
    def audience(self) -> str:
        """Whom an ID token must be meant for: the public address without its scheme."""
        return self.url.partition("://")[2]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._claim.close()

    def start(self) -> None:
        """Returns when it answers; raises DemoFailed if it does not."""
        with self._folder.server_log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "config.serve"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the demo, which stops the server in its own time.
                start_new_session=True,
                # The folder is in use for as long as the server runs, whatever becomes of us.
                pass_fds=[self._folder.lock],
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread runs here
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            if time.monotonic() > deadline:
                raise DemoFailed(f"the registry did not answer within {SECONDS_TO_START} seconds")
            time.sleep(0.1)

    def wait(self) -> None:
        """Returns when the server has ended by itself."""
        if self._process:
            self._process.wait()

    def manage(self, *arguments: str) -> str:
        """The output of `manage.py` with these arguments; raises DemoFailed with its complaint."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise DemoFailed(f"manage.py {arguments[0]} failed", done.stderr)
        return done.stdout.strip()

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise DemoFailed("the registry's server ended while it started")
        try:
            return ask("GET", f"{self.url}/healthz").status == HTTPStatus.OK
        except DemoFailed:
            return False


def reserve_port() -> socket.socket:
    """A claim on the usual port, or on any free one where that is taken.

    The server itself cannot hold it while it starts, and another demo must not choose the same:
    two servers would share its connections. So the claim is the UDP port of that number.
    """
    for wanted in (USUAL_PORT, *[0] * ATTEMPTS):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            # The connections of the last demo may linger for a minute.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, wanted))
                claim.bind(probe.getsockname())
                return claim
            except OSError:
                claim.close()
    raise DemoFailed(f"there is no free port on {HOST}")


def _end_with_parent() -> None:
    """If the demo is killed, the server stops too instead of holding port and folder (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
