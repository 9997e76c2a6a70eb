"""The ways out of a cycle, and what became of them in a turn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from lellm_nb.debug.names.condition_source import source_of
from lellm_nb.graph.edge import Edge, Route
from lellm_nb.graph.placeholder import unknown_code
from lellm_nb.graph.ways import ways_out

__all__ = ["LoopExit", "exits_of", "exits_text", "left_by"]

MOST = 120
"""So many characters of a condition stand in a cell of the table."""


class LoopExit(NamedTuple):
    """An edge that leaves a cycle.

    Attributes:
        edge: The edge.
        asks: When it is taken, in words; empty where that is not known.
    """

    edge: Edge
    asks: str

    def value(self, routes: Mapping[str, Route]) -> bool | None:
        """Tell whether it held, `None` where it was not asked.

        Args:
            routes: The last way that each node of the cycle went.
        """
        route = routes.get(self.edge.source)
        if route is None:
            return None
        if self.edge.kind == "end":
            return route.next_node is None
        if route.kind == self.edge.kind and route.leads_to(self.edge.target):
            return True
        if self.edge.kind != "conditional" or not route.tried:
            # LangGraph tells no conditions, only which ways were taken
            return None if self.edge.predicate is not None else False
        return dict(route.tried).get(self.edge.label)


def exits_of(graph: Any, nodes: Collection[str]) -> list[LoopExit]:
    """Return the edges that lead from the nodes of a cycle to others, in order."""
    return [
        LoopExit(edge, _asks(edge, leaving, nodes))
        for node in nodes
        for leaving in [_leaving(graph, node)]
        for edge in leaving
        if edge.target not in nodes
    ]


def _leaving(graph: Any, node: str) -> list[Edge]:
    leaving = ways_out(graph, node)
    if not hasattr(graph, "routers") and node in graph.ends:
        leaving.append(Edge(node, "the end", "end"))  # LangGraph ends where a node leads nowhere
    return leaving


def _asks(edge: Edge, leaving: list[Edge], nodes: Collection[str]) -> str:
    if edge.for_decision or edge.kind == "error":
        return f"on {edge.kind}"
    if edge.kind == "goto":
        return "by goto"
    if edge.kind == "conditional":
        return f"if {_text(edge)}" if _is_known(edge) else ""
    stays = [_text(one) for one in leaving if one.target in nodes and _is_known(one)]
    return f"unless {' or '.join(stays)}" if stays else ""


def _is_known(edge: Edge) -> bool:
    return edge.predicate is not None and edge.predicate is not unknown_code


def _text(edge: Edge) -> str:
    assert edge.predicate is not None
    text = " ".join(source_of(edge.predicate).split())
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"


def exits_text(exits: list[LoopExit], routes: Mapping[str, Route]) -> str:
    """Return the ways out in words, each with what became of it in a turn.

    Example:
        >>> out = LoopExit(Edge("check", "done", "conditional", len), "if n > 2")
        >>> exits_text([out], {"check": Route("draft", "normal", (("check -> done", False),))})
        'check -> done: False, if n > 2'
    """
    told = []
    for one in exits:
        value = one.value(routes)
        said = "not asked" if value is None else str(value)
        told.append(f"{one.edge.label}: {said}" + (f", {one.asks}" if one.asks else ""))
    return "; ".join(told)


def left_by(nodes: Collection[str], routes: Mapping[str, Route]) -> str | None:
    """Return the way by which a turn left its cycle, ``a -> b``; `None` where it went on."""
    for node, route in routes.items():
        if route.next_node is None:
            return f"{node} -> the end"
        if node in nodes and not any(route.leads_to(inside) for inside in nodes):
            return f"{node} -> {route.next_node}"
    return None
