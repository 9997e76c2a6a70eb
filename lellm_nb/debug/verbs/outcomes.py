"""Outcomes that a person gives in place of running a node: fixed ones, and none at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.arguments import whole
from lellm_nb.debug.core.advance import advance
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import stop, stop_at, stop_with
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.inputs.mocks import checked_mock
from lellm_nb.debug.names.node_name import item_path, node_path
from lellm_nb.errors import DebuggerError, NotWaitingError, RunError
from lellm_nb.graph.decision import DefaultAction
from lellm_nb.graph.walk import node_at
from lellm_nb.record.outcome import Outcome
from lellm_nb.session.protocol import Capability, Controls, MoveKind, NextMove

__all__ = ["mock", "skip"]


def mock(
    context: DebugContext,
    node: str,
    what: Mapping[Any, Any] | Callable[[Any], Any] | None,
    *,
    visit: int | None = None,
) -> None:
    """Fix what a node does, until it is let go again by `None`.

    Raises:
        NoSuchNodeError: There is no such node.
        DebuggerError: Nothing can stand in for that node, or `what` is neither of the two.
        StateError: A key or a value does not fit.
    """
    graph, mocks = context.session.graph, context.modes.mocks
    path = node_path(graph, node)
    named = item_path(node, path)
    at = None if visit is None else whole(visit, "visit", DebuggerError, least=1)
    if what is None:
        mocks.free(named, at)
    else:
        checked = checked_mock(what)
        _check_kind(context, path, callable(checked))
        foreign = Capability.WHOLE in context.session.capabilities
        if foreign and "/" not in path and isinstance(checked, Mapping):
            # an engine with keys of its own says at once which one it does not have
            context.session.check_edit(context.session.line[0], checked)
        mocks.fix(named, at, checked)
    context.commands.changed()


def _check_kind(context: DebugContext, path: str, function: bool) -> None:
    """Refuse what nothing can stand in for.

    Raises:
        DebuggerError: It is a barrier, or a function is to stand in for what runs none.
    """
    capabilities = context.session.capabilities
    kind = getattr(node_at(context.session.graph, path), "kind", "")
    if kind == "barrier":
        raise DebuggerError(
            f"{path!r} is a barrier, where somebody decides: approve() and its kin do, and"
            " mode(node, 'recorded') takes the decision that was recorded."
        )
    if function and Capability.WHOLE in capabilities:
        raise DebuggerError(
            f"In this engine a function is exchanged by patch({{{path!r}: function}}), as it is"
            " called with what the engine gives it. A mapping may be given here."
        )
    if function and kind in ("subgraph", "parallel"):
        raise DebuggerError(
            f"{path!r} is a {kind}, and runs no function of its own: give a mapping for all that"
            " it would write, or a function for a node inside."
        )


async def skip(context: DebugContext) -> Stop:
    """Go past the node that is next, without running it.

    Raises:
        DebuggerError: There is no node to go past: it is committed already, or is to be left.
    """
    session = context.session
    if session.position.ended:
        return stop(context, StopReason.COMPLETED)
    head = session.head
    move = _meant(context)
    if move is None:
        return stop(context, StopReason.COMPLETED)
    if move.kind is MoveKind.ROUTE or move.kind is MoveKind.LEAVE:
        what = "has ended inside" if move.kind is MoveKind.LEAVE else "is committed"
        raise DebuggerError(
            f"{move.path} {what}, and is only to be left: step() does, and after a failure there"
            " patch() or resolve_join() mends it."
        )
    if move.kind is MoveKind.DECIDE:
        return await _decide(context, move)
    if head.failed:  # what failed is not to go last any more
        session.rewind(head)
    target = (move.enters or move.path), move.visit if not move.enters else None
    came = await advance(context, one=True, gate=False, serve=lambda asked: _serve(asked, target))
    stopped = came.reason not in (StopReason.STEP, StopReason.BARRIER)
    if move.kind is MoveKind.WAIT and not move.enters and not stopped:
        return await _decide(context, move)
    return came


def _meant(context: DebugContext) -> NextMove | None:
    """Return the node that failed where the run stands, else the one that is next."""
    session = context.session
    head = session.head
    if head.failed:
        for move in session.next_moves():
            if move.kind is MoveKind.RUN and (move.path, move.visit) == (head.path, head.visit):
                return move
    return session.next_move()


def _serve(controls: Controls, target: tuple[str, int | None]) -> None:
    """Have one node go past; whatever else is asked does not run."""

    def ask(move: NextMove) -> Outcome | None:
        path, visit = target
        if move.path != path or (visit is not None and move.visit != visit):
            return None
        outcome = Outcome()
        outcome.skipped = outcome.has_more = True
        return outcome

    controls.look_up = ask


async def _decide(context: DebugContext, move: NextMove) -> Stop:
    """Go past a barrier that waits: on, with nothing written."""
    session = context.session
    waits = session.waiting
    named = [one.barrier_id for one in waits if one.path == move.path]
    found = named or [one.barrier_id for one in waits]
    if len(found) != 1:
        raise NotWaitingError(None, found)
    try:
        await session.decide(DefaultAction.SKIP, found[0])
    except RunError as error:
        if session.head.error is not error:
            raise
        return stop_with(context, StopReason.FAILED, None, error=error)
    hit = context.triggers.after(session.head)
    if session.position.ended:
        return stop_with(context, StopReason.COMPLETED, hit)
    return stop(context, StopReason.STEP) if hit is None else stop_at(context, hit)
