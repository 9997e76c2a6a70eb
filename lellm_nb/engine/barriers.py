"""Barriers in a run: getting a decision, and committing it."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import Any

from lellm_nb.engine import commit
from lellm_nb.engine.halt import HOLD, Halt, Hold
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.step import RunStep
from lellm_nb.errors import BarrierCancelledError, LellmError
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.graph.decision import Approve, Decision, DefaultAction, Modify, Reject
from lellm_nb.graph.node import Barrier
from lellm_nb.record.frame import DecisionRecord
from lellm_nb.record.position import Position, Waiting
from lellm_nb.record.sinks import BarrierOutcome, BarrierSink, Cancelled, Decided, TimedOut
from lellm_nb.state.state import content_of, value_at

__all__ = ["HOLD", "Hold", "answer", "decide"]

log = logging.getLogger("lellm_nb")


async def answer(run: RunStep, scope: Scope, level: Position, site: Site) -> Halt | None:
    """Get a decision for a waiting level, and commit it.

    Raises:
        BarrierCancelledError: The wait was cancelled.
        RunCancelledError: The run was.
    """
    hold = level.hold
    assert isinstance(hold, Waiting)
    if run.decided is not None:
        record = run.decided(hold.barrier_id)
        if record is not None:
            await decide(run, scope, record.decision, record.by)
            return None
    if isinstance(run.barrier, Hold):
        return Halt.UNRECORDED if run.replaying else Halt.HELD
    if run.token.is_cancelled:
        raise run.cancelled(hold.path)
    if run.barrier is None:
        warnings.warn(
            f"Barrier {hold.barrier_id!r} was approved by itself, because the run has no"
            " barrier sink; pass barrier=….",
            stacklevel=2,
        )
        await decide(run, scope, Approve(), by="no sink")
        return None
    try:
        outcome = await _ask(run.barrier, hold)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BarrierCancelledError(hold.path, state=scope.seen(level.data)) from None
    if run.token.is_cancelled:
        raise run.cancelled(hold.path)
    if isinstance(outcome, Hold):
        return Halt.HELD
    if isinstance(outcome, Cancelled):
        raise BarrierCancelledError(hold.path, state=scope.seen(level.data))
    if isinstance(outcome, Decided):
        try:
            await decide(run, scope, outcome.decision)
        except LellmError as error:
            if scope.level(run.position).hold is not hold:
                raise  # it was committed, and failed to route
            log.warning("%s Barrier %s goes on waiting.", error, hold.barrier_id)
    elif isinstance(outcome, TimedOut):
        await decide(run, scope, _default_of(site), by="timeout")
    else:
        raise TypeError(
            f"Barrier sink {safe_repr(run.barrier, 80)} answered {safe_repr(outcome, 60)} for"
            f" {hold.barrier_id}; it must return Decided(decision), TimedOut() or Cancelled()."
        )
    return None


async def _ask(sink: BarrierSink, hold: Waiting) -> BarrierOutcome | Hold:
    """Ask a sink; where it lets the time pass by, the time is up all the same (B4)."""
    asked = sink.wait_decision(hold.barrier_id, hold.timeout)
    if hold.timeout is None:
        return await asked
    try:
        return await asyncio.wait_for(asked, hold.timeout + GRACE)
    except TimeoutError:
        return TimedOut()


async def decide(
    run: RunStep, scope: Scope, decision: Decision | DefaultAction | str, by: str = "person"
) -> None:
    """Commit a decision for the barrier that waits in `scope`.

    Raises:
        NodeNotFoundError: A reroute leads nowhere; the barrier goes on waiting.
        StateError: A value to be modified is not there; the barrier goes on waiting.
    """
    level = scope.level(run.position)
    hold = level.hold
    assert isinstance(hold, Waiting)
    site = scope.site(level.node or "")
    made = _as_decision(decision, by)
    committed = commit.commit_decision(scope, site, level, made)
    now = run.clock.wall()
    shown = made.value if isinstance(made, DefaultAction) else made
    proposed: Any = None
    effective: Any = None
    if isinstance(made, Modify):
        path = made.key if isinstance(made.key, tuple) else (made.key,)
        proposed = value_at(content_of(level.data), path, None)
        effective = made.value
    record = DecisionRecord(hold.barrier_id, shown, by, now, proposed, effective)
    await run.publish(scope, committed, now, 0.0, None, record)


GRACE = 0.25
"""Seconds that a sink may take beyond the timeout to say itself that the time is up."""


def _default_of(site: Site) -> DefaultAction:
    return site.node.default_action if isinstance(site.node, Barrier) else DefaultAction.REJECT


def _as_decision(decision: Decision | DefaultAction | str, by: str) -> Decision | DefaultAction:
    if isinstance(decision, str):
        decision = DefaultAction(decision)
    if decision is DefaultAction.APPROVE:
        return Approve()
    if decision is DefaultAction.REJECT:
        return Reject(by)
    return decision
