import shutil
import subprocess
from pathlib import Path

import pytest

from demo.checkout import Checkout


def checkout_in(folder: Path) -> Checkout:
    return Checkout(
        folder, web_address="http://127.0.0.1:1/ferris-labs/tidepool", workflow="on: {}"
    )


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_release_is_a_tagged_commit_of_everything(tmp_path: Path) -> None:
    checkout = checkout_in(tmp_path)

    checkout.release("0.1.0")
    first = checkout.commit
    checkout.release("0.2.0")

    assert git("show-ref", "--tags", "--hash", cwd=tmp_path).split() == [first, checkout.commit]
    assert git("status", "--porcelain", cwd=tmp_path) == ""
    assert checkout.recorded_commit == checkout.commit


def test_without_git_there_is_a_commit_that_no_archive_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    checkout = checkout_in(tmp_path)

    checkout.release("0.1.0")

    assert len(checkout.commit) == 40
    assert checkout.recorded_commit is None
