"""The processes that share the tests (tests/forks.py): nothing that goes wrong in one is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.once]

PASSES = "def test_passes(tmp_path, capfd): pass\n"
FAILS = "def test_fails(): assert 'tide' == 'ebb'\n"
SUBTESTS = """
def test_in_turn(subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert number != 1
"""
ENDS = "import os, signal\ndef test_ends(): os.kill(os.getpid(), signal.SIGKILL)\n"
HANGS = """
import time, pytest
@pytest.mark.timeout(1)
def test_hangs(): time.sleep(20)
"""


def run(folder: Path, **files: str) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    options = ["-p", "tests.forks", "--forks", "2", "-q", "-c", "/dev/null", "-p", "no:django"]
    quiet = ["-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *quiet, f"--rootdir={folder}", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )


def test_each_test_runs_once_and_each_failure_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, one=PASSES, two=FAILS, three=SUBTESTS, four=HANGS, five=PASSES)

    assert done.returncode == 1
    assert "3 failed, 3 passed, 2 subtests passed" in done.stdout
    assert "assert 'tide' == 'ebb'" in done.stdout
    assert "Timeout (>1.0s)" in done.stdout


def test_a_fork_that_ends_in_a_test_fails_the_run_by_its_name(tmp_path: Path) -> None:
    done = run(tmp_path, one=PASSES, two=ENDS)

    assert done.returncode != 0
    assert "a fork ended at test_two.py::test_ends" in done.stdout + done.stderr
