"""How one request differs from another: by paths, and inside of texts by words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.calls.exchange import Exchange
from lellm_nb.errors import path_text
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import safe_repr

if TYPE_CHECKING:
    import pandas

__all__ = ["RequestChange", "RequestDiff", "compared", "differs"]

MOST = 3
"""So many differences are told of a request that is not found."""

WORDS, ITEMS = 2_000, 200
"""Texts and lists in which more than this many words and items changed are not aligned."""

SHORT, LONG = 60, 400
"""So many characters of a value are shown: in a sentence, and in a diff by itself."""


@dataclass(frozen=True, slots=True)
class RequestChange:
    """One difference.

    Attributes:
        path: Where, as people write it: ``messages[1].content``.
        kind: ``added``, ``removed`` or ``changed``.
        old, new: The value on each side; `None` where it is not there.
    """

    path: str
    kind: str
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        return self.told(SHORT)

    def __repr__(self) -> str:
        return without_keys(self.told(LONG))

    def told(self, most: int) -> str:
        """Return it in words, with at most so many characters of a value."""
        if self.kind == "changed":
            return f"{self.path}: {_from_to(self.old, self.new, most)}"
        value = self.new if self.kind == "added" else self.old
        return f"{self.path}: {self.kind} {_short(value, most)}"


class RequestDiff(Sequence[RequestChange]):
    """Differences in the order of the keys; empty where the requests are equal.

    Example:
        >>> compared({"t": 0, "m": ["Paris is big"]}, {"t": 1, "m": ["Rome is big", "ok"]})
        t: 0 -> 1
        m[0]: 'Paris' -> 'Rome'
        m[1]: added 'ok'
    """

    def __init__(self, changes: Sequence[RequestChange]) -> None:
        self._changes = tuple(changes)

    @overload
    def __getitem__(self, index: int) -> RequestChange: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RequestChange]: ...

    def __getitem__(self, index: int | slice) -> RequestChange | Sequence[RequestChange]:
        return self._changes[index]

    def __len__(self) -> int:
        return len(self._changes)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._changes)) or "(no difference)"

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per difference: path, kind, old, new."""
        import pandas

        def column(values: list[Any]) -> Any:
            return pandas.Series(values, dtype=object)

        texts = {
            name: pandas.array([getattr(change, name) for change in self], dtype="string")
            for name in ("path", "kind")
        }
        old, new = [change.old for change in self], [change.new for change in self]
        return pandas.DataFrame({**texts, "old": column(old), "new": column(new)})


def compared(old: Any, new: Any) -> RequestDiff:
    """Compare two values of JSON data, down to where they differ."""
    return RequestDiff(list(_walk((), old, new)))


def differs(
    new: Exchange, old: Exchange | None, clean: Callable[[Any], Any] = lambda value: value
) -> str:
    """Say how a request differs from the recorded one that was expected.

    Args:
        clean: Takes secrets out of JSON data and text.

    Example:
        >>> old = Exchange("POST", "http://m/v1", (), b'{"q": "Is it Paris?"}')
        >>> new = Exchange("POST", "http://m/v1", (), b'{"q": "Is it Rome?"}')
        >>> differs(new, old)
        "differs from the recorded one: q: 'Paris?' -> 'Rome?'"
        >>> differs(new, None)
        '(POST http://m/v1) was not recorded'
    """
    if old is None:
        return str(clean(f"({new.method} {new.url}) was not recorded"))
    try:
        return str(clean(_how(new, old, clean)))
    except RecursionError:  # nested deeper than Python follows
        return "differs from the recorded one"


def _how(new: Exchange, old: Exchange, clean: Callable[[Any], Any]) -> str:
    if (new.method, new.url) != (old.method, old.url):
        if new.method == old.method:
            return f"goes to {new.url}, not {old.url}"
        return f"goes to {new.method} {new.url}, not {old.method} {old.url}"
    said = "differs from the recorded one"
    sides = [_data(one.body) for one in (old, new)]
    if None in sides:
        if new.body != old.body:
            return f"{said}: its body changed"
    elif changes := compared(*map(clean, sides)):
        more = f", … {len(changes) - MOST:,} more" if len(changes) > MOST else ""
        return f"{said}: {', '.join(map(str, changes[:MOST]))}{more}"
    if old.hidden:
        return "was recorded, but secrets were taken out of its answer when it was stored"
    return f"{said} only in how it is written"


def _data(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


# -- walking ---------------------------------------------------------------------------


def _walk(path: tuple[str | int, ...], old: Any, new: Any) -> Iterator[RequestChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            if key not in new:
                yield RequestChange(path_text((*path, key)), "removed", old=old[key])
            elif key not in old:
                yield RequestChange(path_text((*path, key)), "added", new=new[key])
            else:
                yield from _walk((*path, key), old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        yield from _walk_items(path, old, new)
    elif type(old) is not type(new) or old != new:
        yield RequestChange(path_text(path), "changed", old, new)


def _walk_items(
    path: tuple[str | int, ...], old: list[Any], new: list[Any]
) -> Iterator[RequestChange]:
    for i, j, k, m in _aligned([_mark(item) for item in old], [_mark(item) for item in new], ITEMS):
        both = min(j - i, m - k)
        for at in range(both):
            yield from _walk((*path, k + at), old[i + at], new[k + at])
        for at in range(i + both, j):
            yield RequestChange(path_text((*path, at)), "removed", old=old[at])
        for at in range(k + both, m):
            yield RequestChange(path_text((*path, at)), "added", new=new[at])


def _mark(item: Any) -> str:
    """Return a text that is equal where two items are."""
    return json.dumps(item, sort_keys=True, default=safe_repr)


def _aligned(old: list[str], new: list[str], most: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield where two lists differ: from and to in the old one, and in the new one."""
    from difflib import SequenceMatcher

    first, shorter = 0, min(len(old), len(new))
    while first < shorter and old[first] == new[first]:
        first += 1
    last = 0
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    left, right = old[first : len(old) - last], new[first : len(new) - last]
    if not left or not right or max(len(left), len(right)) > most:
        if left or right:
            yield first, len(old) - last, first, len(new) - last
        return
    for tag, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            yield first + i, first + j, first + k, first + m


# -- in words --------------------------------------------------------------------------


def _from_to(old: Any, new: Any, most: int) -> str:
    if not isinstance(old, str) or not isinstance(new, str):
        return f"{_short(old, most)} -> {_short(new, most)}"
    left, right = old.split(" "), new.split(" ")
    changed = [
        f"{_short(' '.join(left[i:j]), most)} -> {_short(' '.join(right[k:m]), most)}"
        for i, j, k, m in _aligned(left, right, WORDS)
    ]
    return ", ".join(changed[:MOST]) + (", …" if len(changed) > MOST else "")


def _short(value: Any, most: int) -> str:
    if isinstance(value, dict) and isinstance(said := value.get("content"), str) and said:
        value = f"{value.get('role', '')}: {said}"  # a message
    text = safe_repr(value, 20 * most)
    return text if len(text) <= most else f"{text[: most - 1]}…"
