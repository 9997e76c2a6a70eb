"""Other code for the nodes of a compiled graph: a copy is compiled, the graph stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MethodType
from typing import Any, TypedDict

from langchain_core.runnables import Runnable
from langgraph.constants import START
from langgraph.graph import StateGraph

from lellm_nb.arguments import shown
from lellm_nb.errors import GraphError, InvalidNodeError, NoSuchNodeError
from lellm_nb.graph.code.code_place import TOOL, CodePlace

__all__ = ["holds_tools", "recompiled"]


def recompiled(shape: Any, codes: Mapping[CodePlace, Any], around: str = "") -> Any:
    """Return a compiled graph with other code at some places, of graphs inside as well.

    Args:
        shape: Of the graph.
        around: What stands before the paths where they are told; ends in ``/``.

    Raises:
        NoSuchNodeError: There is no such node.
        GraphError: It is in a graph that a function calls, or what is to replace it cannot run.
    """
    by_node: dict[str, dict[CodePlace, Any]] = {}
    for place, code in codes.items():
        name, _, rest = place.path.partition("/")
        if name not in shape.nodes:
            raise NoSuchNodeError(f"{around}{place.path}", [f"{around}{n}" for n in shape.nodes])
        by_node.setdefault(name, {})[place.at(rest)] = code
    nodes = dict(shape.compiled.nodes)
    for name, inside in by_node.items():
        node = shape.nodes[name]
        nodes[node.key] = _with_code(node, nodes[node.key], inside, f"{around}{name}")
    try:
        return shape.compiled.copy({"nodes": nodes})
    except ValueError as error:  # a plain function, say, where the node has a timeout
        raise GraphError(f"LangGraph does not take the new code: {error}") from error


def _with_code(node: Any, kept: Any, codes: Mapping[CodePlace, Any], path: str) -> Any:
    """Return a node of LangGraph's with other code of its own, or of the graph inside."""
    tools = {place.target: code for place, code in codes.items() if place.part == TOOL}
    below = {place: code for place, code in codes.items() if place.path}
    if below:
        graph = _graph_of(node, path, next(iter(below)).path)
        made = recompiled(graph, below, f"{path}/")
        kept = kept.copy({"bound": made, "subgraphs": [made]})
    elif tools:
        kept = kept.copy({"bound": _with_tools(kept.bound, tools)})
    for place, code in codes.items():
        if place == CodePlace(""):
            other = _node(node.key, code, path)
            kept = kept.copy({"bound": other.bound, "subgraphs": other.subgraphs})
    return kept


def _graph_of(node: Any, path: str, inside: str) -> Any:
    """Return the graph in a node of which the code can be exchanged."""
    if node.graph is None:
        raise NoSuchNodeError(f"{path}/{inside}", (), f"Node {path!r} has nothing inside.")
    if node.graph.called:
        raise GraphError(
            f"{path}/{inside} is in a graph that the function of {path!r} calls, and cannot be"
            f" exchanged from outside: patch {path!r}."
        )
    return node.graph


class _Nothing(TypedDict):
    """The state of a graph that is only there to have LangGraph make a node of a function."""


def _node(key: str, code: Any, path: str) -> Any:
    if isinstance(code, type) or not (callable(code) or isinstance(code, Runnable)):
        raise InvalidNodeError(path, f"{shown(code)} cannot run: give a function of the state.")
    graph = StateGraph(_Nothing).add_node(key, code, input_schema=_Nothing).add_edge(START, key)
    return graph.compile().nodes[key]


# -- nodes of tools --------------------------------------------------------------------------


def holds_tools(runs: Any) -> bool:
    """Tell whether the tools of a node of tools can be exchanged one by one."""
    known = getattr(runs, "tools_by_name", None)
    return known is not None and any(value is known for value in _attributes(runs).values())


def _with_tools(runs: Any, tools: Mapping[str, Any]) -> Any:
    """Return a copy of a node of tools with some other tools; its own methods go with it."""
    known, made = runs.tools_by_name, copy.copy(runs)
    for name, value in list(_attributes(runs).items()):
        if value is known:
            setattr(made, name, {**known, **tools})
        elif isinstance(value, MethodType) and value.__self__ is runs:
            setattr(made, name, MethodType(value.__func__, made))
    return made


def _attributes(runs: Any) -> Mapping[str, Any]:
    return getattr(runs, "__dict__", {})
