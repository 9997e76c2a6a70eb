"""Why a step went the way it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.condition_source import source_of
from lellm_nb.debug.query.read_tracking import Raised, asked_with_reads
from lellm_nb.errors import NodeExecutionError
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_type
from lellm_nb.graph.decision import Reroute
from lellm_nb.graph.decision_edge import kinds_for
from lellm_nb.graph.edge import DECISION_KINDS, TOGETHER, Edge
from lellm_nb.graph.placeholder import unknown_code
from lellm_nb.graph.walk import inner_graph, node_at
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys, label_of, level_at
from lellm_nb.record.position import ToRoute, Waiting

if TYPE_CHECKING:
    import pandas

__all__ = ["Asked", "Why", "explain"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One way out of a node, and how it fared.

    Attributes:
        edge: ``a -> b``.
        target: Where it leads.
        kind: ``conditional``, ``normal`` or ``fallback``; of a decision edge what it is for:
            ``approve``, ``reject`` or ``timeout``.
        condition: The source text of its condition; empty where it has none.
        result: What the condition said of the committed state; `None` where it has none, or
            where it raises. Of a decision edge, whether that was decided which it is for.
        reads: The keys that the condition reads of that state.
        won: Whether this way was taken.
        note: What else there is to say, in words.
    """

    edge: str
    target: str
    kind: str
    condition: str = ""
    result: bool | None = None
    reads: tuple[str, ...] = ()
    won: bool = False
    note: str = ""

    def __repr__(self) -> str:
        mark = ">" if self.won else " "
        text = f"{mark} {self.edge} ({self.kind})"
        if self.condition:
            told = "raises" if self.result is None else str(self.result)
            text += f": {told}: {' '.join(self.condition.split())}"
        elif self.result is not None:
            text += f": {self.result}"
        if self.reads:
            text += f"  [reads {', '.join(self.reads)}]"
        return text + (f"  ({self.note})" if self.note else "")


class Why(Sequence[Asked]):
    """Every way out of a step, in the order in which they are looked at.

    Attributes:
        frame: The step.
        said: Which way it went and why, in words.
    """

    def __init__(self, frame: Frame, said: str, rows: Sequence[Asked]) -> None:
        self.frame = frame
        self.said = said
        self._rows = tuple(rows)

    @property
    def winner(self) -> Asked | None:
        """The edge that was taken; `None` where none was, as after a goto."""
        return next((row for row in self._rows if row.won), None)

    @overload
    def __getitem__(self, index: int) -> Asked: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Asked]: ...

    def __getitem__(self, index: int | slice) -> Asked | Sequence[Asked]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per edge: edge, target, kind, condition, result, reads, won, note."""
        rows = self._rows
        return table(
            {
                "edge": [r.edge for r in rows],
                "target": [r.target for r in rows],
                "kind": [r.kind for r in rows],
                "condition": [r.condition or None for r in rows],
                "result": [r.result for r in rows],
                "reads": [", ".join(r.reads) for r in rows],
                "won": [r.won for r in rows],
                "note": [r.note for r in rows],
            },
            texts=("edge", "target", "kind", "condition", "reads", "note"),
        )

    def _repr_html_(self) -> str:
        html = f"<p>{escape(self.said)}</p>"
        if self._rows:
            html += self.to_pandas().to_html(index=False, escape=True, na_rep="")
        return html

    def __repr__(self) -> str:
        return "\n".join([f"frame {self.frame.index}: {self.said}", *map(repr, self._rows)])


def explain(frame: Frame, graph: Any) -> Why:
    """Return why a frame's step went the way it went.

    Conditions are asked again, of the state that was committed; nothing else is run.
    """
    key = LevelKeys().of(frame)
    inner = _graph_at(graph, key)
    node = _left(frame, key, inner)
    rows = list(_rows(frame, key, inner, node)) if _routes(frame) else []
    return Why(frame, _said(frame, inner, node), rows)


def _graph_at(graph: Any, key: str) -> Any:
    """Return the graph of a level; `None` for a branch of one node, which has no edges."""
    if not key:
        return graph
    if key.rfind("|") > key.rfind("/"):
        return None
    return inner_graph(node_at(graph, label_of(key)))


def _left(frame: Frame, key: str, graph: Any) -> str:
    """Return the node that was left; a pause's decision is named by what it asked."""
    if graph is None or frame.node in graph.nodes or frame.parent is None:
        return frame.node
    level = level_at(frame.parent.position, key)
    return (level.node if level is not None else None) or frame.node


def _routes(frame: Frame) -> bool:
    """Tell whether the step got as far as looking for a way out."""
    if frame.kind in ("start", "input", "waiting") or isinstance(frame.level.hold, Waiting):
        return False
    if frame.kind == "decision" and frame.route is None:
        return frame.error is not None
    return frame.kind != "error" or frame.level.hold is not None


def _rows(frame: Frame, key: str, graph: Any, node: str) -> Iterator[Asked]:
    if graph is not None and _routes_itself(graph):
        yield from _declared(frame, graph, node)
        return
    if graph is None or node not in graph.routers:
        return
    edges = graph.routers[node].edges
    tried = frame.route.tried if frame.route is not None else ()
    winner = _winner(frame, edges)
    decided = _decided(frame, key)
    at = 0
    for i, edge in enumerate(edges):
        if edge.for_decision:
            held = edge.kind in decided
            note = _LATE if held and winner is not None and i > winner else ""
            won = i == winner
            yield Asked(edge.label, edge.target, edge.kind, "", held, (), won, note)
            continue
        if edge.predicate is None:
            yield Asked(edge.label, edge.target, edge.kind, won=i == winner)
            continue
        recorded = tried[at][1] if at < len(tried) and tried[at][0] == edge.label else None
        at += 1
        yield _asked(edge, frame, recorded, i == winner, winner is not None and i > winner)


