"""What can be wrong with a graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lellm_nb.errors.base import LellmError, listed, nearest
from lellm_nb.errors.key_patterns import without_keys

__all__ = [
    "BuildErrors",
    "DecisionEdgeError",
    "DuplicateNodeError",
    "EmptyParallelError",
    "FallbackLoopError",
    "GraphError",
    "InvalidNodeError",
    "MissingEndError",
    "MissingStartError",
    "UnknownNodeError",
]


class GraphError(LellmError):
    """A graph, or one of its parts, is not well formed."""


class InvalidNodeError(GraphError):
    """A node has a bad name, or is nothing that can run."""

    def __init__(self, node: Any, problem: str) -> None:
        self.node = node
        super().__init__(f"Node {node!r}: {problem}")


class MissingStartError(GraphError):
    """The graph names no start node."""

    def __init__(self, graph: str, known: Iterable[str]) -> None:
        self.graph = graph
        super().__init__(
            f"Graph {graph!r} has no start: call .start(name) with one of {listed(known)}."
        )


class MissingEndError(GraphError):
    """The graph names no end node."""

    def __init__(self, graph: str, known: Iterable[str]) -> None:
        self.graph = graph
        super().__init__(
            f"Graph {graph!r} has no end: call .end(name) with one of {listed(known)}."
        )


class UnknownNodeError(GraphError):
    """Something in a graph names a node that was never added."""

    def __init__(self, node: str, *, where: str, known: Iterable[str]) -> None:
        self.node = node
        self.where = where
        self.known = sorted(known)
        super().__init__(
            f"{where} names node {node!r}, which was never added."
            f"{nearest(node, self.known)} Known nodes: {listed(self.known)}."
        )


class DuplicateNodeError(GraphError):
    """Two nodes were added under one name."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"Node {node!r} was added twice: give one of them another name.")


class EmptyParallelError(GraphError):
    """A Parallel has no branch."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"Parallel {node!r} has no branch: give it at least one.")


class DecisionEdgeError(GraphError):
    """An edge for a decision is for none, or leaves what is no barrier, or is one too many.

    Attributes:
        barrier, target: What it leaves, and where it leads.
        decision: What it is for.
    """

    def __init__(
        self,
        barrier: Any,
        target: Any,
        decision: Any,
        problem: str = "",
        *,
        known: Sequence[str] = (),
    ) -> None:
        self.barrier = barrier
        self.target = target
        self.decision = decision
        if not problem:
            guess = nearest(decision, known) if isinstance(decision, str) else ""
            problem = f"an edge is for {listed(map(repr, known))}, not for {decision!r:.60}.{guess}"
        super().__init__(f"Edge {barrier} -> {target} on {decision!r:.60}: {problem}")


class FallbackLoopError(GraphError):
    """A fallback edge leads from a node to itself."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"Node {node!r} falls back to itself, which would never end.")


class BuildErrors(ExceptionGroup[GraphError], GraphError):
    """All structural problems of one graph, found in one look (SEMANTICS G3)."""

    def derive(self, excs: Sequence[GraphError]) -> BuildErrors:  # type: ignore[override]  # only these
        return BuildErrors(self.message, excs)

    def __str__(self) -> str:
        lines = [self.message, *(f"- {problem}" for problem in self.exceptions)]
        return without_keys("\n".join(lines))
