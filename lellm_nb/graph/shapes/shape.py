"""What a graph looks like, without what it can do: enough to walk, compare and draw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.graph.edge import Edge

__all__ = ["GraphShape"]


class GraphShape:
    """Nodes and edges, by name; a `Graph` is one that can be run.

    Attributes:
        name: For people, and for `frame.graph_id`.
        nodes: Name to node, in the order in which they were added.
        edges: All edges, in the order in which they were added.
        start, end: Names of the first and the last node.
        error_routes: Node name to the node that takes its failure.
    """

    name: str
    nodes: Mapping[str, Any]
    edges: tuple[Edge, ...]
    start: str
    end: str
    error_routes: Mapping[str, str]

    @property
    def starts(self) -> tuple[str, ...]:
        """All nodes that may come first: of another engine's graph there may be several."""
        return (self.start,) if self.start else ()

    @property
    def ends(self) -> tuple[str, ...]:
        """All nodes after which it may be at its end."""
        return (self.end,) if self.end else ()
