"""A frame's error as rows: the user's own lines first, with what their names held."""

from __future__ import annotations

import traceback
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any

from lellm_nb.errors import RunError
from lellm_nb.errors.error_words import cause_of, error_line, error_words, inner_errors
from lellm_nb.errors.run import ParallelError, innermost
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.tabs.tab import Tab
from lellm_nb.notebook.values.value_rows import long_text, short_text, type_name, value_row

_MOST_LOCALS = 20
_MOST_PARTS = 12


def error_rows(frame: FrameLike) -> dict[str, Any]:
    """Return the frame's error: the user's own lines first, then the rest."""
    error = frame.error
    if error is None:
        return {"type": "", "parts": []}
    cause = cause_of(error)
    wrapped = _words(None if cause is error else error)
    result = {"where": frame.path or "", "wrapped": wrapped, **one_error(cause)}
    if isinstance(cause, ParallelError):  # its parts tell the rest
        failed = (innermost(one) for one in cause.exceptions if isinstance(one, RunError))
        result.update(message=cause.message, wrapped=_words(next(failed, None)))
    parts = chain(inner_errors(error), inner_errors(cause) if cause is not error else ())
    result["parts"] = [_part(one) for one in islice(parts, _MOST_PARTS)]
    return result


def _words(error: BaseException | None) -> str:
    return "" if error is None else short_text(error_words(error), 400)


def _part(error: BaseException) -> dict[str, Any]:
    where = ""
    if isinstance(error, RunError):
        error = innermost(error)
        where = safe_str(error.path)
    return {"where": where, **one_error(cause_of(error), 1)}


def one_error(error: BaseException, most_mine: int = 12) -> dict[str, Any]:
    """Return one exception: its type, its words, its lines, its notes."""
    mine: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for step in _steps(error.__traceback__):
        (theirs if is_library(step["file"]) else mine).append(step)
    for line in theirs:
        line.pop("locals", None)
    before = error.__context__ if not error.__suppress_context__ else None
    return {
        "type": type_name(error),
        "message": long_text(error_words(error)),
        "mine": mine[::-1][:most_mine],
        "theirs": theirs[::-1][:40],
        "notes": [short_text(note, 400) for note in _notes(error)],
        "during": "" if before is None else long_text(error_line(before), 400),
    }


def _steps(trace: TracebackType | None) -> list[dict[str, Any]]:
    # The summary knows each line's text; the trace's own frames what the names held.
    told = traceback.extract_tb(trace)
    steps = []
    for entry in told:
        assert trace is not None
        held = [] if is_library(entry.filename) else local_rows(trace.tb_frame.f_locals)
        trace = trace.tb_next
        steps.append(
            {
                "file": entry.filename,
                "line": entry.lineno or 0,
                "function": entry.name,
                "code": long_text(entry.line or "", 400),
                "locals": held,
            }
        )
    return steps


def local_rows(names: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the names of a function held, those that a reader looks for."""
    shown = {name: value for name, value in names.items() if not name.startswith("__")}
    rows = islice(shown.items(), _MOST_LOCALS)
    return [{"key": short_text(name, 80), **value_row(value, (name,))} for name, value in rows]


def _notes(error: BaseException) -> list[Any]:
    notes = error.__dict__.get("__notes__")
    return notes if type(notes) is list else []


_OURS = Path(str(files("lellm_nb"))).resolve()


def is_library(filename: str) -> bool:
    """Say whether a file belongs to an installed package and not to the user."""
    if filename.startswith("<frozen") or "site-packages" in filename:
        return True
    path = Path(filename)
    return path.is_relative_to(_OURS) or path.is_relative_to(Path(traceback.__file__).parent)


TAB = Tab("error", "Error", 7, lambda _debugger, frame, _question: error_rows(frame))
