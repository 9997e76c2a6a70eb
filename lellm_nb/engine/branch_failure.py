"""One error for what several branches could not do (SEMANTICS P3)."""

from __future__ import annotations

from typing import Any

from lellm_nb.engine.join import branch_results
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import (
    BarrierCancelledError,
    NodeExecutionError,
    ParallelError,
    RunCancelledError,
    RunError,
)
from lellm_nb.record.position import Fan, Position
from lellm_nb.state.mutation import apply
from lellm_nb.state.state import view

__all__ = ["PASSED_ON", "branch_failure"]


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
    good = [r for r in branch_results(scope, fan) if fan.branches[r.name].node is None]
    try:
        return view(apply(level.data, site.node.merge.merge(level.data, good)))
    except Exception:  # they disagree, or the merge is the user's and wants all branches
        return view(level.data)
