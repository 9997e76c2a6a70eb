"""Which part of an outer state an inner graph works on (SEMANTICS N1, N3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from lellm_nb.errors import StateError, StateTypeError
from lellm_nb.state.compact import MISSING
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce
from lellm_nb.state.sameness import equal, same

__all__ = ["IdentityLens", "KeyLens", "StateLens", "as_lens", "check_round_trip", "lifted"]


@runtime_checkable
class StateLens(Protocol):
    """A way to look at, and to write back, a part of a state.

    What is set must be what is got: ``get(set(outer, inner)) == inner``.
    """

    def get(self, outer: Any) -> Any:
        """Return the inner state."""

    def set(self, outer: Any, inner: Any) -> Any:
        """Return the outer state with the inner one in its place."""


class IdentityLens:
    """The same state inside as outside."""

    def get(self, outer: Any) -> Any:
        """Return the outer state."""
        return outer

    def set(self, outer: Any, inner: Any) -> Any:
        """Return the inner state."""
        return inner

    def lift(self, outer: Any, mutations: Sequence[Mutation]) -> list[Mutation]:
        """Pass inner mutations on as they are."""
        return list(mutations)


class KeyLens:
    """The mapping at one key of the outer state; absent counts as empty.

    Example:
        >>> KeyLens("agent").get({"agent": {"n": 1}, "other": 2})
        {'n': 1}
        >>> KeyLens("agent").set({"other": 2}, {"n": 1})
        {'other': 2, 'agent': {'n': 1}}
    """

    def __init__(self, key: str) -> None:
        self.key = key

    def get(self, outer: Any) -> Any:
        """Return the mapping at the key.

        Raises:
            StateTypeError: Something else is there.
        """
        inner = outer.get(self.key, {})
        if not isinstance(inner, Mapping):
            kind = type(inner).__name__
            raise StateTypeError(self.key, "a mapping (a subgraph works on it)", kind)
        return inner

    def set(self, outer: Any, inner: Any) -> Any:
        """Return the outer state with `inner` at the key."""
        return {**outer, self.key: inner}

    def lift(self, outer: Any, mutations: Sequence[Mutation]) -> list[Mutation]:
        """Prefix the path of inner mutations with the key."""
        made: list[Mutation] = [] if self.key in outer or not mutations else [Put(self.key, {})]
        for m in mutations:
            path = (self.key, *(m.key if isinstance(m.key, tuple) else (m.key,)))
            if isinstance(m, Put):
                made.append(Put(path, m.value))
            elif isinstance(m, Reduce):
                made.append(Reduce(path, m.value, m.reducer))
            else:
                made.append(Delete(path))
        return made

    def __repr__(self) -> str:
        return f"KeyLens({self.key!r})"


def as_lens(given: Any) -> Any:
    """Return the lens that a builder argument means: a key, a `StateLens`, or none.

    Raises:
        StateError: It is nothing of the kind.
    """
    if given is None:
        return IdentityLens()
    if isinstance(given, str):
        return KeyLens(given)
    if isinstance(given, StateLens) and not isinstance(given, type):
        return given
    raise StateError(f"{given!r:.60} is no lens: give a key, or an object with get and set.")


def check_round_trip(lens: Any, outer: Any, inner: Any) -> Any:
    """Return ``lens.set(outer, inner)`` if getting it again gives `inner`.

    Raises:
        StateError: It does not; the lens would lose what the inner graph wrote.
    """
    after = lens.set(outer, inner)
    again = lens.get(after)
    if not equal(again, inner):
        raise StateError(
            f"The lens {lens!r} breaks its round trip: what it gets after setting differs from"
            f" what was set ({again!r:.80} is not {inner!r:.80}). Mend its get or its set."
        )
    return after


def lifted(outer: Mapping[str, Any], after: Mapping[str, Any]) -> list[Mutation]:
    """Return one Put per key that differs, and one Delete per key that went."""
    made: list[Mutation] = [
        Put(key, value) for key, value in after.items() if not same(outer.get(key, MISSING), value)
    ]
    return made + [Delete(key) for key in outer if key not in after]
