"""A graph of what needs what: boxes in columns by distance, lines between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BOX_WIDTH, BOX_HEIGHT = 168, 40
COLUMN, ROW = 232, 52
MARGIN = 8
MOST_BOXES = 36
MOST_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Node:
    """`distance` counts from the root, which is the only one at 0."""

    name: str
    number: str
    distance: int
    style: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node in its place; `label` and `number` are short enough to fit."""

    name: str
    label: str
    number: str
    style: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Graph:
    """`left_out` counts the nodes that would have been too many."""

    boxes: list[Box]
    edges: str
    width: int
    height: int
    left_out: int
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def graph(nodes: Sequence[Node], edges: Mapping[str, Sequence[str]]) -> Graph:
    """Nearest nodes first; `edges` lead from a name to the names that it needs."""
    shown = sorted(nodes, key=lambda node: node.distance)[:MOST_BOXES]
    columns: dict[int, list[Node]] = {}
    for node in shown:
        columns.setdefault(node.distance, []).append(node)
    tallest = max((len(column) for column in columns.values()), default=1)
    boxes = {
        node.name: _box(node, row, len(column), tallest)
        for column in columns.values()
        for row, node in enumerate(column)
    }
    lines = [
        _line(boxes[name], boxes[needed])
        for name, all_needed in edges.items()
        for needed in all_needed
        if name in boxes and needed in boxes and name != needed
    ]
    return Graph(
        boxes=list(boxes.values()),
        edges="".join(lines),
        width=MARGIN * 2 + COLUMN * max(columns, default=0) + BOX_WIDTH,
        height=MARGIN * 2 + ROW * (tallest - 1) + BOX_HEIGHT,
        left_out=len(nodes) - len(shown),
    )


def _box(node: Node, row: int, rows: int, tallest: int) -> Box:
    return Box(
        name=node.name,
        label=_short(node.name),
        number=_short(node.number),
        style=node.style,
        x=MARGIN + COLUMN * node.distance,
        y=MARGIN + ROW * row + ROW * (tallest - rows) // 2,
    )


def _line(start: Box, end: Box) -> str:
    x, y = start.x + BOX_WIDTH, start.y + BOX_HEIGHT // 2
    to_x, to_y = end.x, end.y + BOX_HEIGHT // 2
    if end.x <= start.x:
        # Something nearer is needed too: around the right side.
        to_x, bend = end.x + BOX_WIDTH, x + (COLUMN - BOX_WIDTH) // 2
        return f"M{x} {y}C{bend} {y} {bend} {to_y} {to_x} {to_y}"
    middle = (x + to_x) // 2
    return f"M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}"


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
