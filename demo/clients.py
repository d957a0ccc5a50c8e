"""What the CI job publishes with: the cargo of this machine, or else the built-in client."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from demo.checkout import Checkout
from demo.errors import DemoFailed
from demo.surroundings import clean_environment
from demo.upload import pack, upload

# The first that reads an index over HTTP without being asked to.
OLDEST_CARGO = (1, 68)
REGISTRY = "waybill"
# The lines of cargo that tell something to somebody who looks on.
_TOLD = ("Packaging", "Packaged", "Verifying", "Compiling", "Uploading", "Uploaded", "Published")


class Client(Protocol):
    """`name` continues the sentence "The job publishes with ..."."""

    @property
    def name(self) -> str: ...

    def publish(self, checkout: Checkout, registry_url: str, token: str) -> str:
        """What there is to tell of it; raises DemoFailed or RegistryRefused."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """The real one, with a home and a target folder of its own."""

    name: str
    program: str
    home: Path
    target: Path

    def publish(self, checkout: Checkout, registry_url: str, token: str) -> str:
        done = subprocess.run(
            [self.program, "publish", "--registry", REGISTRY],
            cwd=checkout.folder,
            env=self._environment(registry_url, token),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise DemoFailed(f"cargo publish ended with status {done.returncode}", done.stderr)
        lines = (line.strip() for line in done.stderr.splitlines())
        return "\n".join(line for line in lines if line.startswith(_TOLD))

    def _environment(self, registry_url: str, token: str) -> dict[str, str]:
        return {
            **clean_environment(),
            "CARGO_HOME": str(self.home),
            "CARGO_TARGET_DIR": str(self.target),
            "CARGO_TERM_COLOR": "never",
            f"CARGO_REGISTRIES_{REGISTRY.upper()}_INDEX": f"sparse+{registry_url}/index/",
            f"CARGO_REGISTRIES_{REGISTRY.upper()}_TOKEN": token,
            "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS": "cargo:token",
        }


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """The few lines of upload.py in the place of cargo."""

    name: str

    def publish(self, checkout: Checkout, registry_url: str, token: str) -> str:
        package = pack(checkout.folder, checkout.recorded_commit)
        upload(registry_url, token, package)
        return f"Uploaded {package.metadata['name']} v{package.metadata['vers']}"


def find_client(folder: Path) -> Client:
    """Cargo if this machine has one that is new enough."""
    program = shutil.which("cargo")
    if program is None:
        return BuiltIn("the built-in client, because cargo is not installed")
    said = _version(program, clean_environment())
    number = re.match(r"cargo (\d+)\.(\d+)\.\d+\S*", said)
    if number is None:
        return BuiltIn("the built-in client, because the cargo on this machine does not run")
    if (int(number[1]), int(number[2])) < OLDEST_CARGO:
        oldest = ".".join(map(str, OLDEST_CARGO))
        return BuiltIn(f"the built-in client, because {number[0]} is older than {oldest}")
    return Cargo(f"{number[0]}, the real one", program, folder / "cargo-home", folder / "target")


def _version(program: str, environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            [program, "--version"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
