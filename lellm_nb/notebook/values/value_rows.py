"""A value as rows of a tree: type, size and a short text, opened on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.safe_text import (
    has_kind,
    safe_length,
    safe_module,
    safe_pairs,
    safe_repr,
    safe_str,
    safe_type,
)
from lellm_nb.notebook.values.redaction import MARGIN, redactor_now
from lellm_nb.record.redaction.redactor import Redacted
from lellm_nb.record.redaction.secret_paths import Path
from lellm_nb.state.structs.nested import opened

SHORT = 120
"""Longest text of a value that travels before somebody opens it."""

LONG = 20_000
"""Longest text of a value that travels at all."""

PAGE = 100
"""Children that travel together when a branch of the tree is opened."""

_SCALARS: dict[type, str] = {type(None): "None", bool: "bool", int: "int", float: "float"}
"""Types that have nothing inside and no size, by the name that is shown: most values are one."""

HIDDEN = "[redacted]"
"""What is shown of a value that is secret by its place."""


def short_text(value: Any, limit: int = SHORT, path: Path = ()) -> str:
    """Return a one-line text for `value`, never longer than `limit`, without its secrets.

    Reads only as much of the value as fits, so ten megabytes cost nothing.

    Args:
        path: Where the value stands in its state, for what is secret by its place.

    Example:
        >>> short_text({"a": 1, "b": [1, 2, 3]})
        '{a: 1, b: [1, 2, 3]}'
        >>> short_text("x" * 200, limit=5)
        'xxxx…'
    """
    if type(value) is str and not value:
        return ""
    hidden = bool(path) and redactor_now().hides(path)
    plain = has_kind(value, str) and not hidden
    text: str = safe_str(value) if plain else _spelled(value, limit, 3, path)
    text = redactor_now().text(text[: limit * 2 + MARGIN])[: limit * 2]
    text = " ".join(clean_text(text).split("\n"))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def long_text(text: str, limit: int = LONG) -> str:
    """Return the beginning of a text as it can travel, without its secrets."""
    return clean_text(redactor_now().text(text[: limit + MARGIN])[:limit])


def tail_text(text: str, limit: int = LONG) -> str:
    """Return the end of a text as it can travel, without its secrets."""
    shown = redactor_now().text(text[-limit - MARGIN :])
    if len(shown) <= limit < len(text) - MARGIN:
        shown = shown.partition("\n")[2]  # it may begin in the middle of a secret
    return clean_text(shown[-limit:])


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


def _spelled(value: Any, limit: int, depth: int, path: Path) -> str:
    if path and redactor_now().hides(path):
        return HIDDEN
    value = opened(value)
    if has_kind(value, str):
        text: str = safe_str(value)
        if len(text) > limit:
            text = redactor_now().text(text[: limit + MARGIN])[:limit] + "…"
        return '"' + text.replace("\n", "⏎") + '"'
    size = safe_length(value) if has_kind(value, _INSIDE) else None
    if size is not None and has_kind(value, Mapping):
        pairs = (
            f"{safe_str(k)}: {_spelled(v, limit, depth - 1, (*path, k))}"
            for k, v in safe_pairs(value)
        )
        return _joined("{", pairs, "}", limit, depth, size)
    if size is not None:
        texts = (_spelled(v, limit, depth - 1, (*path, i)) for i, v in safe_pairs(value))
        ends = "()" if has_kind(value, tuple) else "[]"
        if has_kind(value, (set, frozenset)):
            ends = "{}"
        return _joined(ends[0], texts, ends[1], limit, depth, size)
    if type(value) in (bytes, bytearray):
        return _bytes_text(bytes(value[:1000]))
    if type(value) is Redacted:
        return value.shown
    # an object tells of itself what it likes, also what stands at a secret place inside of it
    return HIDDEN if path and redactor_now().holds_below(value, path) else safe_repr(value)


def _bytes_text(some: bytes) -> str:
    text = some.decode("latin-1")
    shown = redactor_now().text(text)
    return repr(some[:40]) if shown == text else shown[:80]


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


def type_name(value: Any) -> str:
    """Return the type a reader thinks of: frozen kin go by their plain name.

    Example:
        >>> type_name({"a": 1}), type_name(1.5), type_name(None)
        ('dict', 'float', 'None')
    """
    known = _SCALARS.get(type(value))
    if known is not None:
        return known
    if type(value) is Redacted:
        return "redacted"
    for plain in (bool, int, float, str, bytes, dict, list, tuple, set, frozenset):
        if has_kind(value, plain):
            return plain.__name__
    return safe_type(value)


def size_text(value: Any) -> str:
    """Return how big a value is, in the unit that fits it, or nothing.

    Example:
        >>> size_text([1]), size_text("abc"), size_text(b"0" * 2048), size_text(3)
        ('1 item', '3 chars', '2.0 kB', '')
    """
    if type(value) in _SCALARS:
        return ""
    value = opened(value)
    size = safe_length(value)
    if size is not None:
        if has_kind(value, (bytes, bytearray)):
            return f"{size} B" if size < 1024 else f"{size / 1024:.1f} kB"
        unit = "key" if has_kind(value, Mapping) else "item"
        return _counted(size, "char" if has_kind(value, str) else unit)
    shape = attempt(lambda: value.shape)
    if type(shape) is tuple and all(type(n) is int for n in shape):
        return " × ".join(map(str, shape))
    return ""


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}" + ("" if count == 1 else "s")


_INSIDE = (Mapping, list, tuple, set, frozenset)
"""Types of values that have others inside."""


def can_open(value: Any) -> bool:
    """Say whether a value has anything inside, or more text than a line."""
    if type(value) in _SCALARS:
        return False
    value = opened(value)
    if has_kind(value, str):
        return len(safe_str(value)) > SHORT or "\n" in safe_str(value)
    if has_kind(value, _INSIDE):
        return bool(safe_length(value))
    if type(value) is bytes:
        return value.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8"))
    kind = type(value)
    return safe_module(kind).partition(".")[0] == "pandas" or hasattr(kind, "_repr_png_")


def value_row(value: Any, path: Path = ()) -> dict[str, Any]:
    """Return one value as a row: type, size, short text, whether it opens."""
    if path and redactor_now().hides(path):
        return {"type": type_name(value), "size": "", "text": HIDDEN, "opens": False}
    return {
        "type": type_name(value),
        "size": size_text(value),
        "text": short_text(value, path=path),
        "opens": can_open(value),
    }


def children(value: Any, start: int = 0, path: Path = ()) -> dict[str, Any]:
    """Return a page of what is inside `value`, from number `start` on.

    A text answers with itself, cut at a length a page can bear.
    """
    if path and redactor_now().hides(path):
        value = HIDDEN
    value = opened(value)
    if has_kind(value, str):
        text = redactor_now().text(safe_str(value))
        end = start + LONG
        return {"full": clean_text(text[start:end]), "next": end, "cut": max(0, len(text) - end)}
    total = safe_length(value) if has_kind(value, _INSIDE) else None
    if total is None:
        return {"rows": [], "start": 0, "total": 0}
    rows = []
    placed = redactor_now().has_paths
    for key, item in islice(items_of(value), start, start + PAGE):
        row = value_row(item, (*path, key) if placed else ())
        rows.append({"key": short_text(key, 80), **row})
    return {"rows": rows, "start": start, "total": total}


def items_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Return what is inside a value, by its keys or its numbers."""
    return safe_pairs(value)


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
        value = opened(value)
        if not has_kind(value, _INSIDE):
            raise LookupError(f"A {type_name(value)} has nothing inside.")
        pair = next(islice(items_of(value), step, step + 1), None)
        if pair is None:
            raise LookupError(f"There is no child {step} in this {type_name(value)}.")
        value = pair[1]
    return value


def keys_at(value: Any, steps: Sequence[int]) -> tuple[Any, ...]:
    """Return the keys and indexes along the way that `inside` takes.

    Example:
        >>> keys_at({"plan": {"steps": ["a", "b"]}}, [0, 0, 1])
        ('plan', 'steps', 1)
    """
    return tuple(_keys(value, steps))


def _keys(value: Any, steps: Sequence[int]) -> Iterator[Any]:
    for step in steps:
        value = opened(value)
        if not has_kind(value, (Mapping, list, tuple)):
            raise LookupError(f"A {type_name(value)} has no places to name.")
        pair = next(islice(items_of(value), step, step + 1), None)
        if pair is None:
            raise LookupError(f"There is no child {step} in this {type_name(value)}.")
        yield pair[0]
        value = pair[1]


def places_at(value: Any, steps: Sequence[int]) -> Path:
    """Return the keys along the way as far as they have names: a set's members have none."""
    found: list[Any] = []
    with suppress(LookupError):
        found.extend(_keys(value, steps))  # what came before the end of the names stays
    return tuple(found)
