"""Small pictures without words: a line of daily figures, the bars of a checksum."""

from collections.abc import Sequence
from dataclasses import dataclass

SPARK_WIDTH, SPARK_HEIGHT = 320, 56


@dataclass(frozen=True, slots=True)
class Drawing:
    """A path, and the size of the paper it is on."""

    path: str
    width: int
    height: int


def spark(values: Sequence[int]) -> Drawing:
    """An area from the first value to the last; flat where all are nothing."""
    most = max(values, default=0) or 1
    step = SPARK_WIDTH / max(len(values) - 1, 1)
    points = [
        f"{at * step:.1f} {SPARK_HEIGHT - (SPARK_HEIGHT - 4) * value / most:.1f}"
        for at, value in enumerate(values)
    ]
    path = f"M0 {SPARK_HEIGHT}L{'L'.join(points)}L{SPARK_WIDTH} {SPARK_HEIGHT}z" if points else ""
    return Drawing(path, SPARK_WIDTH, SPARK_HEIGHT)


def barcode(hexadecimal: str) -> Drawing:
    """Each digit is a bar and a gap of one to four: equal pictures are equal digits."""
    x, path = 0, []
    for character in hexadecimal:
        digit = int(character, 16)
        bar, gap = 1 + (digit >> 2), 1 + (digit & 3)
        path.append(f"M{x} 0h{bar}v10h-{bar}z")
        x += bar + gap
    return Drawing("".join(path), max(x, 1), 10)
