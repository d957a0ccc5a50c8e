import gzip
import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from adapters import log_file
from registry.operations.count_logs import LONGEST_LINE
from tests.factories.downloads import all_counts_agree, log_line
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db
needs_zstd = pytest.mark.skipif(not shutil.which("zstd"), reason="the program zstd is not here")


@pytest.fixture(autouse=True)
def _tide() -> None:
    make_version(make_crate("tide"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_bytes(log_line("tide") * 3 + log_line("gone") + b"?\n")
    return path


def run(*files: Any) -> str:
    out = io.StringIO()
    call_command("count_downloads", *map(str, files), stdout=out, stderr=out)
    return out.getvalue()


def test_it_says_what_it_counted(log: Path) -> None:
    assert run(log) == (
        f"{log}: 3 downloads counted, 1 dropped (no such version), 1 lines not understood\n"
    )
    assert run(log) == f"{log}: counted before\n"
    assert all_counts_agree() == 3


def test_a_packed_copy_is_the_same_log(log: Path) -> None:
    packed = log.with_suffix(".gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))

    assert "3 downloads counted" in run(packed)
    assert "counted before" in run(log)


def test_gzip_in_several_members_is_read_to_the_end(tmp_path: Path) -> None:
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress(log_line("tide")) + gzip.compress(log_line("tide")))

    assert "2 downloads counted" in run(packed)


@needs_zstd
def test_it_reads_zstd(log: Path) -> None:
    packed = log.with_suffix(".zst")
    subprocess.run(["zstd", "-q", log, "-o", packed], check=True)

    assert "3 downloads counted" in run(packed)


@needs_zstd
def test_damaged_zstd_counts_nothing(log: Path) -> None:
    packed = log.with_suffix(".zst")
    subprocess.run(["zstd", "-q", log, "-o", packed], check=True)
    packed.write_bytes(packed.read_bytes()[:-5])

    with pytest.raises(CommandError):
        run(packed)

    assert all_counts_agree() == 0


def test_without_the_program_it_says_what_zstd_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "log.zst"
    packed.write_bytes(log_file.ZSTD + b"rest")
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(CommandError):
        call_command("count_downloads", str(packed))

    assert capsys.readouterr().err.strip() == (
        f"{packed}: it is packed with zstd, and the program zstd is not installed here; install "
        "the package zstd, or unpack the log where that program is; nothing of it was counted"
    )


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(log_line("tide"))))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdin", stdin)

    assert run("-").startswith("-: 1 downloads counted")


def test_what_cannot_be_read_does_not_keep_others_from_being_counted(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(log_line("tide") * 100)[:-9])

    with pytest.raises(CommandError, match="not every file"):
        call_command("count_downloads", str(cut), str(tmp_path / "absent"), str(log))

    said = capsys.readouterr().err
    assert f"{cut}: it cannot be read" in said
    assert "No such file or directory" in said
    assert all_counts_agree() == 3


def test_a_file_of_one_endless_line_fits_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "endless"
    path.write_bytes(b"x" * 5 * LONGEST_LINE)

    assert "5 lines not understood" in run(path)
