"""A node once more over its recorded calls, some of them changed (CALLS.md, K12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.arguments import chosen, refusal, whole
from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange
from lellm_nb.debug.calls.rerun_plan import RerunPlan
from lellm_nb.debug.calls.unfinished import calls_of
from lellm_nb.debug.core.advance import advance
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.node_modes import MISSES, locked
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.errors import DebuggerError, listed
from lellm_nb.record.frame import Frame

__all__ = ["rerun"]


async def rerun(
    context: DebugContext,
    frame: Any,
    calls: int | None = None,
    edit: Mapping[int, Any] | None = None,
    answer: Mapping[int, Any] | None = None,
    miss: str = "stop",
    name: str | None = None,
) -> Any:
    """Run the node of a frame anew in a fork, over its recorded calls, and on to the next stop.

    Raises:
        DebuggerError: The frame is of no node, or another argument does not fit; names it.
        NoSuchFrameError: There is no such frame.

    Warns where a call that was to be changed was never made.
    """
    found = frame_of(context, frame)
    if found.parent is None or found.kind not in ("commit", "error", "exit", "waiting"):
        what = f"{found.kind} {found.path}".strip()
        raise DebuggerError(
            f"Frame {found.index} ({what}) ran no node; rerun() takes a frame that did, such as"
            f" {_examples(context) or 'a commit'}."
        )
    first = None if calls is None else whole(calls, "calls", DebuggerError)
    plan = RerunPlan(
        found.path,
        found.visit,
        calls_of(found),
        first,
        whole=calls is None,
        miss=chosen(miss, "miss", DebuggerError, MISSES),
        edits=_edits(found, edit),
        answers=_answers(found, answer),
    )
    if both := plan.edits.keys() & plan.answers.keys():
        raise DebuggerError(f"Call {min(both)} is in edit and in answer: it can be one of them.")
    session = context.session
    left = session.line_through(found)
    child = context.for_line(session.fork(found.parent, name=name))
    child.modes.left(left)
    child.modes.mocks.free(found.static_path)  # it is this node that is to run
    if found.static_path in locked(session.graph):
        caution(
            f"{found.path} declared side effects, and is to run again: it waits for"
            " approve() in mode ask."
        )
        child.modes.chosen[found.static_path] = "ask"
    elif child.modes.chosen.get(found.static_path) not in (None, "calls"):
        child.modes.chosen[found.static_path] = "live"
    child.calls.begin_anew(plan)
    debugger = context.family.add(child)
    claim = context.commands.claim
    assert claim is not None, "only a command moves a run"
    await child.commands.lead(claim, _on(child))
    _look_unused(child, plan)
    return debugger


def _look_unused(child: DebugContext, plan: RerunPlan) -> None:
    """Warn of changes for calls that the node did not make."""
    done = (f for f in child.session.line if (f.path, f.visit) == plan.at and f.kind in _RAN)
    frame = next(done, None)
    if frame is None:
        return
    unused = [number for number in (*plan.edits, *plan.answers) if number >= len(frame.calls)]
    if unused:
        made = f"{len(frame.calls)} call{'s' if len(frame.calls) != 1 else ''}"
        caution(
            f"Nothing was changed at {listed(map(str, sorted(unused)))}: visit {plan.visit} of"
            f" {plan.path} made {made}, numbered from 0 in each frame."
        )


_RAN = ("commit", "error", "exit")


async def _on(child: DebugContext) -> Stop:
    """Run the node itself, whatever stops before it, and then on to the next stop."""
    came = await advance(child, one=True, gate=False)
    if came.reason is not StopReason.STEP or came.inside:
        return came
    return await advance(child)


def _examples(context: DebugContext) -> str:
    at = [str(frame.index) for frame in context.session.line if frame.calls][:3]
    return ", ".join(at)


def _edits(frame: Frame, edit: Any) -> dict[int, Callable[[bytes], bytes]]:
    """Return what becomes of requests, each as a function of its body."""
    made: dict[int, Callable[[bytes], bytes]] = {}
    for number, change in _by_number(edit, "edit").items():
        argument = f"edit[{number}]"
        like = _like(frame, number)
        made[number] = edited = _changed(like, change, argument)
        if not callable(change):  # what does not fit is refused before anything moves
            edited(like.body)
    return made


def _changed(like: Exchange, change: Any, argument: str) -> Callable[[bytes], bytes]:
    from lellm_nb.calls.asking import edited_body

    def edited(body: bytes) -> bytes:
        return edited_body(like, body, change, argument)

    return edited


def _answers(frame: Frame, answer: Any) -> dict[int, Exchange]:
    made = {}
    for number, given in _by_number(answer, "answer").items():
        from lellm_nb.calls.formats.writing import answer_of

        if not isinstance(given, (str, Call)):
            raise refusal(given, f"answer[{number}]", "a text, or a Call", DebuggerError)
        made[number] = answer_of(_like(frame, number), given)
    return made


def _by_number(given: Any, argument: str) -> dict[int, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise refusal(given, argument, "a mapping from numbers of calls", DebuggerError)
    return {whole(number, argument, DebuggerError): one for number, one in given.items()}


def _like(frame: Frame, number: int) -> Exchange:
    """Return the recorded request of a call, or of the last one before it."""
    if not len(frame.calls):
        raise DebuggerError(f"Frame {frame.index} ({frame.path}) has no calls to change.")
    call: Call = frame.calls[min(number, len(frame.calls) - 1)]
    return call.last
