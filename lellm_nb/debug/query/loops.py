"""A cycle, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from lellm_nb.calls.call_sums import CallSums, spent_by
from lellm_nb.debug.diff.diff import Diff, diff_data
from lellm_nb.debug.history.frame_table import spent_columns
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.query.loop_exits import exits_of, exits_text, left_by
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from lellm_nb.graph.analysis import find_cycles
from lellm_nb.graph.edge import Route
from lellm_nb.graph.walk import level_keys
from lellm_nb.record.frame import RAN, Frame
from lellm_nb.record.level_key import (
    LevelKeys,
    entries_of,
    joins_tasks,
    label_of,
    level_at,
    without_visits,
)
from lellm_nb.record.position import Position, SuperStep, has_finished

if TYPE_CHECKING:
    import pandas

__all__ = ["Ring", "loop_table", "rings"]

Before = Callable[[Frame], Any]


class Ring(NamedTuple):
    """The nodes of a cycle, and the level (without visits) that they are in."""

    level: str
    nodes: tuple[str, ...]

    @property
    def label(self) -> str:
        """The cycle as people write it: ``draft -> approve``."""
        where = f"{label_of(self.level)}/" if self.level else ""
        return where + " -> ".join(self.nodes)


def rings(graph: Any, cycle: Any, known: Iterable[str]) -> list[Ring]:
    """Return the cycle that a user means, or all cycles of the graph and the graphs inside.

    Args:
        cycle: Names or paths of nodes of one level, one name for the cycle it is in, or `None`.
        known: The paths of all nodes.

    Raises:
        NoSuchNodeError: There is no such node.
        DebuggerError: The nodes are of several levels, or the node is in no cycle.
    """
    found = list(_rings(graph))
    if cycle is None:
        return found
    paths = {label_of(f"{level}/{name}"): (level, name) for level, name in _places(graph)}
    names = [cycle] if isinstance(cycle, str) else getattr(cycle, "nodes", cycle)
    if not isinstance(names, Iterable):
        raise DebuggerError(f"A cycle is a list of node names, not {cycle!r:.60}.")
    places = [_place(str(name), paths, list(known)) for name in names]
    levels = {level for level, _ in places}
    if len(levels) != 1:
        raise DebuggerError(f"The nodes of a cycle are in one level, and {cycle!r:.80} is not.")
    if isinstance(cycle, str):
        level, node = places[0]
        around = [ring for ring in found if ring.level == level and node in ring.nodes]
        if not around:
            cycles = "; ".join(ring.label for ring in found) or "none"
            raise DebuggerError(f"Node {cycle!r} is in no cycle. Cycles: {cycles}.")
        return around
    return [Ring(levels.pop(), tuple(node for _, node in places))]


def _place(name: str, paths: dict[str, tuple[str, str]], known: list[str]) -> tuple[str, str]:
    if name in paths:
        return paths[name]
    ends = [path for path in paths if path.rpartition("/")[2] == name]
    if len(ends) == 1:
        return paths[ends[0]]
    problem = f"{name!r} is the name of several nodes; give a path." if ends else ""
    raise NoSuchNodeError(name, ends or known, problem)


def _rings(graph: Any) -> Iterator[Ring]:
    for where, inner in level_keys(graph):
        if inner is not None:
            yield from (Ring(where, cycle.nodes) for cycle in find_cycles(inner))


def _places(graph: Any) -> Iterator[tuple[str, str]]:
    for where, inner in level_keys(graph):
        if inner is not None:
            yield from ((where, name) for name in inner.nodes)


class _Turn:
    """One turn: from a visit of the node that the cycle was entered at to the next one."""

    def __init__(self, ring: Ring, entry: str, number: int, first: Frame, before: Any) -> None:
        self.ring = ring
        self.entry = entry
        self.number = number
        self.first = first
        self.last = first
        self.before = before
        self.nodes: list[str] = []
        self.steps = 0
        self.spent = CallSums()
        self.duration = 0.0
        self.routes: dict[str, Route] = {}

    def add(self, frame: Frame, own: bool, runs: bool = True) -> None:
        if frame.own_detail is not None:
            self.spent = self.spent.plus(spent_by(frame))
        self.duration += frame.duration
        self.steps += runs and frame.kind in RAN
        if own:
            self.last = frame
            if frame.route is not None and frame.kind != "edit" and frame.node in self.ring.nodes:
                self.routes[frame.node] = frame.route
            if not runs:
                return
            if frame.kind in RAN or (frame.kind == "error" and frame.route is not None):
                self.nodes.append(frame.node)

    @property
    def diff(self) -> Diff:
        if self.before is None:
            return Diff(())
        return diff_data(self.before, self.last.level.data)

    @property
    def elapsed(self) -> float:
        return max(0.0, self.last.started + self.last.duration - self.first.started)


def loop_table(
    frames: Sequence[Frame], before: Before, found: list[Ring], graph: Any
) -> pandas.DataFrame:
    """Return one row per turn of each cycle.

    Args:
        before: Gives the compact state that a frame's own level had before the frame.
        graph: The graph that runs, whose cycles they are.
    """
    inside = {where: inner for where, inner in level_keys(graph) if inner is not None}
    exits = {ring: exits_of(inside[ring.level], ring.nodes) for ring in found}
    turns = [turn for ring in found for turn in _turns(frames, before, ring)]
    diffs = [turn.diff for turn in turns]
    return table(
        {
            "cycle": [t.ring.label for t in turns],
            "level": [label_of(t.entry) for t in turns],
            "turn": [t.number for t in turns],
            "first": [t.first.index for t in turns],
            "last": [t.last.index for t in turns],
            "nodes": [" -> ".join(t.nodes) for t in turns],
            "steps": [t.steps for t in turns],
            "changed_keys": [", ".join(diff.keys) for diff in diffs],
            "changes": [_told(diff) for diff in diffs],
            "exits": [exits_text(exits[t.ring], t.routes) for t in turns],
            "left": [left_by(t.ring.nodes, t.routes) for t in turns],
            **spent_columns(t.spent for t in turns),
            "duration": [t.duration for t in turns],
            "elapsed": [t.elapsed for t in turns],
        },
        texts=("cycle", "level", "nodes", "changed_keys", "changes", "exits", "left"),
        counts=("turn", "first", "last", "steps", "calls"),
        integers=("tokens_in", "tokens_out"),
        floats=("cost", "paid", "duration", "elapsed"),
    )


def _told(diff: Diff, most: int = 5) -> str:
    more = f"; … {len(diff) - most} more" if len(diff) > most else ""
    return "; ".join(map(str, diff[:most])) + more


def _turns(frames: Iterable[Frame], before: Before, ring: Ring) -> Iterator[_Turn]:
    split = _Split(before, ring)
    for frame in frames:
        if frame.path:
            split.take(frame)
    yield from split.done


class _Split:
    """Gives each frame to the turn that it is part of, per entry of the cycle's level."""

    def __init__(self, before: Before, ring: Ring) -> None:
        self.done: list[_Turn] = []
        self._before = before
        self._ring = ring
        self._nodes = set(ring.nodes)
        self._keys = LevelKeys()
        self._open: dict[str, _Turn] = {}
        self._start: dict[str, str] = {}
        self._count: dict[str, int] = {}
        self._entered: set[str] = set()
        self._together: dict[str, set[str]] = {}
        """By entry: the nodes of the cycle that its open super-step has arrived at."""

    def take(self, frame: Frame) -> None:
        key = self._keys.of(frame)
        if without_visits(key) == self._ring.level:
            self._take_own(frame, key)
            return
        around, composite = self._above(key)
        if composite:
            if composite not in self._entered and frame.parent is not None:
                self._entered.add(composite)
                level = level_at(frame.parent.position, around)
                node = composite.rpartition("/")[2].partition("#")[0]
                data = None if level is None else level.data
                self._arrive(around, node, frame, data, _tasks(level))
            if around in self._open:
                self._open[around].add(frame, False)

    def _take_own(self, frame: Frame, key: str) -> None:
        """Take a frame of the cycle's own level."""
        before = None if frame.parent is None else level_at(frame.parent.position, key)
        if joins_tasks(frame, key):
            self._together.pop(
                key, None
            )  # its tasks arrived; that they are joined is no node's run
            if key in self._open:
                self._open[key].add(frame, True, runs=False)
            return
        entered = before is None and has_finished(frame.level, frame.path)
        beside = _tasks(frame.level if entered else before)
        inside = entries_of(key, frame.path, frame.visit)
        if frame.kind in ARRIVES and self._entered.isdisjoint(inside):
            self._arrive(key, frame.node, frame, self._before(frame), beside)
        if key in self._open:
            self._open[key].add(frame, frame.node in self._nodes or not beside)

    def _above(self, key: str) -> tuple[str, str]:
        """Return the cycle's level around a frame's, and the composite in it; or nothing."""
        depth = self._ring.level.count("/")
        parts = key.split("/")
        around = "/".join(parts[: depth + 1])
        if len(parts) <= depth + 1 or without_visits(around) != self._ring.level:
            return "", ""
        return around, f"{around}/{parts[depth + 1].partition('|')[0]}"

    def _arrive(self, key: str, node: str, frame: Frame, before: Any, beside: Set[str]) -> None:
        turn = self._open.get(key)
        if not beside:
            self._together.pop(key, None)
        else:
            met = self._together.setdefault(key, set())
            if node in met or not self._nodes.isdisjoint(met):
                return  # another task of the super-step has arrived for all of them
            if node in self._nodes:
                met.add(node)
        if node not in self._nodes:
            if self._nodes.isdisjoint(beside):
                self._open.pop(key, None)  # the run left the cycle
        elif turn is None or (node == self._start[key] and turn.nodes):
            if turn is None:
                self._start[key] = node
            self._count[key] = number = self._count.get(key, 0) + 1
            turn = self._open[key] = _Turn(self._ring, key, number, frame, before)
            self.done.append(turn)


def _tasks(level: Position | None) -> Set[str]:
    """Return the nodes of a level's open super-step; none where one node is next at a time."""
    if level is None or not isinstance(level.inner, SuperStep):
        return set()
    return {segment.partition("#")[0] for segment in level.inner.branches}


ARRIVES = RAN | {"error"}
