"""Values that are better seen than spelled: tables of records, data frames, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from operator import methodcaller
from typing import Any

from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.safe_text import has_kind, safe_length, safe_module, safe_pairs, safe_str
from lellm_nb.notebook.values.displayed import picture, sized
from lellm_nb.notebook.values.value_rows import short_text
from lellm_nb.record.redaction.secret_paths import Path

_COLUMNS = 16
_ROWS = 50
_CELL = 60


def rich_form(value: Any, start: int = 0, path: Path = ()) -> dict[str, Any] | None:
    """Return a value as a table or a picture, or None where it is best seen as a tree."""
    if is_data_frame(value):
        table = attempt(lambda: _data_frame(value, start, path))
        return table and {"table": table}
    if is_records(value):
        return {"table": _records(value, start, path)}
    found = _picture(value)
    return None if found is None else {"picture": found}


def is_data_frame(value: Any) -> bool:
    """Say whether a value is a pandas DataFrame or Series, without importing pandas."""
    kind = type(value)
    return safe_module(kind).partition(".")[0] == "pandas" and kind.__name__ in (
        "DataFrame",
        "Series",
    )


def is_records(value: Any) -> bool:
    """Say whether a value is a list of two records or more that share their keys."""
    if not has_kind(value, (list, tuple)) or (safe_length(value) or 0) < 2:
        return False
    some = [one for _, one in islice(safe_pairs(value), 20)]
    if not all(has_kind(one, Mapping) and 0 < (safe_length(one) or 0) <= 40 for one in some):
        return False
    names = [{key for key, _ in safe_pairs(one) if type(key) is str} for one in some]
    return all(names[0] & mine for mine in names)


def _data_frame(value: Any, start: int, path: Path) -> dict[str, Any]:
    frame = value.to_frame() if type(value).__name__ == "Series" else value
    columns = list(islice(frame.columns, _COLUMNS))
    part = frame.iloc[start : start + _ROWS, : len(columns)]
    rows = [
        [
            short_text(safe_str(index), _CELL),
            *(
                short_text(safe_str(c), _CELL, (*path, n))
                for n, c in zip(columns, cells, strict=True)
            ),
        ]
        for index, cells in zip(part.index, part.itertuples(index=False), strict=True)
    ]
    return {
        "columns": [short_text(safe_str(name), _CELL) for name in columns],
        "rows": rows,
        "start": start,
        "total": len(frame),
        "more_columns": max(0, len(frame.columns) - len(columns)),
    }


def _records(value: Any, start: int, path: Path) -> dict[str, Any]:
    names: dict[Any, None] = {}
    part = [one for _, one in islice(safe_pairs(value), start, start + _ROWS)]
    for record in part:
        if has_kind(record, Mapping):
            names.update((key, None) for key, _ in safe_pairs(record))
    columns = list(islice(names, _COLUMNS))
    rows = []
    for place, record in enumerate(part, start):
        held = dict(safe_pairs(record)) if has_kind(record, Mapping) else {}
        at = (*path, place)
        cells = (
            short_text(held[name], _CELL, (*at, name)) if name in held else "" for name in columns
        )
        rows.append([str(place), *cells])
    return {
        "columns": [short_text(safe_str(name), _CELL) for name in columns],
        "rows": rows,
        "start": start,
        "total": safe_length(value),
        "more_columns": max(0, len(names) - len(columns)),
    }


def _picture(value: Any) -> dict[str, Any] | None:
    raw = value if type(value) is bytes else None
    if raw is None:
        if has_kind(value, type) or not hasattr(type(value), "_repr_png_"):
            return None
        raw = attempt(lambda: methodcaller("_repr_png_")(value))
        raw = raw[0] if type(raw) is tuple and raw else raw
        if type(raw) not in (bytes, str):
            return None
    for kind in ("image/png", "image/jpeg", "image/gif"):
        found = picture(kind, raw)
        if found is not None:
            return sized(kind, found)
    return None
