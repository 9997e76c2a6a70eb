"""New code for old nodes: what was defined again, and which frames are older than it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Parallel, Subgraph, Task
from lellm_nb.record.frame import Frame

__all__ = ["meant_by_name", "redefined", "tasks", "written_after"]


def tasks(graph: Graph, prefix: str = "") -> Iterator[tuple[str, Task]]:
    """Walk every task of a nest with its path without visits."""
    for name, node in graph.nodes.items():
        if isinstance(node, Task):
            yield prefix + name, node
        elif isinstance(node, Subgraph):
            yield from tasks(node.graph, f"{prefix}{name}/")
        elif isinstance(node, Parallel):
            for branch, inner in node.branches.items():
                if isinstance(inner, Task):
                    yield f"{prefix}{name}/{branch}", inner
                elif isinstance(inner, Subgraph):
                    yield from tasks(inner.graph, f"{prefix}{name}/{branch}/")


def meant_by_name(function: Any) -> Any:
    """Return what now stands under a function's name, at the top of its module."""
    return getattr(function, "__globals__", {}).get(getattr(function, "__name__", ""))


def redefined(graph: Graph, known: Mapping[str, Any]) -> dict[str, Callable[[Any], Any]]:
    """Return the functions that now stand under their old names, by path.

    Only plain functions at the top of a module count: running a cell again, or
    reloading a module, replaces them there.

    Args:
        known: By path, what the name of a function meant when it was put there by hand.
    """
    found: dict[str, Callable[[Any], Any]] = {}
    for path, task in tasks(graph):
        old: Any = task.fn
        name = getattr(old, "__name__", "")
        if not inspect.isfunction(old) or old.__qualname__ != name:
            continue
        new = meant_by_name(old)
        if new is old or new is known.get(path) or not inspect.isfunction(new):
            continue
        if (new.__module__, new.__qualname__) == (old.__module__, name):
            found[path] = new
    return found


def written_after(patched: Mapping[str, float], frame: Frame) -> bool:
    """Tell whether a frame's code was replaced after the frame was made."""
    return patched.get(frame.static_path, 0.0) > frame.started
