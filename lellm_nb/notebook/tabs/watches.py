"""Watched expressions at a frame, and every stop that is set."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from lellm_nb.debug.names.written_path import written_path
from lellm_nb.debug.query.evaluate import as_function
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.error_words import error_line
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.tabs.tab import Question, Rows, Tab, TabQuestion
from lellm_nb.notebook.values.value_rows import short_text, value_row

_MOST_STOPS = 100
_MOST_CHANGES = 40


def watch_rows(debugger: DebuggerLike, frame: FrameLike, texts: Iterable[str]) -> dict[str, Any]:
    """Return each expression with its value at the frame and at the one before."""
    before = debugger.frames[frame.index - 1] if frame.index else None
    rows = [
        {
            "text": str(text),
            "now": value_at(str(text), frame),
            "old": None if before is None else value_at(str(text), before),
        }
        for text in texts
    ]
    return {"rows": rows, "stops": stop_rows(debugger)}


def value_at(text: str, frame: FrameLike) -> dict[str, Any]:
    """Return an expression's value at a frame as a row, or what it raised."""
    try:
        value = as_function(text)(frame)  # type: ignore[arg-type]  # a frame by shape
        return value_row(value, written_path(text) or (text.strip(),))
    except BaseException as error:  # what a person typed may raise anything
        if is_interrupt(error):
            raise
        return {"error": short_text(error_line(error), 300)}


def stop_rows(debugger: DebuggerLike) -> list[dict[str, Any]]:
    """Return every breakpoint, watch and other stop, as it calls itself."""
    return [
        {
            "id": int(stop.id),
            "label": short_text(str(stop.label), 200),
            "on": bool(stop.enabled),
            "hits": int(stop.hits),
        }
        for stop in islice(debugger.breakpoints, _MOST_STOPS)
    ]


def _changes(debugger: DebuggerLike, question: Question) -> Rows:
    """At which frames of the line an expression changed, newest first."""
    table = debugger.evaluate(str(question["text"]))
    rows: list[dict[str, Any]] = []
    last: Any = object()
    values = (_plain(value) for value in table["value"].astype(object))
    for index, value, error in zip(table.index, values, table["error"], strict=True):
        told = short_text(str(error)) if isinstance(error, str) else short_text(value)
        if told != last:
            rows.append({"frame": int(index), "text": told, "bad": isinstance(error, str)})
            last = told
    return {"rows": rows[: -_MOST_CHANGES - 1 : -1], "more": max(0, len(rows) - _MOST_CHANGES)}


def _plain(value: Any) -> Any:
    """Return a value of a column of whole numbers as it was: what is missing there is None."""
    return None if type(value).__name__ == "NAType" else value


def add_watch(debugger: DebuggerLike, text: str) -> None:
    """Stop runs where an expression's value changes; a key is watched as one."""
    debugger.watch(text.strip())


def _rows(debugger: DebuggerLike, frame: FrameLike, question: Question) -> Rows:
    return watch_rows(debugger, frame, question.get("texts") or ())


TAB = Tab(
    "watches",
    "Watches",
    9,
    _rows,
    slow=True,
    questions=(TabQuestion("changes", _changes, slow=True),),
)
