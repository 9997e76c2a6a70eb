"""The shape of another library's graph as it was noted: to be looked at, and not to be run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from lellm_nb.graph.analysis import Analysis, after_runs
from lellm_nb.graph.drawing.drawn_shape import DrawnShape
from lellm_nb.graph.edge import Edge
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.state.lens import IdentityLens
from lellm_nb.state.registry import ReducerRegistry

__all__ = ["NotedNode", "NotedShape"]


class NotedNode:
    """One node of a graph that was noted.

    Attributes:
        name: Unique in its graph.
        graph: The graph inside; `None` where there is none.
        shares: Whether the graph inside is the node itself: what has one name is the same.
        defer: Whether it waits until nothing else is left to run.
        error_handler: What takes its failure; empty where nothing does.
    """

    __slots__ = ("__weakref__", "defer", "error_handler", "graph", "name", "shares")

    goto: ClassVar[tuple[str, ...]] = ()
    side_effects: ClassVar[bool] = False
    fn: ClassVar[None] = None
    target: ClassVar[None] = None
    tools: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    functions: ClassVar[tuple[Any, ...]] = ()

    def __init__(
        self,
        name: str,
        graph: NotedShape | None = None,
        *,
        shares: bool = False,
        defer: bool = False,
        error_handler: str = "",
    ) -> None:
        self.name = name
        self.graph = graph
        self.shares = shares
        self.defer = defer
        self.error_handler = error_handler

    @property
    def kind(self) -> str:
        """``"subgraph"`` where there is a graph inside, else ``"task"``."""
        return "task" if self.graph is None else "subgraph"

    @property
    def lens(self) -> Any:
        """What is known of how the states outside and inside belong together."""
        return IdentityLens() if self.shares else None

    def __repr__(self) -> str:
        return f"<NotedNode {self.name!r}: {self.kind}>"


class NotedShape(DrawnShape):
    """Nodes and edges of a graph without its code.

    Example:
        >>> shape = NotedShape("g", [NotedNode("a"), NotedNode("b")], [Edge("a", "b")])
        >>> shape, [edge.label for edge in shape.edges]
        (<NotedShape 'g': 2 nodes, 1 edges>, ['a -> b'])
    """

    end = ""
    error_routes: Mapping[str, str] = MappingProxyType({})
    enforce_max_visits = False
    code: ClassVar[Mapping[Any, Any]] = MappingProxyType({})
    named_places: ClassVar[tuple[Any, ...]] = ()
    version: ClassVar[int] = 0

    def __init__(
        self,
        name: str,
        nodes: Iterable[NotedNode],
        edges: Iterable[Edge],
        start: str = "",
        starts: Iterable[str] = (),
        ends: Iterable[str] = (),
        *,
        keys: Iterable[str] = (),
        hash: int = 0,
    ) -> None:
        self.name = name
        self.nodes: Mapping[str, NotedNode] = MappingProxyType({n.name: n for n in nodes})
        self.edges = tuple(edges)
        self.start = start
        self._starts, self._ends = tuple(starts), tuple(ends)
        self.state_keys = tuple(keys)
        self.reducers = ReducerRegistry()
        self.canonical_hash = hash
        self.fingerprint = Fingerprint.of(self)

    @property
    def starts(self) -> tuple[str, ...]:
        return self._starts

    @property
    def ends(self) -> tuple[str, ...]:
        return self._ends

    def analyze(self, runs: Any = None) -> Analysis:
        """Return nothing odd: what there was to say was said of the graph itself.

        Args:
            runs: As for `Graph.analyze`.
        """
        return after_runs(self, Analysis(()), runs)

    def __repr__(self) -> str:
        size = f"{len(self.nodes)} nodes, {len(self.edges)} edges"
        return f"<NotedShape {self.name!r}: {size}>"
