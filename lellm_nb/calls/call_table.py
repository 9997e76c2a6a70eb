"""Calls as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lellm_nb.calls.call import Call
from lellm_nb.errors.key_patterns import without_keys

if TYPE_CHECKING:
    import pandas

__all__ = ["calls_table"]

_COLUMNS = {
    "node": "string",
    "visit": "Int64",
    "frame": "Int64",
    "line": "string",
    "number": "Int64",
    "kind": "string",
    "provider": "string",
    "model": "string",
    "name": "string",
    "tokens_in": "Int64",
    "tokens_out": "Int64",
    "cached": "Int64",
    "reasoning": "Int64",
    "cost": "Float64",
    "paid": "Float64",
    "latency": "Float64",
    "ttft": "Float64",
    "attempts": "Int64",
    "served": "boolean",
    "finish": "string",
    "status": "Int64",
    "error": "string",
    "streamed": "boolean",
    "stale": "boolean",
    "edited": "boolean",
    "answered": "boolean",
    "late": "boolean",
    "cut": "boolean",
    "started": "datetime64[ns, UTC]",
}
"""The columns, and what they hold."""

_UNSEEN = frozenset({"error", "finish", "model", "name"})
"""What others wrote: it is shown without keys."""


def calls_table(
    calls: Sequence[Call],
    frames: Sequence[int | None] = (),
    line: Callable[[int], str] = lambda index: "",
) -> pandas.DataFrame:
    """Return one row per call.

    Args:
        frames: The index of the frame that each call is filed with, in the same order.
        line: Gives the line on which the frame of an index was made.

    Example:
        >>> list(calls_table([]).columns[:8])
        ['node', 'visit', 'frame', 'line', 'number', 'kind', 'provider', 'model']
    """
    import pandas

    filed = [*frames, *[None] * (len(calls) - len(frames))]
    rows = [
        {**_row(call, frame), "line": None if frame is None else line(frame) or None}
        for call, frame in zip(calls, filed, strict=True)
    ]
    columns: dict[str, Any] = {}
    for name, dtype in _COLUMNS.items():
        values = [row[name] for row in rows]
        if name == "started":
            seconds = pandas.array(values, dtype="Float64")
            moments = pandas.to_datetime(seconds, unit="s", utc=True, errors="coerce")
            columns[name] = moments.astype("datetime64[ns, UTC]")
        else:
            kind: Any = dtype
            columns[name] = pandas.array(values, dtype=kind)
    return pandas.DataFrame(columns, copy=False)


def _row(call: Call, frame: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(call, name, None) for name in _COLUMNS if name != "line"}
    row |= {
        "node": call.path or None,
        "name": call.name or None,
        "frame": frame,
        "paid": 0.0 if call.served else call.cost,
    }
    row |= {name: None if row[name] is None else without_keys(row[name]) for name in _UNSEEN}
    return row
