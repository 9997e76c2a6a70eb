"""Which library a graph is of, told without importing one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import flag
from lellm_nb.errors import DebuggerError
from lellm_nb.errors.safe_text import safe_type
from lellm_nb.graph.shapes.shape import GraphShape
from lellm_nb.session.protocol import Session

if TYPE_CHECKING:
    from lellm_nb.adapters.langgraph.keeping.reopened import Reopening

__all__ = ["NOT_CALLED", "foreign_reopening", "foreign_session", "foreign_shape", "foreign_thread"]
__all__ += ["is_foreign"]

NOT_CALLED: Mapping[str, Any] = {"config": None, "context": None, "stream": True}
"""What a graph of another library is called with, and what that is where nothing was said."""


def is_foreign(graph: Any) -> bool:
    """Tell whether something is a graph of a library that there is an adapter for.

    Example:
        >>> is_foreign({"nodes": []})
        False
    """
    return any(_named(graph, name) for name in ("Pregel", "PregelProtocol", "StateGraph"))


def _named(graph: Any, name: str) -> bool:
    """Tell whether something is of a class of LangGraph, which is loaded if it is."""
    if "langgraph" not in sys.modules:
        return False
    return any(
        base.__name__ == name and base.__module__.startswith("langgraph.")
        for base in type(graph).__mro__
    )


def foreign_session(graph: Any, input: Any, **called: Any) -> Session:
    """Return the session of a graph of another library.

    Args:
        input: What the run begins with.
        called: What else the graph is called with: ``config, context, stream``.

    Raises:
        DebuggerError: It cannot be run here; says what to do.
    """
    _check(graph)
    from lellm_nb.adapters.langgraph import LangGraphSession, check_called, check_once, self_check

    flag(called.get("stream", True), "stream", DebuggerError)
    check_called(called.get("config"))
    check_once(lambda: self_check(LangGraphSession))
    return LangGraphSession(graph, input, **called)


def foreign_thread(graph: Any, config: Any, **called: Any) -> Session:
    """Return the session of a thread that a saver of the user's has.

    Args:
        config: Names the thread.
        called: ``context, stream``.

    Raises:
        DebuggerError: There is none, or it cannot be run here; says what to do.
    """
    if not is_foreign(graph):
        raise DebuggerError(f"A {safe_type(graph)} has no threads: give a graph of LangGraph.")
    _check(graph)
    from lellm_nb.adapters.langgraph import LangGraphSession, check_called, check_once, self_check

    check_called(None)
    check_once(lambda: self_check(LangGraphSession))
    return LangGraphSession.of_thread(graph, config, **called)


def foreign_shape(graph: Any) -> GraphShape:
    """Return what a graph of another library looks like.

    Raises:
        DebuggerError: It cannot be looked at here; says what to do.
    """
    _check(graph)
    from lellm_nb.adapters.langgraph.shape import shape_of

    shape: GraphShape = shape_of(graph)
    return shape


def foreign_reopening(graph: Any, **called: Any) -> Reopening:
    """Return what goes on with a kept run of a graph of another library.

    Args:
        called: What else the graph is called with: ``config, context, stream``.

    Raises:
        DebuggerError: It cannot be run here; says what to do.
    """
    _check(graph)
    from lellm_nb.adapters.langgraph import LangGraphSession, check_called
    from lellm_nb.adapters.langgraph.keeping.reopened import Reopening

    flag(called.get("stream", True), "stream", DebuggerError)
    check_called(called.get("config"))
    return Reopening(LangGraphSession.of_history, graph, **called)


def _check(graph: Any) -> None:
    if _named(graph, "StateGraph"):
        raise DebuggerError(
            f"This {safe_type(graph)} is not compiled: give graph.compile() instead of graph."
        )
    if _named(graph, "RemoteGraph") or not _named(graph, "Pregel"):
        raise DebuggerError(
            f"A {safe_type(graph)} runs on a server, where nothing can be stopped or rewound."
            " Give the compiled graph itself, in the process that runs it."
        )
