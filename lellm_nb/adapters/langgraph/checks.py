"""What a graph is called with, and which LangGraph is there, looked at before anything runs."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lellm_nb.arguments import shown
from lellm_nb.errors import DebuggerError

__all__ = [
    *("OLDEST", "check_called", "check_once", "installed", "version_of"),
    *("resumes_siblings", "returns_streamed", "sends_untracked"),
]

OLDEST = (1, 0)
"""Older versions have another inside."""


@cache
def installed() -> str:
    """Return the version of LangGraph that is installed; to look takes a third of an opening."""
    return importlib.metadata.version("langgraph")


def version_of(text: str) -> tuple[int, ...]:
    """Return a version as numbers.

    Example:
        >>> version_of("1.2.16"), version_of("1.3.0rc1")
        ((1, 2, 16), (1, 3))
    """
    parts = text.split(".")[:3]
    return tuple(int(part) for part in parts if part.isdigit())


@cache
def returns_streamed() -> bool:
    """Tell whether a task that a function calls returns its value where a handler streams.

    In older versions the function gets `None`, but for LangGraph's own stream of messages.
    """
    return version_of(installed()) >= (1, 2, 20)


@cache
def resumes_siblings() -> bool:
    """Tell whether a subgraph that is gone on with keeps what some of its tasks have written.

    In older versions all tasks of its super-step run again.
    """
    return version_of(installed()) >= (1, 2, 16)


@cache
def sends_untracked() -> bool:
    """Tell whether what is sent to a node keeps untracked values when a run is left and resumed.

    The first versions left them there.
    """
    return version_of(installed()) < (1, 0, 2)


def check_called(config: Any) -> None:
    """Look at the config that a graph is called with, and at the version of LangGraph.

    Raises:
        DebuggerError: It does not fit; says what to do.
    """
    version = installed()
    if version_of(version) < OLDEST:
        raise DebuggerError(
            f"LangGraph {version} is installed, and 1.0 or newer is needed:"
            ' pip install -U "langgraph>=1.0".'
        )
    if config is None:
        return
    own = config.get("configurable") if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(own, Mapping | None):
        raise DebuggerError(
            'config is a mapping such as {"configurable": {"thread_id": "1"},'
            f' "recursion_limit": 25}}, not {shown(config)}.'
        )
    if own and own.get("checkpoint_id"):
        raise DebuggerError(
            "config names a checkpoint, which is no place to begin a run from:"
            " Debugger.open_thread(graph, config) opens the thread there."
        )


_checked: set[str] = set()
_checking = threading.Lock()


def check_once(check: Callable[[], None]) -> None:
    """Look once, for each version of LangGraph, whether what the adapter relies on still holds.

    Args:
        check: Raises what does not.

    Raises:
        DebuggerError: Something does not hold; names the version.
    """
    version = installed()
    with _checking:
        if version in _checked:
            return
        _checked.add(version)  # the check itself makes a run, which must not check again
    try:
        check()
    except AssertionError as error:
        _checked.discard(version)
        raise DebuggerError(
            f"LangGraph {version} does not do what this debugger relies on: {error}."
            " Its graphs would be debugged wrongly. Another version may do: see"
            " docs/from-langgraph.md for those that are known to."
        ) from error
