"""A graph as far as captured frames show it: to be looked at, and not to be run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.graph.graph import Graph
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.record.codec.graph import read_graph
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys, steps_of
from lellm_nb.record.position import Fan, Position, SuperStep, open_at

__all__ = ["graph_of", "seen_graph"]

_KINDS = {"waiting": "barrier", "exit": "subgraph", "join": "parallel"}
_NOTHING = "(nothing is known)"


def graph_of(looked: Fingerprint, name: str, hash: int) -> Graph:
    """Return a graph of that look, without its code.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: None).barrier("ok").edge("a", "ok")
        >>> g = g.start("a").end("ok").build()
        >>> graph_of(g.fingerprint, "g", g.canonical_hash).fingerprint == g.fingerprint
        True
    """
    made: Graph = read_graph(_Looked(looked).level("", name), hash)
    return made


class _Looked:
    """The rows of a fingerprint by the level that they are of."""

    def __init__(self, looked: Fingerprint) -> None:
        self.nodes: dict[str, list[tuple[str, str]]] = {}
        for path, kind in looked.nodes:
            before, slash, name = path.rpartition("/")
            self.nodes.setdefault(before + slash, []).append((name, kind))
        self.ends = {prefix: (start, end) for prefix, start, end in looked.ends}
        self.edges: dict[str, list[list[Any]]] = {}
        for prefix, *edge in looked.edges:
            self.edges.setdefault(prefix, []).append(edge)

    def level(self, prefix: str, name: str) -> dict[str, Any]:
        start, end = self.ends[prefix]
        nodes = [self.node(prefix, *node) for node in self.nodes.get(prefix, ())]
        return _form(name, start, end, nodes, self.edges.get(prefix, []))

    def node(self, prefix: str, name: str, kind: str) -> list[Any]:
        inside = f"{prefix}{name}/"
        if kind == "subgraph":
            return _node(name, kind, graph=self.level(inside, name))
        branches = [self.node(inside, *node) for node in self.nodes.get(inside, ())]
        return _node(name, kind, branches=branches)


def seen_graph(frames: Iterable[Frame], position: Position, name: str, hash: int = 0) -> Graph:
    """Return the nodes and edges that a run was seen at, as a graph without code."""
    root = _Level()
    keys = LevelKeys()
    for frame in frames:
        root.stands(frame.position)
        if frame.node:
            root.saw(frame, steps_of(keys.of(frame)))
            name = name or (frame.graph_id if frame.level is frame.position else "")
    root.stands(position)
    made: Graph = read_graph(root.form(name or "run"), hash)
    return made


class _Level:
    """What was seen of one level."""

    def __init__(self) -> None:
        self.nodes: dict[str, str] = {}
        self.inside: dict[str, _Level] = {}
        self.edges: dict[tuple[Any, ...], None] = {}
        self.last = ""
        self.together: dict[str, tuple[str, ...]] = {}
        """By what a super-step is called: the nodes of its tasks."""

    def saw(self, frame: Frame, steps: list[tuple[str, str]]) -> None:
        if steps:
            (node, branch), *rest = steps
            self._within(node, branch).saw(frame, rest)
            return
        node, route = frame.node, frame.route
        if frame.kind == "decision" and node not in self.nodes:
            return  # what a task asked by `ctx.pause` is named by its question
        sources = self.together.get(node, (node,))
        if node not in self.together and self.nodes.get(node, "task") == "task":
            self.nodes[node] = _KINDS.get(frame.kind, "task")
        if route is None:
            return
        if route.edge is not None:
            edge = route.edge
            self.edges[edge.source, edge.target, edge.kind, edge.max_visits] = None
        elif route.next_node is not None:
            targets = self.together.get(route.next_node, (route.next_node,))
            ways = ((source, target) for source in sources for target in targets)
            self.edges.update({(*way, "normal", None): None for way in ways})
        else:
            self.last = sources[-1]

    def stands(self, at: Position) -> None:
        """Take note of where a run is about to go on."""
        if at.node is not None and isinstance(at.inner, SuperStep):
            names = [segment.partition("#")[0] for segment in at.inner.branches]
            self.together[at.node] = tuple(dict.fromkeys(names))
            for name in names:
                self.nodes.setdefault(name, "task")
        for _, task in open_at(at):
            self._stands_at(task.node or "", task.inner)

    def _stands_at(self, node: str, inner: Position | Fan | None) -> None:
        self.nodes.setdefault(node, "task")
        if isinstance(inner, Position):
            self._within(node, "").stands(inner)
        elif inner is not None:
            for branch, level in inner.branches.items():
                within = self._within(node, branch)
                within.nodes.setdefault(branch, "task")
                within.stands(level)

    def _within(self, node: str, branch: str) -> _Level:
        kind = "parallel" if branch else "subgraph"
        if self.nodes.get(node) != kind:
            self.nodes[node] = kind
            self.inside[node] = _Level()
        inner = self.inside[node]
        if not branch:
            return inner
        return inner.inside.setdefault(branch, _Level())

    def form(self, name: str) -> dict[str, Any]:
        for source, target, *_ in self.edges:
            self.nodes.setdefault(source, "task")
            self.nodes.setdefault(target, "task")
        names = list(self.nodes) or [_NOTHING]
        nodes = [self._node(one) for one in names]
        edges = [list(edge) for edge in self.edges]
        return _form(name, names[0], self.last or names[-1], nodes, edges)

    def _node(self, name: str) -> list[Any]:
        kind = self.nodes.get(name, "task")
        inner = self.inside.get(name)
        if kind == "subgraph":
            return _node(name, kind, graph=(inner or _Level()).form(name))
        branches = [] if inner is None else inner.inside.items()
        return _node(name, kind, branches=[level._node(branch) for branch, level in branches])


def _form(name: str, start: str, end: str, nodes: list[Any], edges: list[Any]) -> dict[str, Any]:
    made = {"name": name, "start": start, "end": end, "nodes": nodes, "edges": edges}
    return {**made, "errors": {}, "limits": False}


def _node(
    name: str, kind: str, *, graph: dict[str, Any] | None = None, branches: Any = ()
) -> list[Any]:
    """Return the outline of a node of which no more is known than its kind."""
    more: dict[str, Any] = {
        "subgraph": {"graph": graph, "max_steps": 1000},
        "parallel": {"branches": branches, "on_error": "fail_fast"},
        "barrier": {
            "timeout": None,
            "default": "reject",
            "keys": [f"{name}.approved", f"{name}.reject_reason"],
        },
        "condition": {"cases": []},
    }.get(kind, {})
    return [name, kind if kind in (*_KINDS.values(), "condition") else "task", more]
