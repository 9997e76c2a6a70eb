"""New code for old nodes, put in by hand: the history is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.names.node_name import node_path, plain_nodes
from lellm_nb.graph.graph import predicates_of

__all__ = ["patch"]


def patch(
    context: DebugContext,
    nodes: Mapping[str, Callable[[Any], Any]] | None = None,
    edges: Mapping[tuple[str, str], str | Callable[[Any], Any]] | None = None,
) -> None:
    """Go on with new functions.

    Raises:
        NoSuchNodeError: There is no such node or conditional edge.
    """
    graph = context.session.graph
    given = predicates_of(edges)
    ways = {(node_path(graph, a), b): predicate for (a, b), predicate in given.items()}
    context.use_code(plain_nodes(graph, nodes or {}), ways)
