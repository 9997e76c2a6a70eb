"""What waits, and what was decided about it, as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.graph.decision import Answer, Approve, Modify, Reject, Reroute
from lellm_nb.record.frame import DecisionRecord
from lellm_nb.record.position import TO_ROUTE, ToRoute, Waiting
from lellm_nb.state.mutation import parts_of

__all__ = ["Read", "Write", "decision_form", "hold_form", "read_decision", "read_hold"]

Write = Callable[[Any, Any], Any]
"""Makes a value JSON-able, given the value and what it is called, or the path where it is put."""

Read = Callable[[Any], Any]


def decision_form(record: DecisionRecord, write: Write) -> dict[str, Any]:
    """Return a decision as JSON data."""
    made = record.decision
    if isinstance(made, str):
        what: list[Any] = ["default", made]
    elif isinstance(made, Reject):
        what = ["reject", write(made.reason, "reason")]
    elif isinstance(made, Modify):
        key = made.key if isinstance(made.key, str) else list(made.key)
        what = ["modify", key, write(made.value, parts_of(made.key))]
    elif isinstance(made, Reroute):
        what = ["reroute", made.target]
    elif isinstance(made, Answer):
        what = ["answer", write(made.value, _answer_path(record))]
    else:
        what = ["approve"]
    form = {"id": record.barrier_id, "what": what, "by": record.by, "at": record.at}
    for name in ("proposed", "effective"):
        value = getattr(record, name)
        if value is not None:
            path: Any = _answer_path(record) if isinstance(made, Answer) else name
            form[name] = write(value, parts_of(made.key) if isinstance(made, Modify) else path)
    return form


def _answer_path(record: DecisionRecord) -> tuple[str]:
    """Return where an answer is put, by which a secret in it may be known."""
    return (f"{record.barrier_id.rpartition('#')[0].rpartition('/')[2]}.answer",)


def read_decision(form: Any, read: Read) -> DecisionRecord:
    """Return a decision that was stored.

    Raises:
        ValueError: It is of no known kind.
    """
    word, *rest = form["what"]
    made: Any
    if word == "default":
        made = str(rest[0])
    elif word == "reject":
        made = Reject(read(rest[0]))
    elif word == "modify":
        made = Modify(rest[0] if isinstance(rest[0], str) else tuple(rest[0]), read(rest[1]))
    elif word == "reroute":
        made = Reroute(str(rest[0]))
    elif word == "answer":
        made = Answer(read(rest[0]))
    elif word == "approve":
        made = Approve()
    else:
        raise ValueError(f"unknown decision {word!r}")
    proposed, effective = (read(form.get(name)) for name in ("proposed", "effective"))
    return DecisionRecord(
        str(form["id"]), made, str(form["by"]), float(form["at"]), proposed, effective
    )


def hold_form(hold: Waiting | ToRoute | None) -> Any:
    """Return what a level waits for as JSON data."""
    if hold is None:
        return None
    if isinstance(hold, ToRoute):
        return {"on": list(hold.on)} if hold.on else 1
    return [hold.barrier_id, hold.name, hold.timeout, hold.then, hold.ends]


def read_hold(form: Any) -> Waiting | ToRoute | None:
    """Return what a level waits for."""
    if form is None:
        return None
    if form == 1:
        return TO_ROUTE
    if isinstance(form, dict):
        return ToRoute(tuple(map(str, form["on"])))
    barrier_id, name, timeout, then, ends = form
    limit = None if timeout is None else float(timeout)
    return Waiting(str(barrier_id), str(name), limit, str(then), bool(ends))
