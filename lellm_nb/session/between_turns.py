"""Whether a run is between two turns: ready for its first one, or through with the last (R12)."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame

__all__ = ["begins_turn", "check_between_turns"]


def begins_turn(frame: Frame) -> bool:
    """Tell whether nothing has run since the run, or its turn, began.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
        >>> dbg = Debugger(g.build()); stop = dbg.run(); stop = dbg.send({"m": 2})
        >>> [begins_turn(frame) for frame in dbg.frames]
        [True, False, True]
    """
    at: Frame | None = frame
    while at is not None and at.kind == "edit":
        at = at.parent
    return at is not None and (at.kind == "input" or (at.kind == "start" and not at.gap))


def check_between_turns(session: Any) -> None:
    """Refuse an input to a run that is in the middle of a turn.

    Raises:
        DebuggerError: It failed, waits, or has still to run; says where it stands and what to do.
    """
    head: Frame = session.head
    if head.position.ended and not head.failed:
        return
    if head.failed:
        where = f"failed at {head.path}"
        how = "retry() when it is mended"
    elif session.waiting:
        where = f"waits at {', '.join(waits.path for waits in session.waiting)}"
        how = "decide there first, by approve() or reject(reason), and run()"
    elif begins_turn(head):
        return
    else:
        where = f"stands before {head.position.node}, in the middle of a turn"
        how = "run() to its end first"
    done: Frame | None = head
    while done is not None and not done.position.ended:
        done = done.parent
    at = 0 if done is None else done.index
    then = f"send() after rewind({at}), or to fork(at={at}): there the run "
    then += "is ready" if done is None else "was completed"
    raise DebuggerError(f"The run {where}, so no input can be sent to it: {how}. Or {then}.")
