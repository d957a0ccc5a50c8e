import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from adapters import spool
from adapters.spool import Spool, collect

ROOT = Path(__file__).parents[2]
PROCESSES, THREADS, LINES = 3, 3, 400
WRITER = f"""
import sys, threading
from pathlib import Path
from adapters.spool import Spool
spool = Spool(Path(sys.argv[1]))
def write(thread):
    for number in range({LINES}):
        spool.append(f"{{sys.argv[2]}} {{thread}} {{number}}")
threads = [threading.Thread(target=write, args=[n]) for n in range({THREADS})]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def taken(folder: Path) -> list[str]:
    """What there is to collect, which is gone afterwards."""
    lines = []
    for path in collect(folder):
        lines += path.read_text().splitlines()
        path.unlink()
    return lines


def test_lines_come_out_as_they_went_in(tmp_path: Path) -> None:
    one = Spool(tmp_path / "spool")
    one.append("first")
    one.append("second")

    assert taken(one.folder) == ["first", "second"]
    assert list(one.folder.iterdir()) == []


def test_writing_goes_on_after_collecting(tmp_path: Path) -> None:
    one = Spool(tmp_path)
    one.append("first")
    assert taken(tmp_path) == ["first"]

    one.append("second")

    assert taken(tmp_path) == ["second"]


def test_what_was_collected_and_not_taken_comes_again(tmp_path: Path) -> None:
    Spool(tmp_path).append("line")

    first = collect(tmp_path)

    assert collect(tmp_path) == first


def test_nothing_was_written_yet(tmp_path: Path) -> None:
    assert collect(tmp_path / "absent") == []


def test_a_file_that_nobody_collects_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MAX_BYTES", 10)
    one = Spool(tmp_path)
    for number in range(9):
        one.append(f"line {number}")

    assert len(list(tmp_path.iterdir())) > 1
    assert sorted(taken(tmp_path)) == [f"line {number}" for number in range(9)]


def test_no_line_is_lost_or_doubled_while_processes_and_threads_write(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)], cwd=ROOT)
        for number in range(PROCESSES)
    ]
    found: list[str] = []
    while any(writer.poll() is None for writer in writers):
        found += taken(tmp_path)
    found += taken(tmp_path)

    assert [writer.returncode for writer in writers] == [0] * PROCESSES
    expected = {
        f"{process} {thread} {number}"
        for process in range(PROCESSES)
        for thread in range(THREADS)
        for number in range(LINES)
    }
    assert Counter(found) == Counter(expected)


def test_two_collectors_do_not_disturb_one_another(tmp_path: Path) -> None:
    one = Spool(tmp_path)
    names: list[set[Path]] = [set(), set()]

    def collect_on_and_on(number: int) -> None:
        for _ in range(200):
            names[number].update(collect(tmp_path))

    threads = [threading.Thread(target=collect_on_and_on, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for number in range(200):
        one.append(str(number))
    for thread in threads:
        thread.join()

    assert sorted(taken(tmp_path), key=int) == [str(number) for number in range(200)]


def test_a_killed_process_leaves_every_line_it_finished(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from adapters.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1])); n = 0\n"
        "while True: spool.append(str(n)); print(n, flush=True); n += 1"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout
    said = [writer.stdout.readline().strip()]
    # In the middle of it.
    time.sleep(0.3)
    writer.send_signal(signal.SIGKILL)
    said += writer.communicate()[0].splitlines()

    found = taken(tmp_path)

    assert len(found) - len(said) in (0, 1)
    assert found == [str(number) for number in range(len(found))]


def test_a_fork_writes_a_file_of_its_own(tmp_path: Path) -> None:
    one = Spool(tmp_path)
    one.append("parent")
    one._process = os.getpid() + 1  # as the child of a fork sees it

    one.append("child")

    assert len(list(tmp_path.iterdir())) == 2
    assert sorted(taken(tmp_path)) == ["child", "parent"]
