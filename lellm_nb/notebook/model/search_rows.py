"""Where a text stands in a whole history."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import path_text
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.values.state_view import learn_frame
from lellm_nb.notebook.values.value_rows import short_text

_MOST_HITS = 100


def find_rows(debugger: DebuggerLike, text: str) -> dict[str, Any]:
    """Return where a text occurs on the line, oldest first."""
    for index in (0, debugger.head):
        learn_frame(debugger, debugger.frames[index])
    hits = debugger.find(text)
    rows = [
        {
            "frame": hit.frame.index,
            "path": hit.path or ("input" if hit.frame.kind == "input" else "start"),
            "where": hit.where,
            "key": path_text(hit.key) if hit.key else "",
            "text": short_text(hit.text, 160),
        }
        for hit in hits[:_MOST_HITS]
    ]
    return {"rows": rows, "total": len(hits)}
