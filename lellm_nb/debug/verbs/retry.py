"""Once more: a failed step, or a join whose branches disagree."""

from __future__ import annotations

from collections.abc import Callable, Set

from lellm_nb.debug.core.advance import advance
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.verbs.backward import rewind
from lellm_nb.debug.verbs.forward import step
from lellm_nb.errors import DebuggerError
from lellm_nb.graph.item_branches import EACH
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.level_key import without_visits
from lellm_nb.session.protocol import (
    LIVE,
    Capability,
    Controls,
    FailedJoin,
    NextMove,
    Outcome,
)

__all__ = ["merge_again", "retry"]


async def retry(context: DebugContext) -> Stop:
    """Run the failed step again, as it is now.

    Raises:
        DebuggerError: The run does not stand at a failure.
    """
    head = context.session.head
    if not head.failed:
        raise DebuggerError(
            f"Nothing failed at frame {head.index}; retry() is for a run that stands at a"
            " failure. Use step() or run() to go on."
        )
    join = context.session.failed_join()
    if join is not None and join.sides:
        return await merge_again(context, join)
    return await step(context)


async def merge_again(context: DebugContext, join: FailedJoin) -> Stop:
    """Merge once more; branches that ran code which was replaced since run again before."""
    context.refresh_code()
    old = _of_old_code(context, join)
    if not old or old[-1].parent is None:
        return await step(context)
    depth = join.path.count("/") + 1
    serve = _kept(context, join, {_branch(join, frame.path) for frame in old})
    rewind(context, old[-1].parent)
    return await advance(context, left="/".join(old[-1].path.split("/")[:depth]), serve=serve)


def _of_old_code(context: DebugContext, join: FailedJoin) -> list[Frame]:
    """Return the frames of the branches that ran code which was replaced since, last to first."""
    found = []
    frame: Frame | None = context.session.head
    while frame is not None and (frame.kind != "join" or frame.static_path != join.path):
        if _branch(join, frame.path) and context.code.is_older(frame):
            found.append(frame)
        frame = frame.parent
    return found


def _branch(join: FailedJoin, path: str) -> str:
    """Return the branch of a Parallel that a path is in; empty where it is in none."""
    around = join.path.split("/")
    *inside, branch = without_visits(path).split("/")[: len(around) + 1]
    fits = len(inside) == len(around) and all(
        a in (b, EACH) for a, b in zip(around, inside, strict=True)
    )
    return branch if fits else ""


def _kept(
    context: DebugContext, join: FailedJoin, again: Set[str]
) -> Callable[[Controls], None] | None:
    """Have what the other branches did looked up: commits come in any order, and they stay."""
    session = context.session
    if Capability.RECORDED not in session.capabilities:
        return None
    recording = session.recorded(session.line)

    def serve(controls: Controls) -> None:
        look_up, decided = controls.look_up, controls.decided

        def ask(move: NextMove) -> Outcome | None:
            if _branch(join, move.path) not in ("", *again):
                found = recording.outcome(move.path, move.visit)
                if found is not None:
                    return found
            return LIVE if look_up is None else look_up(move)

        def decision(barrier_id: str) -> DecisionRecord | None:
            if _branch(join, barrier_id) not in ("", *again):
                return recording.decision(barrier_id)
            return None if decided is None else decided(barrier_id)

        controls.look_up, controls.decided = ask, decision

    return serve
