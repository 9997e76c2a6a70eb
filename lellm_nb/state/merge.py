"""Making one state of several branches' work (SEMANTICS P2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lellm_nb.arguments import Refuse, plain_function, refusal
from lellm_nb.errors import MergeConflictError, StateError
from lellm_nb.state.claims import BranchResult, conflicts_of, one_decision
from lellm_nb.state.compact import MISSING, Data
from lellm_nb.state.lens import lifted
from lellm_nb.state.mutation import Mutation, Put
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
    "check_merge",
]


class MergeStrategy(Protocol):
    """Turns branch results, in registration order, into mutations of the base state."""

    def merge(self, base: Data, results: Sequence[BranchResult]) -> list[Mutation]:
        """Return the mutations that make the merged state of `base`."""


class MergeMutations:
    """The default: fold every branch's mutations onto the base, through the reducers.

    Two branches may reduce one key, and may write equal values. Different values for
    one key, a write against a reduce, or a path against its prefix are a conflict. What
    barriers of one name were decided is none: one rejection stands for all (SEMANTICS N4).

    Raises:
        MergeConflictError: Names the keys, the branches and the values.

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
        results = one_decision(results)
        conflicts = conflicts_of(results)
        if conflicts:
            key, values = next(iter(conflicts.items()))
            raise MergeConflictError(key, values, conflicts=conflicts)
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


def as_merge(given: Any, refuse: Refuse = StateError) -> Any:
    """Return the strategy that a builder argument means: none, a strategy, or a function.

    Raises:
        StateError: It is nothing of the kind; or what `refuse` makes of it.
    """
    if given is None:
        return MergeMutations()
    if isinstance(given, type) and hasattr(given, "merge"):
        return given()
    if callable(given) and not hasattr(given, "merge"):
        return FunctionMerge(plain_function(given, "merge", refuse, "states"))
    check_merge(given, refuse)
    return given


def check_merge(merge: Any, refuse: Refuse) -> None:
    """Look whether an object can be a merge strategy.

    Raises:
        LellmError: It has no plain method `merge`.
    """
    if isinstance(merge, MergeMutations | StateMerge | LastWriteWins | FunctionMerge):
        return
    if not callable(getattr(merge, "merge", None)):
        wanted = "a strategy such as LastWriteWins(), or a function of the branches' states"
        raise refusal(merge, "merge", wanted, refuse)
    plain_function(merge.merge, "merge", refuse, "base, results")
