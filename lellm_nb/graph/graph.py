"""A finished graph: frozen data that any number of sessions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lellm_nb.errors import NoSuchNodeError
from lellm_nb.graph.analysis import Analysis, Cycle, analyze, find_cycles
from lellm_nb.graph.canonical_hash import canonical_hash
from lellm_nb.graph.drawing.text import to_graphviz, to_mermaid
from lellm_nb.graph.edge import Edge, Router
from lellm_nb.graph.fingerprint import Fingerprint
from lellm_nb.graph.node import (
    Barrier,
    Condition,
    Node,
    Parallel,
    Subgraph,
    Task,
    make_node,
    recomposed,
)
from lellm_nb.graph.shape import GraphShape
from lellm_nb.state.registry import ReducerRegistry

if TYPE_CHECKING:  # the loops live in the engine; see tests/house/test_architecture.py
    import graphviz

    from lellm_nb.engine.result import GraphResult
    from lellm_nb.engine.stream import GraphExecution

__all__ = ["Graph"]


class Graph(GraphShape):
    """Nodes and edges, checked and frozen; made by `GraphBuilder.build`.

    Attributes:
        name: For people, and for `frame.graph_id`.
        nodes: Name to node, in the order in which they were added.
        edges: All edges, in the order in which they were added.
        start, end: Names of the first and the last node.
        reducers: The reducers of its keys.
        error_routes: Node name to the node that takes its failure.
        sites: What the engine has looked up of the nodes; one for all sessions.
    """

    def __init__(
        self,
        name: str,
        nodes: Mapping[str, Node],
        edges: tuple[Edge, ...],
        start: str,
        end: str,
        *,
        reducers: ReducerRegistry,
        error_routes: Mapping[str, str] | None = None,
        enforce_max_visits: bool = False,
        hash_override: int | None = None,
    ) -> None:
        self.name = name
        self.nodes: Mapping[str, Node] = MappingProxyType(dict(nodes))
        self.edges = edges
        self.start = start
        self.end = end
        self.reducers = reducers
        self.error_routes: Mapping[str, str] = MappingProxyType(dict(error_routes or {}))
        self.enforce_max_visits = enforce_max_visits
        self._hash_override = hash_override
        self.sites: dict[str, Any] = {}

    @cached_property
    def routers(self) -> Mapping[str, Router]:
        """The ways out of each node, ready to route; a condition's cases come first."""
        out: dict[str, list[Edge]] = {
            name: [Edge(name, to, "conditional", ask) for to, ask in node.cases]
            if isinstance(node, Condition)
            else []
            for name, node in self.nodes.items()
        }
        for edge in self.edges:
            out[edge.source].append(edge)
        return {name: Router(edges) for name, edges in out.items()}

    @cached_property
    def own_barriers(self) -> frozenset[str]:
        """The names of its barriers, but of those whose keys were set."""
        barriers = (node for node in self.nodes.values() if isinstance(node, Barrier))
        return frozenset(b.name for b in barriers if b.approve_key == f"{b.name}.approved")

    @cached_property
    def canonical_hash(self) -> int:
        """A 64-bit identity of names and edges (SEMANTICS G6)."""
        if self._hash_override is not None:
            return self._hash_override
        return canonical_hash(self.nodes, self.edges)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """What the graph looks like; two of them can be compared in words (SEMANTICS G7)."""
        return Fingerprint.of(self)

    def analyze(self) -> Analysis:
        """Return what looks odd: warnings first, then infos (SEMANTICS G4)."""
        return analyze(self)

    def analyze_cycles(self) -> list[Cycle]:
        """Return the cycles, each with whether `max_visits` limits it."""
        return find_cycles(self)

    def to_graphviz(self) -> graphviz.Digraph:
        """Return the graph for Graphviz: `.source` is text; drawing it needs ``dot``."""
        return to_graphviz(self)

    def to_mermaid(self) -> str:
        """Return the graph as Mermaid text."""
        return to_mermaid(self)

    def to_svg(self) -> str:
        """Return a still picture of the graph as SVG text, every composite opened up.

        Needs nothing installed. Names are only ever text in it, and nothing in it links.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> g = GraphBuilder("g").node("<a>", lambda ctx: None).start("<a>").end("<a>")
            >>> svg = g.build().to_svg()
            >>> svg.startswith("<svg"), "&lt;a&gt;" in svg
            (True, True)
        """
        from lellm_nb.graph.drawing.svg import graph_svg

        return graph_svg(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Draw itself in a cell: an image, in which nothing can run."""
        from lellm_nb.graph.drawing.svg import graph_bundle

        return graph_bundle(self)

    def patched(
        self,
        nodes: Mapping[str, Any] | None = None,
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> Graph:
        """Return the same graph with other functions in it; names and edges stay.

        Args:
            nodes: Node path (``agent/llm``) to the function that replaces its own; for a
                Parallel its merge, for a subgraph its lens.
            edges: ``(source, target)`` of a conditional edge to its new predicate.

        Raises:
            NoSuchNodeError: There is no such node, or no such conditional edge.
        """
        changed = dict(self.nodes)
        for path, target in (nodes or {}).items():
            name, _, below = path.partition("/")
            if name not in changed:
                raise NoSuchNodeError(path, changed)
            changed[name] = _with_code(changed[name], below, target)
        wanted = dict(edges or {})
        rewired = tuple(
            replace(edge, predicate=wanted.pop((edge.source, edge.target)))
            if edge.kind == "conditional" and (edge.source, edge.target) in wanted
            else edge
            for edge in self.edges
        )
        for source, target in wanted:
            known = [edge.label for edge in self.edges if edge.kind == "conditional"]
            raise NoSuchNodeError(f"{source} -> {target}", known, kind="conditional edge")
        return Graph(
            self.name,
            changed,
            rewired,
            self.start,
            self.end,
            reducers=self.reducers,
            error_routes=self.error_routes,
            enforce_max_visits=self.enforce_max_visits,
            hash_override=self._hash_override,
        )

    # The loops are the engine's; a graph only offers them where people look for them.

    async def execute(self, state: Any = None, **options: Any) -> GraphResult:
        """Run to the end and return the result; takes what `engine.execute.execute` takes."""
        from lellm_nb.engine.execute import execute

        return await execute(self, state, **options)

    def run(self, state: Any = None, **options: Any) -> GraphResult:
        """Do what `execute` does without `await`, also inside a running event loop."""
        from lellm_nb.engine.execute import run

        return run(self, state, **options)

    def execute_stream(self, state: Any = None, **options: Any) -> GraphExecution:
        """Start a run as a stream of events; takes what `engine.stream.execute_stream` takes."""
        from lellm_nb.engine.stream import execute_stream

        return execute_stream(self, state, **options)

    async def run_inline(
        self, engine: Any, max_steps: int, callback: Any = None, start_at: str | None = None
    ) -> None:
        """Run with an engine's state and sinks; its `.state` is the result."""
        from lellm_nb.engine.execute import run_inline

        await run_inline(self, engine, max_steps, callback, start_at)

    def __reduce__(self) -> Any:
        made = (self.name, dict(self.nodes), self.edges, self.start, self.end)
        more = {
            "reducers": self.reducers,
            "error_routes": dict(self.error_routes),
            "enforce_max_visits": self.enforce_max_visits,
            "hash_override": self._hash_override,
        }
        return _made_again, (made, more)

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}: {len(self.nodes)} nodes, {len(self.edges)} edges>"


def _made_again(made: tuple[Any, ...], more: dict[str, Any]) -> Graph:
    return Graph(*made, **more)


def _with_code(node: Node, path: str, target: Any) -> Node:
    """Return a node, or a composite, with other code at a path below it.

    Raises:
        NoSuchNodeError: Nothing is there.
    """
    if not path:
        composite = recomposed(node, target)
        if composite is not None:
            return composite
        keeps_options = isinstance(node, Task) and callable(target)
        return replace(node, fn=target) if keeps_options else make_node(node.name, target)
    if isinstance(node, Subgraph):
        return replace(node, graph=node.graph.patched({path: target}))
    if isinstance(node, Parallel):
        branch, _, below = path.partition("/")
        if branch in node.branches:
            made = _with_code(node.branches[branch], below, target)
            return replace(node, branches={**node.branches, branch: made})
        raise NoSuchNodeError(branch, node.branches)
    raise NoSuchNodeError(path, (), f"Node {node.name!r} has nothing inside.")
