"""Context variables that nodes set: they go with the run from step to step (SEMANTICS R11)."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Context, ContextVar, copy_context
from typing import Any, NamedTuple

from lellm_nb.engine.scope import Scope
from lellm_nb.record.frame import Frame
from lellm_nb.state.compact import MISSING

__all__ = ["Kept", "Variables", "adopt", "apply_variables", "chains", "variables_after"]
__all__ += ["variables_at"]


class Kept(NamedTuple):
    """What a node set a context variable to.

    Attributes:
        value: What it was set to.
        under: What the cell had it at then; once the cell changes it, the cell wins.
    """

    value: Any
    under: Any


Variables = Mapping[ContextVar[Any], Kept]


def adopt(carried: Context) -> None:
    """Set here what was set in a copy of this context."""
    here = copy_context()
    for variable, value in carried.items():
        if here.get(variable, MISSING) is not value:
            variable.set(value)


def variables_after(
    known: Variables, before: Context, after: Context, cell: Context
) -> dict[ContextVar[Any], Kept]:
    """Return what the run's nodes have set, with what one more of them did.

    Args:
        known: What those before it had set.
        before, after: The context in which it began and ended.
        cell: What the cell had set.
    """
    found = dict(known)
    for variable, value in after.items():
        if before.get(variable, MISSING) is not value:
            found[variable] = Kept(value, cell.get(variable, MISSING))
    return found


def apply_variables(variables: Variables, cell: Context) -> None:
    """Set here what nodes have set, but for what the cell has changed since."""
    for variable, kept in variables.items():
        if cell.get(variable, MISSING) is kept.under:
            variable.set(kept.value)


def chains(scope: Scope) -> list[str]:
    """Return the path of the branch that a level is in, and of those around it, ``""`` last.

    What nodes set is seen by those after them in their branch; the join drops it.
    """
    found = []
    at: Scope | None = scope
    while at is not None:
        if at.branch is not None:
            found.append(f"{at.prefix}{at.branch}")
        at = at.parent
    return [*found, ""]


def variables_at(head: Frame, chains: list[str]) -> Variables:
    """Return what nodes of a branch had set at a frame, or those before it where it began."""
    inside, *around = chains
    frame: Frame | None = head
    while frame is not None:
        while inside and not frame.path.startswith(inside.rpartition("/")[0] + "/"):
            inside, *around = around  # before the branches began
        detail = frame.own_detail
        if detail is not None and detail.variables is not None:
            chain, found = detail.variables
            if chain == inside:
                return found  # type: ignore[no-any-return]  # a frame does not know the engine
        frame = frame.parent
    return {}
