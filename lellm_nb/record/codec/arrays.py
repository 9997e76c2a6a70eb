"""Arrays and tables in the codec; loaded when the first one is met."""

from __future__ import annotations

import base64
import importlib
import math
from typing import Any

from lellm_nb.record.codec.ready_kinds import listed
from lellm_nb.record.codec.types import add_type
from lellm_nb.state.frozen import register_freeze

# looked up by name, so that nothing here counts as a dependency of its own
numpy: Any = importlib.import_module("numpy")

SAFE = "biufcMm"
"""Kinds of dtypes that are plain numbers or times; others may hold objects."""


def _array(value: Any) -> dict[str, Any]:
    if value.dtype.kind in SAFE:
        raw = base64.b64encode(numpy.ascontiguousarray(value).tobytes()).decode()
        return {"dtype": value.dtype.str, "shape": list(value.shape), "raw": raw}
    if value.dtype.kind in "OUS":
        items = value.ravel().tolist()
        if _is_padding(value.dtype, items):
            raise TypeError(f"most of it is padding to {value.dtype}: use dtype=object")
        return {"dtype": value.dtype.str, "shape": list(value.shape), "items": items}
    raise TypeError(f"arrays of dtype {value.dtype} are not saved")


def _read_array(content: Any) -> Any:
    dtype = _dtype(content["dtype"])
    shape = tuple(int(n) for n in listed(content["shape"]))
    if len(shape) > 32 or any(n < 0 for n in shape):
        raise ValueError("a damaged shape")
    if "items" in content:
        items = listed(content["items"])
        if len(items) != math.prod(shape):
            raise ValueError("the shape does not fit the items")
        if _is_padding(dtype, items):
            raise ValueError("most of it would be padding")
        made = numpy.empty(len(items), dtype=dtype)
        for i, item in enumerate(items):
            made[i] = item
    else:
        made = numpy.frombuffer(base64.b64decode(content["raw"], validate=True), dtype=dtype)
        if made.size != math.prod(shape):
            raise ValueError("the shape does not fit the data")
    made = made.reshape(shape)
    made.flags.writeable = False
    return made


PADDING = 16
"""An array of texts takes at most so many times what its items would need by themselves."""

SMALL = 2048
"""Bytes that any array may take."""


def _is_padding(dtype: Any, items: list[Any]) -> bool:
    """Tell whether a few bytes of a file would become many of memory: the width of the widest."""
    total = dtype.itemsize * len(items)
    if dtype.kind not in "US" or total <= SMALL:
        return False
    alone = sum(8 + 4 * len(item) for item in items if isinstance(item, (str, bytes)))
    return bool(total > PADDING * alone)


def _dtype(name: Any) -> Any:
    if not isinstance(name, str) or not 1 < len(name) < 40:
        raise ValueError("a damaged dtype")
    dtype = numpy.dtype(name)
    if dtype.kind not in SAFE + "OUS" or dtype.itemsize > 1 << 20:
        raise ValueError(f"dtype {name} is not read")
    return dtype


def _frozen(value: Any) -> Any:
    made = value.copy()
    made.flags.writeable = False
    return made


def _scalar(value: Any) -> list[Any]:
    if value.dtype.kind not in SAFE:
        raise TypeError(f"numbers of dtype {value.dtype} are not saved")
    return [value.dtype.str, base64.b64encode(value.tobytes()).decode()]


def _read_scalar(content: Any) -> Any:
    dtype = _dtype(content[0])
    if dtype.kind not in SAFE:
        raise ValueError("a damaged number")
    return numpy.frombuffer(base64.b64decode(content[1], validate=True), dtype=dtype)[0]


add_type(numpy.ndarray, "ndarray", _array, _read_array)
add_type(numpy.generic, "numpy", _scalar, _read_scalar)
register_freeze(numpy.ndarray, _frozen)

try:
    pandas: Any = importlib.import_module("pandas")
except ImportError:
    pandas = None

