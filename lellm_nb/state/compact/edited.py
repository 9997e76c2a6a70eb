"""A list or dict that a node made again: what it was made of, and what was changed.

A node that writes ``{"messages": [*messages, reply]}`` gives a whole new list. Kept as it is, it
would cost all its items in every frame; here it costs what is new (SEMANTICS C14).
"""

from __future__ import annotations

from typing import Any, Self

from lellm_nb.state.compact.missing import MISSING
from lellm_nb.state.compact.tail import Tail
from lellm_nb.state.containers.fingerprint import Reads
from lellm_nb.state.containers.handed import handed
from lellm_nb.state.containers.read_only import (
    FrozenDict,
    FrozenList,
    frozen_dict,
    frozen_list,
)

__all__ = ["EditedDict", "EditedList"]


class _Edited:
    """An older version, and the edits since, in a log that later versions share and extend.

    Attributes:
        base: The version that the edits begin at; of a dict its items, compact themselves.
        log: The edits, oldest first.
        length: How many items this version has.
        weight: How many edits there are, and items in them: what reading costs beside the base.
    """

    __slots__ = ("_whole", "base", "length", "log", "weight")

    def __init__(self, base: Any, log: Tail, length: int, weight: int, made: Any = None) -> None:
        self.base = base
        self.log = log
        self.length = length
        self.weight = weight
        self._whole = made

    def edited(self, edits: list[tuple[Any, ...]], weight: int, made: Any) -> Self:
        """Return a later version; `made` is that in one piece.

        Only the newest version holds itself in one piece: it is what the next step reads.
        """
        self._whole = None
        log = self.log.extended(edits)
        return type(self)(self.base, log, len(made), self.weight + weight, made)

    def whole(self, key: str = "") -> Any:
        """Return it in one piece, as a frame could keep it."""
        made = self._whole
        return self._folded(key) if made is None else made

    def _folded(self, key: str) -> Any:
        raise NotImplementedError

    def real(self, key: str = "", reads: Reads | None = None) -> Any:
        """Return what user code reads; see `Tail.real`."""
        return handed(self.whole(key), reads)

    def __reduce__(self) -> Any:
        made: tuple[Any, ...] = self.whole().__reduce__()
        return made

    def __len__(self) -> int:
        return self.length

    def __eq__(self, other: object) -> bool:
        return bool(self.whole() == (other.whole() if isinstance(other, _Edited) else other))

    __hash__ = None  # type: ignore[assignment]  # equal to a list or dict, so unhashable like one

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.length} items)"


class EditedList(_Edited):
    """A list that was made again around items of an older one.

    An edit is ``(start, stop, items)``: these items take the place of those from `start` to
    before `stop`.

    Example:
        >>> one = EditedList(frozen_list("abc"), Tail.of(()), 3, 0)
        >>> two = one.edited([(0, 1, ())], 1, frozen_list("bc"))
        >>> EditedList(one.base, two.log, 2, 1).whole()
        ['b', 'c']
    """

    __slots__ = ()

    def _folded(self, key: str) -> FrozenList:
        base = self.base
        items = base.since(0) if type(base) is Tail else list(base)
        for start, stop, new in self.log.since(0):
            items[start:stop] = new
        return frozen_list(items, key or getattr(base, "key", ""))

    def extended(self, items: Any) -> EditedList:
        """Return a version with `items` (frozen already) after the ones of this one."""
        before, new = self.whole(), tuple(items)
        made = frozen_list([*before, *new], before.key)
        return self.edited([(self.length, self.length, new)], 1 + len(new), made)

    def __getitem__(self, index: int) -> Any:
        return self.whole()[index]

    def since(self, start: int) -> list[Any]:
        """Return the items from `start` on."""
        return list(self.whole()[start:])


class EditedDict(_Edited):
    """A dict that was made again around values of an older one.

    An edit is ``(key, value)``, the value compact itself where it can be, or ``(key,)`` for a
    key that is gone.

    Example:
        >>> one = EditedDict({"a": 1, "b": 2}, Tail.of(()), 2, 0)
        >>> two = one.edited([("b", 3), ("a",)], 2, frozen_dict({"b": 3}))
        >>> EditedDict(one.base, two.log, 1, 2).whole()
        {'b': 3}
    """

    __slots__ = ()

    def items_kept(self) -> dict[Any, Any]:
        """Return keys and kept values, which may be compact."""
        items = dict(self.base)
        for key, *value in self.log.since(0):
            if value:
                items[key] = value[0]
            else:
                del items[key]
        return items

    def _folded(self, key: str) -> FrozenDict:
        items = self.items_kept()
        for name, value in items.items():
            if isinstance(value, (Tail, _Edited)):
                items[name] = value.whole(key)
        return frozen_dict(items, key or getattr(self.base, "key", ""))

    def kept(self, key: Any) -> Any:
        """Return the kept value of a key, which may be compact; `MISSING` where there is none."""
        for name, *value in reversed(self.log.since(0)):
            if name == key:
                return value[0] if value else MISSING
        return self.base.get(key, MISSING)

    def __getitem__(self, key: Any) -> Any:
        return self.whole()[key]
