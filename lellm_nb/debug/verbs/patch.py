"""New code for old nodes: the history is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.names.node_name import plain_nodes

__all__ = ["exchanged", "patch", "refresh"]


def patch(
    context: DebugContext,
    nodes: Mapping[str, Callable[[Any], Any]] | None = None,
    edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
) -> None:
    """Go on with new functions.

    Raises:
        NoSuchNodeError: There is no such node or conditional edge.
    """
    by_path = plain_nodes(context.session.graph, nodes or {})
    _use(context, by_path, edges)
    context.code.put_by_hand(by_path)


def refresh(context: DebugContext) -> None:
    """Use functions that were defined again since, in a cell or a reloaded module."""
    found = context.code.redefined(context.session.graph)
    if found:
        _use(context, found)


def _use(
    context: DebugContext,
    nodes: Mapping[str, Callable[[Any], Any]],
    edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
) -> None:
    context.session.use(context.session.graph.patched(nodes, edges))
    exchanged(context, nodes)


def exchanged(context: DebugContext, nodes: Mapping[str, Any]) -> None:
    """Take note that there is new code for some nodes, from now on and on this line."""
    if nodes:
        context.code.exchanged(nodes, context.session.clock.wall())
        context.changed("code")
