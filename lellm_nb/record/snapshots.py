"""A base and what changed since, in place of a whole snapshot each time (SEMANTICS C6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lellm_nb.arguments import whole as whole_number
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.state.compact import Data, Tail, Wide, indistinguishable, whole
from lellm_nb.state.containers.read_only import FrozenDict, FrozenList, frozen_list
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce, apply
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import keep, view

__all__ = ["IncrementalSnapshots", "StateSnapshot", "difference"]

DEEP = 20
"""Changes are looked for so deep inside a value; below that it is written anew."""

LARGE = 32
"""More items, or letters of one text, are worth a look at what of them changed."""

MOST_GONE = 8
"""So many items may be gone from one place of a list; each is a write that copies the list."""


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """A state as a base and the mutations since; `restore` folds them.

    Attributes:
        base: The state, or its compact form.
    """

    base: Any
    deltas: tuple[Mutation, ...]

    @property
    def kept(self) -> Any:
        """The state in its compact form, as positions hold it."""
        base = self.base if type(self.base) in (dict, Wide) else keep(self.base)
        return apply(base, self.deltas)

    def restore(self) -> Any:
        """Return the state."""
        return view(self.kept)


class IncrementalSnapshots:
    """Collects mutations and gives snapshots; compacts past a threshold.

    Example:
        >>> from lellm_nb import Put
        >>> kept = IncrementalSnapshots({"n": 0}, threshold=2)
        >>> kept.record([Put("n", 1)]); kept.snapshot()
        StateSnapshot(base=State({'n': 0}), deltas=(Put('n', 1),))
        >>> kept.record([Put("n", 2), Put("n", 3)]); kept.snapshot()
        StateSnapshot(base=State({'n': 3}), deltas=())
    """

    def __init__(self, initial: Any, threshold: int = 20) -> None:
        self.threshold = whole_number(threshold, "threshold", CheckpointStoreError)
        self._base = keep(initial)
        self._deltas: list[Mutation] = []

    def record(self, mutations: Sequence[Mutation]) -> None:
        """Take the mutations of a commit."""
        self._deltas += mutations
        if len(self._deltas) > self.threshold:
            self._base = apply(self._base, self._deltas)
            self._deltas = []

    def take(self, state: Any) -> None:
        """Take what changed up to a state: the mutations are found, and recorded.

        Example:
            >>> kept = IncrementalSnapshots({"n": 0, "log": ["a"]})
            >>> kept.take({"n": 0, "log": ["a", "b"]}); kept.snapshot().deltas
            (Reduce('log', ['b'], Reducer.APPEND),)
        """
        new = keep(state)
        found = difference(apply(self._base, self._deltas), new)
        if found is None:
            self._base, self._deltas = new, []
        else:
            self.record(found)

    def snapshot(self) -> StateSnapshot:
        """Return the state so far."""
        return StateSnapshot(view(self._base), tuple(self._deltas))


def difference(old: Data, new: Data) -> list[Mutation] | None:
    """Return the writes that lead from one compact state to another, exactly.

    A list that grew is appended to, and inside of mappings and lists only what differs is
    written; what is the same object is not looked into. `None` where no writes would bring the
    keys into their order.

    Example:
        >>> difference({"n": 1, "log": Tail.of(["a"])}, {"n": 1, "log": Tail.of(["a", "b"])})
        [Reduce('log', ['b'], Reducer.APPEND)]
        >>> difference({"n": 1}, {"n": True}), difference({"a": 1, "b": 2}, {"b": 2, "a": 1})
        ([Put('n', True)], None)
    """
    keys = new.differing(old) if isinstance(new, Wide) and isinstance(old, Wide) else None
    if keys is None or not all(key in old and key in new for key in keys):
        if not _in_order(old, new):
            return None
        keys = [*(key for key in old if key not in new), *new]
    found: list[Mutation] = []
    for key in keys:
        if key not in new:
            found.append(Delete(key))
        elif key not in old:
            found.append(Put(key, new[key]))
        else:
            _changes((key,), old[key], new[key], found)
    return found


def _in_order(old: Any, new: Any) -> bool:
    """Tell whether the keys of the new one stand where writes would bring them."""
    stayed = [key for key in old if key in new]
    return [*stayed, *(key for key in new if key not in old)] == list(new)


def _changes(path: tuple[Any, ...], old: Any, new: Any, found: list[Mutation]) -> None:
    if old is new:
        return
    grew = isinstance(new, Tail) and new.grew_from(old)
    if grew:
        _appended(path, new.since(len(old)), found)
        return
    old, new = whole(old), whole(new)
    if type(old) is type(new) is FrozenList and len(path) < DEEP:
        _in_list(path, old, new, found)
    elif type(old) is type(new) is FrozenDict and len(path) < DEEP and _may_be_entered(old, new):
        found += [Delete((*path, k)) for k in old if k not in new]
        for k, value in new.items():
            if k in old:
                _changes((*path, k), old[k], value, found)
            else:
                found.append(Put((*path, k), value))
    elif not _exactly(old, new):
        found.append(Put(_key(path), new))


def _key(path: tuple[Any, ...]) -> Any:
    return path if len(path) > 1 else path[0]


def _appended(path: tuple[Any, ...], items: list[Any], found: list[Mutation]) -> None:
    if items:
        grown = frozen_list(items, str(path[0]))
        found.append(Reduce(_key(path), grown, Reducer.APPEND))


def _may_be_entered(old: FrozenDict, new: FrozenDict) -> bool:
    texts = all(type(key) is str for key in old) and all(type(key) is str for key in new)
    return texts and _in_order(old, new)


def _in_list(
    path: tuple[Any, ...], old: FrozenList, new: FrozenList, found: list[Mutation]
) -> None:
    start = _in_common(old, new, 0, 0)
    gone = _gone(old, new, start)
    if gone is not None:
        found += [Delete((*path, start))] * gone
        _appended(path, new[len(old) - gone :], found)
        return
    places = range(start, min(len(old), len(new)))
    differ = [i for i in places if not _exactly(old[i], new[i])]
    few = 2 * len(differ) <= len(new) or any(_worth_a_look(old[i], new[i]) for i in differ)
    if len(old) != len(new) or not few:
        found.append(Put(_key(path), new))
        return
    for i in differ:
        _changes((*path, i), old[i], new[i], found)


def _worth_a_look(old: Any, new: Any) -> bool:
    """Tell whether two items may have much in common that need not be written again."""
    kind = type(new)
    return type(old) is kind and kind in (FrozenList, FrozenDict) and _is_large(new, 4)


def _is_large(value: Any, deep: int) -> bool:
    if type(value) is str:
        return len(value) > LARGE
    if type(value) not in (FrozenList, FrozenDict) or not deep:
        return False
    inside = value.values() if type(value) is FrozenDict else value
    return len(value) > LARGE or any(_is_large(one, deep - 1) for one in inside)


def _in_common(old: FrozenList, new: FrozenList, at: int, to: int) -> int:
    """Return how many items from two places on are the same."""
    count = 0
    for a, b in zip(islice(old, at, None), islice(new, to, None), strict=False):
        if not _exactly(a, b):
            break
        count += 1
    return count


def _gone(old: FrozenList, new: FrozenList, start: int) -> int | None:
    """Return how many items are gone from a place on, where most others stayed; else `None`."""
    for gone in range(min(MOST_GONE, len(old) - start, len(old) // 2) + 1):
        stay = len(old) - start - gone
        exchanged = gone and not stay and len(new) > start
        if not exchanged and _in_common(old, new, start + gone, start) == stay:
            return gone
    return None


def _exactly(a: Any, b: Any) -> bool:
    """Tell whether two kept values are the same to the last bit: 1 is not True here."""
    return a is b or indistinguishable(whole(a), whole(b))
