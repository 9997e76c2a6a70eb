"""What changed in the state since the frame before, or since any other."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.diff.diff import diff_states
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.tabs.tab import Question, Rows, Tab
from lellm_nb.notebook.values.frame_rows import change_rows
from lellm_nb.notebook.values.redaction import at_level
from lellm_nb.notebook.values.state_view import plain_state, shown_state


def diff_rows(
    debugger: DebuggerLike, frame: FrameLike, against: int | None, whole: bool
) -> dict[str, Any]:
    """Return what changed up to this frame, from the one before or any other."""
    other = frame.index - 1 if against is None else against
    if other < 0:
        return {"against": None, "rows": [], "more": 0}
    before = debugger.frames[other]
    old = None if whole or not frame.path else debugger.state_at(before, frame)
    if old is None:
        # Elsewhere then: what the two frames have in common is the whole run.
        changes = diff_states(plain_state(before.position.state), shown_state(frame, True))
        return {"against": other, **change_rows(changes)}
    changes = diff_states(plain_state(old), shown_state(frame, False))
    with at_level(debugger, frame):
        return {"against": other, **change_rows(changes)}


def _rows(debugger: DebuggerLike, frame: FrameLike, question: Question) -> Rows:
    return diff_rows(debugger, frame, question.get("against"), bool(question.get("whole")))


TAB = Tab("diff", "Diff", 2, _rows)
