"""Threads that a node starts belong to it, with their calls; what they print does not (K1)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import thread as pools
from contextlib import suppress
from typing import Any

from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.wire.node_here import STARTED_IN, node_here
from lellm_nb.calls.wire.patch import Patch

__all__ = ["thread_patches"]

_OWN = __name__.partition(".")[0] + "."
_POOLS = pools.__name__


def thread_patches() -> list[Patch]:
    """Have plain threads and the tasks of thread pools take the node along that starts them."""
    return [
        Patch(threading.Thread, "start", _starting),
        Patch(ThreadPoolExecutor, "submit", _submitting),
    ]


def _starting(start: Callable[..., None]) -> Callable[..., None]:
    def wrapper(thread: threading.Thread) -> None:
        node = node_here()
        if node is None or _serves_others(thread):
            return start(thread)
        run = thread.run

        def run_in_node() -> None:
            vars(thread).pop("run", None)  # it would hold the thread in a circle
            STARTED_IN.set(node)
            with suppress(CallStop):  # whoever runs the node asks its tape
                run()

        thread.run = run_in_node  # type: ignore[method-assign]  # of this thread alone
        try:
            return start(thread)
        except BaseException:
            vars(thread).pop("run", None)
            raise

    return wrapper


def _serves_others(thread: threading.Thread) -> bool:
    """Tell whether a thread works for whoever comes: a pool's, or one of the debugger's own."""
    module = getattr(getattr(thread, "_target", None), "__module__", None) or ""
    return module == _POOLS or module.startswith(_OWN)


def _submitting(submit: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(
        pool: ThreadPoolExecutor, work: Callable[..., Any], /, *args: Any, **named: Any
    ) -> Any:
        node = node_here()
        if node is None:
            return submit(pool, work, *args, **named)

        def work_in_node(*args: Any, **named: Any) -> Any:
            mark = STARTED_IN.set(node)
            try:
                return work(*args, **named)
            finally:
                STARTED_IN.reset(mark)

        return submit(pool, work_in_node, *args, **named)

    return wrapper
