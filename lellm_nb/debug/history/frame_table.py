"""Frames as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lellm_nb.calls.call_sums import CallSums, spent_by
from lellm_nb.debug.history.item_columns import item_columns
from lellm_nb.debug.history.short_text import shortened
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors import DebuggerError, MissingKeyError
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.state.compact import MISSING

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.history.hide import Hide  # loaded where a place is secret

__all__ = ["COLUMNS", "frame_table", "frames_html", "line_names", "spent_columns"]

COLUMNS = (
    *("index", "line", "path", "node", "visit", "step", "kind", "changed_keys", "next_node"),
    *("duration", "cost", "calls", "tokens_in", "tokens_out", "paid", "decision", "error"),
    "turn",
)
"""Index, visit, step, calls, tokens and turn are whole numbers, duration, cost and paid are
numbers, the rest is text. Turns count from 1. Cost is what the node set, else what its calls
cost; of that, paid is what was not served from a record. Both are missing where a price is not
known (CALLS.md, K6).

Where steps were in maps, ``item`` is what the branch is for and ``result`` what it made of it, in
the frame with which it ended. Where nodes did not run, ``instead`` is ``mocked`` or ``skipped`` for
those steps. Where steps were not captured, ``gap`` tells of each frame whether
they were before it.
"""

_TEXTS = (*("line", "path", "node", "kind", "changed_keys", "next_node", "decision", "error"),)
ROWS = 60
"""So many frames are shown as a table in a notebook."""


def line_names(line: Line) -> Callable[[int], str]:
    """Return a function from an index on a line to the name of the line it was made on."""

    def name(index: int) -> str:
        at = line
        while index < at.first and at.base is not None:
            at = at.base
        return at.name

    return name


def frame_table(
    frames: Sequence[Frame],
    line_name: Callable[[int], str],
    keys: bool | str | Sequence[str] | None = None,
    more: Mapping[str, list[Any]] = MappingProxyType({}),
) -> pandas.DataFrame:
    """Return one row per frame, and a column per key that is asked for.

    Args:
        more: Columns of the caller's own.

    Raises:
        MissingKeyError: No frame has a key of that name; names the nearest.
        DebuggerError: A column of the caller's has the name of another.
    """
    columns: dict[str, list[Any]] = {
        "index": [f.index for f in frames],
        "line": [line_name(f.index) for f in frames],
        "path": [f.path for f in frames],
        "node": [f.node for f in frames],
        "visit": [f.visit for f in frames],
        "step": [f.cursor for f in frames],
        "kind": [f.kind for f in frames],
        "changed_keys": [_changed(f) for f in frames],
        "next_node": [f.next_node for f in frames],
        "duration": [f.duration for f in frames],
        **spent_columns(map(spent_by, frames)),
        "decision": [None if f.decision is None else safe_str(f.decision) for f in frames],
        "error": [_error(f) for f in frames],
        "turn": _turns(frames),
    }
    columns |= item_columns(frames)
    if any(f.mocked or f.skipped for f in frames):
        columns["instead"] = [_instead(f) for f in frames]
    if any(f.gap for f in frames):
        columns["gap"] = [f.gap for f in frames]
    for key in _wanted(frames, keys):
        name = f"state_{key}" if key in columns else key
        columns[name] = _values(frames, key)
    for name, values in more.items():
        if name in columns:
            raise DebuggerError(f"There is a column {name!r} already: give yours another name.")
        columns[name] = values
    return table(
        columns,
        texts=_TEXTS,
        counts=("index", "calls", "turn"),
        integers=("visit", "step", "tokens_in", "tokens_out"),
        floats=("duration", "cost", "paid"),
    )


def spent_columns(spent: Iterable[CallSums]) -> dict[str, list[Any]]:
    """Return the columns of what was spent: cost, calls, tokens_in, tokens_out, paid."""
    rows = [sums.row for sums in spent]
    return {name: [row[name] for row in rows] for name in CallSums().row}


def _turns(frames: Sequence[Frame]) -> list[int]:
    """Return the turn that each frame is of, from 1: an input is the first of the next one."""
    turns: list[int] = []
    before: Frame | None = None
    for frame in frames:
        inputs, at = 0, frame
        while at.parent is not None and at is not before:
            inputs += at.kind == "input"
            at = at.parent
        turns.append(inputs + (turns[-1] if at is before else 1))
        before = frame
    return turns


def _instead(frame: Frame) -> str | None:
    return "mocked" if frame.mocked else "skipped" if frame.skipped else None


def _changed(frame: Frame) -> str:
    if not frame.mutations:
        return ""
    return ", ".join(frame.changed_keys)


def _error(frame: Frame) -> str | None:
    if frame.own_detail is None or frame.error is None:
        return None
    return error_line(frame.error)


def _wanted(frames: Sequence[Frame], keys: bool | str | Sequence[str] | None) -> list[str]:
    if keys is None or keys is False:
        return []
    known: dict[str, None] = {}
    last: Any = None
    for frame in frames:
        data = frame.position.data
        if data is not last:
            known |= dict.fromkeys(kept_items(data))
            last = data
    if keys is True:
        return list(known)
    wanted = [keys] if isinstance(keys, str) else list(keys)
    for key in wanted:
        if key not in known:
            raise MissingKeyError(key, known, f"No frame here has a key {key!r}.")
    return wanted


def _values(frames: Sequence[Frame], key: str) -> list[Any]:
    values: list[Any] = []
    last: Any = MISSING
    shown: Any = None
    for frame in frames:
        value = kept_items(frame.position.data).get(key, MISSING)
        if value is not last:
            last = value
            shown = None if value is MISSING else shortened(value)
        values.append(shown)
    return values


def frames_html(frames: Any, hide: Hide | None = None) -> str:
    """Return a table of the first and last frames; all text is escaped."""
    words = hide.words(frames[-1]) if hide is not None and len(frames) else str

    def said(text: str) -> str:
        return without_keys(words(text))

    size = len(frames)
    parts = [frames] if size <= ROWS else [frames[: ROWS // 2], frames[-ROWS // 2 :]]
    html = f"<p>… {size - ROWS:,} more …</p>".join(_html(part.to_pandas(), said) for part in parts)
    return html


def _html(shown: pandas.DataFrame, said: Callable[[str], str]) -> str:
    # empty columns say nothing, and a wide table hides what matters
    kept = [name for name in shown.columns if not (shown[name].isna() | (shown[name] == "")).all()]
    # before the cells are cut, and after: a key may be inside of what is no text
    cells = shown[kept].map(lambda cell: said(cell) if isinstance(cell, str) else cell)
    return said(cells.to_html(index=False, escape=True, na_rep=""))
