"""A function without a graph, as a graph of one node (CALLS.md, K9)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from lellm_nb.graph.builder import GraphBuilder
from lellm_nb.graph.graph import Graph

__all__ = ["RESULT", "function_graph"]

RESULT = "result"
"""The key of what the function returned."""


def function_graph(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Graph:
    """Return a graph whose one node calls a function, and keeps what it returned.

    Lists, dicts and sets among the arguments are copied for each time that it runs: what it
    changes in them is not there when it is begun anew.

    Example:
        >>> graph = function_graph(lambda text: text.upper(), ["hi"], {})
        >>> graph.run({}).state
        State({'result': 'HI'})
    """

    def call() -> Any:
        return function(*map(_copied, args), **{key: _copied(kwargs[key]) for key in kwargs})

    async def awaited(work: Awaitable[Any]) -> dict[str, Any]:
        return {RESULT: await work}

    def plain(ctx: Any) -> Any:
        returned = call()
        return awaited(returned) if inspect.isawaitable(returned) else {RESULT: returned}

    async def waiting(ctx: Any) -> dict[str, Any]:
        return {RESULT: await call()}

    name = re.sub(r"\W+", "_", getattr(function, "__name__", "")).strip("_") or "function"
    node = waiting if inspect.iscoroutinefunction(function) else plain
    return GraphBuilder(name).node(name, node).start(name).end(name).build()


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _copied(one) for key, one in value.items()}
    if kind in (list, tuple, set):
        return kind(map(_copied, value))
    return value
