"""Where nodes and edges stand in a picture, found with nothing installed.

`Drawing` is what every layout answers with, whoever computed it. The layout
in here is the plain layered one (longest path for the rows, barycentres for
the order), good for small graphs and for where Graphviz is missing.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.graph.walk import unrolled

NODE_HEIGHT = 40.0
HEADER = 26.0
"""Height of the strip that names a composite that is open."""

_GAP_X, _GAP_Y, _PAD = 26.0, 34.0, 14.0

Box = tuple[float, float, float, float]
"""Left, top, width, height."""

Point = tuple[float, float]


@dataclass
class Drawing:
    """A picture of an outline in numbers: no text of a user is in it."""

    width: float = 0.0
    height: float = 0.0
    nodes: dict[int, Box] = field(default_factory=dict)
    """Nodes drawn as nodes: leaves, and composites that are closed."""

    boxes: dict[int, Box] = field(default_factory=dict)
    """Composites that are open, outer before inner."""

    edges: list[tuple[int, int, str, list[Point]]] = field(default_factory=list)
    """Source, target, kind, and a start with groups of three Bézier points."""

    engine: str = "layered"

    def as_json(self) -> dict[str, Any]:
        return {
            "width": round(self.width, 1),
            "height": round(self.height, 1),
            "engine": self.engine,
            "nodes": [[n, *_rounded(box)] for n, box in self.nodes.items()],
            "boxes": [[n, *_rounded(box)] for n, box in self.boxes.items()],
            "edges": [
                [a, b, kind, [round(v, 1) for point in points for v in point]]
                for a, b, kind, points in self.edges
            ],
        }


def _rounded(box: Box) -> list[float]:
    return [round(value, 1) for value in box]


@dataclass(frozen=True)
class Visible:
    """The part of an outline that is drawn while some composites are closed."""

    outline: Outline
    open: frozenset[int]
    nodes: tuple[int, ...]
    edges: tuple[tuple[int, int, str], ...]

    def inside(self, parent: int) -> list[int]:
        """Return the nodes drawn in one composite, in their own order."""
        return self._levels.get(parent, [])

    def edges_inside(self, parent: int) -> list[tuple[int, int, str]]:
        """Return the edges drawn in one composite."""
        return self._edges.get(parent, [])

    def width(self, number: int) -> float:
        """Return the width a node is drawn with."""
        return node_width(self.outline.nodes[number].name, number in self._composites)

    @cached_property
    def _composites(self) -> set[int]:
        return self.outline.composites()

    @cached_property
    def _levels(self) -> dict[int, list[int]]:
        levels: dict[int, list[int]] = {}
        for number in self.nodes:
            levels.setdefault(self.outline.nodes[number].parent, []).append(number)
        return levels

    @cached_property
    def _edges(self) -> dict[int, list[tuple[int, int, str]]]:
        edges: dict[int, list[tuple[int, int, str]]] = {}
        for edge in self.edges:
            edges.setdefault(self.outline.nodes[edge[0]].parent, []).append(edge)
        return edges

    def loops(self) -> set[tuple[int, int]]:
        """Return the edges that close a loop, seen from each level's start."""
        closing: set[tuple[int, int]] = set()
        for parent, members in self._levels.items():
            starts = [n for n in members if "start" in self.outline.nodes[n].role]
            rest = [n for n in members if n not in starts]
            edges = self.edges_inside(parent)
            onward = set(_forward(starts + rest, edges))
            closing.update((a, b) for a, b, _ in edges if (a, b) not in onward)
        return closing


def visible(outline: Outline, opened: Set[int]) -> Visible:
    """Return what of `outline` is drawn when only `opened` are open."""
    shown = [
        n
        for n in range(len(outline.nodes))
        if all(parent in opened for parent in outline.ancestors(n))
    ]
    kept = set(shown)
    edges = tuple(
        (edge.source, edge.target, edge.kind)
        for edge in outline.edges
        if edge.source in kept and edge.target in kept
    )
    composites = outline.composites()
    still_open = frozenset(n for n in opened if n in kept and n in composites)
    return Visible(outline, still_open, tuple(shown), edges)


_LETTERS = {
    **dict.fromkeys("ijlItfr.,:;|!'()[]/ -", 5.2),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ", 9.8),
    **dict.fromkeys("mwMW@%", 12.8),
}
"""About how wide the letters of a name are, where not as wide as most; the page reckons alike."""


def node_width(name: str, composite: bool = False) -> float:
    """Return the width a node needs for its name and its marks.

    A composite that is closed has one mark more: the one that opens it. A page that is drawn
    small has larger letters for it, and no picture before them.
    """
    text = sum(_LETTERS.get(letter, 8.4) for letter in name[:60])
    wide = min(max(text + 54.0, text * 1.2 + 36.0), 310.0)
    return max(112.0, wide) + (26.0 if composite else 0.0)


def layered(part: Visible) -> Drawing:
    """Lay out `part` in rows from top to bottom."""
    drawing = Drawing()
    insides = {parent: _Inside(part, parent) for parent in (-1, *sorted(part.open))}
    sizes: dict[int, tuple[float, float]] = {}
    for parent in reversed(insides):  # what is inside has higher numbers than what holds it
        sizes[parent] = insides[parent].sized(part, sizes)
    drawing.width, drawing.height = sizes[-1]

    def place(parent: int, left: float, top: float) -> Iterator[Any]:
        for number, box in insides[parent].placed(left, top):
            if number in part.open:
                drawing.boxes[number] = box
                yield place(number, box[0], box[1] + HEADER)
            else:
                drawing.nodes[number] = box

    deque(unrolled(place(-1, 0.0, 0.0)), 0)
    drawing.boxes = dict(sorted(drawing.boxes.items()))
    for source, target, kind in part.edges:
        points = _edge_points(drawing, source, target)
        drawing.edges.append((source, target, kind, points))
    return drawing


