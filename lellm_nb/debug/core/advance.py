"""The one way forward: before, during and after a run, from top to bottom."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from lellm_nb.calls.call_stop import CallStop
from lellm_nb.debug.breakpoints.kinds import Hit
from lellm_nb.debug.breakpoints.triggers import Arrived, Target
from lellm_nb.debug.core.claim import PAUSE, Claim
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.live_decisions import LiveDecisions
from lellm_nb.debug.core.seed import SeededLookUp, generators_kept, seeded_share
from lellm_nb.debug.core.status import (
    held,
    next_path,
    pending,
    stop,
    stop_at,
    stop_inside,
    stop_with,
)
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.inputs.steering import STEER, write
from lellm_nb.errors import (
    CheckpointStoreError,
    LoopLimitError,
    NotRecordedError,
    RedactedValueError,
    RunCancelledError,
    RunError,
)
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Controls, Halt

__all__ = ["advance", "stop_for"]


async def advance(
    context: DebugContext,
    *,
    one: bool = False,
    gate: bool = True,
    target: Target | None = None,
    until: Callable[[Frame], Any] | None = None,
    left: str | None = None,
    through: bool = False,
    most: int | None = None,
    serve: Callable[[Controls], None] | None = None,
) -> Stop:
    """Move the run on, and say where it stopped and why.

    Args:
        one: Whether to come back after one commit.
        gate: Whether it may stop before the first node, too.
        target: A node to stop before.
        until: A predicate to stop after.
        left: The composite that has to have left.
        through: Whether to wait at barriers for a decision instead of coming back.
        most: How many steps the root level may take; by default as many as one run may.
        serve: Has the run look up more than the modes of its nodes say.
    """
    session, storage = context.session, context.storage
    # may it move?
    missing = storage.missing_secrets(session)
    if missing:
        return stop(context, StopReason.PAUSED, error=RedactedValueError(missing))
    if session.position.ended:
        return stop(context, StopReason.COMPLETED)
    beside = (context.triggers.beside(session.head) or context.calls.beside()) if gate else None
    if beside is not None:
        return stop_for(context, Halt.STOPPED, beside)
    context.refresh_code()
    if storage.writer is not None:
        storage.writer.graph = session.graph
    # how, and what may stop it
    claim = context.commands.claim
    assert claim is not None, "only a command moves a run"
    live = LiveDecisions(context.commands.changed) if through else None
    controls = _controls(context, claim, one, live)
    controls.max_steps = context.max_steps if most is None else most
    context.calls.control(controls)
    if serve is not None:
        serve(controls)
    if context.seed is not None:
        controls.look_up = SeededLookUp(context.seed, controls.look_up)
        controls.share = seeded_share(context.seed)
    if gate:
        controls.gates = context.triggers.gates(target)
    controls.watch = context.triggers.watcher(until, left)
    if context.breakpoints.after:
        controls.watch_failures = context.triggers.after
    # the run itself
    halt, error, refused = Halt.STOPPED, None, None
    claim.moving(controls, live)
    try:
        with generators_kept(context.seed):
            halt, refused = await _moved(context, claim, controls, live)
    except RunError as failure:
        error = failure
    except CheckpointStoreError as broken:
        return stop(context, StopReason.FAILED, error=broken)
    finally:
        claim.moving(None)
        context.calls.came_back(controls)
    # what came back
    if storage.writer is not None and storage.writer.error is not None:
        return stop(context, StopReason.FAILED, error=storage.writer.error)
    if isinstance(error, RunCancelledError):
        return stop(context, StopReason.CANCELLED, error=error)
    if error is not None:
        # an edge's limit holds the run like any other limit (SEMANTICS G5)
        reason = StopReason.LIMIT if isinstance(error, LoopLimitError) else StopReason.FAILED
        return stop_with(context, reason, controls.stopping, error=error)
    if refused is not None:
        return stop(context, StopReason.PAUSED, error=refused)
    if claim.interrupts and not session.position.ended:
        return stop(context, StopReason.PAUSED)
    context.triggers.note_beside(controls.beside, session.head)
    came = stop_for(context, halt, controls.stopping)
    if came.reason is StopReason.BARRIER and controls.refused is not None:
        return dataclasses.replace(came, error=controls.refused)
    return came


async def _moved(
    context: DebugContext, claim: Claim, controls: Controls, live: LiveDecisions | None
) -> tuple[Halt, Exception | None]:
    """Move the run on, and write in between what it is steered with.

    Returns:
        Why it came back, and why what was to be written is refused now, if it is.
    """
    session, steers = context.session, context.commands.steers
    while True:
        if steers.queued and not controls.one:
            controls.stop(STEER)
        before = session.position.step
        halt = await session.advance(controls)
        refused = write(session, steers.take()) if steers.queued else None
        steered = controls.stopping is STEER
        if steered:
            controls.stopping = PAUSE if claim.pausing else None
            if controls.beside:  # what was in flight then has hit something
                controls.stopping = controls.beside.pop(0)
        over = halt in (Halt.ENDED, Halt.LIMIT, Halt.STEPPED) or session.position.ended
        if refused or over or not steered or controls.stopping is not None:
            return halt, refused
        if claim.token.is_cancelled or claim.interrupts:
            return halt, None
        if controls.max_steps is not None:
            controls.max_steps -= session.position.step - before
        if live is not None:
            live.reopen()
        if claim.pausing:  # asked for while this was decided
            controls.stop(PAUSE)


def _controls(
    context: DebugContext, claim: Claim, one: bool, live: LiveDecisions | None
) -> Controls:
    controls = Controls(
        one=one,
        barrier=live,
        token=claim.token,
        on_chunk=context.streams.begin(),
        executor=context.executor,
        on_retry=context.retries.begin(),
        capture=True,
        cell=claim.cell,
    )
    context.modes.control(controls)
    context.standing.control(context.session, controls)
    context.family.before_run()
    return controls


def stop_for(context: DebugContext, halt: Halt, stopping: Any) -> Stop:
    """Return the stop of a run that came back without an error."""
    if halt is Halt.LIMIT:
        return stop(context, StopReason.LIMIT)
    if context.session.position.ended:
        return stop_with(context, StopReason.COMPLETED, stopping)
    if isinstance(stopping, (Hit, Arrived)):
        return stop_at(context, stopping)
    if isinstance(stopping, CallStop):
        return stop_inside(context, stopping)
    unrecorded = halt is Halt.UNRECORDED
    if halt is Halt.HELD or held(context) or (unrecorded and pending(context)):
        return stop(context, StopReason.BARRIER)
    if unrecorded:
        made = stop(context, StopReason.PAUSED)
        return dataclasses.replace(made, error=NotRecordedError(next_path(context)))
    return stop(context, StopReason.PAUSED if stopping is PAUSE else StopReason.STEP)
