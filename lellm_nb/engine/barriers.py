"""Barriers in a run: getting a decision, and committing it."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Awaitable
from typing import Any, NamedTuple

from lellm_nb.engine import commit
from lellm_nb.engine.committed import Committed
from lellm_nb.engine.halt import HOLD, Halt, Hold
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.step import RunStep
from lellm_nb.errors import BarrierCancelledError, LellmError, QuestionError, StateError
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.graph.decision import (
    Answer,
    Approve,
    Decision,
    DefaultAction,
    Modify,
    Reject,
    check_decision,
)
from lellm_nb.graph.decision_writes import as_asked, question_of, shown_at
from lellm_nb.graph.node import Barrier
from lellm_nb.record.frame import DecisionRecord
from lellm_nb.record.position import Position, Waiting
from lellm_nb.record.sinks import Cancelled, Decided, TimedOut
from lellm_nb.state.containers.handed import handed
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.state import content_of, value_at

__all__ = ["HOLD", "Hold", "answer", "decide"]

log = logging.getLogger("lellm_nb")

TRIES = 3
"""So often a sink is asked in all, where what it decides is refused (SEMANTICS B9)."""

GRACE = 0.25
"""Seconds that a sink may take beyond the timeout to say itself that the time is up."""


_REFUSED = "%s for barrier %s was refused: %s %s."


class Given(NamedTuple):
    """A decision as it came in.

    Attributes:
        by: Who decided.
        last: Whether nobody is asked again if it is refused.
    """

    decision: Decision | DefaultAction | str
    by: str = "person"
    last: bool = False


async def answer(run: RunStep, scope: Scope, level: Position, site: Site) -> Halt | None:
    """Get a decision for a waiting level, and commit it (SEMANTICS B9).

    What cannot be committed is refused. Then the sink is asked again, a few times in all; after
    that the barrier goes on waiting, and `run.refused` has the reason.

    Returns:
        `None` when a decision was committed.

    Raises:
        BarrierCancelledError: The wait was cancelled.
        RunCancelledError: The run was.
        RunError: The decision is committed, and found no way out.
    """
    hold = level.hold
    assert isinstance(hold, Waiting)
    if hold.barrier_id in run.refused:
        return Halt.HELD
    left, begun = hold.timeout, run.clock.tick()
    for tries in range(1, TRIES + 1):
        given = _unasked(run, hold, site) or await _asked(run, scope, level, site, left)
        if isinstance(given, Halt):
            return given
        refusal = await _commit(run, scope, given) if isinstance(given, Given) else given
        if refusal is None:
            return None
        asks_again = isinstance(given, TypeError) or (isinstance(given, Given) and not given.last)
        last = tries == TRIES or not asks_again
        what = type(given.decision if isinstance(given, Given) else given).__name__
        then = "The barrier goes on waiting" if last else "The sink is asked again"
        log.warning(_REFUSED, what, hold.barrier_id, refusal, then)
        if last:
            refusal.add_note(f"It was refused as a decision for barrier {hold.barrier_id}.")
            run.refused[hold.barrier_id] = refusal
            break
        # a sink that never waits must not keep timeouts, cancels and branches from their turn
        await asyncio.sleep(0)
        if hold.timeout is not None:
            left = max(0.0, hold.timeout - (run.clock.tick() - begun))
    return Halt.HELD


def _unasked(run: RunStep, hold: Waiting, site: Site) -> Given | Halt | LellmError | None:
    """Return the decision that is there already, or that nobody is to be asked; or why not."""
    if run.decided is not None:
        try:
            record = run.decided(hold.barrier_id)
        except LellmError as error:  # of a rule that could not be asked
            return error
        if record is not None:
            return Given(record.decision, record.by, last=True)
    if isinstance(run.barrier, Hold):
        return Halt.UNRECORDED if run.replaying else Halt.HELD
    if run.token.is_cancelled:
        raise run.cancelled(hold.path)
    if run.barrier is not None:
        return None
    if question_of(site.node) is not None:
        problem = "the run has no barrier sink; pass barrier=… one that gives Answer(value)."
        return QuestionError("An approval by itself", hold.barrier_id, problem)
    warnings.warn(
        f"Barrier {hold.barrier_id!r} was approved by itself, because the run has no"
        " barrier sink; pass barrier=….",
        stacklevel=2,
    )
    return Given(Approve(), "no sink", last=True)


async def _asked(
    run: RunStep, scope: Scope, level: Position, site: Site, left: float | None
) -> Given | Halt | TypeError:
    """Ask the sink, and read what it says; a `TypeError` where that says nothing."""
    hold = level.hold
    assert isinstance(hold, Waiting)
    try:
        outcome = await _ask(run, level, site, left)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BarrierCancelledError(hold.path, state=scope.seen(level.data)) from None
    except Exception as error:
        error.add_note(f"Barrier sink {run.barrier!r:.60} raised it, asked for {hold.barrier_id}.")
        raise
    if run.token.is_cancelled:
        raise run.cancelled(hold.path)
    if isinstance(outcome, Hold):
        return Halt.HELD
    if isinstance(outcome, Cancelled):
        raise BarrierCancelledError(hold.path, state=scope.seen(level.data))
    if isinstance(outcome, TimedOut):
        return Given(_default_of(site), "timeout", last=True)
    if isinstance(outcome, Decided):
        return Given(outcome.decision, outcome.by)
    return TypeError(
        f"Barrier sink {safe_repr(run.barrier, 80)} answered {safe_repr(outcome, 60)} for"
        f" {hold.barrier_id}; it must return Decided(decision), TimedOut() or Cancelled()."
    )


async def _ask(run: RunStep, level: Position, site: Site, left: float | None) -> Any:
    """Ask a sink; where it lets the time pass by, the time is up all the same (B4)."""
    begun = run.clock.tick()
    sink: Any = run.barrier
    id = level.hold.barrier_id  # type: ignore[union-attr]  # it waits
    question = question_of(site.node)
    answering = None if question is None else getattr(sink, "wait_answer", None)
    if answering is None:
        asked = sink.wait_decision(id, left)
    else:
        asked = answering(id, left, question, shown_at(site.node, level.data))
    if left is None or not isinstance(asked, Awaitable):
        return await asked if isinstance(asked, Awaitable) else asked
    try:
        return await asyncio.wait_for(asked, left + GRACE)
    except TimeoutError:
        if run.clock.tick() - begun < left - GRACE:
            raise  # the sink's own: something else took too long
        return TimedOut()


async def _commit(run: RunStep, scope: Scope, given: Given) -> Exception | None:
    """Commit a decision; return why it is refused, if it is.

    Raises:
        RunError: It is committed, and found no way out.
    """
    try:
        if not given.last:
            check_decision(given.decision, StateError)
        done, record = _decided(run, scope, given.decision, given.by)
    except Exception as refusal:  # nothing is written yet, and what refuses may be the user's code
        return refusal
    await run.publish(scope, done, record.at, 0.0, None, record)
    return None


async def decide(
    run: RunStep, scope: Scope, decision: Decision | DefaultAction | str, by: str = "person"
) -> None:
    """Commit a decision for the barrier that waits in `scope`.

    Raises:
        NodeNotFoundError: A reroute leads nowhere; the barrier goes on waiting.
        StateError: A value to be modified is not there; the barrier goes on waiting.
    """
    done, record = _decided(run, scope, decision, by)
    await run.publish(scope, done, record.at, 0.0, None, record)


def _decided(
    run: RunStep, scope: Scope, decision: Decision | DefaultAction | str, by: str
) -> tuple[Committed, DecisionRecord]:
    """Work out what a decision commits, and what is recorded of it."""
    level = scope.level(run.position)
    hold = level.hold
    assert isinstance(hold, Waiting)
    site = scope.site(level.node or "")
    made = as_asked(site.node, hold.barrier_id, _as_decision(decision, by))
    committed = commit.commit_decision(scope, site, level, made, by)
    shown = made.value if isinstance(made, DefaultAction) else made
    proposed: Any = None
    effective: Any = None
    if isinstance(made, (Answer, Modify)):
        key = made.key if isinstance(made, Modify) else site.node.answer_key
        proposed = handed(value_at(content_of(level.data), parts_of(key), None))
        effective = made.value
    now = run.clock.wall()
    return committed, DecisionRecord(hold.barrier_id, shown, by, now, proposed, effective)


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
