"""Times one action many times; ratios of figures from one run carry over to other machines."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

SECONDS = 1.0
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """Times are in microseconds of one caller."""

    name: str
    per_second: float
    median_us: float
    p99_us: float

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def measure(name: str, action: Callable[[], object], *, seconds: float = SECONDS) -> Figure:
    """Calls `action` for about that long, after one call that warms up."""
    action()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < FEWEST:
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return Figure(
        name,
        per_second=len(times) / sum(times),
        median_us=statistics.median(times) * 1e6,
        p99_us=statistics.quantiles(times, n=100)[98] * 1e6,
    )
