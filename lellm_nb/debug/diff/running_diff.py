"""Which keys of two levels differ, kept up as both go on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.record.frame import Frame
from lellm_nb.state.compact import MISSING, Tail, whole
from lellm_nb.state.sameness import same

__all__ = ["SameSoFar"]


class _Lists(NamedTuple):
    """Two lists that grow, as far as they have been compared."""

    left: Tail
    right: Tail
    length: int
    differ: bool


class SameSoFar:
    """One level of two runs, compared pair by pair.

    Only the keys that were written since the last pair are looked at again, and of lists
    that grew only the new items, so two long runs cost what they wrote and not more.
    """

    def __init__(self, left: list[Frame], right: list[Frame], prefix: str) -> None:
        self._sides = (left, right)
        self._at = [0, 0]
        self._prefix = prefix
        self._differ: dict[str, None] = {}
        self._lists: dict[str, _Lists] = {}
        self._labels: tuple[str, ...] = ()
        self._begun = False

    def keys(self, left: Frame, right: Frame) -> tuple[str, ...]:
        """Return the names of the keys that differ after two frames of this level."""
        a, b = kept_items(left.level.data), kept_items(right.level.data)
        written: dict[str, None] | None = {}
        for side, frame in enumerate((left, right)):
            written = self._advance(side, frame, written)
        if written is None or not self._begun:
            self._begun = True
            written = dict.fromkeys([*a, *b, *self._differ])
        if self._look(a, b, written):
            self._labels = tuple(self._prefix + key for key in self._differ)
        return self._labels

    def _advance(
        self, side: int, to: Frame, written: dict[str, None] | None
    ) -> dict[str, None] | None:
        """Collect what was written up to a frame; `None` is: who knows."""
        frames, at = self._sides[side], self._at[side]
        if at and frames[at - 1].index >= to.index:  # the sides took their steps in another order
            while at and frames[at - 1].index > to.index:
                at -= 1
            self._at[side] = at
            return None
        while at < len(frames) and frames[at].index <= to.index:
            for m in frames[at].mutations:
                key = getattr(m, "key", None)
                if key is None:  # a typed state's own mutation may write anything
                    written = None
                elif written is not None:
                    written[key if isinstance(key, str) else key[0]] = None
            at += 1
        self._at[side] = at
        return written

    def _look(self, a: Any, b: Any, keys: Iterable[str]) -> bool:
        changed = False
        for key in keys:
            equal = self._equal(key, a.get(key, MISSING), b.get(key, MISSING))
            if equal is (key in self._differ):
                changed = True
                if equal:
                    del self._differ[key]
                else:
                    self._differ[key] = None
        return changed

    def _equal(self, key: str, left: Any, right: Any) -> bool:
        if left is right:
            return True
        if type(left) is not Tail or type(right) is not Tail:
            return same(whole(left), whole(right))
        before = self._lists.get(key)
        grew = before is not None and left.grew_from(before.left) and right.grew_from(before.right)
        length, differ = (before.length, before.differ) if before and grew else (0, False)
        shorter = min(len(left), len(right))
        while not differ and length < shorter:
            differ = not same(left[length], right[length])
            length += 1
        self._lists[key] = _Lists(left, right, length, differ)
        return not differ and len(left) == len(right)
