"""What a decision means at a node that waits, and what it writes there."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import QuestionError, path_text
from lellm_nb.graph.decision import Answer, Approve, Decision, DefaultAction, Modify
from lellm_nb.graph.node import Barrier
from lellm_nb.graph.question import Question
from lellm_nb.state.containers.handed import handed
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Mutation, Put, parts_of
from lellm_nb.state.state import content_of, value_at
from lellm_nb.state.typed import Typed

__all__ = ["as_asked", "keys_of", "question_of", "shown_at", "writes_of"]

_ABSENT = object()


def question_of(node: Any) -> Question | None:
    """Return what a node asks; `None` where it asks for no more than yes or no."""
    return node.ask if isinstance(node, Barrier) else None


def shown_at(node: Any, data: Any) -> dict[str, Any]:
    """Return the values of a level's state that a barrier shows, by how their keys are written.

    Args:
        data: The level's compact state; what is not there is left out.
    """
    found: dict[str, Any] = {}
    for key in node.show if isinstance(node, Barrier) else ():
        value = value_at(content_of(data), parts_of(key), _ABSENT)
        if value is not _ABSENT:
            found[path_text(key)] = handed(value)
    return found


def as_asked(
    node: Any, barrier_id: str, decision: Decision | DefaultAction
) -> Decision | DefaultAction:
    """Return a decision as it is meant where a node waits: an answer as plain data (SEMANTICS B8).

    Raises:
        QuestionError: It is no answer to what is asked; or nothing is asked, or no more than
            that an answer says.
    """
    asked = question_of(node)
    if isinstance(decision, Answer):
        if asked is None:
            problem = "it is a barrier that asks nothing: approve() it, or modify(key, value)."
            raise QuestionError("answer()", barrier_id, problem)
        return Answer(asked.read(decision.value, barrier_id))
    if asked is not None and isinstance(decision, Approve):
        problem = "it asks, so that it is answered with answer(value), or Answer(value)."
        raise QuestionError("approve()", barrier_id, problem)
    return decision


def keys_of(node: Any, name: str) -> tuple[str, str]:
    """Return the keys of an approval and of a reason, where a node waits under a name."""
    if isinstance(node, Barrier):
        return node.approve_key, node.reject_key
    return f"{name}.approved", f"{name}.reject_reason"


def writes_of(decision: Decision, data: Any, node: Any, name: str) -> tuple[Mutation, ...]:
    """Return what a decision writes in a level's state (SEMANTICS B3, B8).

    What a typed state has no field for is left out. Where a key would go away and the field has
    no default to go back to, it says no: not approved, and for no reason.

    Args:
        decision: As `as_asked` returned it.
        data: The level's compact state.
        node: What waits, under `name`.
    """
    approved, rejected = keys_of(node, name)
    writes = decision.mutations(approved, rejected)
    if isinstance(decision, Answer):
        key = node.answer_key
        writes = (Put(key, freeze(decision.value, key)), *writes)
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
