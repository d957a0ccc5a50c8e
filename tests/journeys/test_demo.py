"""`make demo` as somebody sees it who has no cargo."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_demo_publishes_and_shows_where_the_crate_came_from(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    if git := shutil.which("git"):
        (programs / "git").symlink_to(git)
    own = {"PATH": str(programs), "DEMO_DIR": str(tmp_path / "demo"), "DEMO_ONCE": "1"}

    done = subprocess.run(
        [sys.executable, "-m", "demo.run"],
        cwd=ROOT,
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    told = done.stdout
    assert told.splitlines()[-1] == "demo ok"
    # Which client, the two versions, and each refusal with the registry's own words.
    assert "the built-in client, because cargo is not installed" in told
    assert "Uploaded tidepool v0.1.0" in told
    assert "Uploaded tidepool v0.2.0" in told
    assert "Refused (409): “JWT has already been used" in told
    assert told.count("Refused (403): “") == 2
    # Tokens are only ever begun.
    assert "wbl_tp_" in told
    assert not re.search(r"wbl_tp_\w{4}|eyJ[\w-]{8}", told)
    assert "\033" not in told
