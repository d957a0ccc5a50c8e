"""What the run on PostgreSQL repeats: each statement twice, where two tests send it.

It is about statements, rows and locks; what is answered the run on SQLite has seen. While that one
tells which statements its tests send (tests/statements.py), those tests are chosen here whose
statements have not been chosen often enough. Which of several is left to the random order.
"""

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.statements import ENDED, FOLDER

ENOUGH = 2
# About what only the database decides, in which order it happens, or what servers send.
ALWAYS = (
    "tests/journeys/",
    "tests/races/",
    "tests/registry/queries/",
    "tests/trustpub/api/test_exchange.py",
    "tests/trustpub/test_moderation_grid.py",
)
ALWAYS_MARKED = ("postgres", "queries")
ALWAYS_WITH = {"live_server", "own_server", "running_server"}


def by_file(items: Sequence[pytest.Item], places: Sequence[int]) -> list[list[int]]:
    """The places of each file, the files in the order of their first."""
    files: dict[Path, list[int]] = {}
    for place in places:
        files.setdefault(items[place].path, []).append(place)
    return list(files.values())


class All:
    """Every test, a file at a time: half of the forks begin with the slow ones, half at the end."""

    left_out = 0

    def __init__(self, items: Sequence[pytest.Item]) -> None:
        self._files = deque(by_file(items, range(len(items))))

    def next(self, fork: int) -> list[int] | None:
        if not self._files:
            return None
        return self._files.pop() if fork % 2 else self._files.popleft()


class Choice:
    """Says of all tests, bit by bit, which are run: lists of their places, a file in each."""

    def __init__(self, items: Sequence[pytest.Item], folder: Path) -> None:
        self._items, self._folder = items, folder
        self._waiting = {item.nodeid: place for place, item in enumerate(items)}
        self._chosen: Counter[str] = Counter()
        self._read: dict[Path, int] = {}
        self.left_out = 0
        first = [place for place, item in enumerate(items) if _is_always_run(item)]
        self._always = {items[place].nodeid for place in first}
        for nodeid in self._always:
            del self._waiting[nodeid]
        self._ready = self._by_file(first)

    def next(self, fork: int) -> list[int] | None:
        """Empty while the other run has not told enough; None when all is said."""
        if not self._ready:
            has_ended = (self._folder / ENDED).exists()
            self._hear()
            if has_ended:
                # Of these nothing is known.
                self._ready += self._by_file(sorted(self._waiting.values()))
                self._waiting.clear()
            if not self._ready:
                return None if has_ended else []
        return self._ready.pop(0)

    def _hear(self) -> None:
        chosen = []
        for line in self._lines():
            nodeid, *sent = line.split("\t")
            place = self._waiting.pop(nodeid, None)
            if nodeid in self._always:
                self._chosen.update(sent)
            elif place is None:
                continue
            elif all(self._chosen[statement] >= ENOUGH for statement in sent):
                self.left_out += 1
            else:
                self._chosen.update(sent)
                chosen.append(place)
        self._ready += self._by_file(chosen)

    def _lines(self) -> Iterator[str]:
        """What was written since the last time; an unfinished line is left for the next."""
        for path in sorted(self._folder.glob("*.sent")):
            with path.open() as file:
                file.seek(self._read.get(path, 0))
                text = file.read()
            whole = text[: text.rfind("\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole.encode())
            yield from whole.splitlines()

    def _by_file(self, places: Sequence[int]) -> list[list[int]]:
        return by_file(self._items, places)


def choice(items: Sequence[pytest.Item]) -> All | Choice:
    """All of them on SQLite, and where nobody records."""
    if FOLDER in os.environ and "TEST_DATABASE_URL" in os.environ:
        return Choice(items, Path(os.environ[FOLDER]))
    return All(items)


def _is_always_run(item: pytest.Item) -> bool:
    database = item.get_closest_marker("django_db")
    commits = bool(database and database.kwargs.get("transaction"))
    marked = commits or any(item.get_closest_marker(name) for name in ALWAYS_MARKED)
    fixtures = set(getattr(item, "fixturenames", ()))
    return marked or item.nodeid.startswith(ALWAYS) or bool(fixtures & ALWAYS_WITH)
