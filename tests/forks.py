"""`--forks N`: the collected tests run in N forks of the process that collected them.

To import the product and to collect its tests takes longer than a thousand of them, so it is done
once for each database. A fork takes one file after the other, whatever files are left: fixtures of
a module are made once, and nobody waits for the slow ones, which come first.
"""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from itertools import chain
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import pytest
from _pytest._io import TerminalWriter
from _pytest.tmpdir import TempPathFactory

from tests.repeated import choice

# Which fork this process is; in the process that forks, and without forks, the first.
NUMBER = "TEST_FORK"
SECONDS_TO_WAIT = 0.2
LEFT_OUT = pytest.StashKey[int]()


def number() -> int:
    return int(os.environ.get(NUMBER, "0"))


def is_fork() -> bool:
    return NUMBER in os.environ


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--forks", type=int, default=0, help="processes that share the tests")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    forks: int = session.config.getoption("forks")
    if forks < 1 or session.config.option.collectonly or session.testsfailed:
        return None
    _Forks(session, forks).run()
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if left_out := terminalreporter.config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{left_out} not repeated: two others send each statement (docs/decisions/0045)"
        )


class _Forks:
    """The process that collected: hands files out, and hears of each test how it ended."""

    def __init__(self, session: pytest.Session, count: int) -> None:
        self._session, self._hook = session, session.config.hook
        self._choice = choice(session.items)
        self._count = count
        self._forks: dict[Connection, int] = {}
        self._numbers: dict[Connection, int] = {}
        self._idle: list[Connection] = []
        # What each is at, for the case that it does not come back.
        self._at: dict[Connection, str] = {}

    def run(self) -> None:
        capture = self._session.config.pluginmanager.getplugin("capturemanager")
        # Each fork catches what its own tests print.
        capture.stop_global_capturing()
        base = self._session.config._tmp_path_factory.getbasetemp()
        try:
            for number in range(self._count):
                self._fork(number, base / f"fork-{number}")
            while self._forks:
                for connection in wait(list(self._forks), SECONDS_TO_WAIT if self._idle else None):
                    self._hear(connection)  # type: ignore[arg-type]
                self._idle = [one for one in self._idle if not self._hand_out(one)]
            self._session.config.stash[LEFT_OUT] = self._choice.left_out
        finally:
            # They end what their tests have started, and then themselves; whoever has not heard of
            # it by then finds nobody to ask.
            for connection, pid in self._forks.items():
                connection.close()
                os.kill(pid, signal.SIGINT)
            for pid in self._forks.values():
                os.waitpid(pid, 0)

    def _fork(self, number: int, folder: Any) -> None:
        ours, theirs = Pipe()
        pid = os.fork()
        if pid == 0:
            ours.close()
            for other in self._forks:
                other.close()
            os.environ[NUMBER] = str(number)
            try:
                _work(self._session, theirs, folder)
            except BaseException:  # noqa: BLE001 - it has no other way to say so
                theirs.send(("broken", traceback.format_exc()))
            finally:
                os._exit(0)
        theirs.close()
        self._forks[ours], self._numbers[ours] = pid, number

    def _hear(self, connection: Connection) -> None:
        try:
            name, value = connection.recv()
        except EOFError:
            _, status = os.waitpid(self._forks.pop(connection), 0)
            if status:
                raise RuntimeError(f"a fork ended at {self._at.get(connection)}") from None
            return
        if name == "next":
            self._idle.append(connection)
        elif name == "start":
            self._at[connection] = value
        elif name == "end":
            self._hook.pytest_runtest_logfinish(nodeid=value[0], location=value[1])
        elif name == "broken":
            raise RuntimeError(f"a fork failed at {self._at.get(connection)}: {value}")
        else:
            config = self._session.config
            report = self._hook.pytest_report_from_serializable(config=config, data=value)
            self._hook.pytest_runtest_logreport(report=report)

    def _hand_out(self, connection: Connection) -> bool:
        """False where it is not known yet whether there is more."""
        stop = self._session.shouldfail or self._session.shouldstop
        places = None if stop else self._choice.next(self._numbers[connection])
        if places == []:
            return False
        connection.send(places)
        return True


def _work(session: pytest.Session, connection: Connection, folder: Any) -> None:
    """The tests of one file after the other, as pytest's own loop would run them."""
    config = session.config
    # A shell that starts the run in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(_Reporter(config, connection), "terminalreporter")
    config.option.basetemp = folder
    config._tmp_path_factory = TempPathFactory.from_config(config, _ispytest=True)
    config.pluginmanager.getplugin("capturemanager").start_global_capturing()

    try:
        item = None
        for following in chain(_handed_out(session.items, connection), [None]):
            if item is not None:
                config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail or session.shouldstop:
                break
            item = following
    finally:
        # Once is enough to be told to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        config.hook.pytest_sessionfinish(session=session, exitstatus=0)
    # What nobody closed is complained about here.
    config._ensure_unconfigure()


def _handed_out(items: list[pytest.Item], connection: Connection) -> Iterator[pytest.Item]:
    while True:
        connection.send(("next", None))
        places = connection.recv()
        if places is None:
            return
        yield from (items[place] for place in places)


class _Reporter:
    """Tells the process that collected."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config, self._connection = config, connection

    @property
    def _tw(self) -> TerminalWriter:
        """Where a test that takes too long shows what it was at."""
        return TerminalWriter(sys.stderr)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._connection.send(("start", nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hook = self._config.hook
        data = hook.pytest_report_to_serializable(config=self._config, report=report)
        self._connection.send(("report", data))

    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self._connection.send(("end", (nodeid, location)))
