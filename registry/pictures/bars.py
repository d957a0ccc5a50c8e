"""Columns of stacked bars: downloads by week and version, releases by month and kind."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 4, 10, 24
# So many units and fewer are drawn as one square each, which can be counted.
MOST_SQUARES = 12
MOST_TICKS = 6
HALF_LABEL = 32
GAP = 0.28


@dataclass(frozen=True, slots=True)
class Series:
    """A value for each column, and the class of the style sheet that colours it."""

    name: str
    style: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Area:
    """One series as drawn: all its bars in one path."""

    name: str
    style: str
    path: str
    total: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A label and where it stands on its axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bars:
    """`rows` hold the same numbers for those who read a table: a column's name, its values."""

    areas: list[Area]
    grid: list[Mark]
    ticks: list[Mark]
    rows: list[tuple[str, list[int]]]
    total: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def stacked_bars(
    columns: Sequence[str], series: Sequence[Series], *, shares: bool = False, unit: str = ""
) -> Bars:
    """The first series lies at the bottom. With `shares` every column that has any is full."""
    sums = [sum(one.values[at] for one in series) for at in range(len(columns))]
    top = 100 if shares else _round_top(max(sums, default=0))
    squares = not shares and top <= MOST_SQUARES
    heights = [
        [_share(value, sums[at]) if shares else float(value) for at, value in enumerate(one.values)]
        for one in series
    ]
    below = [0.0] * len(columns)
    areas = []
    for one, column_heights in zip(series, heights, strict=True):
        path = "".join(
            _bar(at, len(columns), below[at], height, top, squares)
            for at, height in enumerate(column_heights)
            if height
        )
        below = [low + height for low, height in zip(below, column_heights, strict=True)]
        areas.append(Area(one.name, one.style, path, sum(one.values)))
    return Bars(
        areas=areas,
        grid=[Mark(_y(value, top), f"{_compact(value)}{unit}") for value in _levels(top)],
        ticks=_ticks(columns),
        rows=[(name, [one.values[at] for one in series]) for at, name in enumerate(columns)],
        total=sum(sums),
    )


def _bar(column: int, columns: int, low: float, height: float, top: int, squares: bool) -> str:
    step = (WIDTH - LEFT - RIGHT) / columns
    x, width = LEFT + step * (column + GAP / 2), step * (1 - GAP)
    if squares:
        levels = [low + level for level in range(int(height))]
        return "".join(_rectangle(x, width, level, level + 1, top, 1.5) for level in levels)
    return _rectangle(x, width, low, low + height, top, 0)


def _rectangle(x: float, width: float, low: float, high: float, top: int, gap: float) -> str:
    y, bottom = _y(high, top), _y(low, top) - gap
    return f"M{x:.1f} {bottom:.1f}h{width:.1f}V{y:.1f}h-{width:.1f}z"


def _y(value: float, top: int) -> float:
    plot = HEIGHT - TOP - BOTTOM
    return round(HEIGHT - BOTTOM - plot * value / top, 1)


def _share(value: int, whole: int) -> float:
    return 100 * value / whole if whole else 0.0


def _round_top(most: int) -> int:
    """The first of 4, 10, 20, 40, 100, 200 ... that is enough; each has a whole half."""
    top, power = 4, 10
    while top < most:
        for factor in (1, 2, 4):
            if top < most:
                top = factor * power
        power *= 10
    return top


def _compact(value: int) -> str:
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return str(value)


def _levels(top: int) -> list[int]:
    return [0, top // 2, top]


def _ticks(columns: Sequence[str]) -> list[Mark]:
    step = (WIDTH - LEFT - RIGHT) / max(len(columns), 1)
    every = -(-len(columns) // MOST_TICKS) or 1
    places = [round(LEFT + step * (at + 0.5), 1) for at in range(len(columns))]
    return [
        Mark(place, name)
        for at, (place, name) in enumerate(zip(places, columns, strict=True))
        # The last label would stick out.
        if at % every == 0 and place < WIDTH - HALF_LABEL
    ]
