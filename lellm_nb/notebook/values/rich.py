"""Values that are better seen than spelled: tables of records, data frames, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from lellm_nb.notebook.values.displayed import picture, sized
from lellm_nb.notebook.values.redaction import Path
from lellm_nb.notebook.values.value_rows import short_text

_COLUMNS = 16
_ROWS = 50
_CELL = 60


def rich_form(value: Any, start: int = 0, path: Path = ()) -> dict[str, Any] | None:
    """Return a value as a table or a picture, or None where it is best seen as a tree."""
    if is_data_frame(value):
        return {"table": _data_frame(value, start, path)}
    if is_records(value):
        return {"table": _records(value, start, path)}
    found = _picture(value)
    return None if found is None else {"picture": found}


def is_data_frame(value: Any) -> bool:
    """Say whether a value is a pandas DataFrame or Series, without importing pandas."""
    kind = type(value)
    return kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in (
        "DataFrame",
        "Series",
    )


def is_records(value: Any) -> bool:
    """Say whether a value is a list of two records or more that share their keys."""
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        return False
    some = list(islice(value, 20))
    if not all(isinstance(one, Mapping) and 0 < len(one) <= 40 for one in some):
        return False
    first = set(some[0])
    return sum(bool(first & set(one)) for one in some) == len(some)


def _data_frame(value: Any, start: int, path: Path) -> dict[str, Any]:
    frame = value.to_frame() if type(value).__name__ == "Series" else value
    columns = list(islice(frame.columns, _COLUMNS))
    part = frame.iloc[start : start + _ROWS, : len(columns)]
    rows = [
        [
            short_text(str(index), _CELL),
            *(short_text(str(c), _CELL, (*path, n)) for n, c in zip(columns, cells, strict=True)),
        ]
        for index, cells in zip(part.index, part.itertuples(index=False), strict=True)
    ]
    return {
        "columns": [short_text(str(name), _CELL) for name in columns],
        "rows": rows,
        "start": start,
        "total": len(frame),
        "more_columns": max(0, len(frame.columns) - len(columns)),
    }


def _records(value: Any, start: int, path: Path) -> dict[str, Any]:
    names: dict[Any, None] = {}
    part = list(islice(value, start, start + _ROWS))
    for record in part:
        if isinstance(record, Mapping):
            names.update(dict.fromkeys(record))
    columns = list(islice(names, _COLUMNS))
    rows = []
    for place, record in enumerate(part, start):
        held = record if isinstance(record, Mapping) else {}
        at = (*path, place)
        cells = (
            short_text(held[name], _CELL, (*at, name)) if name in held else "" for name in columns
        )
        rows.append([str(place), *cells])
    return {
        "columns": [short_text(str(name), _CELL) for name in columns],
        "rows": rows,
        "start": start,
        "total": len(value),
        "more_columns": max(0, len(names) - len(columns)),
    }


def _picture(value: Any) -> dict[str, Any] | None:
    raw = value if isinstance(value, bytes) else None
    if raw is None:
        draw = getattr(value, "_repr_png_", None)
        if draw is None or isinstance(value, type):
            return None
        try:
            raw = draw()
        except Exception:  # a user's object may fail to draw itself
            return None
        raw = raw[0] if isinstance(raw, tuple) else raw
    for kind in ("image/png", "image/jpeg", "image/gif"):
        found = picture(kind, raw)
        if found is not None:
            return sized(kind, found)
    return None
