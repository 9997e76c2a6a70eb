"""The view of a saved notebook: plain HTML that needs no kernel and no script."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from lellm_nb.errors import path_text
from lellm_nb.graph.drawing.layered import Drawing
from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.graph.drawing.svg import svg
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.values.frame_rows import kind_of
from lellm_nb.notebook.values.redaction import redacting_for, redactor_of
from lellm_nb.notebook.values.state_view import changed_keys
from lellm_nb.notebook.values.value_rows import short_text

_MOST_FRAMES = 6
_MOST_NODES = 150


def static_html(
    debugger: DebuggerLike,
    outline: Outline,
    drawing: Drawing | None,
    statuses: dict[int, str],
) -> str:
    """Return the last view as HTML that survives a notebook's sanitiser.

    A picture of the graph as an image, the status line, and the last frames
    as a table. Everything that came from a user is escaped.
    """
    with redacting_for(debugger) as redactor:
        title = escape(redactor.text(f"{outline.name}: {debugger.status_line}"))
        table = _table(debugger)
    picture = ""
    if drawing is not None and len(drawing.nodes) <= _MOST_NODES:
        drawn = redactor_of(debugger).text(svg(outline, drawing, statuses))
        name = redactor_of(debugger).text(outline.name)
        data = b64encode(drawn.encode()).decode()
        picture = (
            f'<img alt="Graph {escape(name)}" style="max-width:100%"'
            f' src="data:image/svg+xml;base64,{data}">'
        )
    return f'<div class="lellm-nb-static"><p><strong>{title}</strong></p>{picture}{table}</div>'


def _table(debugger: DebuggerLike) -> str:
    frames, head = debugger.frames, debugger.head
    first = max(0, head + 1 - _MOST_FRAMES)
    rows = [_row(frames[index]) for index in range(first, min(head + 1, len(frames)))]
    if not rows:
        return ""
    more = f"<p>{first:,} earlier frames are not shown.</p>" if first else ""
    names = "".join(
        f"<th>{name}</th>" for name in ("Frame", "Kind", "Node", "Changed", "Next", "Time")
    )
    return f"<table><tr>{names}</tr>{''.join(rows)}</table>{more}"


def _row(frame: FrameLike) -> str:
    keys = ", ".join(path_text(key) for key in changed_keys(frame))
    cells = (
        str(frame.index),
        kind_of(frame),
        short_text(str(frame.path or ""), 200),
        short_text(keys, 60),
        short_text(str(frame.next_node or ""), 200),
        duration_text(frame.duration or 0),
    )
    return ("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in cells)) + "</tr>"


def duration_text(seconds: float) -> str:
    """Return a time as a person reads it, or nothing for none.

    Example:
        >>> duration_text(0.0000042), duration_text(0.0031), duration_text(2.41)
        ('4 µs', '3.1 ms', '2.4 s')
    """
    if not seconds:
        return ""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
