"""Every open level of a run: what is next in each, and what it waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.graph.walk import graph_at
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.position import Fan, Position, ToRoute, Waiting, open_at
from lellm_nb.session.protocol import NextMove, Session
from lellm_nb.state.state import view

if TYPE_CHECKING:
    import pandas

__all__ = ["Stack", "StackLevel", "stack_of"]


class StackLevel(str):
    """One open level of a run, as text the path of the node that is next in it.

    Attributes:
        path: The same text: composites from the outside in, with their visits, and the node.
        graph: The name of the level's graph; of a branch that is no graph, of the one around it.
        node: The node that is next in it, or that it stands at.
        visit: Which visit of that node it is, from 1.
        step: How many steps of the level are committed.
        kind: What would happen: ``run, wait, decide, route`` or ``leave``; ``inside`` where the
            node is a composite that something is open in.
        waits_for: The id of what it waits for, a barrier or a node that asks; else empty.
        status: ``open`` around what is next, ``next``, ``running``, ``waiting`` or ``failed``.
        entered: Whether a step of it, or of a level beside it, is committed already.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> inner = GraphBuilder("inner").barrier("ok").start("ok").end("ok").build()
        >>> g = GraphBuilder("g").node("agent", inner).start("agent").end("agent")
        >>> dbg = Debugger(g.build()); stop = dbg.run()
        >>> dbg.stack, dbg.stack[-1].status, dbg.stack[-1].waits_for
        (['agent', 'agent/ok'], 'waiting', 'agent/ok#0')
    """

    __slots__ = (
        *("_data", "entered", "graph", "kind", "node", "status", "step", "visit", "waits_for"),
    )

    path = property(str)

    def __new__(cls, path: str, data: Any = None, **facts: Any) -> StackLevel:
        """Make one of its path and its facts."""
        made = super().__new__(cls, path)
        made._data = data
        for name, value in facts.items():
            setattr(made, name, value)
        return made

    graph: str
    node: str
    visit: int
    step: int
    kind: str
    waits_for: str
    status: str
    entered: bool
    _data: Any

    @property
    def state(self) -> Any:
        """The state of the level; `None` where nothing has entered it yet that would say it."""
        return None if self._data is None else view(self._data)

    @property
    def state_keys(self) -> list[str]:
        """The keys of that state."""
        return [] if self._data is None else list(kept_items(self._data))

    def __reduce__(self) -> Any:
        return str, (str(self),)  # elsewhere it is the path alone


class Stack(list[StackLevel]):
    """The open levels of a run, the outermost first, branches in order; empty at its end.

    It is the list of their paths, and each of them says more: see `StackLevel`.
    """

    __slots__ = ()

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per level: path, graph, node, visit, step, kind, status, waits_for, …

        `depth` counts the levels around it, and `state_keys` are the keys of its state.
        """
        return table(
            {
                "path": list(map(str, self)),
                "depth": [level.count("/") for level in self],
                "graph": [level.graph for level in self],
                "node": [level.node for level in self],
                "visit": [level.visit for level in self],
                "step": [level.step for level in self],
                "kind": [level.kind for level in self],
                "status": [level.status for level in self],
                "waits_for": [level.waits_for or None for level in self],
                "entered": [level.entered for level in self],
                "state_keys": [", ".join(level.state_keys) for level in self],
            },
            texts=("path", "graph", "node", "kind", "status", "waits_for", "state_keys"),
            counts=("depth", "visit", "step"),
            flags=("entered",),
        )

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{escape('(nothing is open)')}</p>"
        return without_keys(self.to_pandas().to_html(index=False, escape=True, na_rep=""))


def stack_of(session: Session, asking: Iterable[tuple[str, NextMove]] = ()) -> Stack:
    """Return the open levels of a run, by what any engine says of it.

    Where the next node is not in the graph any more, the levels are told as far as they are.

    Args:
        asking: Nodes that ask before they run, each with the id of its question.
    """
    found = _Walk(session, {move.path: id for id, move in asking})
    return Stack(found.levels())


