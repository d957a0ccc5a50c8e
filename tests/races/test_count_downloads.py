"""Downloads are counted exactly, whoever is killed and whoever runs at the same time."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from adapters.spool import Spool
from registry.models import CountedFile, Crate
from registry.operations.count_downloads import fold_spool
from registry.operations.summary import recompute
from tests.factories.downloads import all_counts_agree, count_lines, log_line, today
from tests.factories.registry import make_crate, make_version
from tests.server import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
VERSIONS = [(name, num) for name in ("tide", "sea") for num in ("1.0.0", "2.0.0")]
# Folds, and dies, as by SIGKILL, when it comes to the named step.
FOLD = """
import os, signal, sys
from pathlib import Path
import django
django.setup()
from django.db import transaction
from registry.models import CountedFile, Crate
from registry.operations import count_downloads, download_rows

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

step = sys.argv[1]
if step == "files are closed":
    count_downloads._noted = die
elif step == "the file is known":
    count_downloads._add = die
elif step == "half is written":
    download_rows.add_to_days = die
elif step == "all is written":
    count_downloads.DownloadTotals.save = die
elif step == "it is committed":
    Path.unlink = die
for _ in range(5):
    count_downloads.fold_spool()
"""
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


def fold_in_a_process(folder: Path, step: str = "") -> "subprocess.Popen[bytes]":
    """On the test's own database."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{facts['NAME']}"
    else:
        place = f"{facts['HOST']}:{facts['PORT']}" if facts["PORT"] else ""
        query = "" if place else f"?host={facts['HOST']}"
        password = f":{facts['PASSWORD']}" if facts["PASSWORD"] else ""
        url = f"postgres://{facts['USER']}{password}@{place}/{facts['NAME']}{query}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "DATA_DIR": str(folder.parent),
        "SECRET_KEY": "secret of the tests",
    }
    return subprocess.Popen([sys.executable, "-c", FOLD, step], cwd=ROOT, env=environment)


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

    assert fold_in_a_process(settings.DOWNLOADS_DIR, step).wait(60) == -signal.SIGKILL

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
    others = [fold_in_a_process(folder) for _ in range(2)]
    publisher = threading.Thread(target=_publish_on_and_on)
    publisher.start()

    # Logs are counted meanwhile, and the fold runs here too.
    number = 0
    while any(process.poll() is None for process in (*writers, *others)):
        fold_spool()
        count_lines([f"# {number}\n".encode(), log_line("tide")])
        number += 1
    publisher.join()
    fold_spool()

    assert [process.returncode for process in (*writers, *others)] == [0] * 5
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
