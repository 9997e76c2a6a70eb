"""What runs now, read from the stacks of threads and tasks: a run pays nothing for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from sys import _current_frames
from types import FrameType
from typing import Any

from lellm_nb.engine.context import Context
from lellm_nb.engine.performing.perform import in_thread
from lellm_nb.engine.step import RunStep
from lellm_nb.interrupts import whose_code
from lellm_nb.session.moves import RunningNode

__all__ = ["running_nodes"]

_RUN = RunStep.run_node.__code__
_THREAD = in_thread.__code__
_DEEPEST = 10_000
"""Frames of a stack that are looked at."""


def running_nodes(run: Any, session: object) -> list[RunningNode]:
    """Return the nodes of a run that run now, or wait for something; in no order.

    Args:
        session: What all runs of its session share: of those before, what was given up and
            still works on its thread.
    """
    found: dict[tuple[str, int, bool], RunningNode] = {}
    for stack, thread in _stacks(getattr(run, "loop", None)):
        for i in range(len(stack)):
            node = _node_at(run, session, stack, i, thread)
            if node is None:
                continue
            place = (node.path, node.visit, node.given_up)
            known = found.get(place)
            if known is None:
                found[place] = node
            else:  # of a branch in a thread: its task knows since when, the thread where it is
                more = max(known, node, key=lambda one: len(one.calls))
                started = max(known.started, node.started)
                found[place] = RunningNode(*place[:2], started, more.thread, more.calls, place[2])
    return list(found.values())


def _node_at(
    run: Any, session: object, stack: list[FrameType], at: int, thread: int
) -> RunningNode | None:
    """Return the node that one frame of a stack runs, if it is one of the run."""
    code = stack[at].f_code
    if code is not _RUN and code is not _THREAD:
        return None
    names = stack[at].f_locals
    ctx = names.get("ctx")
    if not isinstance(ctx, Context):
        return None
    given_up = ctx.left_by(session)
    if not given_up and not ctx.belongs_to(run):
        return None
    calls = [
        (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        for frame in stack[at + 1 :]
        if whose_code(frame.f_code) != "ours"
    ]
    started = names.get("started") or 0.0
    return RunningNode(ctx.path, ctx.visit, started, thread, tuple(calls), given_up)


def _stacks(loop: asyncio.AbstractEventLoop | None) -> Iterator[tuple[list[FrameType], int]]:
    """Walk the stacks that there are, outermost first: of threads, and of tasks that wait."""
    for thread, top in _current_frames().items():
        stack: list[FrameType] = []
        frame: FrameType | None = top
        while frame is not None and len(stack) < _DEEPEST:
            stack.append(frame)
            frame = frame.f_back
        yield stack[::-1], thread
    if loop is None:
        return
    try:
        tasks = asyncio.all_tasks(loop)
    except RuntimeError:  # they come and go all the time
        return
    for task in tasks:
        yield list(_awaited(task.get_coro())), getattr(loop, "_thread_id", None) or 0


def _awaited(awaited: Any) -> Iterator[FrameType]:
    """Walk what a task waits in, through all that awaits something else."""
    for _ in range(_DEEPEST):
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is None:
            return
        yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
