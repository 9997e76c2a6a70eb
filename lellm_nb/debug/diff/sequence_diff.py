"""Two sequences side by side: what stayed, what came, what went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.safe_text import has_kind, safe_pairs
from lellm_nb.state.sameness import same

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
    kind = type(value)
    if has_kind(value, dict):
        return kind, frozenset((_Token.of(k), token(item)) for k, item in dict.items(value))
    if has_kind(value, (list, tuple)):
        return kind, tuple(token(item) for _, item in safe_pairs(value))
    if has_kind(value, (set, frozenset)):
        return set, frozenset(token(item) for _, item in safe_pairs(value))
    return _Token.of(value)


class _Token:
    """A foreign value as a key of a dict: what it can't be asked, its identity answers."""

    __slots__ = ("hashed", "value")

    def __init__(self, value: Any, hashed: int) -> None:
        self.value = value
        self.hashed = hashed

    @classmethod
    def of(cls, value: Any) -> Any:
        """Return something hashable for a value; of what is surely so the value itself."""
        if type(value) in _PLAIN:
            return type(value), value
        try:
            return cls(value, hash(value))
        except BaseException as error:  # unhashable, or a foreign __hash__
            if is_interrupt(error):
                raise
            return cls(value, id(value))

    def __hash__(self) -> int:
        return self.hashed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Token) and same(self.value, other.value)


_PLAIN = frozenset({type(None), bool, int, str, bytes})
