"""The state at a frame, of its own level or of the whole run, and what would move next."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from lellm_nb.errors import path_text
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike, PositionLike
from lellm_nb.notebook.tabs.tab import Question, Rows, Tab, TabQuestion
from lellm_nb.notebook.values.chat_value import chat_json, chat_of, chat_part
from lellm_nb.notebook.values.editable import editable_text
from lellm_nb.notebook.values.redaction import at_level, at_place, level_place, redactor_now
from lellm_nb.notebook.values.rich import rich_form
from lellm_nb.notebook.values.state_view import changed_keys, shown_state
from lellm_nb.notebook.values.value_rows import (
    children,
    inside,
    keys_at,
    places_at,
    short_text,
    value_row,
)
from lellm_nb.record.position import SuperStep, open_at


def state_rows(
    debugger: DebuggerLike, frame: FrameLike, steps: list[int], start: int, whole: bool
) -> dict[str, Any]:
    """Return a page of the state, or of one value inside it."""
    with at_place(() if whole else level_place(debugger, frame)):
        return _page(frame, steps, start, whole)


def _page(frame: FrameLike, steps: list[int], start: int, whole: bool) -> dict[str, Any]:
    state = shown_state(frame, whole)
    value = inside(state, steps)
    path = places_at(state, steps)
    result = children(value, start, path)
    if steps and not redactor_now().hides(path):
        rich = rich_form(value, start, path)
        if rich is not None:
            result.update(rich)
        chat = chat_of(value, path, start)
        if chat is not None:
            name = path_text(redactor_now().nameable(path))
            result["chat"] = {**chat, "name": short_text(name, 80)}
    else:
        result["changed"] = [short_text(key, 80) for key in changed_keys(frame)]
    return result


def upcoming(level: PositionLike | None, prefix: str) -> Iterator[str]:
    """Yield the paths of the nodes that run next from a position."""
    if level is None or level.node is None:
        return
    if isinstance(level.inner, SuperStep):
        for segment, task in open_at(cast(Any, level)):
            yield from _upcoming_at(task, f"{prefix}{segment}")
    else:
        yield from _upcoming_at(level, f"{prefix}{level.node}")


def _upcoming_at(level: PositionLike, path: str) -> Iterator[str]:
    inner = level.inner
    if inner is None:
        yield path
        return
    branches = getattr(inner, "branches", None)
    if branches is None:
        yield from upcoming(inner, f"{path}/")
        return
    for name, branch in branches.items():
        if branch.node is not None:
            single = branch.inner is None and branch.node == name
            yield from [f"{path}/{name}"] if single else upcoming(branch, f"{path}/{name}/")


def _rows(debugger: DebuggerLike, frame: FrameLike, question: Question) -> Rows:
    rows = state_rows(debugger, frame, [], 0, bool(question.get("whole")))
    return {**rows, "upcoming": list(islice(upcoming(frame.position, ""), 3))}


def _inside(debugger: DebuggerLike, question: Question) -> Rows:
    """A page of what is inside a value."""
    frame = debugger.frames[question["frame"]]
    whole = bool(question.get("whole"))
    return state_rows(debugger, frame, question["steps"], question["start"], whole)


def _said(debugger: DebuggerLike, question: Question) -> Rows:
    """The whole of a text in a conversation, or of the conversation as JSON."""
    frame = debugger.frames[question["frame"]]
    whole, steps = bool(question.get("whole")), question["steps"]
    with at_place(() if whole else level_place(debugger, frame)):
        state = shown_state(frame, whole)
        value, path = inside(state, steps), places_at(state, steps)
        text = (
            chat_json(value, path)
            if question.get("json")
            else chat_part(value, path, question["at"], question["part"])
        )
        return children(text, question.get("start", 0))


def _place(debugger: DebuggerLike, question: Question) -> Rows:
    """A value's place and text, for editing it where it stands."""
    frame = debugger.frames[question["frame"]]
    state = shown_state(frame, False)
    keys = keys_at(state, question["steps"])
    value = inside(state, question["steps"])
    with at_level(debugger, frame):
        row = editable_text(value, keys)
        named = path_text(redactor_now().nameable(keys))
        return {"path": named, **row, "now": value_row(value, keys)}


TAB = Tab(
    "state",
    "State",
    1,
    _rows,
    questions=(
        TabQuestion("inside", _inside),
        TabQuestion("place", _place),
        TabQuestion("said", _said),
    ),
)
