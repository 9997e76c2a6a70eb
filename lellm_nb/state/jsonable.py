"""What JSON can write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.errors import SerializationError, path_text
from lellm_nb.errors.safe_text import safe_repr

__all__ = ["check_jsonable"]


def check_jsonable(value: Any, path: tuple[Any, ...] = ()) -> None:
    """Look whether a value can be written as JSON.

    Raises:
        SerializationError: It cannot; names the path and the type.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                where = path_text(path) or "the snapshot"
                raise SerializationError(
                    f"Key {safe_repr(key, 60)} in {where} is not text.", path=where
                )
            check_jsonable(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            check_jsonable(item, (*path, i))
    else:
        where = path_text(path) or "the snapshot"
        raise SerializationError(
            f"{where} is {type(value).__name__} ({safe_repr(value, 60)}), which is not JSON-able."
            " Leave it out of the snapshot and rebuild it in restore.",
            path=where,
        )
