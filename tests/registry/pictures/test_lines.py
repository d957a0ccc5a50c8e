from registry.pictures.lines import SPARK_HEIGHT, SPARK_WIDTH, barcode, spark


def test_a_barcode_has_a_bar_for_each_digit_and_differs_with_any() -> None:
    one, other = barcode("0f" * 32), barcode("0f" * 31 + "0e")

    assert one.path.count("M") == 64
    assert one != other
    assert barcode("") == barcode("")


def test_a_spark_goes_from_edge_to_edge() -> None:
    drawing = spark([0, 5, 10])

    assert drawing.path.startswith(f"M0 {SPARK_HEIGHT}")
    assert drawing.path.endswith(f"{SPARK_WIDTH} {SPARK_HEIGHT}z")
    assert f"{SPARK_WIDTH}.0 4.0" in drawing.path


def test_a_spark_of_nothing_is_flat() -> None:
    assert " 4.0" not in spark([0, 0]).path
    assert spark([]).path == ""
