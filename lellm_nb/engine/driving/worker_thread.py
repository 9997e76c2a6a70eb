"""A thread of one's own for what is asked by button: started on first use, ended with its owner."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue

__all__ = ["WorkerThread"]

GRACE = 1.0
"""Seconds that a thread gets to end at the interpreter's exit; one that hangs is left to die."""

Job = Callable[[], None]
_alive: weakref.WeakSet[WorkerThread] = weakref.WeakSet()


class WorkerThread:
    """Does one job after the other, each on the same daemon thread.

    Example:
        >>> done = threading.Event()
        >>> worker = WorkerThread()
        >>> worker.do(done.set)
        >>> done.wait(5)
        True
        >>> worker.end()
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.thread: threading.Thread | None = None
        # the thread knows only its queue: the owner may be collected while it waits
        weakref.finalize(self, self._jobs.put, None).atexit = False
        _alive.add(self)

    @property
    def here(self) -> bool:
        """Whether the caller is on this thread."""
        return threading.current_thread() is self.thread

    def do(self, job: Job) -> None:
        """Have a job done after those before it; it must not raise."""
        if self.thread is None or not self.thread.is_alive():  # the first, or after a fork
            self.thread = threading.Thread(
                target=_work, args=(self._jobs,), name="lellm_nb runner", daemon=True
            )
            self.thread.start()
        self._jobs.put(job)

    def end(self) -> None:
        """Let the thread end after what it has to do."""
        self._jobs.put(None)


def _work(jobs: SimpleQueue[Job | None]) -> None:
    while True:
        job = jobs.get()
        if job is None:
            return
        job()
        del job  # else it would hold its debugger until the next one


def _end_all() -> None:
    workers = list(_alive)
    for worker in workers:
        worker.end()
    for worker in workers:
        if worker.thread is not None:
            worker.thread.join(GRACE)


atexit.register(_end_all)
