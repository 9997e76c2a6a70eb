"""What becomes of a collect-all parallel of which branches failed."""

from __future__ import annotations

from lellm_nb.arguments import chosen
from lellm_nb.debug.core.advance import stop_for
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import stop
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.verbs.forward import run
from lellm_nb.errors import DebuggerError, RunError
from lellm_nb.session.protocol import Halt

__all__ = ["resolve_join"]


async def resolve_join(context: DebugContext, how: str) -> Stop:
    """Join the good branches (``keep``), none (``drop``), or run the failed ones again.

    Raises:
        DebuggerError: No such failure is there, or `how` is none of the three.
    """
    chosen(how, "how", DebuggerError, ("keep", "retry", "drop"))
    if context.session.failed_join() is None:
        raise DebuggerError("The run does not stand in a collect-all Parallel that failed.")
    if how == "retry":
        return await run(context)
    context.refresh_code()
    try:
        await context.session.close_join(keep=how == "keep")
    except RunError as error:
        return stop(context, StopReason.FAILED, error=error)
    return stop_for(context, Halt.STEPPED, None)
