"""Big values in small places: the beginning, and how much there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from lellm_nb.errors.safe_text import has_kind, safe_length, safe_pairs, safe_repr
from lellm_nb.errors.safe_value import safe_value
from lellm_nb.state.compact import COMPACT, Tail, real

__all__ = ["MOST", "shortened"]

MOST = 80
"""How many characters of a value are shown in a table."""

SCALAR = frozenset({type(None), bool, int, float, complex})


def shortened(value: Any, most: int = MOST) -> Any:
    """Return a value that is small, and text of the beginning and the size of one that is not.

    Example:
        >>> shortened(3), shortened([1, 2]), shortened("x" * 1000, 10)
        (3, [1, 2], 'xxxxxxxxx… (1,000 characters)')
        >>> shortened(list(range(1000)), 20)
        '[0, 1, 2, 3, 4, 5, … (1,000 items)'
    """
    kind = type(value)
    if kind in SCALAR:
        return safe_value(value) if kind is int else value
    if kind is str:
        return value if len(value) <= most else _cut(value, most, len(value), "characters")
    if kind in COMPACT and kind is not Tail:
        value, kind = real(value), dict
    size = value.length if kind is Tail else safe_length(value)
    if size is None or has_kind(value, str):
        text = safe_repr(value)
        return safe_value(value) if len(text) <= most else text[: most - 1] + "…"
    if kind is bytes or kind is bytearray:
        unit = "bytes"
        return value if size <= most else _cut(repr(bytes(value[:most])), most, size, unit)
    # a few of the items are enough to fill the place, or to see that all of them fit
    if kind is Tail:
        first: list[Any] = [value[i] for i in range(min(size, most))]
    else:
        pairs = islice(safe_pairs(value), most)
        first = list(pairs) if _maps(value) else [item for _, item in pairs]
    if size <= len(first):
        whole = _written(value, first, most)
        if whole is not None:
            return value.real() if kind is Tail else safe_value(value)
    return _cut(_beginning(value, first, most), most, size, "keys" if _maps(value) else "items")


def _maps(value: Any) -> bool:
    return has_kind(value, Mapping)


def _cut(text: str, most: int, size: int, unit: str) -> str:
    return f"{text[: most - 1]}… ({size:,} {unit})"


def _pieces(value: Any, first: list[Any], most: int) -> Iterable[str]:
    for item in first:
        if _maps(value):
            yield f"{safe_repr(item[0])}: {_piece(item[1], most)}"
        else:
            yield _piece(item, most)


def _piece(value: Any, most: int) -> str:
    short = shortened(value, most)
    return short if type(short) is str and short is not value else safe_repr(short, most + 1)


def _beginning(value: Any, first: list[Any], most: int) -> str:
    text = "{" if _maps(value) or has_kind(value, (set, frozenset)) else "["
    text = "(" if has_kind(value, tuple) else text
    for piece in _pieces(value, first, most):
        text += f"{piece}, "
        if len(text) > most:
            break
    return text if len(text) > most else text + "…"


def _written(value: Any, first: list[Any], most: int) -> str | None:
    """Return how all of a small container is written, `None` if that is too long."""
    text = ""
    for piece in _pieces(value, first, most):
        text += f"{piece}, "
        if len(text) > most:
            return None
    return text
