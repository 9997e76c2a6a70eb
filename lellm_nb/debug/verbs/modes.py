"""How a node is run: the verb that sets it."""

from __future__ import annotations

from lellm_nb.arguments import chosen
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.node_modes import MISSES, MODES
from lellm_nb.debug.names.node_name import item_path, node_path, refuse_composite
from lellm_nb.errors import DebuggerError
from lellm_nb.graph.walk import node_at
from lellm_nb.session.protocol import Capability

__all__ = ["mode"]


def mode(context: DebugContext, node: str, mode: str, *, miss: str = "stop") -> None:
    """Say what happens when the run comes to a node.

    Raises:
        NoSuchNodeError: There is no such node.
        DebuggerError: The mode is none of the four, or the node runs no code of its own.
    """
    chosen(mode, "mode", DebuggerError, MODES)
    chosen(miss, "miss", DebuggerError, MISSES)
    graph = context.session.graph
    path = node_path(graph, node)
    if Capability.WHOLE not in context.session.capabilities:
        refuse_composite(graph, path, "a mode is about one that runs; set it for")
    if mode == "ask" and getattr(node_at(graph, path), "kind", "") == "barrier":
        raise DebuggerError(f"{path!r} is a barrier, which asks as it is.")
    named = item_path(node, path)
    if mode == "calls" and named != path:
        raise DebuggerError(
            f"{named!r} is one item of a map, and calls are looked up for all: {path!r}."
        )
    context.modes.chosen[named] = mode
    context.modes.misses[named] = miss
    if mode == "live":
        context.calls.forget(path)
        context.storage.calls_left(context, path)
    context.changed("modes")
