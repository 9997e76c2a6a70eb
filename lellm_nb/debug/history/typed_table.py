"""Tables with typed columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lellm_nb.errors.safe_value import safe_column, safe_values

if TYPE_CHECKING:
    import pandas

__all__ = ["table", "value_column"]


def table(
    columns: Mapping[str, Any],
    *,
    texts: Iterable[str] = (),
    counts: Iterable[str] = (),
    integers: Iterable[str] = (),
    floats: Iterable[str] = (),
    times: Iterable[str] = (),
    flags: Iterable[str] = (),
    index: str | None = None,
) -> pandas.DataFrame:
    """Return a DataFrame; text, integers and floats are pandas' nullable types.

    Args:
        columns: Name to a list of values, in order. What is in none of the groups gets the
            narrowest type that its values have in common.
        counts: Columns of whole numbers without gaps.
        times: Columns of seconds since the epoch; they become times in UTC.
        flags: Columns of yes and no.
        index: The column that becomes the index.
    """
    import pandas

    kinds: dict[str, Any] = {
        **dict.fromkeys(texts, "string"),
        **dict.fromkeys(integers, "Int64"),
        **dict.fromkeys(floats, "Float64"),
        **dict.fromkeys(flags, "boolean"),
    }
    counts, times = set(counts), set(times)
    made = {}
    for name, values in columns.items():
        if name in counts:
            made[name] = _counts(values)
        elif name in times:
            made[name] = _times(values)
        elif name in kinds:
            made[name] = pandas.array(values, dtype=kinds[name])
        else:
            made[name] = value_column(values)
    frame = pandas.DataFrame(made, copy=False)
    return frame if index is None else frame.set_index(index)


def value_column(values: Iterable[Any]) -> Any:
    """Return values as a column: numbers, booleans and text typed, anything else as it is.

    What refuses to be looked at is text in its place, as `safe_value` tells it.
    """
    import pandas

    values = safe_values(values)
    found = set(map(type, values))
    kinds = found - {type(None), type(pandas.NA)}
    dtype: Any = _DTYPES.get(next(iter(kinds))) if len(kinds) == 1 else None
    if dtype == "Int64" and kinds == found:
        dtype = "int64"
    if dtype is not None:
        try:
            if dtype == "int64":
                return _counts(values)
            return pandas.array(values, dtype=dtype)
        except (OverflowError, TypeError, ValueError):
            pass  # an integer that does not fit into 64 bits
    return safe_column(values).array


def _counts(values: list[int]) -> Any:
    import pandas

    return pandas.array(values, dtype="Int64").to_numpy()  # faster than asking for int64 at once


def _times(values: list[float | None]) -> Any:
    import pandas

    # what is no moment (of a forged file, say) is none, and no reason to have no table
    moments = pandas.to_datetime(
        pandas.array(values, dtype="Float64"), unit="s", utc=True, errors="coerce"
    )
    return moments.astype("datetime64[ns, UTC]")


_DTYPES = {int: "Int64", float: "Float64", bool: "boolean", str: "string"}
