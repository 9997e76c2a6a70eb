"""Where a run stands, in words: what is next, what waits, and how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lellm_nb.calls.call_stop import CallStop
from lellm_nb.debug.breakpoints.kinds import Hit, Watch
from lellm_nb.debug.breakpoints.triggers import Arrived
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.node_modes import locked
from lellm_nb.debug.core.stop import AllPending, Pending, Stop, StopReason
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.query.stack import Stack, stack_of
from lellm_nb.errors import CallDiffersError, LellmError
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.graph.decision_writes import shown_at
from lellm_nb.graph.walk import node_at
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.position import Waiting
from lellm_nb.session.protocol import Asking, MoveKind, Session

if TYPE_CHECKING:
    from lellm_nb.debug.history.hide import Hide

__all__ = ["held", "in_words", "next_path", "pending", "stack", "standing", "status"]
__all__ += ["status_line"]
__all__ += ["stop", "stop_at", "stop_inside", "stop_with"]


def stack(context: DebugContext) -> Stack:
    """Return every open level of the run, the outermost first."""
    return stack_of(context.session, context.modes.asking())


def next_path(context: DebugContext) -> str:
    """Return the path of the node that a step would run."""
    try:
        move = context.session.next_move()
    except LellmError:
        move = None
    return context.session.position.node or "?" if move is None else move.path


def pending(context: DebugContext) -> AllPending:
    """Return what waits for a decision: barriers, and nodes in mode ask."""
    session = context.session
    head = session.head
    barriers = [_pending(context, waiting, head) for waiting in session.waiting]
    asking = [
        Pending(id, move.path, move.node, None, head.started, head.index, "node")
        for id, move in (context.modes.asking() if context.modes.chosen else ())
    ]
    return AllPending([*barriers, *asking])


def _pending(context: DebugContext, waiting: Waiting, head: Frame) -> Pending:
    session, frame = context.session, head
    while frame.parent is not None and waiting in frame.parent.position.waiting:
        frame = frame.parent
    asked = session.asked(waiting)
    kind = "question" if asked is not None else "pause" if session.pauses else "barrier"
    facts, more = asked or Asking(None), dict[str, Any]()
    if asked is not None and (hide := context.hide()) is not None:
        more["said"] = partial(_said, hide, head)
    return Pending(
        waiting.barrier_id,
        waiting.path,
        waiting.name,
        waiting.timeout,
        frame.started,
        frame.index,
        kind,
        *facts,
        shown=_shown(session, waiting),
        **more,
    )


def _said(hide: Hide, head: Frame, text: str) -> str:
    return without_keys(hide.words(head)(text))


def _shown(session: Session, waiting: Waiting) -> dict[str, Any]:
    node = node_at(session.graph, without_visits(waiting.path))
    if not getattr(node, "show", ()):
        return {}
    data = session.waiting_data(waiting)
    return {} if data is None else shown_at(node, data)


def held(context: DebugContext, waits: Sequence[Any] | None = None) -> bool:
    """Tell whether nothing can move without a decision, for a barrier or a node that asks.

    Args:
        waits: What waits, where that is known already.
    """
    session, modes = context.session, context.modes
    try:
        if modes.chosen and modes.any_asks:
            return len(list(modes.asking())) == len(session.next_moves())
        if not (session.waiting if waits is None else waits):
            return False
        move = session.next_move()
    except LellmError:
        return False
    return move is not None and move.kind is MoveKind.DECIDE


def status(context: DebugContext, waits: Sequence[Any] | None = None) -> str:
    """Return ``ready, running, waiting, paused, failed`` or ``completed``.

    Args:
        waits: As for `held`.
    """
    claim = context.commands.claim
    if claim is not None and not claim.brief:
        live = claim.live
        return "waiting" if live is not None and live.asked and held(context) else "running"
    head = context.session.head
    if head.position.node is None:
        return "completed"
    if head.failed:
        return "failed"
    if held(context, waits):
        return "waiting"
    begins = head.parent is None or head.kind == "input"
    return "ready" if begins and not _inside(context) else "paused"


def standing(context: DebugContext, waits: Sequence[Any]) -> tuple[str, str]:
    """Return the status, and the head in words; see `status` and `status_line`."""
    said = status(context, waits)
    return said, in_words(context, said)


def status_line(context: DebugContext) -> str:
    """Return the head in words: ``waiting at approve · frame 3 of 3 · main``."""
    return in_words(context, status(context))


def in_words(context: DebugContext, said: str) -> str:
    """Return a status in words: where the run waits, failed or goes on, and at which frame."""
    session = context.session
    where = ""
    if said == "waiting":
        where = " at " + ", ".join(waits.path for waits in pending(context))
    elif said == "failed":
        where = f" at {session.head.path}"
    elif said == "paused":
        where = _inside(context) or f" before {next_path(context)}"
    last = len(session.line) - 1
    return f"{said}{where} · frame {session.head.index} of {last} · {session.line.name}"


def _inside(context: DebugContext) -> str:
    """Return where inside of a node the run stopped, while it still stands there."""
    stop = context.commands.last_stop
    if stop is None or stop.call is None or (stop.head or stop.frame) is not context.session.head:
        return ""
    side = next((word for word in ("before", "after") if stop.inside.startswith(word)), "at")
    return f" in {stop.call.path}, {side} call {stop.call.number}"


# -- stops -----------------------------------------------------------------------------


def stop(
    context: DebugContext, reason: StopReason, frame: Frame | None = None, **more: Any
) -> Stop:
    """Return the stop of a command that came back here.

    Args:
        frame: What made it stop, where siblings may have committed since.
    """
    head = context.session.head
    if frame is not None and frame is not head:
        more["head"] = head
    waits, news = tuple(pending(context)), context.code.news
    redactor, kept = context.redact, context.storage.writer is not None
    if redactor.paths if redactor is not None else kept:
        more["hide"] = context.hide()
    if context.breakpoints.news:
        more["kept_stops"] = context.breakpoints.news
    return Stop(reason, frame or head, pending=waits, new_code=news, **more)


def stop_with(context: DebugContext, reason: StopReason, hit: Any, **more: Any) -> Stop:
    """Return a stop for a reason of its own, which tells of a hit as well."""
    if isinstance(hit, Hit):
        more = {"error": hit.error, **more}
        more |= {"breakpoint": hit.stop, "old": hit.old, "new": hit.new, "before": hit.before}
    return stop(context, reason, **more)


def stop_inside(context: DebugContext, left: CallStop) -> Stop:
    """Return the stop of a command that stopped inside of a node (CALLS.md, K2)."""
    call, hit = left.call, left.hit
    if without_visits(call.path) in locked(context.session.graph):
        caution(
            f"{call.path} declared side effects. When the run goes on it begins anew: its calls"
            " are served, and what else it did before this one happens once more (K4)."
        )
    more: dict[str, Any] = {"call": call, "inside": context.calls.clean(str(left))}
    if hit is not None:
        more |= {"breakpoint": hit.stop, "error": hit.error}
    if left.why == "miss":
        more["error"] = CallDiffersError(more["inside"], call.path)
    return stop(context, _INSIDE[left.why], **more)


_INSIDE = {
    "breakpoint": StopReason.BREAKPOINT,
    "budget": StopReason.BUDGET,
    "miss": StopReason.PAUSED,
    "step": StopReason.STEP,
}


def stop_at(context: DebugContext, hit: Hit | Arrived) -> Stop:
    """Return the stop of a command that was stopped by something that was set."""
    if isinstance(hit, Arrived):
        return stop(context, StopReason.STEP, hit.frame, error=hit.error)
    reason = StopReason.WATCH if isinstance(hit.stop, Watch) else StopReason.BREAKPOINT
    return stop_with(context, reason, hit, frame=hit.frame)
