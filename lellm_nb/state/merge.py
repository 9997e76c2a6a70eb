"""Making one state of several branches' work (SEMANTICS P2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from lellm_nb.errors import MergeConflictError, StateError
from lellm_nb.state.compact import MISSING, Data, real
from lellm_nb.state.lens import lifted
from lellm_nb.state.mutation import Delete, Key, Mutation, Put, Reduce
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.sameness import same
from lellm_nb.state.state import check_content, check_mapping, content_of, view

__all__ = [
    "BranchResult",
    "FunctionMerge",
    "LastWriteWins",
    "MergeMutations",
    "MergeStrategy",
    "StateMerge",
    "as_merge",
]


class BranchResult(NamedTuple):
    """What one branch leaves: its name, its mutations since the fork, its last state."""

    name: str
    mutations: Sequence[Mutation]
    data: Data


class MergeStrategy(Protocol):
    """Turns branch results, in registration order, into mutations of the base state."""

    def merge(self, base: Data, results: Sequence[BranchResult]) -> list[Mutation]:
        """Return the mutations that make the merged state of `base`."""


class MergeMutations:
    """The default: fold every branch's mutations onto the base, through the reducers.

    Two branches may reduce one key, and may write equal values. Different values for
    one key, a write against a reduce, or a path against its prefix are a conflict.

    Raises:
        MergeConflictError: Names the key, the branches and the values.

    Example:
        >>> from lellm_nb.state.compact import MISSING
        >>> one = BranchResult("one", [Put("n", 1)], {"n": 1})
        >>> two = BranchResult("two", [Put("n", 2)], {"n": 2})
        >>> MergeMutations().merge({}, [one, two])
        Traceback (most recent call last):
        lellm_nb.errors.MergeConflictError: Key 'n' has conflicting writes: one wrote 1; \
two wrote 2.
    """

    def merge(self, base: Data, results: Sequence[BranchResult]) -> list[Mutation]:
        """Return all mutations in registration order, after looking for conflicts."""
        claims = _Claims()
        for result in results:
            claims.add(result.name, result.mutations)
        return [mutation for result in results for mutation in result.mutations]


class StateMerge:
    """Overlay the branches' whole states in registration order; the seed's default.

    A later branch's state covers an earlier one's, also where it only kept the base
    value: a change that is not made by the last branch can be lost.
    """

    def merge(self, base: Data, results: Sequence[BranchResult]) -> list[Mutation]:
        """Return one Put per key in which the overlay differs from the base."""
        before = content_of(base)
        after = dict(before)
        for result in results:
            after.update(content_of(result.data))
        return lifted(before, after)


class LastWriteWins:
    """Fold every branch's mutations in registration order; a later write wins."""

    def merge(self, base: Data, results: Sequence[BranchResult]) -> list[Mutation]:
        """Return all mutations in registration order, conflicts or not."""
        return [mutation for result in results for mutation in result.mutations]


class FunctionMerge:
    """A function of the branch states, by name; what it returns is put.

    Args:
        function: Given ``{branch: state}``, returns a mapping of keys to values.
    """

    def __init__(self, function: Callable[[dict[str, Any]], Any]) -> None:
        self.function = function

    def merge(self, base: Data, results: Sequence[BranchResult]) -> list[Mutation]:
        """Return one Put per key that the function returns and the base has not.

        Raises:
            StateTypeError: It returned no mapping.
        """
        made = self.function({result.name: view(result.data) for result in results})
        content = check_content(check_mapping(made))
        before = content_of(base)
        return [Put(k, v) for k, v in content.items() if not same(before.get(k, MISSING), v)]


def as_merge(given: Any) -> Any:
    """Return the strategy that a builder argument means: none, a strategy, or a function.

    Raises:
        StateError: It is nothing of the kind.
    """
    if given is None:
        return MergeMutations()
    if isinstance(given, type) and hasattr(given, "merge"):
        given = given()
    if hasattr(given, "merge"):
        return given
    if callable(given):
        return FunctionMerge(given)
    raise StateError(f"{given!r:.60} is no merge: give a strategy or a function of the states.")


class _Reduced:
    def __repr__(self) -> str:
        return "(a reduce)"


_REDUCED = _Reduced()


class _Claims:
    """Who claims which key, with what; a second, different claim is a conflict."""

    def __init__(self) -> None:
        self._held: dict[Key, tuple[str, Any]] = {}
        self._below: dict[Key, tuple[Key, str, Any]] = {}

    def add(self, branch: str, mutations: Iterable[Mutation]) -> None:
        for key, value in _last_writes(mutations).items():
            held = self._held.get(key)
            if held is not None and held[0] != branch and not same(held[1], value):
                raise _conflict(key, held, (branch, value))
            self._held.setdefault(key, (branch, value))
            self._check_prefixes(branch, key, value)

    def _check_prefixes(self, branch: str, key: Key, value: Any) -> None:
        below = self._below.get(key)
        if below is not None and below[1] != branch:
            raise _conflict(key, (branch, value), below[1:])
        if isinstance(key, tuple):
            for depth in range(1, len(key)):
                prefix = key[:depth] if depth > 1 else key[0]
                held = self._held.get(prefix)
                if held is not None and held[0] != branch:
                    raise _conflict(prefix, held, (branch, value))
                self._below.setdefault(prefix, (key, branch, value))


def _conflict(key: Key, one: tuple[str, Any], two: tuple[str, Any]) -> MergeConflictError:
    values = {name: "(deleted)" if v is MISSING else v for name, v in (one, two)}
    return MergeConflictError(key, values)


def _last_writes(mutations: Iterable[Mutation]) -> dict[Key, Any]:
    """Return what a branch claims per key: its last written value, or that it reduced."""
    claims: dict[Key, Any] = {}
    for m in mutations:
        if isinstance(m, Put):
            claims[m.key] = real(m.value)
        elif isinstance(m, Delete):
            claims[m.key] = MISSING
        elif isinstance(m, Reduce):
            if m.reducer is Reducer.MERGE_OBJECT and isinstance(m.value, dict):
                top = m.key if isinstance(m.key, tuple) else (m.key,)
                claims |= {(*top, part): value for part, value in m.value.items()}
            elif m.reducer.commutative:
                claims[m.key] = _REDUCED
            else:
                claims[m.key] = real(m.value)
    return claims
