"""Edges, and how a committed state picks one (SEMANTICS G2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Edge", "Route", "Router"]


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One way out of a node.

    Attributes:
        source, target: Node names.
        kind: ``"normal"``, ``"conditional"`` or ``"fallback"``.
        predicate: What a conditional edge asks the committed state.
        max_visits: How often it should be taken at most; see SEMANTICS G5.
    """

    source: str
    target: str
    kind: str = "normal"
    predicate: Callable[[Any], Any] | None = None
    max_visits: int | None = None

    @property
    def label(self) -> str:
        """The edge as people write it: ``a -> b``."""
        return f"{self.source} -> {self.target}"

    def hash_text(self) -> str:
        """The edge's part of the canonical hash (SEMANTICS G6)."""
        mark = '"?"' if self.kind == "conditional" else '""'
        return f"{self.source}->{self.target}{mark}{'!' if self.kind == 'fallback' else ''}"


@dataclass(frozen=True, slots=True)
class Route:
    """Which way a step went, and why.

    Attributes:
        next_node: Where to; `None` is the end of the level.
        kind: ``normal``, ``conditional``, ``fallback``, ``goto``, ``error`` or ``end``.
        tried: The conditions asked, in order, each with its answer.
        edge: The edge that was taken, as it was when it was taken.
    """

    next_node: str | None
    kind: str
    tried: tuple[tuple[str, bool], ...] = ()
    edge: Edge | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> Any:
        # the edge may hold a function that only this process knows
        return Route, (self.next_node, self.kind, self.tried)


END = Route(None, "end")


class PredicateFailed(Exception):
    """A predicate raised; carried to where the path is known."""

    def __init__(self, edge: Edge, cause: BaseException) -> None:
        super().__init__(edge.label)
        self.edge = edge
        self.cause = cause


class Router:
    """The out-edges of one node, sorted once. Its routes are shared by all frames.

    Attributes:
        always: The route, where no condition has to be asked; else `None`.
        edges: All out-edges in the order in which they are looked at.
    """

    __slots__ = ("_conditional", "_won", "always", "edges")

    def __init__(self, edges: Iterable[Edge]) -> None:
        edges = list(edges)
        by_kind = {kind: [e for e in edges if e.kind == kind] for kind in _ORDER}
        self.edges = tuple(edge for kind in _ORDER for edge in by_kind[kind])
        self._conditional = tuple(by_kind["conditional"])
        last = next(iter(by_kind["normal"] or by_kind["fallback"]), None)
        asked = tuple((edge.label, False) for edge in self._conditional)
        self._won: list[Route | None] = [
            Route(edge.target, "conditional", (*asked[:i], (edge.label, True)), edge)
            for i, edge in enumerate(self._conditional)
        ]
        self._won.append(Route(last.target, last.kind, asked, last) if last else None)
        self.always = None if self._conditional else self._won[0]

    def choose(self, state: Any) -> Route | None:
        """Return the route for a committed state, or `None` where no edge matches.

        Raises:
            PredicateFailed: A condition raised; names the edge.
        """
        for i, edge in enumerate(self._conditional):
            try:
                if edge.predicate(state):  # type: ignore[misc]  # conditional edges have one
                    return self._won[i]
            except KeyboardInterrupt:
                raise  # an Interrupt, most likely: the engine tells
            except BaseException as error:
                raise PredicateFailed(edge, error) from error
        return self._won[-1]


_ORDER = ("conditional", "normal", "fallback")
