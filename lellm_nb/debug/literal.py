"""Values as Python source, for the tests and cells that are written out."""

from __future__ import annotations

import datetime
import decimal
import math
import pathlib
import uuid
from typing import Any

__all__ = ["Unwritable", "literal"]


class Unwritable(Exception):
    """A value has no source text; `path` says which."""

    def __init__(self, path: str, value: Any) -> None:
        super().__init__(f"{path or 'it'} is {type(value).__name__}")
        self.path = path
        self.value = value


def literal(value: Any, path: str = "", imports: set[str] | None = None) -> str:
    """Return source text that makes an equal value.

    Args:
        imports: Gets the import lines that the text needs.

    Raises:
        Unwritable: There is none; nothing is guessed.

    Example:
        >>> literal({"a": [1, (2,)], "b": None})
        "{'a': [1, (2,)], 'b': None}"
    """
    needs = imports if imports is not None else set()
    if value is None or isinstance(value, (bool, int, str, bytes)):
        if type(value) in (type(None), bool, int, str, bytes):
            return repr(value)
        raise Unwritable(path, value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
    if isinstance(value, dict):
        inside = (
            f"{literal(k, path, needs)}: {literal(v, f'{path}.{k}', needs)}"
            for k, v in value.items()
        )
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list):
        return f"[{_items(value, path, needs)}]"
    if type(value) is tuple:
        return f"({_items(value, path, needs)}{',' if len(value) == 1 else ''})"
    if isinstance(value, (set, frozenset)):
        return f"{{{_items(sorted(value, key=repr), path, needs)}}}" if value else "set()"
    module = type(value).__module__
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        needs.add("import datetime")
        return repr(value)
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        needs.add(f"import {module}")
        return f"{module}.{value!r}"
    if isinstance(value, pathlib.PurePath):
        needs.add("import pathlib")
        return f"pathlib.{type(value).__name__}({str(value)!r})"
    raise Unwritable(path, value)


def _items(values: Any, path: str, needs: set[str]) -> str:
    return ", ".join(literal(v, f"{path}[{i}]", needs) for i, v in enumerate(values))
