"""A builder whose nodes do nothing."""

from __future__ import annotations

from lellm_nb import GraphBuilder


def built(*names):
    """A builder with nodes that do nothing."""
    g = GraphBuilder("g")
    for name in names:
        g.node(name, lambda ctx: None)
    return g
