"""What a run prints and keeps."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import Result

RESULTS = Path(__file__).parent / "results"
HEAD = f"{'what':52} {'floor':>11} {'ours':>11} {'ratio':>7}  {'of rounds':14} {'target':>8}"


def line(result: Result) -> str:
    floor = "-" if result.floor is None else _number(result.floor)
    spread = f"{result.lowest:.2f} - {result.highest:.2f}"
    target = f"{'>=' if result.at_least else '<='} {result.limit:g}"
    mark = "" if result.is_met else "  misses"
    ours = f"{_number(result.subject)} {result.unit}"
    cost = f"{floor:>11} {ours:>11} {result.ratio:7.2f}"
    return f"{result.name:52} {cost}  {spread:14} {target:>8}{mark}"


def write(results: Iterable[Result], folder: Path = RESULTS) -> Path:
    now = datetime.now(UTC)
    folder.mkdir(exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    facts = {
        "at": now.isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "rows": [{**asdict(result), "is_met": result.is_met} for result in results],
    }
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return path


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 1000 else f"{value:,.0f}"
