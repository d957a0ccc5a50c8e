"""The repository of the demo's crate: a few files, in git where git is installed."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from demo.errors import DemoFailed
from demo.surroundings import clean_environment

OWNER, NAME = "ferris-labs", "tidepool"
REPOSITORY = f"{OWNER}/{NAME}"
WORKFLOW = "release.yml"

_MANIFEST = """\
[package]
name = "{name}"
version = "{version}"
edition = "2021"
description = "Tells high water from low: a small crate made for a demo"
license = "MIT OR Apache-2.0"
repository = "{repository}"
"""
_LIBRARY = """\
//! Tells high water from low.

/// Whether the water stands above its mean level, both in metres.
pub fn is_high(level: f64, mean: f64) -> bool {
    level > mean
}
"""
_README = """\
# tidepool

Tells high water from low. Release {version} was published by a CI job that holds no secret.
"""
# Nobody's name, hooks or signing keys get into the demo's commits.
_GIT_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ferris Labs",
    "GIT_AUTHOR_EMAIL": "releases@ferris-labs.example",
    "GIT_COMMITTER_NAME": "Ferris Labs",
    "GIT_COMMITTER_EMAIL": "releases@ferris-labs.example",
}


class Checkout:
    """A working copy; `commit` is the one of the latest release."""

    def __init__(self, folder: Path, *, web_address: str, workflow: str) -> None:
        self.folder = folder
        self.commit = ""
        self._web_address = web_address
        self._git = shutil.which("git")
        self._write(".gitignore", "/target\n/Cargo.lock\n")
        self._write(f".github/workflows/{WORKFLOW}", workflow)
        self._write("src/lib.rs", _LIBRARY)
        if self._git:
            self._run("init", "--quiet")

    @property
    def recorded_commit(self) -> str | None:
        """What an archive may say of its commit: nothing without a repository."""
        return self.commit if self._git else None

    def release(self, version: str) -> None:
        """Raises the version, commits and tags it."""
        manifest = _MANIFEST.format(name=NAME, version=version, repository=self._web_address)
        self._write("Cargo.toml", manifest)
        self._write("README.md", _README.format(version=version))
        if not self._git:
            # No git, no commit: the job's claims still need one that looks like it.
            self.commit = hashlib.sha1(manifest.encode(), usedforsecurity=False).hexdigest()
            return
        self._run("add", "--all")
        self._run("commit", "--quiet", "--message", f"Release {version}")
        self._run("tag", f"v{version}")
        self.commit = self._run("rev-parse", "HEAD").strip()

    def _write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(self._git), *arguments],
            cwd=self.folder,
            env={**clean_environment(), **_GIT_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise DemoFailed(f"git {arguments[0]} failed in {self.folder}", done.stderr)
        return done.stdout
