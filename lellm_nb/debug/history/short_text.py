"""Big values in small places: the beginning, and how much there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any

from lellm_nb.state.compact import Tail

__all__ = ["MOST", "shortened", "size_of", "without_keys"]

MOST = 80
"""How many characters of a value are shown in a table."""

SCALAR = (type(None), bool, int, float, complex)


def size_of(value: Any) -> int | None:
    """Return how many characters, bytes or items there are; `None` where it has no size."""
    if isinstance(value, (str, bytes, bytearray, Mapping, list, tuple, set, frozenset, Tail)):
        return len(value)
    return None


def shortened(value: Any, most: int = MOST) -> Any:
    """Return a value that is small, and text of the beginning and the size of one that is not.

    Example:
        >>> shortened(3), shortened([1, 2]), shortened("x" * 1000, 10)
        (3, [1, 2], 'xxxxxxxxx… (1,000 characters)')
        >>> shortened(list(range(1000)), 20)
        '[0, 1, 2, 3, 4, 5, … (1,000 items)'
    """
    if isinstance(value, SCALAR):
        return value
    if isinstance(value, str):
        return value if len(value) <= most else _cut(value, most, len(value), "characters")
    size = size_of(value)
    if size is None:
        text = safe_repr(value)
        return value if len(text) <= most else text[: most - 1] + "…"
    if isinstance(value, Tail):
        # a few of the items are enough to fill the place, or to see that all of them fit
        first = [value[i] for i in range(min(size, most))]
    elif isinstance(value, (bytes, bytearray)):
        unit = "bytes"
        return value if size <= most else _cut(repr(bytes(value[:most])), most, size, unit)
    else:
        first = list(islice(value.items() if isinstance(value, Mapping) else value, most))
    if size <= len(first):
        whole = _written(value, first, most)
        if whole is not None:
            return value.real() if isinstance(value, Tail) else value
    return _cut(_beginning(value, first, most), most, size, "keys" if _maps(value) else "items")


def _maps(value: Any) -> bool:
    return isinstance(value, Mapping)


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
    return short if isinstance(short, str) and short is not value else safe_repr(short)


def _beginning(value: Any, first: list[Any], most: int) -> str:
    text = "{" if _maps(value) or isinstance(value, (set, frozenset)) else "["
    text = "(" if isinstance(value, tuple) else text
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


def without_keys(text: str) -> str:
    """Return a text without API keys in the common formats.

    For what a cell shows of a value without being asked for it: a notebook is saved with it.

    Example:
        >>> without_keys("refused sk-" + "a1" * 16)
        'refused [redacted: OpenAI key]'
    """
    redactor = _common()
    if not redactor.hint(text.encode(errors="replace")):
        return text
    return str(redactor.apply(text))


@cache
def _common() -> Any:
    from lellm_nb.record.redaction.redactor import Redactor

    return Redactor()


def safe_repr(value: Any) -> str:
    """Return `repr(value)`, or its type where that raises."""
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
