"""The call that gives new code to what no name leads to, for the advice of a failure."""

from __future__ import annotations

from lellm_nb.graph.code.code_name import code_of
from lellm_nb.graph.code.code_place import PATCHED, code_places_of
from lellm_nb.graph.edge import Edge
from lellm_nb.graph.node import Node

__all__ = ["edge_patch", "node_patch"]


def node_patch(node: Node, path: str) -> str:
    """Return the call of `patch` for a node's own code; nothing where its name is followed.

    That is the function of a node, the merge of a Parallel, the lens of a subgraph.

    Example:
        >>> from lellm_nb.graph.node import Task
        >>> node_patch(Task("llm", lambda ctx: None), "agent/llm")
        "patch({'agent/llm': function})"
    """
    for place, code in code_places_of(node):
        if place.part in PATCHED and code_of(code) is None:
            return f"patch({{{path!r}: {place.part or 'function'}}})"
    return ""


def edge_patch(edge: Edge, path: str) -> str:
    """Return the call of `patch` for an edge's condition; nothing where its name is followed.

    Args:
        path: Of the edge's source.

    Example:
        >>> edge_patch(Edge("a", "b", "conditional", lambda state: True), "agent/a")
        "patch(edges={('agent/a', 'b'): condition})"
    """
    named = code_of(edge.predicate) is not None
    return "" if named else f"patch(edges={{({path!r}, {edge.target!r}): condition}})"
