"""Which node the calling code belongs to, and where its calls are taken down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from lellm_nb.calls.wire.call_sink import CallSink

__all__ = ["STARTED_IN", "found_by", "inside", "node_here", "tape_here"]

STARTED_IN: ContextVar[Any] = ContextVar("lellm_nb started in", default=None)
"""On a thread that a node started: that node, for its context does not come along."""

_INSIDE: ContextVar[Any] = ContextVar("lellm_nb inside of a client", default=None)
"""The node that a client is sending for: what it sends itself is a part of that."""


def _no_tape(_node: Any) -> CallSink | None:
    return None


def _no_node() -> Any:
    return None


_find: Callable[[Any], CallSink | None] = _no_tape
_node: Callable[[], Any] = _no_node


def found_by(
    find: Callable[[Any], CallSink | None] = _no_tape, node: Callable[[], Any] = _no_node
) -> None:
    """Take how nodes and tapes are found from now on; with no arguments, that there are none.

    Args:
        find: Gives the tape of a node, making it at the node's first call.
        node: Gives what `find` knows the node by that runs in this context, or `None`: cheaply,
            for it is asked at each request and wherever a thread is started.
    """
    global _find, _node
    _find, _node = find, node


def node_here() -> Any:
    """Return what the node is known by that the calling code belongs to.

    `None` outside of nodes, and inside of a client that sends for that node: the outermost
    boundary counts, as litellm's httpx rides on aiohttp.
    """
    node = _node()
    if node is None:
        node = STARTED_IN.get()
    return None if node is _INSIDE.get() else node


def tape_here() -> CallSink | None:
    """Return the tape on which the calling code's requests are taken down, `None` for nowhere."""
    node = node_here()
    return None if node is None else _find(node)


@contextmanager
def inside() -> Iterator[None]:
    """Have what is sent in this block belong to nobody, or to what is being sent around it."""
    node = _node()
    mark = _INSIDE.set(STARTED_IN.get() if node is None else node)
    try:
        yield
    finally:
        _INSIDE.reset(mark)
