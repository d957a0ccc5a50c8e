"""The benchmarks themselves, one turn each: that they work, not what they measure."""

import os
from pathlib import Path

import pytest

from bench import nginx, serving
from bench.__main__ import run
from bench.stage import Stage
from tests.prepared import Prepared

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(not Path(nginx.NGINX).exists(), reason="the program nginx is not here"),
]


def test_the_serving_benchmarks_run_and_clean_up(prepared: Prepared) -> None:
    before = _children()
    with Stage(quick=True, migrated=prepared) as stage:
        results = list(run(serving.rows, stage))
        folder = stage.folder
    assert [result.name.rpartition(", ")[2] for result in results] == ["200", "304"] * 3
    assert all(result.floor and result.subject > 0 for result in results)
    assert not folder.exists()
    assert _children() <= before


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
