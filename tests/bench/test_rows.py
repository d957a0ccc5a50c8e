import json
from pathlib import Path

from bench import report
from bench.rows import Row, compare, p50


def test_compares_medians_and_keeps_the_spread_of_the_rounds() -> None:
    floors, subjects = iter([1.0, 2.0, 1.0]), iter([4.0, 4.0, 3.0])
    row = Row("a", lambda: next(subjects), 3.5, floor=lambda: next(floors), floor_name="b")
    result = compare(row, rounds=3)
    assert (result.floor, result.subject, result.ratio) == (1.0, 4.0, 4.0)
    assert (result.lowest, result.highest) == (2.0, 4.0)
    assert not result.is_met


def test_takes_turns_and_changes_who_begins() -> None:
    order: list[str] = []
    row = Row(
        "a",
        lambda: order.append("ours") or 1.0,  # type: ignore[func-returns-value]
        1,
        floor=lambda: order.append("floor") or 1.0,  # type: ignore[func-returns-value]
    )
    compare(row, rounds=3)
    assert order == ["floor", "ours", "ours", "floor", "floor", "ours"]


def test_of_rates_the_ratio_is_the_other_way_round() -> None:
    row = Row("a", lambda: 30.0, 0.4, floor=lambda: 15.0, at_least=True)
    result = compare(row, rounds=1)
    assert result.ratio == 0.5
    assert result.is_met


def test_without_a_floor_the_cost_itself_has_a_limit() -> None:
    result = compare(Row("a", lambda: 12.0, 15, unit="ms"), rounds=1)
    assert (result.floor, result.ratio, result.is_met) == (None, 12.0, True)
    assert "12.0 ms" in report.line(result)


def test_takes_the_median_of_calls() -> None:
    calls = []
    assert p50(lambda: calls.append(1), 5)() >= 0
    assert len(calls) == 5


def test_a_row_that_misses_says_so_and_is_kept(tmp_path: Path) -> None:
    result = compare(Row("a", lambda: 9.0, 2, floor=lambda: 1.0, floor_name="b"), rounds=1)
    assert report.line(result).endswith("misses")
    [kept] = json.loads(report.write([result], tmp_path).read_text())["rows"]
    assert (kept["name"], kept["ratio"], kept["is_met"]) == ("a", 9.0, False)
