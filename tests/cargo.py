"""Real cargo in a world of its own: no caches, credentials or settings of the developer."""

import os
import pty
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

# The first that speaks the sparse protocol without a nightly switch.
OLDEST = (1, 68)
REGISTRY = "waybill"
MANIFEST = """\
[package]
name = "{name}"
version = "{version}"
edition = "2021"
description = "A crate of the tests"
license = "MIT"
publish = ["{registry}"]

[dependencies]
"""


class Cargo:
    """Crates below one folder, and a home that knows one registry."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.index = ""

    def use(self, index: str) -> None:
        """The registry that commands talk to, as `sparse+http://.../index/`."""
        self.index = index

    def new(
        self,
        name: str,
        version: str = "0.1.0",
        *,
        dependencies: Mapping[str, str] | None = None,
        manifest: str = "",
        source: str = "",
    ) -> Path:
        """The folder of a crate; `manifest` is appended to its Cargo.toml."""
        crate = self.folder / "crates" / name
        (crate / "src").mkdir(parents=True, exist_ok=True)
        (crate / "src" / "lib.rs").write_text(source)
        text = MANIFEST.format(name=name, version=version, registry=REGISTRY)
        for dependency, requirement in (dependencies or {}).items():
            text += f'{dependency} = {{ version = "{requirement}", registry = "{REGISTRY}" }}\n'
        (crate / "Cargo.toml").write_text(f"{text}\n{manifest}")
        return crate

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        token: str | None = None,
        stdin: int = subprocess.DEVNULL,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs cargo in a crate's folder; the caller looks at status and output."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=cwd or self.folder,
            env=self.environment(token) | dict(variables or {}),
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=250,
        )

    def publish(self, crate: Path, token: str | None = None) -> subprocess.CompletedProcess[str]:
        """Without building it, which tests the compiler and not the registry."""
        return self.run(
            "publish",
            "--allow-dirty",
            "--no-verify",
            "--registry",
            REGISTRY,
            cwd=crate,
            token=token,
        )

    def run_at_terminal(self, *arguments: str, typed: str) -> subprocess.CompletedProcess[str]:
        """As `run`, with somebody who types a line; cargo asks nothing of a pipe."""
        screen, keyboard = pty.openpty()
        try:
            os.write(screen, typed.encode())
            return self.run(*arguments, stdin=keyboard)
        finally:
            os.close(keyboard)
            os.close(screen)

    def environment(self, token: str | None = None) -> dict[str, str]:
        variables = {
            "PATH": os.environ["PATH"],
            # Where rustup keeps its toolchains, not where cargo looks for anything.
            "HOME": os.environ.get("HOME", "/"),
            "CARGO_HOME": str(self.home),
            "CARGO_TARGET_DIR": str(self.folder / "target"),
            "CARGO_REGISTRIES_WAYBILL_INDEX": self.index,
            "CARGO_REGISTRY_DEFAULT": REGISTRY,
            "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS": "cargo:token",
            "CARGO_TERM_COLOR": "never",
            "CARGO_NET_RETRY": "0",
        }
        if "RUSTUP_HOME" in os.environ:
            variables["RUSTUP_HOME"] = os.environ["RUSTUP_HOME"]
        if token is not None:
            variables["CARGO_REGISTRIES_WAYBILL_TOKEN"] = token
        return variables


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """All that cargo said, where it had to succeed."""
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """All that cargo said, where it had to say no instead of crashing over an answer."""
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "panicked" not in said
    return said


def find_cargo() -> str:
    """The program; skips the test where there is none, or fails it if REQUIRE_SERVICES=1."""
    program = shutil.which("cargo")
    if program is None:
        missing("cargo is not installed")
        raise AssertionError("not reached")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        missing(f"cargo {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {said.strip()!r}")
    return program


def missing(what: str) -> None:
    """Something that a test needs is not on this machine."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} (REQUIRE_SERVICES=1)")
    pytest.skip(what)
