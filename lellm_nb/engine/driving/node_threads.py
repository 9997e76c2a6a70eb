"""Threads for plain nodes in branches and under a limit: a node that hangs holds nobody else.

A pool with a fixed number of threads would be full of hanging nodes one day, and the
interpreter waits for such a pool when it exits. Here every call that finds no thread idle gets
a new one, and all of them are daemons.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

__all__ = ["NODE_THREADS", "NodeThreads"]

T = TypeVar("T")
IDLE = 30.0
"""Seconds that a thread waits for another call before it ends."""

_Job = tuple[Future[Any], Callable[[], Any]]


class NodeThreads(Executor):
    """As many daemon threads as there are calls going on; one that is idle is used again.

    Calls begin in the order in which they are given, as with the pools of Python.

    Example:
        >>> NodeThreads().submit(divmod, 7, 2).result(5)
        (3, 1)
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, in a forked child: threads stay behind."""
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._idle = threading.Semaphore(0)

    def submit(self, call: Callable[..., T], /, *args: Any, **named: Any) -> Future[T]:
        """Begin a call at once, on a thread where nothing else is going on."""
        future: Future[T] = Future()
        self._jobs.put((future, lambda: call(*args, **named)))
        if not self._idle.acquire(blocking=False):
            threading.Thread(
                target=_work, args=(self._jobs, self._idle), name="lellm_nb node", daemon=True
            ).start()
        return future


def _work(jobs: SimpleQueue[_Job], idle: threading.Semaphore) -> None:
    while True:
        try:
            job = jobs.get(timeout=IDLE)
        except Empty:
            if idle.acquire(blocking=False):
                return
            continue  # somebody counts on this thread: a job is about to come
        _do(*job)
        del job  # else it would hold what it returned until the next one
        idle.release()


def _do(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        came = call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(came)


NODE_THREADS = NodeThreads()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=NODE_THREADS.forget)
