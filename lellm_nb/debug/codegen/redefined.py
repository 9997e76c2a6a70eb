"""New code for old nodes: what was defined again, and which frames are older than it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Parallel, Subgraph, Task
from lellm_nb.record.frame import Frame

__all__ = ["locked", "meant_by_name", "redefined", "tasks", "written_after"]


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


class _Code:
    """What a graph's tasks are made of; found once, as steps ask for it one by one."""

    def __init__(self, graph: Graph) -> None:
        self.locked = frozenset(path for path, task in tasks(graph) if task.side_effects)
        self.functions: dict[Any, list[str]] = {}
        for path, task in tasks(graph):
            old: Any = task.fn
            if inspect.isfunction(old) and old.__qualname__ == old.__name__:
                self.functions.setdefault(old, []).append(path)


_seen: WeakKeyDictionary[Graph, _Code] = WeakKeyDictionary()


def _code(graph: Graph) -> _Code:
    found = _seen.get(graph)
    if found is None:
        found = _seen[graph] = _Code(graph)
    return found


def locked(graph: Graph) -> frozenset[str]:
    """Return the paths of the tasks with side effects: going over them again looks them up."""
    return _code(graph).locked


def redefined(graph: Graph, known: Mapping[str, Any]) -> dict[str, Callable[[Any], Any]]:
    """Return the functions that now stand under their old names, by path.

    Only plain functions at the top of a module count: running a cell again, or
    reloading a module, replaces them there.

    Args:
        known: By path, what the name of a function meant when it was put there by hand.
    """
    found: dict[str, Callable[[Any], Any]] = {}
    for old, paths in _code(graph).functions.items():
        new = meant_by_name(old)
        if new is old or not inspect.isfunction(new):
            continue
        if (new.__module__, new.__qualname__) == (old.__module__, old.__name__):
            found.update((path, new) for path in paths if new is not known.get(path))
    return found


def written_after(patched: Mapping[str, float], frame: Frame) -> bool:
    """Tell whether a frame's code was replaced after the frame was made."""
    return patched.get(frame.static_path, 0.0) > frame.started
