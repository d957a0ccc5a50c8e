"""Runs the benchmarks, prints a table and writes bench/results/TIME.json."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import formats, serving
from bench.measure import Figure

RESULTS = Path(__file__).parent / "results"
SUITES = {"formats": formats.figures, "serving": serving.figures}


def main(names: Sequence[str]) -> int:
    if unknown := set(names) - SUITES.keys():
        print(f"no suite {min(unknown)}; choose from {', '.join(SUITES)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    print(f"{'what':48} {'per second':>12} {'median us':>12} {'p99 us':>10}")
    for name in names or SUITES:
        for figure in SUITES[name]():
            print(
                f"{figure.name:48} {figure.per_second:12.0f} "
                f"{figure.median_us:12.1f} {figure.p99_us:10.1f}",
                flush=True,
            )
            figures.append(figure)
    print(f"written to {_write(figures)}")
    return 0


def _write(figures: Sequence[Figure]) -> Path:
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    facts = {
        "at": now.isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "figures": [figure.as_dict() for figure in figures],
    }
    path.write_text(json.dumps(facts, indent=2) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
