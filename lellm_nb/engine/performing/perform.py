"""Performing a spot: the only part of a step that touches the world."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from types import CoroutineType
from typing import Any, Protocol

from lellm_nb.clock import Clock
from lellm_nb.engine.context import Context
from lellm_nb.engine.driving.drive import apart, called_apart, running_loop
from lellm_nb.engine.driving.node_threads import NODE_THREADS
from lellm_nb.engine.output_capture import left_by_call
from lellm_nb.engine.performing.elsewhere import perform_elsewhere
from lellm_nb.engine.performing.idle import IdleLimit
from lellm_nb.engine.performing.returned import record_returned
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.site import is_async
from lellm_nb.engine.variables import adopt
from lellm_nb.errors.safe_text import fields_text
from lellm_nb.graph.node import Task
from lellm_nb.record.events import NodeRetry
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import Position
from lellm_nb.sending import is_here
from lellm_nb.state.refusal import locate_with
from lellm_nb.state.structs.nested import path_in

__all__ = ["Attempt", "Lookup", "PutOff", "free_share", "in_thread", "perform"]
__all__ += ["perform_patiently"]

PACE = 0.1
"""Seconds between two looks at whether the run is to stop, in a pause between two attempts."""

_PLAIN = nullcontext()

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
        late: Whether it was given up while it ran, because its time was up (`timeout`,
            `idle_timeout`). A plain function can't be ended and may run on in its thread: what it
            returns and writes then is dropped.
        pause: Seconds that were waited before it.
    """

    number: int
    started: float
    duration: float
    error: BaseException | None = None
    late: bool = False
    pause: float = 0.0

    __repr__ = fields_text


class PutOff(BaseException):
    """A run was asked to stop while a node waits to be tried again: it begins anew then."""


class PatientHost(Protocol):
    """What is asked of the run that tries a node."""

    clock: Clock
    stopping: Any
    share: Callable[[str, int, int], float]

    def on_retry(self, event: NodeRetry, tries: int) -> None:
        """Tell that a node is tried again after a pause, and how often in all."""


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
    run: PatientHost,
    site: Site,
    level: Position,
    begin: Callable[[], Context],
    attempts: list[Attempt],
    *,
    threaded: bool,
) -> tuple[Context, BaseException | None]:
    """Run a node with its tries, pauses and limits, in a thread where it needs one.

    Args:
        run: Is told of each further try before the pause; a stop asked of it ends the pause.
        begin: Makes the context of a new attempt: a failed one leaves nothing behind.
        attempts: Gets one entry per attempt.
        threaded: Whether a sync node must leave the run's thread to its siblings.

    Returns:
        What the last attempt did, and what it raised; a `TimeoutError` where it took too long.

    Raises:
        CancelledError: It was given up.
        PutOff: The run is to stop before it is tried again.
    """
    node, clock = site.node, run.clock
    retry, timeout, idle = None, None, None
    if isinstance(node, Task):
        retry, timeout, idle = node.retry, node.timeout, node.idle_timeout
    limited = timeout is not None or idle is not None
    number, pause = 0, 0.0
    while True:
        number += 1
        ctx = begin()
        started, begun = clock.wall(), clock.tick()
        limit = asyncio.timeout(timeout)
        silence = None if idle is None else IdleLimit(idle, limit, clock, ctx)
        try:
            async with limit:
                with silence or _PLAIN:
                    failure = await _attempt(ctx, node, threaded or limited)
        except asyncio.CancelledError:
            ctx.retire()
            raise
        except BaseException as error:
            failure = error
        late = limit.expired() and isinstance(failure, TimeoutError)
        if late:
            silent = silence is not None and silence.is_up
            why = f"nothing was heard of it for {idle} s" if silent else ""
            failure = TimeoutError(why or f"took longer than {timeout} s")
        attempts.append(Attempt(number, started, clock.tick() - begun, failure, late, pause))
        if failure is None:
            return ctx, None
        given_up = ctx.is_interrupted or left_by_call()
        ctx.retire()
        if retry is None or number >= retry.max or given_up or not apart(retry.is_for, failure):
            return ctx, failure
        visit = site.next_visit(level)
        share = run.share(ctx.path, visit, number + 1) if retry.jitter else 1.0
        pause = apart(retry.pause, number, share)
        tried = NodeRetry(ctx.path, site.name, visit, number + 1, failure, pause)
        run.on_retry(tried, retry.max)
        await _wait(run, pause)


async def _wait(run: PatientHost, pause: float) -> None:
    """Wait before a further attempt.

    Raises:
        PutOff: The run was asked to stop meanwhile.
    """
    if not pause:
        await asyncio.sleep(0)
        return
    begun = run.clock.tick()
    while (left := begun + pause - run.clock.tick()) > 0:
        if run.stopping is not None:
            raise PutOff
        await asyncio.sleep(min(left, PACE))


async def _attempt(ctx: Context, node: Any, threaded: bool) -> BaseException | None:
    """Run a node once; return what it raised where it ran in a thread.

    Futures have their own idea of some errors: a TimeoutError, a StopIteration.
    """
    call = node.fn if isinstance(node, Task) else node.call
    if not threaded or is_async(call):
        await perform(ctx, node)
        return None
    executor = ctx.executor
    if executor is not None and isinstance(node, Task) and not is_here(executor):
        return await perform_elsewhere(executor, ctx, node.fn)
    carried = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    threads = NODE_THREADS if executor is None else executor
    returned, failure = await loop.run_in_executor(threads, in_thread, carried, node, ctx)
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


@cache
def _generator() -> Any:
    # one of our own: drawn from Python's, each pause would move the numbers that nodes draw
    from random import Random

    return Random()


def free_share(path: str, visit: int, attempt: int) -> float:
    """Draw how much of a pause a node waits, where no seed says it: from 0 to 1."""
    drawn: float = _generator().random()
    return drawn


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
