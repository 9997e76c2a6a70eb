"""Driving a run to its end on the thread that asks for it (SEMANTICS R11).

A run is a coroutine, and what it awaits needs an event loop. The loop that a notebook's
kernel runs on the calling thread is hidden meanwhile, and a private one is driven there: the
nodes of a cell's run are called by the cell's own thread. A private loop is of no thread; the
one that was used last is used again, so that what a node keeps open goes on working.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import weakref
from asyncio import AbstractEventLoop, Task, _set_running_loop
from asyncio import _get_running_loop as running_loop
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from opcode import opmap
from types import FunctionType
from typing import Any, TypeVar

from lellm_nb.state.expression.expression import Expression

__all__ = [
    "ESCAPED",
    "LastLoop",
    "apart",
    "called_apart",
    "drive",
    "driven",
    "only_looks",
    "own_task",
    "running_loop",
]

T = TypeVar("T")

GRACE = 0.5
"""Seconds that tasks get to let go at the interpreter's exit."""

ESCAPED: dict[AbstractEventLoop, list[BaseException]] = {}
"""What was raised straight through a loop that is driven: a SystemExit in a callback, say."""

_idle: list[AbstractEventLoop] = []
_inherited: list[AbstractEventLoop] = []
_driven: weakref.WeakSet[Task[Any]] = weakref.WeakSet()

_swap_task: Callable[[Any, Any], Any] | None = getattr(asyncio.tasks, "_swap_current_task", None)
"""From Python 3.12 on, a loop must not be begun while the thread has a current task."""


class LastLoop:
    """Which loop was used last, by those who share this; an empty one at first."""

    loop: AbstractEventLoop | None = None


def drive(
    work: Coroutine[Any, Any, T], last: LastLoop | None = None, context: Context | None = None
) -> T:
    """Run a coroutine to its end on this thread, also where an event loop is running.

    Whatever is raised on the loop beside the coroutine does not end it: `ESCAPED` has it.

    Args:
        last: Tells which loop to use if nobody else drives it now, and is told.
        context: The context variables it runs with; a copy of the caller's by default.
    """
    outer = running_loop()
    task = _swap_task(outer, None) if outer is not None and _swap_task is not None else None
    _set_running_loop(None)
    try:
        loop = _take(None if last is None else last.loop)
        try:
            if last is not None:
                last.loop = loop
            return _until_done(loop, work, context)
        finally:
            _idle.append(loop)
    finally:
        _set_running_loop(outer)
        if outer is not None:
            asyncio.set_event_loop(outer)  # an `asyncio.run` inside leaves the thread without
            if _swap_task is not None:
                _swap_task(outer, task)


def _until_done(
    loop: AbstractEventLoop, work: Coroutine[Any, Any, T], context: Context | None
) -> T:
    came_back: list[T] = []

    async def kept() -> None:
        try:
            came_back.append(await work)
        finally:
            # here: a callback would cost one more turn of the loop, and a task that somebody
            # cancels before it begins does not come here
            task.remove_done_callback(over)
            loop.stop()

    def over(_: Task[None]) -> None:
        loop.stop()

    task = own_task(kept(), context or copy_context(), loop)
    task.add_done_callback(over)
    while True:
        try:
            loop.run_forever()
            if not task.done():
                raise RuntimeError("The event loop was stopped by what runs on it.")
            task.result()
            return came_back[0]
        except BaseException as error:
            if came_back:  # a node cancelled the task, which had nothing to await any more
                return came_back[0]
            if task.done():
                raise
            ESCAPED.setdefault(loop, []).append(error)
        finally:
            if task.done():
                ESCAPED.pop(loop, None)


def own_task(
    work: Coroutine[Any, Any, T], context: Context, loop: AbstractEventLoop | None = None
) -> Task[T]:
    """Return a task with a context of its own, which nobody but what runs in it could cancel."""
    task = Task(work, loop=loop or asyncio.get_running_loop(), context=context)
    _driven.add(task)
    return task


def driven(task: Task[Any] | None) -> bool:
    """Whether a task was made by `drive`: nobody but what runs in it could cancel it."""
    return task in _driven


def called_apart(loop: AbstractEventLoop, call: Callable[..., T], *given: Any) -> T:
    """Call a plain function as if no loop were running: `asyncio.run` works in it.

    Args:
        loop: The one that runs.
    """
    if _swap_task is None:
        _set_running_loop(None)
        try:
            return call(*given)
        finally:
            _set_running_loop(loop)
    task = _swap_task(loop, None)
    _set_running_loop(None)
    try:
        return call(*given)
    finally:
        _set_running_loop(loop)
        _swap_task(loop, task)


def apart(call: Callable[..., T], *given: Any) -> T:
    """Do the same where a loop may run or not."""
    loop = running_loop()
    return call(*given) if loop is None else called_apart(loop, call, *given)


_CALLS = frozenset(number for name, number in opmap.items() if name.startswith("CALL"))


def only_looks(call: Any) -> bool:
    """Tell whether a function, or an expression, calls nothing, so that no loop need be hidden.

    Example:
        >>> only_looks(lambda state: state["n"] > 2 and state["done"] is None)
        True
        >>> only_looks(lambda state: asyncio.run(state["fetch"]()))
        False
    """
    if type(call) is not FunctionType:
        return type(call) is Expression
    code = call.__code__
    return not code.co_names and _CALLS.isdisjoint(code.co_code[::2])


def _take(prefer: AbstractEventLoop | None) -> AbstractEventLoop:
    if prefer is not None:
        try:
            _idle.remove(prefer)
            return prefer
        except ValueError:
            pass  # driven by somebody else now
    try:
        return _idle.pop()
    except IndexError:
        return asyncio.new_event_loop()


def _after_fork() -> None:
    # their selectors are the parent's too: not even closing them would leave it alone
    _inherited.extend(_idle)
    _idle.clear()


def _close() -> None:
    """End what nodes have left on the loops; at the interpreter's exit."""
    while _idle:
        loop = _idle.pop()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=GRACE))
        loop.close()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
