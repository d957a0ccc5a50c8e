"""The other files of `deploy/`: unit files that systemd takes, a container file that fits."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text()


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="the program systemd-analyze is not here"
)
def test_systemd_takes_the_unit_files(tmp_path: Path) -> None:
    names = []
    for unit in UNITS:
        text = unit.read_text()
        # It wants the program to be there.
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        # A template is checked as one of its instances.
        name = unit.name.replace("@", "@8000")
        (tmp_path / name).write_text(text)
        names.append(str(tmp_path / name))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        check=False,
    )

    complaints = [line for line in done.stderr.splitlines() if "waybill" in line]
    assert complaints == []


def test_several_servers_run_as_one_does() -> None:
    one, several = (
        (ROOT / "deploy" / "systemd" / name).read_text().split("[Unit]", 1)[1]
        for name in ("waybill.service", "waybill@.service")
    )

    assert several.replace(", on port %i", "").replace(" PORT=%i", "") == one


def test_the_container_has_all_that_runs() -> None:
    """Every folder that the server imports or reads, and what its commands name."""
    copied = set(re.findall(r"^COPY (\S+) \1$", CONTAINERFILE, re.MULTILINE))
    product = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}

    assert copied == product - {"demo", "bench", "tests"} | {"templates", "static", "docs"}
    assert (ROOT / "requirements.txt").exists()
    assert "HOST=0.0.0.0" in CONTAINERFILE
