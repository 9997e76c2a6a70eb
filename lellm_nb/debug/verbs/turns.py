"""The next turn: an input, and the run is at its start node again (SEMANTICS R12)."""

from __future__ import annotations

from typing import Any

from lellm_nb.arguments import flag
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import stop, stop_at
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.verbs.forward import run
from lellm_nb.errors import DebuggerError

__all__ = ["send"]


async def send(context: DebugContext, input: Any, *, then_run: bool = False) -> Stop:
    """Take an input in as a frame of its own; stay there, or run on.

    Raises:
        DebuggerError: The run is in the middle of a turn.
        StateError: What is to be written does not fit.
    """
    then_run = flag(then_run, "then_run", DebuggerError)
    context.refresh_code()
    await context.session.send(input)
    # what was sent is a step of the line, at which a watch may stop
    hit = context.triggers.after(context.session.head)
    if hit is not None:
        return stop_at(context, hit)
    return await run(context) if then_run else stop(context, StopReason.STEP)
