"""New code for old nodes: what was put in by hand, what was defined again, what is older."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from lellm_nb.debug.breakpoints.unsaved_condition import UnsavedCondition
from lellm_nb.graph.walk import nodes
from lellm_nb.record.frame import Frame

__all__ = ["ReplacedCode", "meant_by_name"]


class ReplacedCode:
    """Which nodes of a line have other code than the one they began with.

    Attributes:
        since: When a node's function was exchanged, by its path.
        lost: What is known of functions that a store could not keep, by the paths of nodes
            that run the graph's own instead.
    """

    def __init__(self) -> None:
        self.since: dict[str, float] = {}
        self.lost: dict[str, UnsavedCondition] = {}
        self._by_hand: dict[str, Any] = {}

    def copied(self) -> ReplacedCode:
        """Return the same for another line, to be changed apart."""
        made = ReplacedCode()
        made.since = dict(self.since)
        made.lost = dict(self.lost)
        made._by_hand = dict(self._by_hand)
        return made

    def exchanged(self, paths: Iterable[str], now: float) -> None:
        """Take note that some nodes have a new function from now on."""
        new = dict.fromkeys(paths, now)
        self.since |= new
        self.lost = {path: code for path, code in self.lost.items() if path not in new}

    def put_by_hand(self, functions: Mapping[str, Any]) -> None:
        """Remember what the names of functions meant when they were put in by hand."""
        self._by_hand |= {path: meant_by_name(function) for path, function in functions.items()}

    def redefined(self, graph: Any) -> dict[str, Callable[[Any], Any]]:
        """Return the functions that now stand under their old names, by path.

        Only plain functions at the top of a module count: running a cell again, or
        reloading a module, replaces them there.
        """
        found: dict[str, Callable[[Any], Any]] = {}
        for old, paths in _functions(graph).items():
            new = meant_by_name(old)
            if new is old or not inspect.isfunction(new):
                continue
            if (new.__module__, new.__qualname__) == (old.__module__, old.__name__):
                found.update((path, new) for path in paths if new is not self._by_hand.get(path))
        return found

    def is_older(self, frame: Frame) -> bool:
        """Tell whether a frame's code was replaced after the frame was made."""
        return self.since.get(frame.static_path, 0.0) > frame.started


def meant_by_name(function: Any) -> Any:
    """Return what now stands under a function's name, at the top of its module."""
    return getattr(function, "__globals__", {}).get(getattr(function, "__name__", ""))


_seen: WeakKeyDictionary[Any, dict[Any, list[str]]] = WeakKeyDictionary()
"""By graph: found once, as steps ask for it one by one."""


def _functions(graph: Any) -> dict[Any, list[str]]:
    """Return the plain functions of a nest with the paths of the tasks that run them."""
    found = _seen.get(graph)
    if found is None:
        found = _seen[graph] = {}
        for path, node in nodes(graph):
            function: Any = getattr(node, "fn", None)
            if inspect.isfunction(function) and function.__qualname__ == function.__name__:
                found.setdefault(function, []).append(path)
    return found
