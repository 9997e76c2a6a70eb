"""What a decision writes, given the state it is for."""

from __future__ import annotations

from typing import Any

from lellm_nb.graph.decision import Decision, Modify
from lellm_nb.graph.node import Barrier
from lellm_nb.state.mutation import Delete, Mutation, Put
from lellm_nb.state.typed import Typed

__all__ = ["keys_of", "writes_of"]


def keys_of(node: Any, name: str) -> tuple[str, str]:
    """Return the keys of an approval and of a reason, where a node waits under a name."""
    if isinstance(node, Barrier):
        return node.approve_key, node.reject_key
    return f"{name}.approved", f"{name}.reject_reason"


def writes_of(decision: Decision, data: Any, approved: str, rejected: str) -> tuple[Mutation, ...]:
    """Return what a decision writes in a level's state (SEMANTICS B3, B8).

    What a typed state has no field for is left out. Where a key would go away and the field has
    no default to go back to, it says no: not approved, and for no reason.

    Args:
        data: The level's compact state.
        approved: The key of the approval.
        rejected: The key of the reason of a rejection.
    """
    writes = decision.mutations(approved, rejected)
    if not isinstance(data, Typed):
        return writes
    made: list[Mutation] = []
    for i, m in enumerate(writes):
        if isinstance(decision, Modify) and i == 0:
            made.append(m)  # a person's own: refused rather than left out
        elif data.has_room(m.key):
            stays = isinstance(m, Delete) and not data.can_drop(m.key)
            made.append(Put(m.key, "" if m.key == rejected else False) if stays else m)
    return tuple(made)
