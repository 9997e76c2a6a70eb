"""What a press in the panel does: an order for the debugger, read by the table of verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.debug.core.verb_table import VERBS, Verb
from lellm_nb.errors import path_text
from lellm_nb.notebook.breakpoint_protocol import (
    BreakpointLike,
    EdgeBreakpointLike,
    NodeBreakpointLike,
)
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.model.answer_form import read_answer
from lellm_nb.notebook.model.asked_calls import answers_to
from lellm_nb.notebook.model.modify_form import read_value
from lellm_nb.notebook.model.shown_calls import call_at
from lellm_nb.notebook.values.editable import check_edit
from lellm_nb.notebook.values.edits import edits_of
from lellm_nb.notebook.values.message_edits import messages_of
from lellm_nb.notebook.values.redaction import at_level, redacting_for

Content = Mapping[str, Any]
"""The message of a view."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a button asks for: a verb, and what it is given.

    Attributes:
        runs_on: Whether the run is to go on in the debugger that the verb returns.
    """

    verb: Verb
    given: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    runs_on: bool = False

    def post(self, debugger: DebuggerLike) -> Future[Any]:
        """Post it and return at once."""
        return debugger.post(self.verb.name, *self.given, **self.options)


def read_order(debugger: DebuggerLike, content: Content) -> Order:
    """Return what the message of a button asks for.

    Raises:
        ValueError: There is no such button, or something that it needs was not given.
    """
    name = str(content.get("do"))
    if name == GO:
        frame = debugger.frames[content["frame"]]
        with redacting_for(debugger), at_level(debugger, frame):
            put = edits_of(frame, content["edits"])
        options = {"at": content["frame"], "put": put}
        return Order(VERBS["fork"], (), options, runs_on=not content.get("stay"))
    verb = VERBS.get(name)
    if verb is None or not (verb.takes or verb.group >= 0):
        raise ValueError(f"There is no button {name!r}.")
    given: tuple[Any, ...] = ()
    options = {}
    for word in verb.takes.split():
        if word == _DECISION:
            options.update(id=content["id"], then_run=not content["stay"])
        else:
            given += _READERS[word](debugger, content)
    return Order(verb, given, options)


GO = "go"
"""The order of the edit bar: a fork with what was edited in place, which runs on."""

_DECISION = "decision"


def _frame(_debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    return (content["frame"],)


def _mutation(_debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    return (content["mutation"],)


def _how(_debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    how = content["how"]  # of a join: a word, a branch, or a branch by key
    return (how if isinstance(how, dict) else str(how),)


def _reason(_debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    return (content["reason"],) if content.get("reason") else ()


def _key(_debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    if not content.get("key"):
        raise ValueError("Modify needs a key: fill in Key first.")
    return (str(content["key"]),)


def _value(debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    key, text = str(content["key"]), str(content.get("value", ""))
    with redacting_for(debugger):
        return (read_value(debugger, content["id"], key, text),)


def _answer(debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    with redacting_for(debugger):
        return (read_answer(debugger, content["id"], str(content.get("value", ""))),)


def _target(_debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    if not content.get("target"):
        raise ValueError("Reroute needs a target: choose one first.")
    return (content["target"],)


def _values(debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    places = {path_text(path): path for path in debugger.lacking}
    given = content["values"].items()
    return ({places[name]: str(text) for name, text in given if name in places},)


def _calls(debugger: DebuggerLike, content: Content) -> tuple[Any, ...]:
    """Return which call of a node is changed, and how: its messages, or what it is answered."""
    call = call_at(debugger, content)
    number = call.number
    if "answer" not in content:
        edited = content.get("messages")
        return number, None if edited is None else {number: messages_of(edited, call.messages)}
    asked = content.get("asked")
    if asked is not None:
        return number, None, {number: answers_to(debugger, call)[int(asked)]}
    with redacting_for(debugger):
        check_edit(call.text, str(content["answer"]), ())
    return number, None, {number: str(content["answer"])}


_READERS: dict[str, Callable[[DebuggerLike, Content], tuple[Any, ...]]] = {
    "frame": _frame,
    "mutation": _mutation,
    "how": _how,
    "reason": _reason,
    "key": _key,
    "value": _value,
    "answer": _answer,
    "target": _target,
    "values": _values,
    "calls": _calls,
}
"""How what a verb takes is read from a message; one that may be left out gives nothing."""


def toggle_breakpoint(debugger: DebuggerLike, path: str, after: bool = False) -> None:
    """Set a breakpoint before (or after) the node at `path`, or remove the ones there."""
    there = [
        point
        for point in debugger.breakpoints
        if isinstance(point, NodeBreakpointLike)
        and (point.path, bool(point.stops_after)) == (path, after)
    ]
    if not _removed(debugger, there):
        debugger.break_at(path, after=after)


def toggle_edge(debugger: DebuggerLike, source: str, target: str) -> None:
    """Set a breakpoint on an edge, or remove the one there."""
    there = [
        point
        for point in debugger.breakpoints
        if isinstance(point, EdgeBreakpointLike)
        and (point.source, point.target, point.refused) == (source, target, False)
    ]
    if not _removed(debugger, there):
        debugger.break_on((source, target))


def _removed(debugger: DebuggerLike, points: Sequence[BreakpointLike]) -> bool:
    for point in points:
        debugger.breakpoints.remove(point.id)
    return bool(points)


def change_stop(debugger: DebuggerLike, number: int, act: str) -> None:
    """Remove, enable or disable a stop by its number."""
    if act == "remove":
        debugger.breakpoints.remove(number)
    else:
        debugger.breakpoints.enable(number, act == "enable")
