"""How a list or dict that was made again is kept: as what is new in it (SEMANTICS C14)."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from lellm_nb.state.compact.edited import EditedDict, EditedList
from lellm_nb.state.compact.looking import COMPACT, whole
from lellm_nb.state.compact.missing import MISSING
from lellm_nb.state.compact.tail import Tail
from lellm_nb.state.containers.read_only import FrozenDict, FrozenList

__all__ = ["indistinguishable", "kept_inside", "most_edits", "rebuilt"]

LEAST: Final = 8
"""A container of fewer items is kept as it is, unless something in it is worth it."""

ROOM: Final = 64
"""So many edits are fine for any container; for a long one four for each item."""

MOST: Final = 4096
"""But never more: an old version is made whole by all of them."""

DEEPEST: Final = 32
"""So many dicts inside of each other share; what is deeper is kept whole."""

SEARCHES: Final = 4
"""So many places are searched for at which copies of what was there go on."""

Edits = list[tuple[Any, ...]]


def rebuilt(old: Any, new: Any, known: Any = MISSING, depth: int = 0) -> Any:
    """Return a list or dict as it is kept, sharing with what was there what is the same.

    Items are the same where they are one object, as everything is that a node read and put back;
    or plain data that cannot be told apart, as in a deep copy.

    Args:
        old: The kept value before, of whatever kind.
        new: The value after, frozen.
        known: A compact value that is kept for a part of the new one.
        depth: How deep in such values this one stands: it is made whole by as many calls.

    Example:
        >>> from lellm_nb.state.frozen import freeze
        >>> one = freeze([{"n": n} for n in range(10)])
        >>> rebuilt(one, freeze([*one, {"n": 10}])), rebuilt(one, freeze(one[1:]))
        (Tail(11 items), EditedList(9 items))
        >>> rebuilt(one, freeze([1, 2]))
        [1, 2]
    """
    kind = type(new)
    try:
        if kind is FrozenList and len(new) >= LEAST:
            return _list(old, new)
        return _dict(old, new, known, depth) if kind is FrozenDict and depth < DEEPEST else new
    except RecursionError:  # so deep that it is kept as it is
        return new


def most_edits(length: int) -> int:
    """Return how many edits, and items in them, a container of so many items may consist of."""
    return min(4 * length + ROOM, MOST)


def kept_inside(kept: Any, path: tuple[Any, ...]) -> Any:
    """Return the kept value at a path inside of another, compact where it is; else `MISSING`."""
    for part in path:
        if type(kept) is EditedDict:
            kept = kept.kept(part)
            continue
        if not isinstance(kept, (dict, list, tuple, Tail, EditedList)):
            return MISSING
        try:
            kept = kept[part]
        except (LookupError, TypeError):
            return MISSING
    return kept


# -- lists ------------------------------------------------------------------------


def _list(old: Any, new: FrozenList) -> Any:
    before = _items(old)
    if before is None:
        return new
    start = 0
    for a, b in zip(before, new, strict=False):
        if a is not b and not indistinguishable(a, b):
            break
        start += 1
    if start == len(before):
        if start == len(new):
            return old
        grown = old if type(old) in COMPACT else Tail.of(before)
        return grown.extended(new[start:])
    edits = _edits(before, new, start)
    weight = sum(1 + len(edit[2]) for edit in edits)
    if 2 * weight > len(new):
        return new
    if type(old) is not EditedList:
        old = EditedList(old, Tail.of(()), len(before), 0)
    if old.weight + weight > most_edits(len(new)):
        return new
    return old.edited(edits, weight, new)


def _items(old: Any) -> list[Any] | None:
    kind = type(old)
    if kind is FrozenList:
        return list(old)
    return old.since(0) if kind is Tail or kind is EditedList else None


def _edits(before: list[Any], new: FrozenList, start: int) -> Edits:
    """Return the edits that make a list of another one, the last place first."""
    stop, end = len(before), len(new)
    while stop > start < end and (
        before[stop - 1] is new[end - 1] or indistinguishable(before[stop - 1], new[end - 1])
    ):
        stop, end = stop - 1, end - 1
    where = {id(before[i]): i for i in range(start, stop)}
    fresh_ids = where.keys().isdisjoint(map(id, islice(new, start, end)))
    if start < end and fresh_ids and type(new[start]) not in _MAY_BE_COPIES:
        return [(start, stop, tuple(new[start:end]))]
    edits: Edits = []
    at, fresh, searches = start, start, SEARCHES  # what was looked at, before and after
    for j in range(start, end):
        item = new[j]
        i = at if at < stop and before[at] is item else where.get(id(item), -1)
        if i < 0 and at < stop and indistinguishable(before[at], item):
            i = at
        elif i < 0 and searches:  # of copies a few are searched for: the next go on from there
            searches -= 1
            i = next((k for k in range(at + 1, stop) if indistinguishable(before[k], item)), -1)
        if i < at:
            continue
        if i > at or j > fresh:
            edits.append((at, i, tuple(new[fresh:j])))
        at, fresh = i + 1, j + 1
    if at < stop or fresh < end:
        edits.append((at, stop, tuple(new[fresh:end])))
    return edits[::-1]  # so that the places of those before stay what they are


# -- dicts ------------------------------------------------------------------------


def _dict(old: Any, new: FrozenDict, known: Any, depth: int) -> Any:
    kind = type(old)
    if kind is FrozenDict:
        before = old
    elif kind is EditedDict:
        before = old.whole()
    else:
        return new
    edits, shares, added = _changed(old, before, new, known, depth)
    gone = []
    if len(before) + len(added) != len(new):
        gone = [(key,) for key in before if key not in new]
    if not edits and not gone and _in_order(before, new):
        return old
    weight = len(edits) + len(gone)
    worth = shares or (len(new) >= LEAST and 2 * weight <= len(new))
    stay = [key for key in before if key in new] if gone else list(before)
    if not worth or not _in_order([*stay, *added], new):
        return new
    if kind is FrozenDict:
        old = EditedDict(old, Tail.of(()), len(before), 0)
    elif old.weight + weight > most_edits(len(new)):
        old = EditedDict(old.items_kept(), Tail.of(()), len(before), 0)
    return old.edited([*gone, *edits], weight, new)


def _changed(
    old: Any, before: FrozenDict, new: FrozenDict, known: Any, depth: int
) -> tuple[Edits, bool, list[Any]]:
    """Return what was put, whether a value of it shares with the one before, and what is new."""
    edits: Edits = []
    shares, added = False, []
    forms: dict[Any, Any] = {}  # the values before as they are kept, once somebody asks
    part = whole(known)
    for key, value in new.items():
        was = before.get(key, MISSING)
        if was is value or indistinguishable(was, value):
            continue
        if was is MISSING:
            added.append(key)
        elif type(value) is FrozenList or type(value) is FrozenDict:
            if type(old) is EditedDict:
                forms = forms or old.items_kept()
                was = forms[key]
            kept = known if value is part else rebuilt(was, value, known, depth + 1)
            if kept is was:
                continue
            shares = shares or kept is not value
            value = kept
        edits.append((key, value))
    return edits, shares, added


def _in_order(keys: Any, new: FrozenDict) -> bool:
    return all(a is b or (type(a) is type(b) and a == b) for a, b in zip(keys, new, strict=True))


_MAY_BE_COPIES = frozenset((FrozenDict, FrozenList, tuple))

_BY_VALUE = frozenset((str, int, bool, type(None), bytes))
"""Types of which two values are the same where they are equal."""


def indistinguishable(a: Any, b: Any) -> bool:
    """Tell whether two kept values are plain data that nobody can tell apart."""
    kind = type(a)
    if kind is not type(b):
        return False
    if kind in _BY_VALUE:
        return bool(a == b)
    if kind is float:
        return bool(a == b) and str(a) == str(b)  # but 0.0 and -0.0
    if kind is FrozenDict:
        if len(a) != len(b) or not _in_order(a, b):
            return False
        return all(
            v is w or indistinguishable(v, w) for v, w in zip(a.values(), b.values(), strict=True)
        )
    if kind is FrozenList or kind is tuple:
        return len(a) == len(b) and all(
            v is w or indistinguishable(v, w) for v, w in zip(a, b, strict=True)
        )
    return False
