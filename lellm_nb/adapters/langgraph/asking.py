"""What an interrupt asks, and what a decision answers it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lellm_nb.adapters.langgraph.position.level import INTERRUPT, PregelLevel, PregelTask
from lellm_nb.errors import QuestionError, listed
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.graph.decision import Answer, Decision, Reject
from lellm_nb.session.protocol import Asking
from lellm_nb.state.frozen import freeze, handed

__all__ = ["action_requests", "asked_by", "check_answer", "question", "resume_value"]

DECIDED = ("approve", "edit", "reject", "respond")
"""What may be decided about an action."""


def action_requests(asked: Any) -> list[Any] | None:
    """Return the actions that a request of LangChain's middleware is about; `None` for others."""
    value = getattr(asked, "value", asked)
    if not isinstance(value, Mapping):
        return None
    requests = value.get("action_requests")
    return list(requests) if isinstance(requests, Sequence) and requests else None


def is_one_call(asked: Any) -> bool:
    """Tell whether one tool call is to be approved, as LangChain's middleware asks for each."""
    value = getattr(asked, "value", asked)
    return isinstance(value, Mapping) and value.get("type") == "tool_approval"


def question(asked: Any) -> Asking:
    """Return an interrupt as whoever answers it is shown it."""
    value = getattr(asked, "value", asked)
    allowed = _allowed(value)
    actions = tuple(
        {**one, "allowed": list(allowed.get(one.get("name")) or DECIDED[:3])}
        for one in action_requests(asked) or ()
    )
    schema = getattr(asked, "response_schema", None)
    if is_one_call(asked):
        about = {key: value.get(key) for key in ("name", "args", "description")}
        actions = ({**about, "allowed": _decided_by(schema)},)
    return Asking(handed(freeze(value)), schema, actions)


def _allowed(value: Any) -> dict[Any, Any]:
    """Return what a request says may be decided, by the names of its actions."""
    configs = value.get("review_configs") or () if isinstance(value, Mapping) else ()
    return {c.get("action_name"): c.get("allowed_decisions") for c in configs}


def _decided_by(schema: Any) -> list[str]:
    """Return what the schema of one tool call's answer allows to decide."""
    if not isinstance(schema, Mapping):
        return list(DECIDED[:3])
    ways = schema.get("discriminator", {}).get("mapping")
    alone = schema.get("properties", {}).get("type", {}).get("const")
    return list(ways or ([alone] if alone else DECIDED[:3]))


def resume_value(asked: Any, decision: Decision) -> Any:
    """Return what the node gets for a decision (LANGGRAPH L1).

    Example:
        >>> from lellm_nb import Approve, Reject
        >>> resume_value("ship it?", Approve()), resume_value("ship it?", Reject("no"))
        (True, {'rejected': 'no'})
        >>> resume_value({"action_requests": [{"name": "refund"}]}, Approve())
        {'decisions': [{'type': 'approve'}]}
    """
    if isinstance(decision, Answer):
        return decision.value
    requests = action_requests(asked)
    if is_one_call(asked):
        if isinstance(decision, Reject):
            return {"type": "reject", "message": decision.reason}
        return {"type": "approve"}
    if isinstance(decision, Reject):
        if requests is None:
            return {"rejected": decision.reason}
        return {"decisions": [{"type": "reject", "message": decision.reason} for _ in requests]}
    if requests is None:
        return True
    return {"decisions": [{"type": "approve"} for _ in requests]}


def check_answer(asked: Any, answer: Any, barrier_id: str) -> None:
    """Look whether an answer fits what is asked.

    Raises:
        QuestionError: It does not; says how. What waits goes on waiting.
    """
    requests = action_requests(asked)
    if requests is not None:
        problem = _of_actions(getattr(asked, "value", asked), requests, answer)
    else:
        problem = _of_schema(getattr(asked, "response_schema", None), answer)
    if problem:
        raise QuestionError(safe_repr(answer, 120), barrier_id, problem)


def _of_actions(request: Mapping[str, Any], requests: list[Any], answer: Any) -> str:
    decisions = answer.get("decisions") if isinstance(answer, Mapping) else None
    if not isinstance(decisions, Sequence) or isinstance(decisions, str):
        return 'it is answered with {"decisions": [...]}, one for each action.'
    if len(decisions) != len(requests):
        return f"it has {len(decisions)} decisions, one for each action are {len(requests)}."
    allowed = _allowed(request)
    for action, decision in zip(requests, decisions, strict=True):
        kind = decision.get("type") if isinstance(decision, Mapping) else None
        may = allowed.get(action.get("name")) or DECIDED
        if kind not in may:
            return f"for {action.get('name')!r} may be decided: {listed(may)}, not {kind!r}."
        edited = decision.get("edited_action")
        if kind == "edit" and not (isinstance(edited, Mapping) and {"name", "args"} <= {*edited}):
            return 'an edit has {"edited_action": {"name": ..., "args": {...}}}.'
    return ""


def _of_schema(schema: Any, answer: Any) -> str:
    if not isinstance(schema, Mapping):
        return ""
    try:
        import jsonschema
    except ImportError:  # LangGraph looks at it itself then
        return ""
    try:
        jsonschema.validate(answer, dict(schema))
    except jsonschema.ValidationError as error:
        where = "".join(f"[{part!r}]" for part in error.absolute_path)
        return f"{f'at {where} ' if where else ''}{error.message}."
    except Exception:  # a schema that is none
        return ""
    return ""


def asked_by(level: PregelLevel, task: PregelTask) -> Any:
    """Return the interrupt that a task waits with; `None` where it waits without one."""
    for wrote in level.written:
        if wrote.task.id == task.id:
            for channel, value in wrote.pairs:
                if channel == INTERRUPT:
                    return value[0] if isinstance(value, (list, tuple)) and value else value
    return None
