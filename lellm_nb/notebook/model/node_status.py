"""What each node had come to at each frame, told in small rows.

A row says how one frame differs from the frame before it, so a browser that
has a starting point can colour the graph for any frame by adding rows up,
without asking for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.graph.item_branches import EACH
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.model.current_nodes import places_after
from lellm_nb.notebook.values.frame_rows import kind_of, same_frame
from lellm_nb.record.level_key import joins_tasks

FRAME_KINDS = (
    "start", "commit", "waiting", "decision", "exit", "join", "route", "edit", "error",
    "input", "mocked", "skipped",
)  # fmt: skip
"""The kinds of frames, and what stands in the place of one whose node did not run."""

CHUNK = 256
"""Frames that travel together when a view looks at a stretch of history."""

_CHECKPOINT_EVERY = 4096

Row = list[Any]
"""``[node, kind, visit, microseconds, entered, left]``, numbers throughout."""


@dataclass
class NodeStatuses:
    """What every node had come to at one frame.

    `marks` maps a node's number to ``[status, visits, microseconds]`` where
    status is ``d`` done, ``f`` failed or ``w`` waiting; a node that is missing
    was never reached. `taken` counts the edges that were gone along.
    """

    index: int = -1
    current: set[int] = field(default_factory=set)
    marks: dict[int, list[Any]] = field(default_factory=dict)
    taken: dict[tuple[int, int], int] = field(default_factory=dict)

    def copy(self) -> NodeStatuses:
        marks = {number: list(mark) for number, mark in self.marks.items()}
        return NodeStatuses(self.index, set(self.current), marks, dict(self.taken))

    def add(self, row: Row, outline: Outline) -> None:
        """Go on by one frame.

        A node is failed until it is done or come to again. One that runs for each item of a map
        is failed as long as any item stands there.

        Must agree with `addRow` in ``static/core/node_status.js``.
        """
        number, kind, _visit, micros, entered, left = row
        self.index += 1
        self.current.difference_update(left)
        self.current.update(entered)
        for one in entered:
            if one in self.marks and self.marks[one][0] == "f":
                self.marks[one][0] = "d"
        if number < 0 or kind in ("start", "edit", "input"):
            return
        mark = self.marks.setdefault(number, ["d", 0, 0])
        stands = mark[0] == "f" and number in self.current
        if not (stands and EACH in outline.nodes[number].path.split("/")):
            mark[0] = {"waiting": "w", "error": "f"}.get(kind, "d")
        if kind not in ("waiting", "route"):
            mark[1] += 1
            mark[2] += micros
        if kind not in ("waiting", "error"):
            for target in entered:
                sibling = outline.sibling_of(number, target)
                if sibling >= 0:
                    edge = (number, sibling)
                    self.taken[edge] = self.taken.get(edge, 0) + 1

    def travelled(self, rows: Iterable[Row], outline: Outline) -> list[Row]:
        """Go on by the frames of rows, and return the rows as they travel."""
        told = []
        for row in rows:
            self.add(row, outline)
            told.append(packed(row))
        return told

    def since(self, old: NodeStatuses) -> dict[str, Any]:
        """Return what to change in `old` to come to this."""
        marks = [
            [number, *mark] for number, mark in self.marks.items() if old.marks.get(number) != mark
        ]
        taken = [
            [*edge, count] for edge, count in self.taken.items() if old.taken.get(edge) != count
        ]
        return {
            "index": self.index,
            "current": sorted(self.current),
            "marks": marks,
            "taken": taken,
            "gone": [number for number in old.marks if number not in self.marks],
            "untaken": [list(edge) for edge in old.taken if edge not in self.taken],
        }

    def as_json(self) -> dict[str, Any]:
        """Return the statuses whole."""
        return {
            "index": self.index,
            "current": sorted(self.current),
            "marks": [[number, *mark] for number, mark in self.marks.items()],
            "taken": [[*edge, count] for edge, count in self.taken.items()],
        }


def row_of(before: FrameLike | None, frame: FrameLike, outline: Outline) -> Row:
    """Return how `frame` differs from the frame before it."""
    old = _NOWHERE if before is None else places_after(before, outline)
    return _row(old, places_after(frame, outline), frame, outline)


_NOWHERE: frozenset[int] = frozenset()


def _row(old: frozenset[int], new: frozenset[int], frame: FrameLike, outline: Outline) -> Row:
    kind = kind_of(frame)
    number = _number_of(frame, kind, outline)
    micros = round((frame.duration or 0) * 1e6)
    visit = frame.visit or 0
    if kind in _OF_NODES:
        kind = "mocked" if frame.mocked else "skipped" if frame.skipped else kind
    return [number, kind, visit, micros, sorted(new - old), sorted(old - new)]


_OF_NODES = frozenset({"commit", "exit", "join"})


def _number_of(frame: FrameLike, kind: str, outline: Outline) -> int:
    path = frame.path
    if not path or (kind == "join" and joins_tasks(frame)):
        return -1
    number = outline.by_path.get(path)
    if number is not None:
        return number
    plain = frame.static_path
    if plain not in outline.by_path and frame.level.node:
        # A pause inside a node waits under a name of its own.
        above, slash, _ = plain.rpartition("/")
        plain = f"{above}{slash}{frame.level.node}"
    return outline.find(plain)


def packed(row: Row) -> Row:
    """Return `row` as it travels: the kind as a number, empty ends cut off."""
    result = [row[0], FRAME_KINDS.index(row[1]), *row[2:]]
    if row[5] == [row[0]]:
        result = result[:5]
    return result


class StatusHistory:
    """The statuses along one line of history, found again quickly.

    Keeps them every few thousand frames and folds rows from there. A
    line that was left and gone on differently is noticed by its frames, and
    what came after the fork is forgotten.
    """

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.live = NodeStatuses()
        self.events: list[list[int]] = []
        """``[index, kind]`` of every frame so far that is not a plain commit."""
        self._kept: list[tuple[NodeStatuses, FrameLike]] = []
        self.last: FrameLike | None = None
        """The frame that `live` is at."""

        self._places = _NOWHERE

    def settle(self, frames: Sequence[FrameLike], head: int) -> None:
        """Go back to where `live` is on the line and not past the head."""
        if self._stands(frames, self.live.index, self.last, head):
            return
        kept = self._kept
        while kept and not self._stands(frames, kept[-1][0].index, kept[-1][1]):
            kept.pop()
        base, frame = NodeStatuses(), None
        for statuses, its_frame in kept:
            if statuses.index <= head:
                base, frame = statuses, its_frame
        self.live, self.last = base.copy(), frame
        self._places = _NOWHERE if frame is None else places_after(frame, self.outline)

    def forget_events(self, after: int) -> None:
        """Drop the events past frame `after`: the line goes on differently."""
        while self.events and self.events[-1][0] > after:
            self.events.pop()

    @staticmethod
    def _stands(
        frames: Sequence[FrameLike],
        index: int,
        frame: FrameLike | None,
        head: int | None = None,
    ) -> bool:
        if index < 0:
            return True
        if index >= len(frames) or (head is not None and index > head):
            return False
        return same_frame(frames[index], frame)

    def following(self, frame: FrameLike, most: int) -> list[FrameLike] | None:
        """Return the frames that lead from the last one so far to `frame`, by their parents.

        None where it does not come after that one, or by more than `most`.
        """
        found: list[FrameLike] = []
        if not 0 <= frame.index - self.live.index <= most:
            return None
        before: FrameLike | None = frame
        for _ in range(frame.index - self.live.index):
            if before is None:
                return None
            found.append(before)
            before = before.parent
        return found[::-1] if before is self.last else None

    def advance(self, frames: Iterable[FrameLike]) -> list[Row]:
        """Go on by the frames that come next and return their rows."""
        rows = []
        for frame in frames:
            places = places_after(frame, self.outline)
            row = _row(self._places, places, frame, self.outline)
            self.live.add(row, self.outline)
            self.last, self._places = frame, places
            index = self.live.index
            if row[1] != "commit" and (not self.events or self.events[-1][0] < index):
                self.events.append([index, FRAME_KINDS.index(row[1])])
            newest = self._kept[-1][0].index if self._kept else -1
            if index >= newest + _CHECKPOINT_EVERY:
                self._kept.append((self.live.copy(), frame))
            rows.append(row)
        return rows

    def statuses_at(self, frames: Sequence[FrameLike], index: int) -> NodeStatuses:
        """Return what every node had come to at frame `index`."""
        if index < 0:
            return NodeStatuses()
        if index == self.live.index:
            return self.live.copy()
        base, frame = NodeStatuses(), None
        for kept, kept_frame in self._kept:
            if kept.index <= index:
                base, frame = kept.copy(), kept_frame
        if base.index <= self.live.index <= index:
            base, frame = self.live.copy(), self.last
        while base.index < index:
            following = frames[base.index + 1]
            base.add(row_of(frame, following, self.outline), self.outline)
            frame = following
        return base

    def chunk(self, frames: Sequence[FrameLike], number: int) -> dict[str, Any]:
        """Return one stretch of history: where it starts from, and its rows."""
        first = number * CHUNK
        last = min(first + CHUNK, len(frames))
        before = frames[first - 1] if first else None
        base = self.statuses_at(frames, first - 1).as_json()
        rows = []
        for index in range(first, last):
            rows.append(packed(row_of(before, frames[index], self.outline)))
            before = frames[index]
        return {"chunk": number, "base": base, "rows": rows}
