"""JSON data of others, looked into without trust: what is not there is nothing, and no error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

__all__ = [
    "copied",
    "count_of",
    "dicts",
    "json_bytes",
    "json_of",
    "json_text",
    "object_of",
    "pick",
    "text_of",
    "without",
]


T = TypeVar("T")

_MOST = 2**53
"""No count is larger; what claims to be does not fit into a table."""


def json_of(body: bytes | str) -> Any:
    """Return JSON data, `None` where a body is none.

    Example:
        >>> json_of(b'{"n": 1}'), json_of(b"<html>"), json_of(b"")
        ({'n': 1}, None, None)
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def json_text(data: Any) -> str:
    """Return JSON data as text that is read."""
    try:
        return json.dumps(data, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply)"


def json_bytes(data: Any) -> bytes:
    """Return JSON data as the bytes of a body, whatever its texts hold."""
    return json.dumps(data).encode()


def pick(data: Any, *path: str | int) -> Any:
    """Return what stands at a path, `None` where nothing does.

    Example:
        >>> pick({"choices": [{"index": 0}]}, "choices", 0, "index"), pick({"n": 1}, "n", "m")
        (0, None)
    """
    for part in path:
        if isinstance(part, str):
            data = data.get(part) if isinstance(data, dict) else None
        else:
            data = data[part] if isinstance(data, list) and part < len(data) else None
    return data


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the items of a list that are objects; nothing of what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def copied(data: T) -> T:
    """Return JSON data that may be edited without changing what was recorded.

    Example:
        >>> kept = {"messages": [{"role": "user"}]}
        >>> copied(kept)["messages"].clear()
        >>> kept
        {'messages': [{'role': 'user'}]}
    """
    try:
        made: T = _copied(data)
    except RecursionError:
        return data
    return made


def _copied(data: Any) -> Any:
    if type(data) is dict:
        return {name: _copied(value) for name, value in data.items()}
    return [_copied(value) for value in data] if type(data) is list else data


def object_of(value: Any) -> dict[str, Any]:
    """Return an object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """Return a text as it is, and anything else as an empty one."""
    return value if isinstance(value, str) else ""


def count_of(*values: Any) -> int | None:
    """Return the first that counts something, `None` where none does.

    Example:
        >>> count_of(None, 12), count_of("12", True, -1)
        (12, None)
    """
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST:
            return value
    return None


def without(data: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return an object without some of its keys."""
    left = set(names)
    return {name: value for name, value in data.items() if name not in left}
