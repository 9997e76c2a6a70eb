"""Once more: a failed step, or a join whose branches disagree."""

from __future__ import annotations

from lellm_nb.debug.core.advance import advance
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.verbs.backward import rewind
from lellm_nb.debug.verbs.forward import step
from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import FailedJoin

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
    old = _first_of_old_code(context, join)
    if old is None or old.parent is None:
        return await step(context)
    depth = join.path.count("/") + 1
    rewind(context, old.parent)
    return await advance(context, left="/".join(old.path.split("/")[:depth]))


def _first_of_old_code(context: DebugContext, join: FailedJoin) -> Frame | None:
    """Return the first frame of the branches that ran a function which was replaced since."""
    found = None
    frame: Frame | None = context.session.head
    while frame is not None and (frame.kind != "join" or frame.static_path != join.path):
        inside = frame.static_path.startswith(f"{join.path}/")
        if inside and context.code.is_older(frame):
            found = frame
        frame = frame.parent
    return found
