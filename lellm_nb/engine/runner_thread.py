"""The thread that engines run on, with an event loop of its own."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from lellm_nb.errors import DebuggerError

__all__ = ["Runner", "runner"]

T = TypeVar("T")

GRACE = 0.5
"""Seconds that tasks get to let go at the interpreter's exit."""


class Runner:
    """One daemon thread with one asyncio loop; nothing else touches a position.

    A handler of a button only posts a coroutine here and returns: it may be called
    on the kernel's main thread or on a subshell's.
    """

    def __init__(self) -> None:
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()

        def main() -> None:
            asyncio.set_event_loop(self.loop)
            self.loop.call_soon(ready.set)
            self.loop.run_forever()

        self.thread = threading.Thread(target=main, name="lellm_nb runner", daemon=True)
        self.thread.start()
        ready.wait()

    @property
    def here(self) -> bool:
        """Whether the caller is on the runner's thread."""
        return threading.current_thread() is self.thread

    def post(
        self, work: Coroutine[Any, Any, T], on_interrupt: Callable[[], None] | None = None
    ) -> Future[T]:
        """Start a coroutine on the runner and return at once.

        Args:
            on_interrupt: Called instead of losing track of the work when Ctrl-C comes in
                the middle of this; without it the interrupt is raised.
        """
        future: Future[T] = Future()
        begun = False

        def begin() -> None:
            nonlocal begun
            if not begun:  # posted twice, where an interrupt came in between
                begun = True
                task = self.loop.create_task(work)
                task.add_done_callback(lambda done: _hand_over(done, future))
                future.add_done_callback(lambda done: self._follow(done, task))

        while True:
            try:
                self.loop.call_soon_threadsafe(begin)
                return future
            except KeyboardInterrupt:
                if on_interrupt is None:
                    raise
                on_interrupt()

    def _follow(self, future: Future[Any], task: asyncio.Task[Any]) -> None:
        if future.cancelled() and not task.done():
            self.loop.call_soon_threadsafe(task.cancel)

    def close(self) -> None:
        """Cancel what is going on and end the loop; at the interpreter's exit."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            if others:
                await asyncio.wait(others, timeout=GRACE)
            self.loop.call_soon(self.loop.stop)

        if self.thread.is_alive():
            self.post(end())
            self.thread.join(GRACE * 2)  # a node that blocks in plain Python is left to die

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the runner and wait for it; Ctrl-C cancels it.

        Raises:
            DebuggerError: Called on the runner itself, which would wait for ever.
        """
        if self.here:
            work.close()
            raise DebuggerError(
                "This was called on the runner's own thread (inside a node or a predicate),"
                " where waiting for the runner would never end. Use the async form with await."
            )
        future = self.post(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise


def _hand_over(task: asyncio.Task[T], future: Future[T]) -> None:
    """Give a task's end to the one who waits for it on another thread."""
    if task.cancelled():
        future.cancel()
        future.set_running_or_notify_cancel()
        return
    error = task.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())


_runner: Runner | None = None
_lock = threading.Lock()


def runner() -> Runner:
    """Return the process's runner, started on first use (and anew after a fork)."""
    global _runner
    with _lock:
        if _runner is None or not _runner.thread.is_alive():
            _runner = Runner()
            atexit.register(_runner.close)
        return _runner
