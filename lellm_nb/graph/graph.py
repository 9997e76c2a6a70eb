"""A finished graph: frozen data that any number of sessions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import Refuse, refusal
from lellm_nb.errors import GraphError, NoSuchNodeError
from lellm_nb.graph.analysis import Analysis, after_runs, analyze
from lellm_nb.graph.code.code_name import Code, may_have_name
from lellm_nb.graph.code.code_place import (
    EDGE,
    REDUCER,
    CodePlace,
    code_places,
    condition_at,
    named_code,
    with_code,
)
from lellm_nb.graph.drawing.drawn_shape import DrawnShape
from lellm_nb.graph.edge import Edge, Router
from lellm_nb.graph.node import Barrier, Condition, Node
from lellm_nb.graph.node_options import check_predicate
from lellm_nb.graph.shapes.canonical_hash import canonical_hash
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.state.registry import ReducerRegistry

if TYPE_CHECKING:  # the loops live in the engine; see tests/house/test_architecture.py
    from lellm_nb.engine.publishing.stream import GraphExecution
    from lellm_nb.engine.result import GraphResult

__all__ = ["Graph", "built_graph", "predicates_of"]


class Graph(DrawnShape):
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

    def analyze(self, runs: Any = None) -> Analysis:
        """Return what looks odd: warnings first, then infos (SEMANTICS G4).

        Args:
            runs: A path of a store, or a store: the ways that none of its runs of a graph of this
                name has ever gone are infos, too, those of inner graphs included.

        Raises:
            CheckpointStoreError: It is no store of whole runs, or it cannot be read.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, InMemoryStore
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).node("z", lambda ctx: None)
            >>> g = g.edge_if("a", "a", "n > 3", max_visits=9).edge("a", "z").start("a").end("z")
            >>> graph, store = g.build(), InMemoryStore()
            >>> dbg = Debugger(graph, store=store); dbg.run(); dbg.close()
            Stop(COMPLETED, frame 2 z)
            >>> graph.analyze(runs=store)
            info: cycle a -> a is limited by max_visits
            info: conditional edge a -> a was not taken in the one run
        """
        return after_runs(self, analyze(self), runs)

    def patched(
        self,
        nodes: Mapping[str, Any] | None = None,
        edges: Mapping[tuple[str, str], str | Callable[[Any], Any]] | None = None,
    ) -> Graph:
        """Return the same graph with other functions in it; names and edges stay.

        Args:
            nodes: Node path (``agent/llm``) to the function that replaces its own; for a
                Parallel its merge, for a subgraph its lens.
            edges: ``(source, target)`` of a conditional edge, or of a case of a Condition, to
                its new predicate, or an expression; inside of other nodes the source is a path.

        Raises:
            NoSuchNodeError: There is no such node, or no such conditional edge.
            GraphError: What replaces a function cannot.
        """
        codes: dict[CodePlace, Any] = {CodePlace(path): fn for path, fn in (nodes or {}).items()}
        for (source, target), predicate in predicates_of(edges).items():
            codes[condition_at(self, source, target)] = predicate
        return self.recoded(codes)

    @cached_property
    def code(self) -> Mapping[CodePlace, Code]:
        """The code in it that is followed by a name (SEMANTICS G9); graphs inside have theirs."""
        return named_code(self, {})

    @cached_property
    def named_places(self) -> Sequence[tuple[CodePlace, Any]]:
        """The code in it that a name may lead to, now or later: asked by each new debugger."""
        return [(place, code) for place, code in code_places(self) if may_have_name(code)]

    def recoded(self, codes: Mapping[CodePlace, Any]) -> Graph:
        """Return the same graph with other code at some places of it, or of graphs inside.

        Raises:
            NoSuchNodeError: There is no such node.
        """
        edges = list(self.edges)
        reducers: dict[str, Any] = {}
        by_node: dict[str, dict[CodePlace, Any]] = {}
        for place, code in codes.items():
            if place.part == EDGE and "/" not in place.path:
                edges[place.number] = replace(edges[place.number], predicate=code)
            elif place.part == REDUCER and "/" not in place.path:
                reducers[place.target] = code
            else:
                by_node.setdefault(place.path.partition("/")[0], {})[place] = code
        nodes = dict(self.nodes)
        for name, inside in by_node.items():
            if name not in nodes:
                raise NoSuchNodeError(next(iter(inside)).path, nodes)
            nodes[name] = with_code(nodes[name], name, inside)
        made = Graph(
            self.name,
            nodes,
            tuple(edges),
            self.start,
            self.end,
            reducers=self.reducers.remade(reducers) if reducers else self.reducers,
            error_routes=self.error_routes,
            enforce_max_visits=self.enforce_max_visits,
            hash_override=self._hash_override,
        )
        made.code = named_code(made, self.code)
        return made

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
        from lellm_nb.engine.publishing.stream import execute_stream

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


def built_graph(given: Any, refuse: Refuse, *, wanted: str = "a Graph") -> Graph:
    """Return a graph that can run.

    Raises:
        LellmError: It is none; says so where it is one that was not built.
    """
    if isinstance(given, Graph):
        return given
    hint = " Did you forget .build()?" if hasattr(type(given), "build") else ""
    raise refusal(given, "graph", wanted, lambda said: refuse(said + hint))


def _made_again(made: tuple[Any, ...], more: dict[str, Any]) -> Graph:
    return Graph(*made, **more)


def predicates_of(edges: Any) -> dict[tuple[str, str], Any]:
    """Return predicates by the edges that they are for.

    Raises:
        GraphError: It is no mapping of (source, target) to functions of a state, or to
            expressions.
    """
    if edges is None:
        return {}
    pairs = isinstance(edges, Mapping) and all(
        isinstance(edge, tuple) and [type(end) for end in edge] == [str, str] for edge in edges
    )
    if not pairs:
        raise refusal(edges, "edges", "a mapping of (source, target) to conditions", GraphError)
    return {(a, b): check_predicate(ask, f"{a} -> {b}") for (a, b), ask in edges.items()}
