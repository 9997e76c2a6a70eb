"""Interrupt: noted at once, raised in the user's code only (SEMANTICS R11).

A KeyboardInterrupt between two instructions of ours could leave a claim, a transaction or a
lock behind. So the signal is taken here: it is noted, and raised where it stands only if that
is in code of the user's: a node, a condition. Everything of ours looks at the note instead.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums: at every command
import os
import sysconfig
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from signal import SIGINT
from threading import get_ident
from types import CodeType, FrameType, TracebackType
from typing import Any

__all__ = ["InterruptGuard", "UninterruptedLock", "interrupts_noted", "whose_code"]

PATIENCE = 9
"""Interrupts of one command that are only noted where they meet code of ours: then it hangs."""

_OURS = str(Path(__file__).parent) + os.sep
_LIBRARY = tuple({sysconfig.get_path("stdlib") + os.sep, sysconfig.get_path("platstdlib") + os.sep})
_INSTALLED = ("site-packages", "dist-packages")
_places: dict[CodeType, str] = {}
_main = threading.main_thread().ident
_whole: list[AbstractContextManager[Any]] = []
"""A guard for each lock that the main thread holds."""


def interrupts_noted(
    noted: Callable[[], None] | None = None,
) -> AbstractContextManager[Any]:
    """Take SIGINT for the time of a block on the main thread; elsewhere it does not come.

    Args:
        noted: Told of every interrupt, before it is raised if it is; must only take note. Without
            it the interrupt is raised when the block is over, unless something else was.

    Example:
        >>> with interrupts_noted():
        ...     print("all of it")
        all of it
    """
    if get_ident() != _main:
        return _NOTHING
    before = _signal.getsignal(SIGINT)
    # the process may have chosen not to hear it, or somebody guards already, and will tell
    if not callable(before) or (noted is None and guarded(before)):
        return _NOTHING
    guard = InterruptGuard(noted, before)
    _signal.signal(SIGINT, guard.heard)
    return guard


_NOTHING = nullcontext()


class InterruptGuard(AbstractContextManager["InterruptGuard"]):
    """What `interrupts_noted` is on the main thread: the handler of the signal.

    Args:
        before: The handler that it stands before.
    """

    __slots__ = ("_before", "_count", "_noted")

    def __init__(self, noted: Callable[[], None] | None, before: Any) -> None:
        self._noted = noted
        self._before = before
        self._count = 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # a node may have put its own handler there, to stay: `breakpoint()` does
        if _signal.getsignal(SIGINT) == self.heard:
            _signal.signal(SIGINT, self._before)
        if self._noted is None and self._count and error is None:
            self._before(SIGINT, None)

    def heard(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        self._count += 1
        if self._noted is not None:
            self._noted()
        # a node that runs another debugger is interrupted with what it waits for
        users = not _whole and _in_users_code(frame)
        if self._count > PATIENCE or guarded(self._before) or users:
            self._before(number, frame)


class UninterruptedLock:
    """A reentrant lock; what is done under it on the main thread is done whole.

    Attributes:
        alone: The lock without the rest, for what is done whole already.

    Example:
        >>> lock = UninterruptedLock()
        >>> with lock, lock:
        ...     print("all of it")
        all of it
    """

    def __init__(self) -> None:
        self.alone = threading.RLock()

    def __enter__(self) -> None:
        if get_ident() == _main:
            _whole.append(_NOTHING if _whole else interrupts_noted())
        self.alone.acquire()

    def __exit__(self, *raised: Any) -> None:
        self.alone.release()
        if get_ident() == _main:
            guard = _whole.pop()
            if guard is not _NOTHING:
                guard.__exit__(*raised)


def guarded(handler: Any) -> bool:
    """Tell whether a signal handler is a guard's."""
    return type(getattr(handler, "__self__", None)) is InterruptGuard


def _in_users_code(frame: FrameType | None) -> bool:
    """Tell whether a frame, or what called it, is the user's: up to the first one of ours."""
    while frame is not None:
        place = whose_code(frame.f_code)
        if place != "library":
            return place == "user"
        frame = frame.f_back
    return False


def whose_code(code: CodeType) -> str:
    """Say whose code it is: ``ours``, the standard ``library``, or the ``user``'s."""
    place = _places.get(code)
    if place is None:
        file = code.co_filename
        if file.startswith(_OURS):
            place = "ours"
        elif file.startswith("<frozen") or (
            file.startswith(_LIBRARY) and not any(part in file for part in _INSTALLED)
        ):
            place = "library"
        else:
            place = "user"
        _places[code] = place
    return place


def _after_fork() -> None:
    global _main
    _main = get_ident()  # the thread that forked is the child's main thread


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
