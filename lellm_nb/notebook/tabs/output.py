"""What a node printed, logged, displayed and streamed, as text and as safe pictures."""

from __future__ import annotations

from itertools import islice
from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.tabs.tab import Question, Rows, Tab, TabQuestion
from lellm_nb.notebook.values.displayed import MOST_BYTES, picture_row, stream_text
from lellm_nb.notebook.values.value_rows import LONG, tail_text

_MOST_SHOWN = 12
_LARGEST = 20_000_000
"""Largest picture that travels when somebody asks for it, in bytes."""


def output_rows(frame: FrameLike, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Return what the node printed, logged and displayed, and what it streamed."""
    text = str(frame.output or "")
    stream = stream_text(frame.stream)
    return {
        "text": tail_text(text),
        "cut": max(0, len(text) - LONG),
        "stream": tail_text(stream),
        "chunks": len(frame.stream),
        "shown": [
            picture_row(bundle, place, most_bytes)
            for place, bundle in enumerate(islice(frame.displayed, _MOST_SHOWN))
        ],
    }


def _picture(debugger: DebuggerLike, question: Question) -> Rows:
    frame = debugger.frames[question["frame"]]
    return picture_row(frame.displayed[question["place"]], question["place"], _LARGEST)


TAB = Tab(
    "output",
    "Output",
    5,
    lambda _debugger, frame, _question: output_rows(frame),
    questions=(TabQuestion("picture", _picture, slow=True),),
)
