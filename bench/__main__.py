"""Runs the benchmarks, prints a table and writes bench/results/TIME.json.

`python -m bench [--quick] [--crates N] [GROUP ...]`
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

from bench import (
    counting,
    endurance,
    exchange,
    graph,
    publishing,
    reading,
    rebuilding,
    report,
    searching,
    serving,
)
from bench.rows import Result, Row, compare
from bench.stage import CRATES, Stage

# A group sets up what it needs, yields its rows, and clears away when it is closed.
Group = Callable[[Stage], Iterator[Row]]
GROUPS: dict[str, Group] = {
    "serving": serving.rows,
    "graph": graph.rows,
    "reading": reading.rows,
    "exchange": exchange.rows,
    "publishing": publishing.rows,
    "endurance": endurance.rows,
    "searching": searching.rows,
    "rebuilding": rebuilding.rows,
    "counting": counting.rows,
}


def main() -> int:
    # Whoever stops it wants its servers stopped as well: an exit clears away, a signal does not.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--quick", action="store_true", help="one round, to see that it works")
    parser.add_argument("--crates", type=int, default=CRATES, help="of the large registry")
    options = parser.parse_args()
    if unknown := set(options.groups) - GROUPS.keys():
        print(f"no group {min(unknown)}; choose from {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    print(report.HEAD)
    results = []
    with Stage(quick=options.quick, crates=options.crates) as stage:
        for name in options.groups or GROUPS:
            for result in run(GROUPS[name], stage):
                print(report.line(result), flush=True)
                results.append(result)
    print(f"written to {report.write(results)}")
    return 0


def run(group: Group, stage: Stage) -> Iterator[Result]:
    """The rows of one group, measured while what they need is up."""
    with closing(group(stage)) as rows:  # type: ignore[type-var]
        for row in rows:
            yield compare(row, rounds=stage.rounds)


if __name__ == "__main__":
    sys.exit(main())
