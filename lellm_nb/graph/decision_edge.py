"""Decision edges: ways out of a barrier for what was decided there (SEMANTICS G8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lellm_nb.errors import DecisionEdgeError
from lellm_nb.graph.decision import Answer, Approve, Modify, Reject
from lellm_nb.graph.edge import DECISION_KINDS, Edge

__all__ = ["check_kind", "decision_problems", "kinds_for"]

TIMEOUT, APPROVE, REJECT = DECISION_KINDS


def kinds_for(decision: Any, by: str) -> tuple[str, ...]:
    """Return the kinds of decision edges that a decision may take, what goes first in front.

    A value was put in to go on with it, so Modify approves. When the time was up, the edge for
    that goes first, and then the one for the default action that was applied. What a decision
    may not take is left to the other edges.

    Args:
        by: Who decided, as it is recorded; ``timeout`` where the time was up.

    Example:
        >>> kinds_for(Modify("n", 1), "person"), kinds_for(Reject(), "timeout")
        (('approve',), ('timeout', 'reject'))
    """
    kinds = (TIMEOUT,) if by == TIMEOUT else ()
    if isinstance(decision, Reject):
        return (*kinds, REJECT)
    return (*kinds, APPROVE) if isinstance(decision, (Answer, Approve, Modify)) else kinds


def check_kind(barrier: Any, target: Any, decision: Any) -> str:
    """Return `decision` if there are edges for it.

    Raises:
        DecisionEdgeError: There are none.
    """
    if isinstance(decision, str) and decision in DECISION_KINDS:
        return decision
    raise DecisionEdgeError(barrier, target, decision, known=(APPROVE, REJECT, TIMEOUT))


def decision_problems(
    nodes: Mapping[str, Any], edges: Iterable[Edge]
) -> Iterator[DecisionEdgeError]:
    """Walk what is wrong with the decision edges of a graph; unknown nodes are not its business."""
    first: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        if not edge.for_decision or edge.source not in nodes:
            continue
        kind = nodes[edge.source].kind
        before = first.setdefault((edge.source, edge.kind), edge)
        if kind != "barrier":
            why = (
                f"{edge.source!r} is a {kind} and no barrier, so nothing is decided there"
                " that an edge could be for; use edge_if."
            )
            yield DecisionEdgeError(edge.source, edge.target, edge.kind, why)
        elif before is not edge:
            why = (
                f"{before.label} is for the same decision already, and a decision has one way"
                " out; leave one of them away."
            )
            yield DecisionEdgeError(edge.source, edge.target, edge.kind, why)
