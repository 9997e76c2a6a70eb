"""Who wrote a value, newest first."""

from __future__ import annotations

from itertools import islice

from lellm_nb.errors import path_text
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.tabs.tab import Question, Rows, Tab, TabQuestion, asks_for_itself
from lellm_nb.notebook.values.frame_rows import mutation_row
from lellm_nb.notebook.values.redaction import at_level
from lellm_nb.notebook.values.state_view import level_name, shown_state
from lellm_nb.notebook.values.value_rows import keys_at

_MOST_WRITES = 60


def _who(debugger: DebuggerLike, question: Question) -> Rows:
    """The writers of a value up to a frame, newest first."""
    frame = debugger.frames[question["frame"]]
    whole = bool(question.get("whole"))
    text = question.get("text")
    keys = (text,) if text else keys_at(shown_state(frame, whole), question["steps"])
    level = "" if whole or text else level_name(frame)
    said = f"{level}:{path_text(keys)}" if level else path_text(keys)
    first = f"{level}:{keys[0]}" if level else keys[0]
    writes = debugger.who((first, *keys[1:]) if len(keys) > 1 else first)
    upto = min(frame.index, debugger.head)
    rows = []
    for write in islice((w for w in writes if w.frame.index <= upto), _MOST_WRITES):
        by = write.frame
        with at_level(debugger, by):
            wrote = mutation_row(write.mutation)
        rows.append(
            {
                "frame": by.index,
                "kind": str(by.kind),
                "path": by.path or _OF_NO_NODE.get(by.kind, "start"),
                "visit": by.visit,
                "through": [str(one.path) for one in write.through],
                "wrote": wrote,
            }
        )
    return {"of": said, "rows": rows, "more": max(0, len(writes) - len(rows))}


_OF_NO_NODE = {"gap": "not captured", "input": "input"}


TAB = Tab("who", "Who", 8, asks_for_itself, questions=(TabQuestion("who", _who, slow=True),))
