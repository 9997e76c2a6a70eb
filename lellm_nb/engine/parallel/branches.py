"""What becomes of a parallel's branches: one step, as was chosen (P2, P8), or one error (P3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lellm_nb.engine.commit import commit_composite, commit_exit
from lellm_nb.engine.committed import Committed
from lellm_nb.engine.parallel.map_items import collected, item_results
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import (
    BarrierCancelledError,
    MergeConflictError,
    NodeExecutionError,
    ParallelError,
    ReducerError,
    RunCancelledError,
    RunError,
)
from lellm_nb.graph.node import Map
from lellm_nb.record.frame import DecisionRecord
from lellm_nb.record.position import Fan, Position
from lellm_nb.state.claims import BranchResult, claims_of, one_side, without_decisions
from lellm_nb.state.merge import MergeMutations
from lellm_nb.state.mutation import Key, Mutation, apply
from lellm_nb.state.state import view

__all__ = ["PASSED_ON", "JoinChoice", "branch_failure", "branch_results", "leave"]


class JoinChoice(NamedTuple):
    """What a person said becomes of a join that cannot be made by itself.

    Attributes:
        word: ``side``, or ``keep`` or ``drop`` where branches failed.
        sides: The branch that is right by key; under `None` one that is right wherever it
            takes part.
        by: Who said it.
    """

    word: str
    sides: Mapping[Key | None, str]
    by: str = "person"

    def __str__(self) -> str:
        if self.word != "side":
            return self.word
        told = (name if key is None else f"{name} for {key}" for key, name in self.sides.items())
        return f"side of {', '.join(told)}"


def branch_results(scope: Scope, site: Site, fan: Fan) -> list[BranchResult]:
    """Return what the branches leave to be merged, in registration order.

    A barrier of the surrounding level has its own decision: what one of the same name inside
    was decided stays there (SEMANTICS N4).
    """
    own = scope.graph.own_barriers
    results = [
        BranchResult(
            name,
            without_decisions(branch.wrote.since(0) if branch.wrote else (), own),
            branch.data,
        )
        for name, branch in fan.branches.items()
    ]
    return item_results(site.node, results) if isinstance(site.node, Map) else results


def leave(
    scope: Scope,
    site: Site,
    level: Position,
    choice: JoinChoice | None,
    decided: Callable[[str], DecisionRecord | None] | None,
    now: float,
) -> tuple[Committed, DecisionRecord | None]:
    """Take out what a composite made; of branches that disagree, as was chosen.

    Args:
        decided: Where a choice of the past is looked up, or `None`.

    Raises:
        MergeConflictError: Two branches disagree; the state is untouched.
        StateError: The lens of a subgraph breaks its round trip.
    """
    fan = scope.inside(level)
    if isinstance(fan, Position):
        return commit_exit(scope, site, level, fan), None
    id = f"{site.place.path}#{site.next_visit(level) - 1}"
    if choice is not None:
        return _chosen(scope, site, level, fan, choice), record_of(id, choice, now)
    try:
        return _merged(scope, site, level, fan, branch_results(scope, site, fan)), None
    except Exception:
        known = None if decided is None else decided(id)
        if known is None or not isinstance(known.effective, Sequence):
            raise
        sides = {tuple(k) if isinstance(k, list) else k: name for k, name in known.effective}
        choice = JoinChoice("side", sides, known.by)
        return _chosen(scope, site, level, fan, choice), record_of(id, choice, now)


def record_of(id: str, choice: JoinChoice, now: float) -> DecisionRecord:
    """Return what the frame of a join says of the choice that it was made by (SEMANTICS B7)."""
    chosen = tuple(choice.sides.items()) or None
    return DecisionRecord(id, str(choice), choice.by, now, None, chosen)


def _chosen(scope: Scope, site: Site, level: Position, fan: Fan, choice: JoinChoice) -> Committed:
    results = branch_results(scope, site, fan)
    sides = choice.sides
    if sides and not isinstance(site.node.merge, MergeMutations):
        # what else a merge of the user's would have made of one branch, nobody knows
        alone = [m for r in results if r.name in sides.values() for m in r.mutations]
        return _joined(scope, site, level, fan, alone)
    whole: dict[Key, str] = {}
    while True:
        kept = one_side(results, sides, whole) if sides else results
        try:
            return _merged(scope, site, level, fan, kept)
        except MergeConflictError as conflict:
            # reducers refuse one key after the other: the side that was chosen is right there too
            new = {
                key: winner
                for key, values in conflict.conflicts.items()
                if (winner := sides.get(key, sides.get(None, ""))) in values and key not in whole
            }
            if not new:
                raise
            whole |= new


def _joined(
    scope: Scope, site: Site, level: Position, fan: Fan, mutations: Sequence[Mutation]
) -> Committed:
    made = tuple(mutations)
    if isinstance(site.node, Map):
        made += tuple(collected(fan))
    return commit_composite(scope, site, level, "join", made)


def _merged(
    scope: Scope, site: Site, level: Position, fan: Fan, results: Sequence[BranchResult]
) -> Committed:
    where = {"path": site.place.path, "state": scope.seen(level.data)}
    try:
        return _joined(scope, site, level, fan, site.node.merge.merge(level.data, results))
    except MergeConflictError as found:
        raise MergeConflictError(
            found.key, found.values, conflicts=found.conflicts, **where
        ) from found.__cause__
    except ReducerError as refusal:
        key: Any = refusal.key
        wrote = {r.name: claims_of(r.mutations) for r in results}
        values = {
            name: _value(result.mutations, key)
            for name, result in zip(wrote, results, strict=True)
            if key in wrote[name]
        }
        if len(values) < 2:
            raise
        raise MergeConflictError(key, values, **where) from refusal


def _value(mutations: Sequence[Mutation], key: Key) -> Any:
    """Return what was written last at a key."""
    found: Any = next(m for m in reversed(mutations) if getattr(m, "key", None) == key)
    return getattr(found, "value", "(deleted)")


# -- one error ------------------------------------------------------------------------


def branch_failure(
    scope: Scope, root: Position, site: Site, failures: dict[str, Any], *, patient: bool
) -> BaseException:
    """Make one error of the failures of a Parallel's branches.

    Args:
        scope: The level of the Parallel.
        root: The whole position.
        failures: What each failed branch raised, in registration order.
        patient: Whether all failures count (collect-all), or the first (fail-fast).

    Returns:
        The first failure under its branch's path, or a `ParallelError` of all; what is not
        a run's error, or a cancellation, as it is.
    """
    for error in failures.values():
        if not isinstance(error, RunError) or isinstance(error, PASSED_ON):
            assert isinstance(error, BaseException)
            return error
    level = scope.level(root)
    errors = [
        _named(f"{scope.child(site, level, name).prefix}{name}", error, scope, level)
        for name, error in failures.items()
    ]
    if not patient:
        return errors[0]
    return ParallelError(site.place.path, errors, state=_state_of_good_branches(scope, level, site))


PASSED_ON = (RunCancelledError, BarrierCancelledError)
"""What is nobody's failure, and so is not wrapped as a branch's."""


def _named(path: str, error: RunError, scope: Scope, level: Position) -> RunError:
    """Return a branch's failure under the branch's own path."""
    if error.path == path:
        return error
    return NodeExecutionError(path, error, state=scope.seen(level.data))


def _state_of_good_branches(scope: Scope, level: Position, site: Site) -> Any:
    fan = scope.inside(level)
    assert isinstance(fan, Fan)
    good = [r for r in branch_results(scope, site, fan) if fan.branches[r.name].node is None]
    try:
        return view(apply(level.data, site.node.merge.merge(level.data, good)))
    except Exception:  # they disagree, or the merge is the user's and wants all branches
        return view(level.data)
