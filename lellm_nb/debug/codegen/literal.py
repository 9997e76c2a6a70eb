"""Values as Python source, for the tests and cells that are written out."""

from __future__ import annotations

import datetime
import decimal
import math
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any

from lellm_nb.errors.safe_text import (
    has_kind,
    most_digits,
    safe_pairs,
    safe_repr,
    safe_str,
    safe_type,
)
from lellm_nb.state.expression.expression import Expression

__all__ = ["Unwritable", "literal"]


class Unwritable(Exception):
    """A value has no source text; `path` says which."""

    def __init__(self, path: str, value: Any) -> None:
        super().__init__(f"{path or 'it'} is {safe_type(value)}")
        self.path = path
        self.value = value


def literal(
    value: Any,
    path: str = "",
    imports: set[str] | None = None,
    names: Mapping[int, str] | None = None,
) -> str:
    """Return source text that makes an equal value.

    Args:
        imports: Gets the import lines that the text needs.
        names: What stands in the text for values that it defines elsewhere, by their ids.

    Raises:
        Unwritable: There is none; nothing is guessed.

    Example:
        >>> literal({"a": [1, (2,)], "b": None})
        "{'a': [1, (2,)], 'b': None}"
    """
    needs = imports if imports is not None else set()
    kind = type(value)
    if names and id(value) in names:
        return names[id(value)]
    if kind in (type(None), bool, str, bytes):
        return repr(value)
    if kind is int:
        return hex(value) if most_digits(value) else repr(value)
    if kind is Expression:
        needs.add("from lellm_nb import Expression as _Expression")
        return f"_Expression({value.text!r})"
    if has_kind(value, (int, str, bytes)):
        raise Unwritable(path, value)
    if kind is float:
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
    if has_kind(value, dict):
        inside = (
            f"{literal(k, path, needs)}: {literal(v, f'{path}.{safe_str(k)}', needs, names)}"
            for k, v in dict.items(value)
        )
        return f"{{{', '.join(inside)}}}"
    if has_kind(value, list):
        return f"[{_items(value, path, needs, names)}]"
    if kind is tuple:
        return f"({_items(value, path, needs, names)}{',' if len(value) == 1 else ''})"
    if has_kind(value, (set, frozenset)):
        name = "frozenset" if kind is frozenset else "set"
        items = _items(sorted(frozenset(value), key=safe_repr), path, needs)
        if not items:
            return f"{name}()"
        return f"frozenset({{{items}}})" if name == "frozenset" else f"{{{items}}}"
    name = _module_of(value)
    if name:
        # under names of their own: a node may mean something else by `datetime`
        needs.add(f"import {name} as _{name}")
        if name == "pathlib":
            return f"_pathlib.{type(value).__name__}({str(value)!r})"
        if name == "datetime":
            return repr(value).replace("datetime.", "_datetime.")
        return f"_{name}.{value!r}"
    raise Unwritable(path, value)


_PATHS = frozenset(
    {pathlib.PosixPath, pathlib.PurePosixPath, pathlib.WindowsPath, pathlib.PureWindowsPath}
)


def _items(values: Any, path: str, needs: set[str], names: Mapping[int, str] | None = None) -> str:
    return ", ".join(literal(v, f"{path}[{i}]", needs, names) for i, v in safe_pairs(values))


def _module_of(value: Any) -> str:
    """Return the module whose name makes a value's repr its source text; else nothing."""
    kind = type(value)
    if kind in (datetime.date, datetime.timedelta):
        return "datetime"
    if kind in (datetime.datetime, datetime.time):
        plain = value.tzinfo is None or type(value.tzinfo) is datetime.timezone
        return "datetime" if plain else ""  # the repr of another zone leads anywhere
    if kind is decimal.Decimal or kind is uuid.UUID:
        return "decimal" if kind is decimal.Decimal else "uuid"
    return "pathlib" if kind in _PATHS else ""
