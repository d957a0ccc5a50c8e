from pathlib import Path

import pytest

from demo.clients import BuiltIn, Cargo, find_client


def install_cargo(folder: Path, script: str) -> None:
    program = folder / "cargo"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "cargo is not installed"),
        ("echo cargo 1.65.0", "cargo 1.65.0 is older than 1.68"),
        ("echo 'no toolchain is configured' >&2; exit 1", "the cargo on this machine does not run"),
    ],
)
def test_the_built_in_client_says_why_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, reason: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if script:
        install_cargo(tmp_path, script)

    client = find_client(tmp_path)

    assert isinstance(client, BuiltIn)
    assert client.name == f"the built-in client, because {reason}"


@pytest.mark.parametrize("version", ["1.68.2", "1.95.0", "1.97.0-nightly", "2.0.0"])
def test_cargo_is_used_where_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    install_cargo(tmp_path, f"echo 'cargo {version} (0123abc 2026-01-01)'")

    client = find_client(tmp_path / "demo")

    assert isinstance(client, Cargo)
    assert client.name == f"cargo {version}, the real one"
    assert client.home.is_relative_to(tmp_path / "demo")
