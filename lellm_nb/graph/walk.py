"""The one walk over a nest of graphs: what is in it, and what is at a path.

It goes by shape and asks for no class: a node with a ``graph`` is a subgraph, a node with
``branches`` runs them side by side, every other node has nothing inside. So a graph of another
engine is walked like one of ours.

Paths have no visits here: ``agent/llm`` is a node of the graph inside ``agent``, and
``par/deep/x`` a node of the graph that is the branch ``deep`` of ``par``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import GeneratorType
from typing import Any

from lellm_nb.graph.item_branches import EACH, ItemBranches

__all__ = [
    "branches_of",
    "graph_at",
    "graphs_in",
    "inner_graph",
    "inside",
    "level_keys",
    "levels",
    "node_at",
    "nodes",
    "static_path",
    "unrolled",
]


def levels(graph: Any) -> Iterator[tuple[str, Any]]:
    """Walk every graph of a nest with its path, the outermost first.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> inner = GraphBuilder("i").node("llm", lambda ctx: None).start("llm").end("llm").build()
        >>> outer = GraphBuilder("o").node("agent", inner).start("agent").end("agent").build()
        >>> [(path, graph.name) for path, graph in levels(outer)]
        [('', 'o'), ('agent', 'i')]
    """
    return unrolled(_levels(graph, ""))


def _levels(graph: Any, path: str) -> Iterator[Any]:
    yield path, graph
    before = f"{path}/" if path else ""
    for name, node in graph.nodes.items():
        for below, inner in graphs_in(node):
            yield _levels(inner, f"{before}{name}/{below}" if below else f"{before}{name}")


def graphs_in(node: Any) -> Iterator[tuple[str, Any]]:
    """Walk the graphs directly inside a node: its own under ``""``, or those of its branches."""
    return unrolled(_graphs_in(node, ""))


def _graphs_in(node: Any, path: str) -> Iterator[Any]:
    graph = inner_graph(node)
    if graph is not None:
        yield path, graph
        return
    for branch, inner in branches_of(node).items():
        yield _graphs_in(inner, f"{path}/{branch}" if path else str(branch))


def nodes(graph: Any) -> Iterator[tuple[str, Any]]:
    """Walk every node of a nest with its path; a composite comes before what is in it.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> inner = GraphBuilder("i").node("llm", lambda ctx: None).start("llm").end("llm").build()
        >>> outer = GraphBuilder("o").node("agent", inner).start("agent").end("agent").build()
        >>> [(path, node.kind) for path, node in nodes(outer)]
        [('agent', 'subgraph'), ('agent/llm', 'task')]
    """
    return unrolled(_nodes(graph.nodes, ""))


def _nodes(these: Mapping[str, Any], prefix: str) -> Iterator[Any]:
    for name, node in these.items():
        yield f"{prefix}{name}", node
        yield _nodes(inside(node), f"{prefix}{name}/")


def level_keys(graph: Any) -> Iterator[tuple[str, Any]]:
    """Walk the level keys of a nest, without visits, each with its graph.

    Every branch is a level of its own. One that is no graph has a single node and no edges:
    its graph is given as `None`, and so is that of the level around a branch's graph.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> inner = GraphBuilder("i").node("llm", lambda ctx: None).start("llm").end("llm").build()
        >>> outer = GraphBuilder("o").parallel("par", {"a": len, "deep": inner})
        >>> [key for key, _ in level_keys(outer.start("par").end("par").build())]
        ['', '/par|a', '/par|deep', '/par|deep/deep']
    """
    yield "", graph
    for name, node in graph.nodes.items():
        yield from unrolled(_keys_in(name, node, ""))


def _keys_in(name: str, node: Any, around: str) -> Iterator[Any]:
    key = f"{around}/{name}"
    graph = inner_graph(node)
    if graph is not None:
        yield key, graph
        for below, inner in graph.nodes.items():
            yield _keys_in(below, inner, key)
        return
    for branch, inner in branches_of(node).items():
        yield f"{key}|{branch}", None
        yield _keys_in(branch, inner, f"{key}|{branch}")


def node_at(graph: Any, path: str) -> Any:
    """Return a node by its path, with visits or without; `None` where there is none."""
    node: Any = None
    these: Mapping[str, Any] = graph.nodes
    for segment in path.split("/"):
        node = these.get(segment.partition("#")[0])
        these = inside(node)
    return node


def static_path(graph: Any, path: str) -> str:
    """Return a path without visits, and with ``*`` for each item of a map.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> g = GraphBuilder("g").map("check", len, over="urls").start("check").end("check")
        >>> static_path(g.build(), "check#2/7"), static_path(g.build(), "check/07")
        ('check/*', 'check/07')
    """
    found = []
    these: Mapping[str, Any] = graph.nodes
    for segment in path.split("/"):
        name = segment.partition("#")[0]
        node = these.get(name)
        found.append(EACH if isinstance(these, ItemBranches) and node is not None else name)
        these = inside(node)
    return "/".join(found)


def graph_at(graph: Any, level: str) -> Any:
    """Return the graph that the nodes of a level are in, by the level's path without visits.

    A branch that is no graph, or a pause inside a node, has none of its own: then it is the
    graph around it.

    Raises:
        KeyError: The path names no node.
    """
    these: Mapping[str, Any] = graph.nodes
    for segment in level.split("/") if level else []:
        if not these:
            break
        node = these[segment]
        own = inner_graph(node)
        graph = graph if own is None else own
        these = inside(node)
    return graph


def inside(node: Any) -> Mapping[str, Any]:
    """Return the nodes directly inside a node: those of its graph, or its branches."""
    graph = inner_graph(node)
    return branches_of(node) if graph is None else graph.nodes


def inner_graph(node: Any) -> Any:
    """Return the graph that a subgraph node runs; `None` for any other node."""
    graph = getattr(node, "graph", None)
    return graph if hasattr(graph, "nodes") else None


def unrolled(walk: Iterator[Any]) -> Iterator[Any]:
    """Walk on, depth first, into every walk that a walk yields; graphs may be nested deeply.

    Example:
        >>> def down(n):
        ...     yield n
        ...     if n:
        ...         yield down(n - 1)
        >>> sum(unrolled(down(10_000)))
        50005000
    """
    trail = [walk]
    while trail:
        for found in trail[-1]:
            if isinstance(found, GeneratorType):
                trail.append(found)
                break
            yield found
        else:
            trail.pop()


def branches_of(node: Any) -> Mapping[str, Any]:
    """Return the nodes that a parallel node runs side by side; empty for any other node."""
    return getattr(node, "branches", None) or {}