ROWS = 100_000_000
"""No index claims more rows than this: it may be made real by the first who looks."""

TEXT = ("object", "str", "string", "boolean", "category")
WHOLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")


def _column(values: Any) -> dict[str, Any]:
    dtype = values.dtype
    if isinstance(dtype, numpy.dtype) and dtype.kind in SAFE:
        return {"array": values.to_numpy()}
    name = str(dtype)
    if name.startswith("datetime64["):
        return (
            {
                "zone": str(dtype.tz),
                "array": values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(),
            }
            if hasattr(values, "dt")
            else _refused(name)
        )
    if name not in TEXT + WHOLE + ("Float32", "Float64"):
        _refused(name)
    missing = values.isna().tolist()
    items = values.astype(object).tolist()
    return {
        "dtype": name,
        "items": [None if gone else item for gone, item in zip(missing, items, strict=True)],
    }


def _refused(name: str) -> Any:
    raise TypeError(f"columns of dtype {name} are not saved")


def _read_column(content: Any) -> Any:
    if "array" in content:
        made = pandas.Series(content["array"].copy())
        if "zone" in content:
            made = made.dt.tz_localize("UTC").dt.tz_convert(content["zone"])
        return made
    name = content["dtype"]
    if name not in TEXT + WHOLE + ("Float32", "Float64"):
        raise ValueError(f"dtype {name} is not read")
    return pandas.Series(list(listed(content["items"])), dtype=name)


def _index(value: Any) -> dict[str, Any]:
    if type(value) is pandas.RangeIndex:
        return {"range": [value.start, value.stop, value.step], "name": value.name}
    if type(value) is pandas.MultiIndex:
        _refused("MultiIndex")
    return {"column": _column(value.to_series().reset_index(drop=True)), "name": value.name}


def _read_index(content: Any) -> Any:
    if "range" in content:
        steps = range(*listed(content["range"]))
        if len(steps) > ROWS:
            raise ValueError("an index of more rows than there can be")
        return pandas.RangeIndex(steps, name=content["name"])
    return pandas.Index(_read_column(content["column"]), name=content["name"])


def _series(value: Any) -> dict[str, Any]:
    return {
        "column": _column(value.reset_index(drop=True)),
        "index": _index(value.index),
        "name": value.name,
    }


def _read_series(content: Any) -> Any:
    made = _read_column(content["column"])
    made.index = _read_index(content["index"])
    made.name = content["name"]
    return made


def _table(value: Any) -> dict[str, Any]:
    return {
        "names": _index(value.columns),
        "columns": [
            _column(value.iloc[:, i].reset_index(drop=True)) for i in range(value.shape[1])
        ],
        "index": _index(value.index),
    }


def _read_table(content: Any) -> Any:
    columns = {i: _read_column(column) for i, column in enumerate(listed(content["columns"]))}
    index = _read_index(content["index"])
    if any(len(column) != len(index) for column in columns.values()):
        raise ValueError("columns of different lengths")
    made = pandas.DataFrame(columns, index=pandas.RangeIndex(len(index)))
    made.index = index
    made.columns = _read_index(content["names"])
    return made


if pandas is not None:
    add_type(pandas.DataFrame, "DataFrame", _table, _read_table)
    add_type(pandas.Series, "Series", _series, _read_series)
    for _cls in (pandas.Index, pandas.RangeIndex, pandas.DatetimeIndex):
        add_type(_cls, "Index", _index, _read_index)
    add_type(
        pandas.Timestamp,
        "Timestamp",
        lambda v: [v.isoformat(), str(v.tz) if v.tz is not None else None, v.unit],
        lambda c: (
            pandas.Timestamp(c[0]).tz_convert(c[1]).as_unit(c[2])
            if c[1]
            else pandas.Timestamp(c[0]).as_unit(c[2])
        ),
    )
    for _cls in (pandas.DataFrame, pandas.Series):
        register_freeze(_cls, lambda v: v.copy())
