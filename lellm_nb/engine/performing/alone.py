"""A context for a node that no run performs: it is run once, on a given state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.engine.context import Context
from lellm_nb.engine.scope import Scope
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import make_node
from lellm_nb.record.position import Position
from lellm_nb.record.visits import Visits
from lellm_nb.state.registry import ReducerRegistry

__all__ = ["context_alone"]


def context_alone(
    function: Callable[[Any], Any],
    data: Any,
    *,
    node: str,
    visit: int = 1,
    path: str = "",
    nodes: tuple[str, ...] = (),
    reducers: Mapping[str, Any] | ReducerRegistry | None = None,
    item: Any = None,
    into: str | None = None,
) -> tuple[Context, Any]:
    """Return a node's context, and the node.

    Args:
        function: What the node runs.
        data: The state that it sees, as it is kept.
        node, visit, path: What `ctx` shows of them.
        nodes: Names of other nodes that there are.
        reducers: Those of the graph.
        item: What `ctx.item` shows.
        into: The key at which a map collects what it returns.
    """
    known = {name: make_node(name, _nothing) for name in nodes}
    known[node] = make_node(node, function)
    registry = reducers if isinstance(reducers, ReducerRegistry) else ReducerRegistry(reducers)
    graph = Graph("step", known, (), node, node, reducers=registry)
    prefix = path[: len(path) - len(node)] if path.endswith(node) else ""
    scope = Scope(graph, None, prefix)
    scope.into = into
    level = Position(node, data, visit - 1, Visits({node: visit - 1}, visit - 1))
    ctx = Context(None, scope, scope.site(node), level)
    ctx.given = item
    return ctx, known[node]


def _nothing(ctx: Any) -> None:
    """Stand for another node."""