class _Walk:
    """One look at where a run stands."""

    def __init__(self, session: Session, asking: Mapping[str, str]) -> None:
        self.root = session.position
        self.graph = session.graph
        self.asking = asking
        self.moves: dict[str, NextMove] = {}
        self.inside: dict[str, list[tuple[str, NextMove]]] = {}
        for move in _tried(session.next_moves):
            self._take(move)
        self.running = {node.path for node in _tried(session.in_flight)}
        head = session.head
        self.failed = head.path if head.failed else None

    def _take(self, move: NextMove) -> None:
        """Remember a place that can move, and what is open inside of each level around it."""
        self.moves[move.path] = move
        way = list(move.stack)
        for depth, outer in enumerate(way):
            known = self.inside.setdefault(outer, [])
            known.extend((inner, move) for inner in way[depth + 1 :])

    def levels(self) -> Iterator[StackLevel]:
        """Walk the levels, those that are entered and those that are about to be."""
        yield from self._from(self.root, "")

    def _from(self, level: Position, prefix: str) -> Iterator[StackLevel]:
        found = list(open_at(level))
        for segment, task in found:
            yield from self._at_node(task, f"{prefix}{segment}")
        if not found and level.node is not None:  # every task is through, and nothing is joined yet
            path = f"{prefix}{level.node}"
            yield self._level(path, level.data, 1, level.step, level.hold, "", True)

    def _at_node(self, level: Position, path: str) -> Iterator[StackLevel]:
        node = level.node or ""
        # a node that waits, or is only to be routed, has run already
        visit = level.visits.count(node, level.step) + (level.hold is None)
        hold = level.hold
        waits_for = hold.barrier_id if isinstance(hold, Waiting) else ""
        yield self._level(path, level.data, visit, level.step, hold, waits_for, True)
        again = visit > 1 and "#" not in path.rpartition("/")[2]  # a task's path has it already
        below = f"{path}{f'#{visit}' if again else ''}/"
        if isinstance(level.inner, Position):
            yield from self._from(level.inner, below)
        elif isinstance(level.inner, Fan):
            for _, branch in level.inner.branches.items():
                yield from self._from(branch, below)
        elif hold is None:
            yield from self._about_to_be_entered(path)

    def _about_to_be_entered(self, path: str) -> Iterator[StackLevel]:
        met: set[str] = set()
        for inner, move in self.inside.get(path, ()):
            if inner not in met:
                met.add(inner)
                data = move.data if inner == move.path else None
                yield self._level(inner, data, 1, 0, None, "", False)

    def _level(
        self,
        path: str,
        data: Any,
        visit: int,
        step: int,
        hold: Waiting | ToRoute | None,
        waits_for: str,
        entered: bool,
    ) -> StackLevel:
        around, _, node = path.rpartition("/")
        move = self.moves.get(path)
        waits_for = waits_for or self.asking.get(path, "")
        if move is not None:
            kind = str(move.kind)
        else:
            kind = "inside" if hold is None else "decide" if waits_for else "route"
        return StackLevel(
            path,
            data,
            graph=self._graph_name(around),
            node=node,
            visit=visit,
            step=step,
            kind=kind,
            waits_for=waits_for,
            status=self._status(path, waits_for, kind),
            entered=entered,
        )

    def _status(self, path: str, waits_for: str, kind: str) -> str:
        if waits_for:
            return "waiting"
        if path in self.running:
            return "running"
        if path == self.failed:
            return "failed"
        return "open" if kind == "inside" else "next"

    def _graph_name(self, around: str) -> str:
        try:
            return str(graph_at(self.graph, without_visits(around)).name)
        except (KeyError, AttributeError):  # it has another shape than the one that ran
            return ""


def _tried(look: Callable[[], Iterable[Any]]) -> list[Any]:
    """Return what an engine says; nothing, where it cannot: looking never raises."""
    try:
        return list(look())
    except BaseException as error:  # a lens of the user's, or a graph of another shape
        if is_interrupt(error):
            raise
        return []
