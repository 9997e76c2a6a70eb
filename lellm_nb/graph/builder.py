"""Putting a graph together; every problem is reported at once by `build`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from lellm_nb.arguments import flag, refusal, text, whole
from lellm_nb.errors import (
    BuildErrors,
    GraphError,
)
from lellm_nb.graph.build_problems import problems_of
from lellm_nb.graph.code.code_place import note_users
from lellm_nb.graph.decision_edge import check_kind
from lellm_nb.graph.edge import Edge
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import (
    Predicate,
)
from lellm_nb.graph.node_builder import NodeBuilder
from lellm_nb.graph.node_options import check_edge, check_name, check_predicate
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.registry import ReducerRegistry

__all__ = ["GraphBuilder"]

F = TypeVar("F", bound=Callable[..., Any])


class GraphBuilder(NodeBuilder):
    """Collects nodes and edges. Every method returns the builder, except `task`.

    Args:
        name: The graph's name.
        reducers: A `ReducerRegistry`, a mapping of keys to reducers, or `StateKey` objects.
        enforce_max_visits: Whether `max_visits` of an edge stops a run (SEMANTICS G5).

    Example:
        >>> g = GraphBuilder("greet")
        >>> @g.task
        ... def hello(ctx):
        ...     return {"text": f"hello {ctx.state['name']}"}
        >>> g.start("hello").end("hello").build().run({"name": "Ada"}).state["text"]
        'hello Ada'
    """

    def __init__(
        self,
        name: str,
        reducers: ReducerRegistry | Mapping[str, Reducer] | Iterable[Any] | None = None,
        enforce_max_visits: bool = False,
    ) -> None:
        super().__init__()
        self.name = check_name(name, "graph")
        known = isinstance(reducers, ReducerRegistry)
        self._reducers = reducers if known else ReducerRegistry(reducers)
        self._enforce = flag(enforce_max_visits, "enforce_max_visits", GraphError)
        self._edges: list[Edge] = []
        self._errors: dict[str, str] = {}
        self._start: str | None = None
        self._end: str | None = None
        self._hash: int | None = None

    # -- edges -----------------------------------------------------------------

    def edge(self, a: str, b: str, *, max_visits: int | None = None) -> GraphBuilder:
        """Add an edge that is taken when no conditional one is."""
        return self._edge(a, b, "normal", None, max_visits)

    def _edge(
        self, a: str, b: str, kind: str, predicate: Predicate | None, max_visits: int | None
    ) -> GraphBuilder:
        self._edges.append(Edge(a, b, kind, predicate, check_edge(a, b, max_visits)))
        return self

    def edge_if(
        self, a: str, b: str, predicate: str | Predicate, *, max_visits: int | None = None
    ) -> GraphBuilder:
        """Add an edge that is taken when `predicate` holds of the committed state.

        Args:
            predicate: A function of a state, or an expression (SEMANTICS G10): ``"total > 100"``.

        Raises:
            InvalidNodeError: It is neither; shows what an expression can't have.

        Example:
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).node("z", lambda ctx: None)
            >>> g = g.edge_if("a", "a", "n > 3").edge("a", "z").start("a").end("z").build()
            >>> g.edges[0].described
            'a -> a (if n > 3)'
        """
        asked = check_predicate(predicate, f"{a} -> {b}")
        return self._edge(a, b, "conditional", asked, max_visits)

    def edge_fallback(self, a: str, b: str, *, max_visits: int | None = None) -> GraphBuilder:
        """Add the last resort of routing; not an error route."""
        return self._edge(a, b, "fallback", None, max_visits)

    def edge_on(
        self, barrier: str, target: str, decision: str, *, max_visits: int | None = None
    ) -> GraphBuilder:
        """Add a barrier's way out for a decision, whatever the state says; it goes first.

        Args:
            barrier: The barrier that is decided.
            target: Where the decision leads.
            decision: ``"approve"`` (Modify is one, too), ``"reject"``, or ``"timeout"``: the time
                was up. Without an edge for that, the default action takes the one for itself.
            max_visits: How often it should be taken at most.

        Raises:
            DecisionEdgeError: There are no edges for such a decision.

        Example:
            >>> g = GraphBuilder("mail").barrier("ask").node("send", lambda ctx: {"sent": True})
            >>> g = g.edge("ask", "send").edge_on("ask", "ask", "reject").start("ask").end("send")
            >>> g.build().analyze_cycles()[0].nodes
            ('ask',)
        """
        kind = check_kind(barrier, target, decision)
        return self._edge(barrier, target, kind, None, max_visits)

    def on_error(self, node: str, target: str) -> GraphBuilder:
        """Say which node takes a failure of `node`."""
        check_edge(node, target, None)
        self._errors[node] = target
        return self

    # -- the frame of it ---------------------------------------------------------

    def start(self, name: str) -> GraphBuilder:
        """Name the node that runs first."""
        self._start = text(name, "start", GraphError, "a node's name")
        return self

    def end(self, name: str) -> GraphBuilder:
        """Name the node after which the run is over."""
        self._end = text(name, "end", GraphError, "a node's name")
        return self

    def canonical_hash(self, value: int) -> GraphBuilder:
        """Set the graph's 64-bit identity instead of computing it."""
        number = whole(value, "A canonical hash", GraphError)
        if number >= 1 << 64:
            raise refusal(value, "A canonical hash", "a number of 64 bits", GraphError)
        self._hash = number
        return self

    def build(self) -> Graph:
        """Return the finished graph.

        Raises:
            BuildErrors: All structural problems at once (SEMANTICS G3).
        """
        problems = [
            *self._problems,
            *problems_of(self.name, self._nodes, self._edges, self._errors, self._start, self._end),
        ]
        if problems:
            count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
            raise BuildErrors(f"Graph {self.name!r} has {count}", problems)
        assert self._start is not None
        assert self._end is not None
        graph = Graph(
            self.name,
            self._nodes,
            tuple(self._edges),
            self._start,
            self._end,
            reducers=self._reducers,  # type: ignore[arg-type]  # made a registry in __init__
            error_routes=self._errors,
            enforce_max_visits=self._enforce,
            hash_override=self._hash,
        )
        assert graph.routers  # made here, so that no run pays for it
        note_users(graph)
        assert graph.code is not None  # names are looked up now, while they mean what is in it
        return graph
