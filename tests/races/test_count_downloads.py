"""Downloads are counted exactly, whoever is killed and whoever runs at the same time."""

import functools
import os
import signal
import subprocess
import sys
import threading
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from adapters.spool import Spool
from registry.models import CountedFile, Crate
from registry.operations import count_downloads, download_rows
from registry.operations.count_downloads import fold_spool
from registry.operations.summary import recompute
from tests.factories.downloads import all_counts_agree, count_lines, log_line, today
from tests.factories.registry import make_crate, make_version
from tests.server import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
VERSIONS = [(name, num) for name in ("tide", "sea") for num in ("1.0.0", "2.0.0")]
WRITER = """
import sys
from pathlib import Path
from adapters.spool import Spool
spool = Spool(Path(sys.argv[1]))
for number in range(500):
    for version in sys.argv[3:]:
        spool.append(f"{version} {sys.argv[2]}")
"""


@pytest.fixture(autouse=True)
def _crates() -> None:
    for name in ("tide", "sea"):
        crate = make_crate(name)
        for num in ("1.0.0", "2.0.0"):
            make_version(crate, num)


def fold_in_a_process(step: str = "") -> ForkProcess:
    """One like this, on the same database, that dies, as by SIGKILL, when it comes to the step."""
    # Each has to open its own.
    connection.close()
    process = get_context("fork").Process(target=_fold, args=(step,))
    process.start()
    return process


def _fold(step: str) -> None:
    die = functools.partial(os.kill, os.getpid(), signal.SIGKILL)
    owner, name = {
        "files are closed": (count_downloads, "_noted"),
        "the file is known": (count_downloads, "_add"),
        "half is written": (download_rows, "add_to_days"),
        "all is written": (count_downloads.DownloadTotals, "save"),
        "it is committed": (Path, "unlink"),
    }.get(step, (None, ""))
    if owner:
        setattr(owner, name, lambda *arguments, **options: die())
    for _ in range(5):
        fold_spool()
    connection.close()


@pytest.mark.queries
@pytest.mark.parametrize(
    "step",
    [
        "files are closed",
        "the file is known",
        "half is written",
        "all is written",
        "it is committed",
    ],
)
def test_a_killed_fold_is_made_up_for(settings: LazySettings, step: str) -> None:
    spool = Spool(settings.DOWNLOADS_DIR)
    for name, num in VERSIONS * 2:
        spool.append(f"{name} {num} {today()}")

    process = fold_in_a_process(step)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL

    committed = step == "it is committed"
    assert all_counts_agree() == (8 if committed else 0)
    assert CountedFile.objects.count() == int(committed)
    assert fold_spool() == (0 if committed else 8)
    assert fold_spool() == 0
    assert all_counts_agree() == 8
    assert list(settings.DOWNLOADS_DIR.iterdir()) == []


def test_it_is_exact_while_everybody_writes_and_folds(settings: LazySettings) -> None:
    folder = settings.DOWNLOADS_DIR
    command = [sys.executable, "-c", WRITER, str(folder), str(today())]
    versions = [f"{name} {num}" for name, num in VERSIONS]
    writers = [subprocess.Popen([*command, *versions], cwd=ROOT) for _ in range(3)]
    others = [fold_in_a_process() for _ in range(2)]
    publisher = threading.Thread(target=_publish_on_and_on)
    publisher.start()

    # Logs are counted meanwhile, and the fold runs here too.
    number = 0
    while any(w.poll() is None for w in writers) or any(fold.is_alive() for fold in others):
        fold_spool()
        count_lines([f"# {number}\n".encode(), log_line("tide")])
        number += 1
    publisher.join()
    fold_spool()

    assert [writer.returncode for writer in writers] == [0] * 3
    assert [fold.exitcode for fold in others] == [0] * 2
    assert all_counts_agree() == 3 * 500 * len(VERSIONS) + number
    assert list(folder.iterdir()) == []


def _publish_on_and_on() -> None:
    """As a publish and a yank save a crate, which must not put old counts back."""
    try:
        for _ in range(30):
            with transaction.atomic():
                recompute(Crate.objects.select_for_update().get(name="tide"))
    finally:
        connection.close()
