from registry.pictures.graph import MOST_BOXES, Node, graph


def test_boxes_stand_in_columns_by_distance() -> None:
    picture = graph([Node("c", "1", 2), Node("a", "1", 0), Node("b", "1", 1)], {"a": ["b"]})

    assert [box.name for box in picture.boxes] == ["a", "b", "c"]
    assert sorted({box.x for box in picture.boxes}) == [box.x for box in picture.boxes]
    assert picture.edges.count("M") == 1


def test_what_is_too_many_is_counted_and_its_lines_are_left_out() -> None:
    nodes = [Node("root", "1", 0), *(Node(f"n{at}", "1", 1) for at in range(MOST_BOXES))]

    picture = graph(nodes, {"root": [node.name for node in nodes[1:]]})

    assert picture.left_out == 1
    assert picture.edges.count("M") == MOST_BOXES - 1


def test_long_names_are_cut_and_circles_do_no_harm() -> None:
    picture = graph([Node("n" * 64, "1", 0), Node("b", "1", 1)], {"b": ["n" * 64, "b"]})

    assert picture.boxes[0].label.endswith("…")
    assert picture.edges.count("M") == 1
