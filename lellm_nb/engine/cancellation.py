"""Cancelling a run from anywhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from lellm_nb.arguments import plain_function, refusal
from lellm_nb.errors import RunError

__all__ = ["CancellationToken", "being_cancelled", "checked_token"]


class CancellationToken:
    """Set once, from any thread; runs look at it before every node, at commit and in waits.

    Attributes:
        is_cancelled: Whether nothing more is to be committed.
        interrupted: Whether a person interrupted what is in flight: the run pauses.

    Example:
        >>> token = CancellationToken()
        >>> token.cancel()
        >>> token.is_cancelled
        True
    """

    __slots__ = ("_callbacks", "interrupted", "is_cancelled")

    def __init__(self) -> None:
        self.is_cancelled = False
        self.interrupted = False
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Ask every run that holds this token to stop now."""
        self.is_cancelled = True
        self._tell()

    def interrupt(self) -> None:
        """End what is being awaited now; what is done already is committed, and the run pauses."""
        self.interrupted = True
        self._tell()

    def _tell(self) -> None:
        # without a lock: a signal's handler calls this, whatever its thread is at
        for callback in list(self._callbacks):
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when cancelled or interrupted, now if it is already.

        It may be called more than once.

        Returns:
            How to undo it.
        """
        plain_function(callback, "callback", RunError, "")
        return self.heard_by(callback)

    def heard_by(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Do the same for a callback that is known to fit: looking at it costs half a step."""
        self._callbacks.append(callback)
        if self.is_cancelled or self.interrupted:
            callback()
        return lambda: self._forget(callback)

    def _forget(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(ValueError):
            self._callbacks.remove(callback)


def checked_token(given: CancellationToken | None) -> CancellationToken | None:
    """Return a token, or `None` for none.

    Raises:
        RunError: It is something else.
    """
    if given is not None and not isinstance(given, CancellationToken):
        raise refusal(given, "cancel", "a CancellationToken", RunError)
    return given


def being_cancelled() -> bool:
    """Whether somebody has asked the current task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
