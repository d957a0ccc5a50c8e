"""One row of the table: what we do against the least that it could cost, measured in turns."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

# What one turn costs: microseconds, unless the row says otherwise.
Turn = Callable[[], float]
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Row:
    """Of costs the ratio is subject to floor, and `limit` the most it may be.

    With `at_least` it is of rates, floor's cost to subject's, and `limit` the least. Without
    `floor` the subject's own cost is compared with `limit`, in `unit`.
    """

    name: str
    subject: Turn
    limit: float
    floor: Turn | None = None
    floor_name: str = ""
    at_least: bool = False
    unit: str = "µs"
    rounds: int = ROUNDS


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds; `lowest` and `highest` of the rounds' own ratios."""

    name: str
    floor_name: str
    floor: float | None
    subject: float
    unit: str
    ratio: float
    lowest: float
    highest: float
    limit: float
    at_least: bool

    @property
    def is_met(self) -> bool:
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit


def compare(row: Row, *, rounds: int | None = None) -> Result:
    """Floor and subject by turns, backwards every second time, so that noise hits both."""
    pairs = [_round(row, backwards=bool(n % 2)) for n in range(rounds or row.rounds)]
    floors, subjects = [floor for floor, _ in pairs], [subject for _, subject in pairs]
    ratios = [_ratio(row, floor, subject) for floor, subject in pairs]
    floor, subject = statistics.median(floors), statistics.median(subjects)
    return Result(
        name=row.name,
        floor_name=row.floor_name,
        floor=floor if row.floor else None,
        subject=subject,
        unit=row.unit,
        ratio=_ratio(row, floor, subject),
        lowest=min(ratios),
        highest=max(ratios),
        limit=row.limit,
        at_least=row.at_least,
    )


def p50(action: Callable[[], object], times: int) -> Turn:
    """A turn of so many calls, one after the other; the median of their microseconds."""

    def turn() -> float:
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            action()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken) * 1e6

    return turn


def _round(row: Row, *, backwards: bool) -> tuple[float, float]:
    floor = row.floor or (lambda: 1.0)
    if backwards:
        subject = row.subject()
        return floor(), subject
    return floor(), row.subject()


def _ratio(row: Row, floor: float, subject: float) -> float:
    return floor / subject if row.at_least else subject / floor
