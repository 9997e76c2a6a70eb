"""A graph's shape that draws itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lellm_nb.graph.analysis import Cycle, find_cycles
from lellm_nb.graph.drawing.text import to_graphviz, to_mermaid
from lellm_nb.graph.shapes.shape import GraphShape

if TYPE_CHECKING:
    import graphviz

__all__ = ["DrawnShape"]


class DrawnShape(GraphShape):
    """What all graphs are asked for that somebody looks at, whichever engine runs them."""

    def analyze_cycles(self) -> list[Cycle]:
        """Return the cycles, each with whether `max_visits` limits it."""
        return find_cycles(self)

    def to_graphviz(self) -> graphviz.Digraph:
        """Return the graph for Graphviz: `.source` is text; drawing it needs ``dot``."""
        return to_graphviz(self)

    def to_mermaid(self) -> str:
        """Return the graph as Mermaid text."""
        return to_mermaid(self)

    def to_svg(self) -> str:
        """Return a still picture of the graph as SVG text, every composite opened up.

        Needs nothing installed. Names are only ever text in it, and nothing in it links.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> g = GraphBuilder("g").node("<a>", lambda ctx: None).start("<a>").end("<a>")
            >>> svg = g.build().to_svg()
            >>> svg.startswith("<svg"), "&lt;a&gt;" in svg
            (True, True)
        """
        from lellm_nb.graph.drawing.svg import graph_svg

        return graph_svg(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Draw itself in a cell: an image, in which nothing can run."""
        from lellm_nb.graph.drawing.svg import graph_bundle

        return graph_bundle(self)
