"""A graph as text for other drawing tools. Names are data: escaped, never markup."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lellm_nb.graph.edge import DECISION_KINDS, Edge
from lellm_nb.graph.node import Condition
from lellm_nb.graph.shape import GraphShape
from lellm_nb.graph.walk import graphs_in, unrolled

if TYPE_CHECKING:
    import graphviz

__all__ = ["all_edges", "to_graphviz", "to_mermaid"]

_SHAPES = {
    "barrier": "hexagon",
    "condition": "diamond",
    "subgraph": "box3d",
    "parallel": "cds",
    "map": "cds",
}
_STYLES = {"conditional": "dashed", "fallback": "dotted", "goto": "dotted", "error": "dotted"}
_STYLES |= dict.fromkeys(DECISION_KINDS, "dashed")


def all_edges(graph: GraphShape) -> list[Edge]:
    """Return the edges, the cases of conditions, declared gotos and error routes."""
    edges = list(graph.edges)
    for name, node in graph.nodes.items():
        if isinstance(node, Condition):
            edges += [Edge(name, to, "conditional", ask) for to, ask in node.cases]
        else:
            edges += [Edge(name, target, "goto") for target in node.goto]
    return edges + [Edge(a, b, "error") for a, b in graph.error_routes.items()]


def to_graphviz(graph: GraphShape) -> graphviz.Digraph:
    """Return the graph for Graphviz; its `.source` is text, drawing it needs ``dot``.

    Node ids are our own (``n0``, ``n1``, …) and labels are escaped, so that no name can
    be read as markup or as a link.
    """
    import graphviz

    made = graphviz.Digraph(node_attr={"shape": "box", "style": "rounded"})
    ids = _Ids()

    def draw(level: Any, into: Any, prefix: str) -> Iterator[Any]:
        for name, node in level.nodes.items():
            own = ids(prefix + name)
            bold = "2" if name in (*level.starts, *level.ends) else "1"
            shape = _SHAPES.get(node.kind, "box")
            into.node(own, label=graphviz.escape(name), shape=shape, penwidth=bold)
            for title, inner in graphs_in(node):
                with into.subgraph(name=f"cluster_{own}_{ids(prefix + name + '/' + title)}") as box:
                    box.attr(label=graphviz.escape(title or name), style="rounded")
                    yield draw(inner, box, f"{prefix}{name}/{title}/")
                for first in inner.starts:
                    into.edge(own, ids(f"{prefix}{name}/{title}/{first}"), style="dotted")
        for edge in all_edges(level):
            style = _STYLES.get(edge.kind, "solid")
            ends = ids(prefix + edge.source), ids(prefix + edge.target)
            into.edge(*ends, label=graphviz.escape(_label(edge)), style=style)

    deque(unrolled(draw(graph, made, "")), 0)
    return made


def to_mermaid(graph: GraphShape) -> str:
    """Return the graph as Mermaid text, which JupyterLab and many sites draw."""
    lines = ["flowchart TD"]
    ids = _Ids()

    def draw(level: Any, prefix: str, indent: str) -> Iterator[Any]:
        for name, node in level.nodes.items():
            own = ids(prefix + name)
            left, right = {"barrier": ("{{", "}}"), "condition": ("{", "}")}.get(
                node.kind, ("([", "])") if name in (*level.starts, *level.ends) else ("[", "]")
            )
            lines.append(f"{indent}{own}{left}{_mermaid_text(name)}{right}")
            for title, inner in graphs_in(node):
                box = ids(f"{prefix}{name}/{title}#box")
                lines.append(f"{indent}subgraph {box} [{_mermaid_text(title or name)}]")
                yield draw(inner, f"{prefix}{name}/{title}/", indent + "  ")
                lines.append(f"{indent}end")
                below = (ids(f"{prefix}{name}/{title}/{first}") for first in inner.starts)
                lines.extend(f"{indent}{own} -.-> {first}" for first in below)
        for edge in all_edges(level):
            arrow = "-->" if edge.kind == "normal" else "-.->"
            said = _label(edge)
            label = f"|{_mermaid_text(said) if edge.said else said}|" if said else ""
            ends = ids(prefix + edge.source), ids(prefix + edge.target)
            lines.append(f"{indent}{ends[0]} {arrow}{label} {ends[1]}")

    deque(unrolled(draw(graph, "", "  ")), 0)
    return "\n".join(lines) + "\n"


def _label(edge: Edge) -> str:
    """Return what stands at an edge: its condition's text, or what it is for, and its limit."""
    said = [edge.kind] if edge.for_decision else [edge.said] if edge.said else []
    if edge.max_visits is not None:
        said.append(f"max {edge.max_visits}")
    return ", ".join(said)


def _mermaid_text(name: str) -> str:
    safe = "".join(c if c.isalnum() or c in " _-." else f"#{ord(c)};" for c in name)
    return f'"{safe}"'


class _Ids:
    """Ids of our own for the names of others."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        return self._known.setdefault(name, f"n{len(self._known)}")
