"""Every way that may lead out of a node: its edges, the gotos it declares, its error route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lellm_nb.graph.edge import Edge
from lellm_nb.graph.walk import levels

__all__ = ["all_ways", "ways_out"]


def ways_out(graph: Any, node: str) -> list[Edge]:
    """Return the ways out of a node of a graph: what is no edge of it comes last.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: None).node("b", lambda ctx: None)
        >>> g = g.edge("a", "b").on_error("a", "a").start("a").end("b").build()
        >>> [(way.label, way.kind) for way in ways_out(g, "a")]
        [('a -> b', 'normal'), ('a -> a', 'error')]
    """
    routers: Mapping[str, Any] | None = getattr(graph, "routers", None)
    known = graph.edges if routers is None else routers[node].edges
    leaving = [edge for edge in known if edge.source == node]
    targets = {edge.target for edge in leaving}
    declared = getattr(graph.nodes[node], "goto", ())
    leaving += [Edge(node, target, "goto") for target in declared if target not in targets]
    fails_to = getattr(graph, "error_routes", {}).get(node)
    if fails_to is not None:
        leaving.append(Edge(node, fails_to, "error"))
    return leaving


def all_ways(graph: Any) -> Iterator[tuple[str, Edge]]:
    """Walk the ways of every level of a nest, each with the path of its level."""
    for level, inner in levels(graph):
        for node in inner.nodes:
            for way in ways_out(inner, node):
                yield level, way
