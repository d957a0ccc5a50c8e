"""What every test may lean on: people, a clean storage, a server as an operator runs it."""

import gc
import os
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from itertools import count, repeat
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.core.cache import cache, caches
from django.test import TransactionTestCase
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from accounts.models import User
from accounts.operations.people import create_user
from accounts.operations.tokens import create_token
from registry.actors import System
from tests import browser, forks, statements
from tests import prepared as prepared_data
from tests.cargo import Cargo, find_cargo
from tests.clock import clock_at
from tests.looking import looks_at_statements
from tests.own_database import own_database
from tests.prepared import Prepared
from tests.redis_databases import Use, emptied, redis_url
from tests.server import Server

hypothesis_settings.register_profile("waybill", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("waybill")

DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "running_server", "own_server"}
LONGEST_ID = 40
# Between two collections of garbage; memory is not what tests are short of.
ALLOCATIONS = (20_000, 10, 20)
HOUR = 3600
# More than any of the tests takes that ask which day it is.
SECONDS_OF_A_TEST = 30
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what a second run on PostgreSQL has to repeat.

    Of a test with parameters that is the first: the others are about another word, not another
    query, unless the test is marked with `queries`, as whatever looks at statements is.
    """
    seen: set[str] = set()
    for item in items:
        if isinstance(item, pytest.Function) and looks_at_statements(item.function):
            item.add_marker("queries")
        test = item.nodeid.partition("[")[0]
        if test in seen and not item.get_closest_marker("queries"):
            item.add_marker("once")
        seen.add(test)
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES:
            item.add_marker("database")


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_put_slow_tests_first(items: list[pytest.Item]) -> None:
    """Nobody waits for one at the end, least of all for those in a browser, which take longest.

    Half of the forks begin at the end, and tell what PostgreSQL has to repeat.
    """

    def place(item: pytest.Item) -> tuple[bool, bool, bool]:
        browser, slow, database = (
            item.get_closest_marker(name) is not None for name in ("browser", "slow", "database")
        )
        return not browser, not slow, database

    items.sort(key=place)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Tokens and archives differ from one process to the next; the names of tests may not."""
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return argname
    return None


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end; no garbage collection has to look at them."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*ALLOCATIONS)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """No hour ends within a test, and so no day, month or year: one that is about to is awaited."""
    left = HOUR - time.time() % HOUR
    if left < SECONDS_OF_A_TEST:
        time.sleep(left)
    return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    browser.stop()
    if not forks.is_fork():
        prepared_data.remove(os.environ.get("TEST_DATABASE_URL"))


def pytest_configure(config: pytest.Config) -> None:
    statements.record(config)
    # Until all tests are collected there is nothing to collect.
    gc.disable()
    sys.addaudithook(_stay_on_this_machine)


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """A test that asks the internet fails, wherever it runs."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test wants to connect to {address[0]}")


@pytest.fixture(scope="session")
def django_db_setup(
    prepared: Prepared, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Tests have the data that servers start with, also after one that commits.

    Django would take the rows of the migrations away and could not empty the audit log.
    """
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            restore = stack.enter_context(own_database(prepared))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: restore())
        yield


@pytest.fixture(scope="session")
def _numbered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    return zip(repeat(tmp_path_factory.mktemp("own")), count())


@pytest.fixture(autouse=True)
def _own_storage(settings: LazySettings, _numbered: Iterator[tuple[Path, int]]) -> None:
    """Crates, index and noted downloads of one test are no other's.

    Most tests store nothing, so the folders are made by whoever does.
    """
    folder, number = next(_numbered)
    settings.STORAGE_URL = f"file://{folder}/{number}-storage"
    settings.DOWNLOADS_DIR = folder / f"{number}-downloads"
    settings.NOTES_DIR = folder / f"{number}-exchanges"


@pytest.fixture(scope="session", autouse=True)
def _own_redis() -> None:
    """Each fork has a database of Redis for itself, as it is emptied often."""
    if django_settings.REDIS_LIMITS and forks.is_fork():
        caches.settings["default"]["LOCATION"] = redis_url(Use.TESTS)
        caches["default"] = caches.create_connection("default")


@pytest.fixture(autouse=True)
def _clean_redis(settings: LazySettings) -> Iterator[None]:
    """What a database test leaves is rolled back; Redis has to be emptied."""
    yield
    if settings.REDIS_LIMITS:
        cache.clear()


@pytest.fixture
def standing_clock() -> Iterator[None]:
    """No minute ends within the test, with which limits would begin anew."""
    with clock_at(timezone.now()):
        yield


# --- People: Alice owns, Bob is on her team, Charlie may see nothing ---


@pytest.fixture
def alice(db: None) -> User:
    return person("alice", 101)


@pytest.fixture
def bob(db: None) -> User:
    return person("bob", 102)


@pytest.fixture
def charlie(db: None) -> User:
    return person("charlie", 103)


@pytest.fixture
def alice_token(alice: User) -> str:
    return create_token(user=alice, name="laptop").text


@pytest.fixture
def bob_token(bob: User) -> str:
    return create_token(user=bob, name="laptop").text


@pytest.fixture
def charlie_token(charlie: User) -> str:
    return create_token(user=charlie, name="laptop").text


def person(login: str, github_id: int | None = None) -> User:
    """An account with a verified address."""
    return create_user(
        actor=System("tests"), login=login, email=f"{login}@example.com", github_id=github_id
    )


# --- Processes ---


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Migrated data that servers start with, made by the first process that asks for them."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if forks.is_fork() else folder
    return prepared_data.prepared(shared, os.environ.get("TEST_DATABASE_URL"))


@pytest.fixture(scope="session")
def running_server(
    tmp_path_factory: pytest.TempPathFactory, prepared: Prepared
) -> Iterator[Server]:
    """One server for all tests of a process; use names of crates and people of your own."""
    yield from serving(tmp_path_factory.mktemp("server"), prepared, Use.RUNNING_SERVER)


@pytest.fixture
def own_server(tmp_path: Path, prepared: Prepared) -> Iterator[Server]:
    """A server for one test, which may kill and start it again on the same data."""
    yield from serving(tmp_path, prepared)


def serving(
    folder: Path, prepared: Prepared, use: Use = Use.OWN_SERVER, **more: Any
) -> Iterator[Server]:
    with prepared.copy(folder / "data") as database:
        server = Server(folder, database=database, redis=emptied(use), **more)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@pytest.fixture
def cargo(tmp_path: Path) -> Cargo:
    """A cargo that knows nothing of the developer's own settings and caches."""
    return Cargo(find_cargo(), tmp_path / "cargo")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Shows what the server wrote beside the failure of a test that used one."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed:
        for name in ("running_server", "own_server"):
            server = getattr(item, "funcargs", {}).get(name)
            if isinstance(server, Server):
                report.sections.append((f"output of {name}", server.output()[-20_000:]))
