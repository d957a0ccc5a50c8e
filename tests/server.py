"""A server process as an operator runs it, on a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.commands import ROOT, Commands, Serving
from tests.ports import free_port

SECONDS_TO_START = 120
SECONDS_TO_END = 60
# What a process needs of the shell it was started from; the rest is the operator's to say.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


class Server:
    """Started and killed at will; its data outlive it."""

    def __init__(
        self,
        folder: Path,
        *,
        database: str | None = None,
        redis: str | None = None,
        host: str = "127.0.0.1",
        from_scratch: bool = False,
        **more: str,
    ) -> None:
        """`from_scratch` starts `python -m config.serve`, and not a fork of what that imports."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.index = f"sparse+{self.url}/index/"
        self.data_dir = folder / "data"
        self.environment = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "DATA_DIR": str(self.data_dir),
            "DEV_LOGIN": "1",
            "WEB_WORKERS": "2",
            # A test that attests something writes it.
            "ATTESTATION_TRUST_ROOT": str(self.data_dir / "trusted_root.json"),
            # Many tests share one address.
            "EXCHANGES_PER_ADDRESS": "100000",
            "EXCHANGES_PER_REPOSITORY": "100000",
            "FAILED_EXCHANGES_PER_REPOSITORY": "100000",
            **({"DATABASE_URL": database} if database else {}),
            **({"REDIS_URL": redis} if redis else {}),
            **more,
        }
        self.process: subprocess.Popen[bytes] | Serving | None = None
        self._from_scratch = from_scratch
        self._commands = Commands(self.environment)

    def start(self) -> None:
        """Returns once it says that it serves; raises RuntimeError with its output otherwise."""
        before = len(self.output())
        self.process = self._popen() if self._from_scratch else self._commands.serve(self._log)
        deadline = time.monotonic() + SECONDS_TO_START
        while f"Waybill serves {self.url}" not in self.output()[before:]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server does not start:\n{self.output()[-20_000:]}")
            time.sleep(0.05)

    def stop(self) -> int:
        """As an operator stops it; the exit status."""
        assert self.process is not None, "not started"
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS_TO_END)

    def kill(self) -> None:
        """It is not started again."""
        self.fail()
        self._commands.end()

    def fail(self) -> None:
        """SIGKILL to every process of it, as a power failure would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            # Nobody waits for its web processes, whose socket ends when they have.
            deadline = time.monotonic() + SECONDS_TO_END
            while not _is_free(self.port) and time.monotonic() < deadline:
                time.sleep(0.01)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=60) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def output(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints; raises CalledProcessError with its errors."""
        done = self._commands.run(arguments)
        if done.returncode:
            sys.stderr.write(done.stderr)
        done.check_returncode()
        return done.stdout.strip()

    def _popen(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "config.serve"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections that have ended are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
