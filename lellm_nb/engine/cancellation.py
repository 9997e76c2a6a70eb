"""Cancelling a run from anywhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

__all__ = ["CancellationToken", "being_cancelled"]


class CancellationToken:
    """Set once, from any thread; runs look at it before every node, at commit and in waits.

    Example:
        >>> token = CancellationToken()
        >>> token.cancel()
        >>> token.is_cancelled
        True
    """

    __slots__ = ("_callbacks", "_lock", "is_cancelled")

    def __init__(self) -> None:
        self.is_cancelled = False
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Ask every run that holds this token to stop now."""
        with self._lock:
            self.is_cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` once when cancelled, now if it is already; returns how to undo it."""
        with self._lock:
            if not self.is_cancelled:
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


def being_cancelled() -> bool:
    """Whether somebody has asked the current task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
