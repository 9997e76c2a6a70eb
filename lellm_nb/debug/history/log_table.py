"""The entries of logs as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.history.short_text import shortened
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors import path_text

if TYPE_CHECKING:
    import pandas

__all__ = ["execution_table", "log_table", "trace_table"]


def log_table(entries: Sequence[Any]) -> pandas.DataFrame:
    """Return one row per entry of a mutation log; see `LogEntries.to_pandas`."""
    parts = [_parts(entry.mutation) for entry in entries]
    return table(
        {
            "step": [e.step for e in entries],
            "path": [e.node_id for e in entries],
            "level": [e.level for e in entries],
            "op": [op for op, _, _, _ in parts],
            "key": [key for _, key, _, _ in parts],
            "value": [value for _, _, value, _ in parts],
            "reducer": [reducer for _, _, _, reducer in parts],
            "mutation_index": [e.mutation_index for e in entries],
            "checkpoint_id": [e.checkpoint_id for e in entries],
            "timestamp": [e.timestamp.timestamp() for e in entries],
            "trace_id": [e.trace_id for e in entries],
        },
        texts=("path", "level", "op", "key", "reducer", "checkpoint_id", "trace_id"),
        counts=("step", "mutation_index"),
        times=("timestamp",),
    )


def _parts(form: Any) -> tuple[str, str | None, Any, str | None]:
    """Return operation, key, value and reducer of a mutation's JSON form."""
    match form:
        case {"Put": [key, value]}:
            return "Put", _key(key), shortened(value), None
        case {"Reduce": [key, value, *named]}:
            return "Reduce", _key(key), shortened(value), str(named[0]) if named else None
        case {"ChannelUpdate": [key, values, *named]}:
            reducer = str(named[0]) if named else None
            return "ChannelUpdate", _key(key), shortened(values), reducer
        case {"Delete": key}:
            return "Delete", _key(key), None, None
        case {"$unserializable": {"type": op, "key": key, "repr": shown}}:
            return str(op), str(key), shortened(shown), None
    return "", None, shortened(form), None


def _key(key: Any) -> str:
    return path_text(tuple(key) if isinstance(key, list) else key)


def trace_table(entries: Sequence[Any]) -> pandas.DataFrame:
    """Return one row per step of a trace; see `ExecutionTrace.to_pandas`."""
    changed = [_changed(e.mutations) for e in entries]
    return _step_table(entries, [e.node for e in entries], {"changed_keys": changed})


def execution_table(entries: Sequence[Any]) -> pandas.DataFrame:
    """Return one row per step of an execution log; see `GraphResult.to_pandas`."""
    return _step_table(entries, [e.path for e in entries], {})


def _step_table(
    entries: Sequence[Any], paths: list[str], more: dict[str, list[str]]
) -> pandas.DataFrame:
    return table(
        {
            "step": [e.step for e in entries],
            "path": paths,
            "node": [path.rpartition("/")[2] for path in paths],
            **more,
            "start": [e.start for e in entries],
            "duration": [e.end - e.start for e in entries],
            "success": [e.success for e in entries],
            "error": [e.error for e in entries],
        },
        texts=("path", "node", "changed_keys", "error"),
        counts=("step",),
        floats=("duration",),
        times=("start",),
        flags=("success",),
    )


def _changed(mutations: Iterable[Any]) -> str:
    keys = (getattr(m, "key", None) for m in mutations)
    return ", ".join(dict.fromkeys(k if isinstance(k, str) else k[0] for k in keys if k))
