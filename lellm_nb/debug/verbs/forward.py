"""Forward: every verb that runs the graph on."""

from __future__ import annotations

from typing import Any

from lellm_nb.arguments import flag, refusal, whole
from lellm_nb.debug.breakpoints.condition_hint import note_absent
from lellm_nb.debug.breakpoints.triggers import AIMS, Until, aim, check_count
from lellm_nb.debug.core.advance import advance
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import stop
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.errors import DebuggerError
from lellm_nb.session.protocol import MoveKind

__all__ = ["into", "out", "over", "run", "step"]


async def step(context: DebugContext, n: int = 1) -> Stop:
    """Make `n` commits, branches taken in turn; a barrier or a failure ends it."""
    n = check_count(n)
    came_back = await advance(context, one=True, gate=False)
    for _ in range(n - 1):
        if came_back.reason is not StopReason.STEP:
            break
        came_back = await advance(context, one=True)
    return came_back


async def into(context: DebugContext) -> Stop:
    """Make one commit, inside a composite if that is where the run goes."""
    return await step(context)


async def over(context: DebugContext) -> Stop:
    """Make one commit; where it enters a composite, run until that has left."""
    move = context.session.next_move()
    if move is None or not move.enters:
        return await step(context)
    return await advance(context, left=move.enters)


async def out(context: DebugContext) -> Stop:
    """Run until the level that the next step is in has left."""
    move = context.session.next_move()
    if move is None:
        return stop(context, StopReason.COMPLETED)
    if move.kind is MoveKind.LEAVE:
        return await step(context)  # the level is through: leaving is all that is left
    return await advance(context, left=move.inside or None)


async def run(
    context: DebugContext,
    until: Until = None,
    *,
    more: int | None = None,
    through_barriers: bool = False,
) -> Stop:
    """Run on to the next barrier, breakpoint, end or error, or for `more` steps at most."""
    given: Any = until
    if type(given) is int and given > 0:
        raise refusal(until, "until", AIMS, lambda said: DebuggerError(_in_steps(said, given)))
    target, predicate = aim(context.session.graph, until)
    note_absent(predicate, context.session)
    through = flag(through_barriers, "through_barriers", DebuggerError)
    most = None if more is None else whole(more, "more", DebuggerError, least=1)
    return await advance(context, target=target, until=predicate, through=through, most=most)


def _in_steps(said: str, n: int) -> str:
    return f"{said} To go on for so many steps, run(more={n}) or step({n})."
