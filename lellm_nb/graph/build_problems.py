"""What keeps nodes and edges from being a graph: every problem, to be told at once (G3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lellm_nb.errors import (
    FallbackLoopError,
    GraphError,
    MissingEndError,
    MissingStartError,
    UnknownNodeError,
)
from lellm_nb.graph.decision_edge import decision_problems
from lellm_nb.graph.edge import Edge
from lellm_nb.graph.node import Node

__all__ = ["problems_of"]


def problems_of(
    graph: str,
    known: Mapping[str, Node],
    edges: Sequence[Edge],
    errors: Mapping[str, str],
    start: str | None,
    end: str | None,
) -> Iterator[GraphError]:
    """Walk the structural problems of what is to be a graph.

    Args:
        graph: Its name.
        errors: Node name to the node that takes its failure.
    """
    if start is None:
        yield MissingStartError(graph, known)
    if end is None:
        yield MissingEndError(graph, known)
    named = [("start", start), ("end", end)]
    for edge in edges:
        named += [(f"edge {edge.label}", edge.source), (f"edge {edge.label}", edge.target)]
        if edge.kind == "fallback" and edge.source == edge.target:
            yield FallbackLoopError(edge.source)
    yield from decision_problems(known, edges)
    for node in known.values():
        named += [(f"the goto list of {node.name!r}", target) for target in node.goto]
    for source, target in errors.items():
        named += [(f"the error route {source} -> {target}", name) for name in (source, target)]
    for where, name in named:
        if name is not None and name not in known:
            yield UnknownNodeError(name, where=where[0].upper() + where[1:], known=known)
