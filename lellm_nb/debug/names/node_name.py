"""Which node, edge or value a user means by a name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lellm_nb.arguments import refusal
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.errors import DebuggerError, NoSuchNodeError, listed
from lellm_nb.graph.item_branches import EACH
from lellm_nb.graph.make_node import recomposed
from lellm_nb.graph.walk import graph_at, node_at, nodes, static_path
from lellm_nb.graph.ways import ways_out
from lellm_nb.record.frame import Frame

__all__ = [
    "asked_edge_of",
    "edge_of",
    "item_path",
    "node_path",
    "node_paths",
    "plain_nodes",
    "refuse_composite",
    "refuse_function_at_node",
    "value_path",
]


def node_paths(graph: Any) -> list[str]:
    """Return the paths of all nodes, composites before what is in them."""
    return [path for path, _ in nodes(graph)]


def node_path(graph: Any, node: Any) -> str:
    """Return the path without visits that a user's name means.

    Raises:
        NoSuchNodeError: There is no such node, or more than one.
    """
    paths = node_paths(graph)
    if node in paths:
        return str(node)
    if isinstance(node, str) and (static := static_path(graph, node)) in paths and "/" in node:
        return static
    ends = [path for path in paths if path.rpartition("/")[2] == node]
    if len(ends) == 1:
        return ends[0]
    problem = f"{node!r} is the name of several nodes; give a path." if ends else ""
    raise NoSuchNodeError(str(node), ends or paths, problem)


def item_path(node: str, static: str) -> str:
    """Return the path of a node as it was named: with the number, where one item of a map is meant.

    Args:
        static: What `node_path` found for the name.

    Example:
        >>> item_path("check#2/3/draft", "check/*/draft"), item_path("draft", "check/*/draft")
        ('check/3/draft', 'check/*/draft')
    """
    segments = static.split("/")
    named = [segment.partition("#")[0] for segment in node.split("/")]
    return "/".join(named) if EACH in segments and len(named) == len(segments) else static


def edge_of(graph: Any, edge: Any) -> tuple[str, str]:
    """Return the path of an edge's source, and the name of its target.

    Raises:
        NoSuchNodeError: There is no such edge; lists those that leave the source.
        DebuggerError: It is no pair of names.
    """
    if not isinstance(edge, tuple | list) or [str] * 2 != [type(part) for part in edge]:
        raise refusal(edge, "edge", "(source, target), two names", DebuggerError)
    source, target = edge
    path = node_path(graph, source)
    to = target.rpartition("/")[2]
    leaving = _ways_out(graph, path)
    if to not in leaving:
        known = [f"{source} -> {name}" for name in leaving]
        raise NoSuchNodeError(f"{source} -> {target}", known, kind="edge")
    return path, to


def asked_edge_of(graph: Any, edge: Any) -> tuple[str, str]:
    """Return the same of an edge that may be asked in vain: one that has a condition.

    Raises:
        NoSuchNodeError: As for `edge_of`.
        DebuggerError: As for `edge_of`, or it has none; names those that have.
    """
    path, to = edge_of(graph, edge)
    level, _, node = path.rpartition("/")
    inner = graph_at(graph, level)
    leaving = [way for way in ways_out(inner, node) if way.kind == "conditional"]
    if to not in [edge.target for edge in leaving]:
        asked = [edge.label for edge in leaving]
        more = f"those of {path} that have one: {listed(asked)}"
        more = more if asked else f"no edge of {path} has one"
        raise DebuggerError(
            f"Edge {node} -> {to} has no condition, so it is never refused; {more}."
        )
    return path, to


def _ways_out(graph: Any, path: str) -> list[str]:
    """Return where a node may lead: edges, cases, declared gotos, its error route."""
    level, _, node = path.rpartition("/")
    inner = graph_at(graph, level)
    if node not in inner.nodes:
        return []
    return [way.target for way in ways_out(inner, node)]


def value_path(graph: Any, what: Any, before: Callable[[Frame], Any]) -> ValuePath:
    """Return the place of a value: a key, a path tuple or ``"level:key"``."""
    paths = node_paths(graph)
    levels = [path.rpartition("/")[0] for path in paths]
    return ValuePath(what, [*levels, *paths], before, partial(static_path, graph))


def refuse_composite(graph: Any, path: str, what: str) -> None:
    """Refuse a node that has others inside.

    Args:
        what: What to do then, in words that end before the nodes inside.

    Raises:
        DebuggerError: It has.
    """
    inside = [each for each in node_paths(graph) if each.startswith(f"{path}/")]
    if inside:
        raise DebuggerError(f"{path!r} has nodes inside, and {what} {listed(inside)}.")


def refuse_function_at_node(graph: Any, frame: Frame, put: Any, write: str) -> None:
    """Refuse a function that is put under the name of a node: it was meant to run there.

    Args:
        frame: Where it is put; a key that its state has is meant as a key.
        write: What to write instead, with braces for the node.

    Raises:
        DebuggerError: There is one.
    """
    for key, value in put.items() if isinstance(put, Mapping) else ():
        if not isinstance(key, str) or not inspect.isroutine(value):
            continue
        is_node = any(key in (path, path.rpartition("/")[2]) for path in node_paths(graph))
        if is_node and key not in kept_items(frame.level.data):
            raise DebuggerError(
                f"put has a function for {key!r}, which is a node and no key of the state. To run"
                f" it there: {write.format(repr(key))}."
            )


def plain_nodes(graph: Any, given: Any) -> dict[str, Any]:
    """Return functions by the paths of the nodes that they are for.

    Raises:
        NoSuchNodeError: There is no such node.
        DebuggerError: It is a node whose code is not one function.
    """
    if not isinstance(given, Mapping):
        raise refusal(given, "nodes", "a mapping of nodes to functions", DebuggerError)
    found = {node_path(graph, name): function for name, function in given.items()}
    for path, code in found.items():
        node = node_at(graph, path)
        if recomposed(node, code) is not None:
            continue
        if getattr(node, "fn", None) is None:  # a function of the user's may call a whole graph
            refuse_composite(graph, path, "stays as it is; patch")
        kind = getattr(node, "kind", "")
        if kind in ("barrier", "condition"):
            raise DebuggerError(f"{path!r} is a {kind}, and runs no function to replace.")
    return found
