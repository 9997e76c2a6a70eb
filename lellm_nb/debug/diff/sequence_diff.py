"""Two sequences side by side: what stayed, what came, what went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

__all__ = ["LIMIT", "Block", "aligned", "token"]

LIMIT = 2_000
"""Sequences with more items between their equal ends are paired place by place."""

Block = tuple[str, int, int, int, int]
"""``equal``, ``delete``, ``insert`` or ``replace``, and both ranges, as difflib has them."""


def aligned(old: Sequence[Any], new: Sequence[Any], limit: int = LIMIT) -> list[Block]:
    """Return the blocks that make `new` of `old`; items are compared by hash.

    Equal ends are found first, in linear time, and items that are shared cost nothing.

    Example:
        >>> aligned("abcd", "abxcd")
        [('equal', 0, 2, 0, 2), ('insert', 2, 2, 2, 3), ('equal', 2, 4, 3, 5)]
    """
    begin, size = 0, min(len(old), len(new))
    while begin < size and same(old[begin], new[begin]):
        begin += 1
    end = 0
    while end < size - begin and same(old[-1 - end], new[-1 - end]):
        end += 1
    a, b = len(old) - end, len(new) - end
    blocks: list[Block] = [("equal", 0, begin, 0, begin)] if begin else []
    blocks += _middle(old, new, (begin, a, begin, b), limit)
    if end:
        blocks.append(("equal", a, len(old), b, len(new)))
    return blocks


def _middle(
    old: Sequence[Any], new: Sequence[Any], where: tuple[int, int, int, int], limit: int
) -> Iterator[Block]:
    i1, i2, j1, j2 = where
    if i1 == i2 and j1 == j2:
        return
    if i1 == i2 or j1 == j2:
        yield ("insert" if i1 == i2 else "delete", i1, i2, j1, j2)
    elif max(i2 - i1, j2 - j1) > limit:
        yield "replace", i1, i2, j1, j2
    else:
        ids: dict[Any, int] = {}
        left = [_number(ids, item) for item in old[i1:i2]]
        right = [_number(ids, item) for item in new[j1:j2]]
        matcher = SequenceMatcher(None, left, right, autojunk=False)
        for tag, a1, a2, b1, b2 in matcher.get_opcodes():
            yield tag, a1 + i1, a2 + i1, b1 + j1, b2 + j1


def _number(ids: dict[Any, int], item: Any) -> int:
    return ids.setdefault(token(item), len(ids))


def token(value: Any) -> Any:
    """Return something hashable that is equal for equal values of one type."""
    if isinstance(value, dict):
        return dict, frozenset((key, token(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(map(token, value))
    if isinstance(value, (set, frozenset)):
        return set, frozenset(map(token, value))
    try:
        hash(value)
    except Exception:  # unhashable, or a foreign __hash__: only the very same object is equal
        return object, id(value)
    return type(value), value


def same(old: Any, new: Any) -> bool:
    """Tell whether two values are equal, and of the same types all the way down."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    try:
        if isinstance(old, dict):
            return len(old) == len(new) and all(k in new and same(old[k], new[k]) for k in old)
        if isinstance(old, (list, tuple)):
            return len(old) == len(new) and all(map(same, old, new))
        return bool(old == new) or bool(old != old and new != new)
    except Exception:  # an array's == is no truth value; a foreign __eq__ may raise anything
        return False
