"""A value as rows of a tree: type, size and a short text, opened on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import islice
from typing import Any

SHORT = 120
"""Longest text of a value that travels before somebody opens it."""

LONG = 20_000
"""Longest text of a value that travels at all."""

PAGE = 100
"""Children that travel together when a branch of the tree is opened."""


def short_text(value: Any, limit: int = SHORT) -> str:
    """Return a one-line text for `value`, never longer than `limit`.

    Reads only as much of the value as fits, so ten megabytes cost nothing.

    Example:
        >>> short_text({"a": 1, "b": [1, 2, 3]})
        '{a: 1, b: [1, 2, 3]}'
        >>> short_text("x" * 200, limit=5)
        'xxxx…'
    """
    text = value if isinstance(value, str) else _spelled(value, limit, 3)
    text = " ".join(clean_text(text[: limit * 2]).split("\n"))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clean_text(text: str) -> str:
    """Return `text` as it can travel: half a character has no bytes of its own.

    Example:
        >>> clean_text("a\\ud800b")
        'a\ufffdb'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_rows(value: Any) -> Any:
    """Return rows with every text in them as it can travel."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_rows(key): clean_rows(item) for key, item in value.items()}
    return [clean_rows(item) for item in value] if isinstance(value, (list, tuple)) else value


def _spelled(value: Any, limit: int, depth: int) -> str:
    if isinstance(value, str):
        cut = value if len(value) <= limit else value[:limit] + "…"
        return '"' + cut.replace("\n", "⏎") + '"'
    if isinstance(value, Mapping):
        pairs = (f"{k}: {_spelled(v, limit, depth - 1)}" for k, v in value.items())
        return _joined("{", pairs, "}", limit, depth, len(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        texts = (_spelled(v, limit, depth - 1) for v in value)
        ends = "()" if isinstance(value, tuple) else "[]"
        if isinstance(value, Set):
            ends = "{}"
        return _joined(ends[0], texts, ends[1], limit, depth, len(value))
    if isinstance(value, (bytes, bytearray)):
        return repr(bytes(value[:40]))
    return safe_repr(value)


def _joined(
    opening: str, texts: Iterator[str], closing: str, limit: int, depth: int, size: int
) -> str:
    if not size:
        return opening + closing
    if depth <= 0:
        return f"{opening}…{closing}"
    parts: list[str] = []
    length = 0
    for text in texts:
        if length > limit:
            parts.append("…")
            break
        parts.append(text)
        length += len(text) + 2
    return opening + ", ".join(parts) + closing


def safe_repr(value: Any) -> str:
    """Return the repr of `value`, or say that it has none."""
    try:
        return repr(value)
    except Exception as error:  # a user's repr may do anything
        return f"<{type(value).__name__}: repr raised {type(error).__name__}>"


def type_name(value: Any) -> str:
    """Return the type a reader thinks of: frozen kin go by their plain name.

    Example:
        >>> type_name({"a": 1}), type_name(1.5), type_name(None)
        ('dict', 'float', 'None')
    """
    if value is None:
        return "None"
    for plain in (bool, int, float, str, bytes, dict, list, tuple, set, frozenset):
        if isinstance(value, plain):
            return plain.__name__
    return type(value).__name__


def size_text(value: Any) -> str:
    """Return how big a value is, in the unit that fits it, or nothing.

    Example:
        >>> size_text([1]), size_text("abc"), size_text(b"0" * 2048), size_text(3)
        ('1 item', '3 chars', '2.0 kB', '')
    """
    if isinstance(value, str):
        return _counted(len(value), "char")
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} B" if len(value) < 1024 else f"{len(value) / 1024:.1f} kB"
    if isinstance(value, Mapping):
        return _counted(len(value), "key")
    if isinstance(value, (list, tuple, set, frozenset)):
        return _counted(len(value), "item")
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape):
        return " × ".join(map(str, shape))
    return ""


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}" + ("" if count == 1 else "s")


def can_open(value: Any) -> bool:
    """Say whether a value has anything inside, or more text than a line."""
    if isinstance(value, str):
        return len(value) > SHORT or "\n" in value
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return bool(value)
    if isinstance(value, bytes):
        return value.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8"))
    kind = type(value)
    return kind.__module__.partition(".")[0] == "pandas" or hasattr(kind, "_repr_png_")


def value_row(value: Any) -> dict[str, Any]:
    """Return one value as a row: type, size, short text, whether it opens."""
    return {
        "type": type_name(value),
        "size": size_text(value),
        "text": short_text(value),
        "opens": can_open(value),
    }


def children(value: Any, start: int = 0) -> dict[str, Any]:
    """Return a page of what is inside `value`, from number `start` on.

    A text answers with itself, cut at a length a page can bear.
    """
    if isinstance(value, str):
        end = start + LONG
        return {"full": clean_text(value[start:end]), "next": end, "cut": max(0, len(value) - end)}
    if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return {"rows": [], "start": 0, "total": 0}
    rows = []
    total = len(value)
    for key, item in islice(_items(value), start, start + PAGE):
        rows.append({"key": short_text(key, 80), **value_row(item)})
    return {"rows": rows, "start": start, "total": total}


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return iter(value.items())
    return iter(enumerate(value))


def inside(value: Any, steps: Sequence[int]) -> Any:
    """Return what is reached by taking the n-th child at each step.

    Numbers rather than keys, as a key need not survive the way to a browser
    and back.

    Raises:
        LookupError: The value has no such child any more.

    Example:
        >>> inside({"a": [10, 20]}, [0, 1])
        20
    """
    for step in steps:
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            raise LookupError(f"A {type_name(value)} has nothing inside.")
        pair = next(islice(_items(value), step, step + 1), None)
        if pair is None:
            raise LookupError(f"There is no child {step} in {short_text(value, 40)}.")
        value = pair[1]
    return value


def keys_at(value: Any, steps: Sequence[int]) -> tuple[Any, ...]:
    """Return the keys and indexes along the way that `inside` takes.

    Example:
        >>> keys_at({"plan": {"steps": ["a", "b"]}}, [0, 0, 1])
        ('plan', 'steps', 1)
    """
    keys = []
    for step in steps:
        if not isinstance(value, (Mapping, list, tuple)):
            raise LookupError(f"A {type_name(value)} has no places to name.")
        pair = next(islice(_items(value), step, step + 1), None)
        if pair is None:
            raise LookupError(f"There is no child {step} in {short_text(value, 40)}.")
        keys.append(pair[0])
        value = pair[1]
    return tuple(keys)


def editable_text(value: Any) -> dict[str, Any]:
    """Return a value as text to edit, and whether that text stays plain text.

    Example:
        >>> editable_text("three"), editable_text([1, 2])
        ({'text': 'three', 'plain': True}, {'text': '[1, 2]', 'plain': False})
    """
    if isinstance(value, str):
        if len(value) > LONG:
            raise ValueError("This text is too long to edit here: use dbg.fork(at=…, put=…).")
        return {"text": value, "plain": True}
    try:
        text = json.dumps(_plain(value), ensure_ascii=False)
    except (TypeError, ValueError):
        kind = type(value).__name__
        raise ValueError(f"A {kind} has no form as text: use dbg.fork(at=…, put=…).") from None
    if len(text) > LONG:
        raise ValueError("This value is too long to edit here: use dbg.fork(at=…, put=…).")
    return {"text": text, "plain": False}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    raise TypeError
