"""Which calls are shown with a frame: its own, at the head those of nodes that are not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lellm_nb.calls.call import Call
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.values.frame_rows import same_frame
from lellm_nb.record.level_key import without_visits

__all__ = ["ShownCall", "call_after", "call_at", "shown_calls"]

_AHEAD = 100
"""So many frames after a call the next one of its node is looked for."""


class ShownCall(NamedTuple):
    """A call as it stands in the list.

    Attributes:
        open: Whether no frame has it: its node runs, or was stopped inside of it.
        stopped: Where the run stands at it: that, in words.
    """

    call: Call
    open: bool = False
    stopped: str = ""

    @property
    def sent(self) -> bool:
        """Whether it was made: one that the run has stopped before was not."""
        return not self.stopped or self.call.last.ended


def shown_calls(debugger: DebuggerLike, frame: FrameLike) -> list[ShownCall]:
    """Return the calls that are shown with a frame, in their order."""
    shown = [ShownCall(call) for call in debugger.calls_at(frame)]
    if frame.index != debugger.head:
        return shown
    known = {id(one.call) for one in shown}
    stop = None if debugger.busy else debugger.last_stop
    here = stop is not None and same_frame(stop.head or stop.frame, frame)
    held = stop.call if stop is not None and here else None
    words = stop.inside if stop is not None and held is not None else ""
    for call in debugger.open_calls:
        if id(call) not in known and not call.late:
            shown.append(ShownCall(call, True, words if call is held else ""))
    if held is not None and all(one.call is not held for one in shown):
        shown.append(ShownCall(held, True, words))
    return shown


def call_after(debugger: DebuggerLike, frame: FrameLike, call: Call) -> Call | None:
    """Return the call of the same node to the same place that came next, if one is near.

    It has the results of the tools that this one asks for.
    """
    path, frames = without_visits(call.path), debugger.frames
    near = range(frame.index, min(len(frames), frame.index + _AHEAD))
    found = [other for index in near for other in frames[index].calls]
    for other in (*found, *debugger.open_calls):
        later = (other.visit, other.number) > (call.visit, call.number)
        if later and without_visits(other.path) == path and other.place == call.place:
            return other
    return None


def call_at(debugger: DebuggerLike, question: Mapping[str, Any]) -> Call:
    """Return the call that a view speaks of: by its frame, and its key there.

    Raises:
        LookupError: It is not there any more.
    """
    key = str(question["call"])
    for one in shown_calls(debugger, debugger.frames[question["frame"]]):
        call = one.call
        if f"{call.path}#{call.visit}/{call.number}" == key.rstrip("!"):
            return call
    raise LookupError("This call is not there any more: look at the frame again.")