def _routes_itself(graph: Any) -> bool:
    """Tell whether the way out is found by another engine: then no condition of it is known."""
    return not hasattr(graph, "routers")


def _declared(frame: Frame, graph: Any, node: str) -> Iterator[Asked]:
    """Walk the edges that such a graph says it has; of nodes that were joined, those of all."""
    left = {node} if node in graph.nodes else set(node.split(TOGETHER))
    taken = frame.route.next_node if frame.route is not None else None
    to = set() if taken is None else {taken, *taken.split(TOGETHER)}
    for edge in graph.edges:
        if edge.source in left:
            yield Asked(edge.label, edge.target, edge.kind, won=edge.target in to)


def _winner(frame: Frame, edges: tuple[Edge, ...]) -> int | None:
    route = frame.route
    if route is None:
        return None
    if route.kind == "conditional":
        before = sum(edge.for_decision for edge in edges)
        return before + len(route.tried) - 1
    same = (i for i, e in enumerate(edges) if (e.kind, e.target) == (route.kind, route.next_node))
    return next(same, None)


def _decided(frame: Frame, key: str) -> tuple[str, ...]:
    """Return the kinds of decision edges that could be taken after the step's decision."""
    at: Frame | None = frame
    while at is not None:
        level = level_at(at.position, key)
        if level is not None and isinstance(level.hold, ToRoute):
            return level.hold.on
        if at.decision is not None and at.path == frame.path:
            return kinds_for(at.decision.decision, at.decision.by)
        # what only routes, or is edited afterwards, goes by what was decided before it
        at = at.parent if at.kind in ("route", "edit") else None
    return ()


_LATE = "not asked: an earlier edge had won"


def _asked(edge: Edge, frame: Frame, recorded: bool | None, won: bool, late: bool) -> Asked:
    assert edge.predicate is not None
    if edge.predicate is unknown_code:
        note = "its condition is not known without the graph"
        return Asked(edge.label, edge.target, edge.kind, "", recorded, (), won, note)
    notes = [_LATE] if late else []
    result: bool | None = None
    try:
        answer, reads = asked_with_reads(edge.predicate, frame.level.data)
        result = bool(answer)
    except Raised as error:
        reads = error.reads
        notes.append(f"raises {error_line(error.cause)}")
    except BaseException as error:  # what it returned has no truth value
        if is_interrupt(error):
            raise
        reads = ()
        notes.append(f"raises {error_line(error)}")
    if recorded is not None and recorded is not result:
        notes.append(f"said {recorded} then, says {'nothing' if result is None else result} now")
        result = recorded
    text = source_of(edge.predicate)
    note = "; ".join(notes)
    return Asked(edge.label, edge.target, edge.kind, text, result, reads, won, note)


def _said(frame: Frame, graph: Any, node: str) -> str:
    where = frame.path.rpartition("/")[0]
    name = f"{where}/{node}" if where else node
    route, hold = frame.route, frame.level.hold
    if frame.kind == "start":
        return f"the run begins at {frame.level.node}"
    if frame.kind == "input":
        return f"input {frame.visit} was sent: the run begins again at {frame.next_node}"
    if isinstance(hold, Waiting):
        return f"{name} waits for a decision on {hold.barrier_id}; its way out is found after it"
    if route is None:
        return _stuck(frame, name)
    to = route.next_node or "the end"
    if route.kind == "error":
        cause = frame.error.__cause__ if isinstance(frame.error, NodeExecutionError) else None
        what = frame.error if cause is None else cause
        return f"{name} failed with {safe_type(what)}; its error route leads to {to}"
    if frame.kind == "edit":
        return f"edited by hand after {name} had gone to {to}"
    if frame.decision is not None and isinstance(frame.decision.decision, Reroute):
        return f"the decision sent {name} to {to}: {frame.decision}"
    if graph is not None and _routes_itself(graph):
        return f"{name} went to {to}{_ITS_WAYS.get(route.kind, '')}"
    if route.kind == "goto":
        return f"{name} called ctx.goto({to!r}); its edges were not asked"
    if route.kind == "end":
        if graph is None or node == graph.end:
            return f"{name} is the end node; its edges are ignored"
        return f"{name} called ctx.end(); its edges were not asked"
    if route.kind in DECISION_KINDS:
        decided = "" if frame.decision is None else f", {frame.decision}"
        return f"{name} went to {to}: its edge for the decision{decided}"
    if route.kind == "conditional":
        return f"{name} went to {to}: the first condition that held"
    asked = "no condition held" if route.tried else "no condition to ask"
    return f"{name} went to {to}: {asked}, the first {route.kind} edge"


_ITS_WAYS = {
    "normal": ": an edge leads there",
    "conditional": ": the function of a conditional edge said so",
    "goto": ": what it returned says so, a Command or a Send, or a function that names no ways",
}
"""Why another engine went a way, by the kind of it."""


def _stuck(frame: Frame, name: str) -> str:
    error = frame.error
    if error is None and frame.decision is not None:
        return f"{name} has its answer, and runs with it: {frame.decision}"
    if error is None:
        return f"{name} went nowhere"
    what = error_line(error)
    if frame.level.hold is not None:
        return f"{name} is committed and found no way out: {what}"
    return f"{name} failed and committed nothing, so it went nowhere: {what}"