class _Inside:
    """What is drawn inside of one composite, in rows."""

    def __init__(self, part: Visible, parent: int) -> None:
        members = part.inside(parent)
        members = sorted(members, key=lambda n: "start" not in part.outline.nodes[n].role)
        self._rows = _rows(members, part.edges_inside(parent))
        self._sizes: dict[int, tuple[float, float]] = {}

    def sized(self, part: Visible, known: Mapping[int, tuple[float, float]]) -> tuple[float, float]:
        """Return the room it takes, given that of the composites in it."""
        for number in (n for row in self._rows for n in row):
            width, height = known.get(number, (part.width(number), NODE_HEIGHT - HEADER))
            self._sizes[number] = width, height + HEADER
        widths = [self._width(row) for row in self._rows]
        heights = [self._tallest(row) + _GAP_Y for row in self._rows]
        return max(widths, default=0.0) + 2 * _PAD, max(sum(heights) + _PAD - _GAP_Y, 0) + _PAD

    def placed(self, left: float, top: float) -> Iterator[tuple[int, Box]]:
        """Walk the nodes with where each stands, given where the room for them begins."""
        widest = max(map(self._width, self._rows), default=0.0)
        y = top + _PAD
        for row in self._rows:
            x = left + _PAD + (widest - self._width(row)) / 2
            tallest = self._tallest(row)
            for number in row:
                w, h = self._sizes[number]
                yield number, (x, y + (tallest - h) / 2, w, h)
                x += w + _GAP_X
            y += tallest + _GAP_Y

    def _width(self, row: list[int]) -> float:
        return sum(self._sizes[n][0] + _GAP_X for n in row) - _GAP_X

    def _tallest(self, row: list[int]) -> float:
        return max(self._sizes[n][1] for n in row)


def _rows(members: list[int], edges: Iterable[tuple[int, int, str]]) -> list[list[int]]:
    """Return `members` in rows, each below everything that leads to it."""
    known = set(members)
    after: dict[int, list[int]] = defaultdict(list)
    before: dict[int, list[int]] = defaultdict(list)
    for source, target in _forward(members, edges):
        after[source].append(target)
        before[target].append(source)
    rank = dict.fromkeys(members, 0)
    waiting = {n: len(before[n]) for n in members}
    ready = [n for n in members if not waiting[n]]
    while ready:
        number = ready.pop()
        for target in after[number]:
            rank[target] = max(rank[target], rank[number] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    rows: dict[int, list[int]] = defaultdict(list)
    for number in members:
        rows[rank[number]].append(number)
    ordered = [rows[r] for r in sorted(rows)]
    place = {n: float(i) for row in ordered for i, n in enumerate(row)}
    for row in ordered[1:]:
        row.sort(key=lambda n: _middle([place[m] for m in before[n] if m in known]))
        place.update({n: float(i) for i, n in enumerate(row)})
    return ordered


def _middle(places: list[float]) -> float:
    return sum(places) / len(places) if places else 0.0


def _forward(members: list[int], edges: Iterable[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """Return the edges that close no cycle, walking in order of the members."""
    known = set(members)
    out: dict[int, list[int]] = defaultdict(list)
    for source, target, _kind in edges:
        if source in known and target in known and source != target:
            out[source].append(target)
    kept: list[tuple[int, int]] = []
    colour: dict[int, int] = {}
    for root in members:
        if root in colour:
            continue
        colour[root] = 1
        stack = [(root, iter(out[root]))]
        while stack:
            number, targets = stack[-1]
            onward = next(targets, None)
            if onward is None:
                colour[number] = 2
                stack.pop()
            elif colour.get(onward) != 1:
                kept.append((number, onward))
                if onward not in colour:
                    colour[onward] = 1
                    stack.append((onward, iter(out[onward])))
    return kept


def _edge_points(drawing: Drawing, source: int, target: int) -> list[Point]:
    sx, sy, sw, sh = _box(drawing, source)
    tx, ty, tw, th = _box(drawing, target)
    if source == target:
        right, middle = sx + sw, sy + sh / 2
        return [
            (right, middle - 6),
            (right + 26, middle - 18),
            (right + 26, middle + 18),
            (right, middle + 6),
        ]
    if ty >= sy + sh:
        start, end = (sx + sw / 2, sy + sh), (tx + tw / 2, ty)
        bend = min(40.0, (end[1] - start[1]) / 2)
        return [start, (start[0], start[1] + bend), (end[0], end[1] - bend), end]
    # Upwards or level: go round on the right so the way down stays readable.
    start, end = (sx + sw, sy + sh / 2), (tx + tw, ty + th / 2)
    out = max(start[0], end[0]) + 30.0
    drawing.width = max(drawing.width, out + 4)
    return [start, (out, start[1]), (out, end[1]), end]


def _box(drawing: Drawing, number: int) -> Box:
    return drawing.nodes.get(number) or drawing.boxes[number]
