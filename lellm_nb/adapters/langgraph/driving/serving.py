"""What was recorded, or decided beforehand, in place of running a task (SEMANTICS R10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lellm_nb.adapters.langgraph.driving.attempt import RunningTask
from lellm_nb.adapters.langgraph.driving.frames import FrameMaker
from lellm_nb.adapters.langgraph.driving.recording import RecordedOutcome
from lellm_nb.adapters.langgraph.position.level import (
    ERROR,
    Pairs,
    PregelLevel,
    PregelTask,
    Written,
    waits_name,
)
from lellm_nb.adapters.langgraph.position.moves import TaskMove
from lellm_nb.record.outcome import LIVE, Outcome
from lellm_nb.session.protocol import NextMove
from lellm_nb.state.mutation import Put

__all__ = ["Served", "looked_up", "serve", "updates_of"]


class Served(NamedTuple):
    """What a task is given in place of running.

    Attributes:
        asks: What it asks, if it is at a question that it asked then.
    """

    task: PregelTask
    outcome: Outcome
    asks: Pairs = ()


def looked_up(
    look_up: Callable[[NextMove], Outcome | None],
    decided: Callable[[str], Any] | None,
    move: TaskMove,
    task: PregelTask,
    level: PregelLevel,
    around: tuple[PregelTask, TaskMove] | None,
) -> Served | bool | None:
    """Return what a task is given; `True` where it is to run, `None` where nothing is recorded.

    Args:
        around: The composite that it is inside of: one that a ParentCommand left is looked up
            whole, once it comes to the node that left it.
    """
    outcome = look_up(move)
    if outcome is LIVE:
        return True
    if outcome is None:
        if around is None:
            return None
        outer = look_up(around[1])
        left = isinstance(outer, RecordedOutcome) and outer.left
        return Served(around[0], outer) if left and outer is not None else None
    if not isinstance(outcome, RecordedOutcome):
        return Served(task, outcome)
    if outcome.left:
        return True  # a composite: what is inside of it is looked up for itself
    count = level.visits.count(waits_name(task.path), level.step)
    barrier_id = f"{task.path}#{count}"
    for asked, pairs in outcome.asked:
        if asked == barrier_id and decided is not None and decided(barrier_id) is not None:
            return Served(task, outcome, pairs)
    return Served(task, outcome)


def serve(
    maker: FrameMaker, served: list[Served]
) -> tuple[Mapping[str, PregelLevel], list[Served]]:
    """Write what was looked up, each as a frame; return the position, and what code has to do.

    The commit of a lone task becomes a frame when LangGraph applies its super-step.
    """
    code: list[Served] = []
    for one in served:
        task, outcome = one.task, one.outcome
        level = maker.levels[task.level]
        if one.asks:
            maker.wait(level, Written(task, one.asks))
            continue
        pairs = _pairs(outcome)
        maker.ended[task.id] = RunningTask(task, 0.0, 0.0, outcome=outcome)
        if outcome.failure is not None:
            cause = outcome.failure.__cause__ or outcome.failure
            if pairs and any(channel == ERROR for channel, _ in pairs):
                maker.handled(level, Written(task, pairs), cause)
            else:
                maker.fail(task, cause)
        elif pairs is None:
            code.append(one)
        else:
            left = isinstance(outcome, RecordedOutcome) and outcome.left
            maker.commit(Written(task, pairs), "exit" if left else "commit")
    return maker.levels, code


def _pairs(outcome: Outcome) -> Pairs | None:
    """Return what a task writes; `None` where only LangGraph knows which way it goes."""
    pairs = getattr(outcome, "pairs", None)
    if pairs is not None:
        return tuple(pair for pair in pairs)
    if outcome.target is None:
        return None
    return (*updates_of(outcome).items(), (f"branch:to:{outcome.target}", None))


def updates_of(outcome: Outcome) -> dict[str, Any]:
    """Return what an outcome that somebody gave puts, by key."""
    return {str(m.key): m.kept for m in outcome.mutations if isinstance(m, Put)}
