"""Performing a spot: the only part of a step that touches the world."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import CoroutineType
from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine.context import Context, record_returned
from lellm_nb.engine.driving.drive import called_apart, running_loop
from lellm_nb.engine.driving.node_threads import NODE_THREADS
from lellm_nb.engine.output_capture import left_by_call
from lellm_nb.engine.scope import Scope, Site, is_async
from lellm_nb.engine.variables import adopt
from lellm_nb.errors.safe_text import fields_text
from lellm_nb.graph.node import Task
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import Position
from lellm_nb.state.refusal import locate_with
from lellm_nb.state.structs.nested import path_in

__all__ = ["Attempt", "Lookup", "in_thread", "perform", "perform_patiently"]

Lookup = Callable[[Scope, Site, Position], Outcome | None]
"""Gives the recorded outcome of a node instead of performing it; `LIVE` has it performed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a node with retries or a timeout (SEMANTICS R8).

    Attributes:
        number: From 1.
        started: Seconds since the epoch.
        duration: Seconds.
        error: What it raised; `None` for the one that worked.
        late: Whether it was given up while it still ran; its result is dropped.
    """

    number: int
    started: float
    duration: float
    error: BaseException | None = None
    late: bool = False

    __repr__ = fields_text


async def perform(ctx: Context, node: Any) -> None:
    """Run a node once; what it did is on `ctx`.

    A sync node returns here without a turn of the event loop, and does not see it.
    """
    loop = running_loop()
    if loop is None or is_async(node.call):
        returned = node.call(ctx)
    else:
        returned = called_apart(loop, node.call, ctx)
    if returned is None:
        return
    kind = type(returned)
    if kind is CoroutineType or (kind is not dict and isinstance(returned, Awaitable)):
        returned = await returned
        if returned is None:
            return
    record_returned(ctx, returned)


async def perform_patiently(
    begin: Callable[[], Context],
    node: Any,
    attempts: list[Attempt],
    clock: Clock,
    *,
    threaded: bool,
) -> tuple[Context, BaseException | None]:
    """Run a node with its retries, backoff and timeout, in a thread where it needs one.

    Args:
        begin: Makes the context of a new attempt: a failed one leaves nothing behind.
        attempts: Gets one entry per attempt.
        threaded: Whether a sync node must leave the run's thread to its siblings.

    Returns:
        What the last attempt did, and what it raised; a `TimeoutError` where it took too long.

    Raises:
        CancelledError: It was given up.
    """
    retries, timeout = (node.retries, node.timeout) if isinstance(node, Task) else (0, None)
    number = 0
    while True:
        number += 1
        ctx = begin()
        started, begun = clock.wall(), clock.tick()
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                failure = await _attempt(ctx, node, threaded or timeout is not None)
        except asyncio.CancelledError:
            ctx.retire()
            raise
        except BaseException as error:
            failure = error
        late = limit.expired() and isinstance(failure, TimeoutError)
        if late:
            failure = TimeoutError(f"took longer than {timeout} s")
        attempts.append(Attempt(number, started, clock.tick() - begun, failure, late))
        if failure is None:
            return ctx, None
        if number > retries or ctx.is_interrupted or left_by_call():
            ctx.retire()
            return ctx, failure
        ctx.retire()
        await asyncio.sleep(_pause_before(node.backoff, number))


async def _attempt(ctx: Context, node: Any, threaded: bool) -> BaseException | None:
    """Run a node once; return what it raised where it ran in a thread.

    Futures have their own idea of some errors: a TimeoutError, a StopIteration.
    """
    call = node.fn if isinstance(node, Task) else node.call
    if not threaded or is_async(call):
        await perform(ctx, node)
        return None
    carried = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    returned, failure = await loop.run_in_executor(NODE_THREADS, in_thread, carried, node, ctx)
    if failure is not None:
        return failure
    adopt(carried)
    if isinstance(returned, Awaitable):
        returned = await returned
    if returned is not None:
        record_returned(ctx, returned)
    return None


def in_thread(
    carried: contextvars.Context, node: Any, ctx: Context
) -> tuple[Any, BaseException | None]:
    """Run a plain node on the thread that this is called on; return what it gave, or raised."""
    try:
        return carried.run(node.call, ctx), None
    except BaseException as error:
        return None, error


def _pause_before(backoff: Any, number: int) -> float:
    return float(backoff(number) if callable(backoff) else backoff * 2 ** (number - 1))


def _find_in_context(container: object) -> tuple[Any, ...] | None:
    """Find a container's path in the state of the node that is on the call stack.

    Only a refused write gets here, so the look through the stack costs nothing
    elsewhere; a node's context is a local `ctx` of whatever called it.
    """
    frame: Any = sys._getframe(1)
    while frame is not None:
        ctx = frame.f_locals.get("ctx")
        if isinstance(ctx, Context):
            return path_in(ctx.state, container)
        frame = frame.f_back
    return None


locate_with(_find_in_context)
