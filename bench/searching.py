"""Searches for the commonest words of a large registry.

`python -m bench.searching` prints their 95th percentile in ms, for the environment's database.
"""

import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping

import django

from bench.commands import environment
from bench.rows import Row
from bench.stage import Stage
from tests.server import ROOT

WORDS = 50
TIMES = 4
LOOKED_AT = 5000


def rows(stage: Stage) -> Iterator[Row]:
    for name, limit, variables in (
        ("PostgreSQL", 15, environment(stage.new_folder("search"), stage.large_postgresql)),
        ("SQLite", 60, environment(stage.large_sqlite)),
    ):
        yield Row(
            f"search for common words, {name}, p95",
            subject=lambda variables=variables: _p95(variables),
            limit=limit,
            unit="ms",
            rounds=3,
        )


def _p95(variables: Mapping[str, str]) -> float:
    said = subprocess.run(
        [sys.executable, "-m", "bench.searching"],
        cwd=ROOT,
        env=dict(variables),
        check=True,
        stdout=subprocess.PIPE,
    )
    return float(said.stdout)


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    print(percentile())


def percentile() -> float:
    """Of searches for the commonest words of this process's database: the 95th, in ms."""
    # What needs settings can only be imported now.
    from registry.models import SearchDocument  # noqa: PLC0415
    from registry.operations import search_tiers  # noqa: PLC0415
    from registry.queries.search import search  # noqa: PLC0415

    search_tiers.refresh()
    found: Counter[str] = Counter()
    texts = SearchDocument.objects.values_list("name", "keywords", "description", "readme")
    for document in texts.order_by("pk")[:LOOKED_AT]:
        found.update(set(" ".join(document).split()))
    taken = []
    for word, _ in found.most_common(WORDS):
        for _ in range(TIMES):
            began = time.perf_counter()
            search(word, page=1, per_page=10)
            taken.append((time.perf_counter() - began) * 1e3)
    return statistics.quantiles(taken, n=20)[18]


if __name__ == "__main__":
    main()
