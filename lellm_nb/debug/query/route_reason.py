"""Why a step went the way it went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lellm_nb.debug.names.condition_source import source_of
from lellm_nb.debug.query.held_before import held_before
from lellm_nb.debug.query.read_tracking import Raised, asked_with_reads
from lellm_nb.debug.query.why import Asked, Why
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

__all__ = ["Asked", "Why", "explain"]


def explain(frame: Frame, graph: Any) -> Why:
    """Return why a frame's step went the way it went.

    Conditions are asked again, of the state that was committed; nothing else is run.
    """
    key = LevelKeys().of(frame)
    inner = _graph_at(graph, key)
    node = _left(frame, key, inner)
    rows = list(_rows(frame, key, inner, node)) if _routes(frame) else []
    routers = getattr(inner, "routers", {})
    edges = routers[node].edges if rows and node in routers else ()
    refused = [
        edge.predicate if row.result is False else None
        for row, edge in zip(rows, edges, strict=False)
    ]
    return Why(frame, _said(frame, inner, node), rows, lambda: held_before(frame, key, refused))


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
