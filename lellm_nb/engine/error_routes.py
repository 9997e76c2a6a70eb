"""Who takes a failure: the error route of its node, or of a level around it (SEMANTICS R9)."""

from __future__ import annotations

from lellm_nb.engine.scope import Scope
from lellm_nb.errors import (
    BarrierCancelledError,
    EdgeError,
    InvalidGraphError,
    LoopLimitError,
    RunCancelledError,
    RunError,
    UnroutedError,
)

__all__ = ["error_route", "taker_of"]

_NEVER_TAKEN = (RunCancelledError, BarrierCancelledError)
_OF_EDGES = (EdgeError, UnroutedError, InvalidGraphError, LoopLimitError)


def error_route(scope: Scope, name: str, error: RunError) -> str | None:
    """Return where a level's error route leads for a failure of node `name`."""
    if isinstance(error, _NEVER_TAKEN):
        return None
    if isinstance(error, _OF_EDGES) and error.path == scope.prefix + name:
        return None  # the node worked and is committed; its way out failed
    return scope.graph.error_routes.get(name)


def taker_of(scope: Scope, name: str, error: RunError) -> Scope | None:
    """Return the innermost level, from `scope` outwards, that takes a failure."""
    at: Scope | None = scope
    while at is not None:
        if error_route(at, name, error) is not None:
            return at
        name = at.name_in_parent
        at = at.parent
    return None
