import pytest

from registry.pictures.bars import Series, stacked_bars


def test_columns_are_stacked_and_said_again_in_rows() -> None:
    bars = stacked_bars(["May", "Jun"], [Series("ci", "a", [30, 0]), Series("token", "b", [10, 5])])

    assert bars.rows == [("May", [30, 10]), ("Jun", [0, 5])]
    assert [(area.name, area.total) for area in bars.areas] == [("ci", 30), ("token", 15)]
    assert bars.areas[0].path.count("M") == 1
    assert bars.areas[1].path.count("M") == 2
    assert [mark.label for mark in bars.grid] == ["0", "20", "40"]


def test_few_units_are_squares_that_can_be_counted() -> None:
    bars = stacked_bars(["May"], [Series("ci", "a", [3])])

    assert bars.areas[0].path.count("M") == 3


def test_shares_fill_every_column_that_has_any() -> None:
    bars = stacked_bars(
        ["May", "Jun"], [Series("ci", "a", [1, 0]), Series("token", "b", [3, 0])], shares=True
    )

    top = bars.grid[-1]
    assert top.label == "100"
    assert f"V{top.at}" in bars.areas[1].path
    assert bars.areas[0].path.count("M") == 1


@pytest.mark.parametrize(
    ("most", "label"),
    [(0, "4"), (4, "4"), (5, "10"), (11, "20"), (21, "40"), (999, "1k"), (1_500_000, "2M")],
)
def test_the_scale_ends_at_a_round_number(most: int, label: str) -> None:
    assert stacked_bars(["May"], [Series("ci", "a", [most])]).grid[-1].label == label


def test_nothing_is_an_empty_picture() -> None:
    assert stacked_bars([], []).total == 0
