"""The form of Modify: the keys that a waiting barrier's state has, and what each takes.

What the form calls wrong is what pressing Modify refuses: both ask `read_value`, and the
engine's own preview after it.
"""

from __future__ import annotations

import json
from typing import Any

from lellm_nb.errors import StateTypeError
from lellm_nb.errors.error_words import error_words
from lellm_nb.graph.drawing.outline import plain_path
from lellm_nb.graph.walk import graph_at
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.values.editable import check_edit, editable_text
from lellm_nb.notebook.values.frame_rows import plain_reducer
from lellm_nb.notebook.values.redaction import at_level
from lellm_nb.notebook.values.state_view import plain_state
from lellm_nb.notebook.values.value_rows import long_text, short_text
from lellm_nb.state.compact import MISSING
from lellm_nb.state.schema import Field, Schema

_FIELDS = 60
_SMALL = 500
"""Longest text of a value that travels with the card."""


def waiting_frame(debugger: DebuggerLike, barrier: str) -> FrameLike:
    """Return the frame that made a barrier wait; the head's where it does not wait."""
    waits = next((item for item in debugger.pending if str(item.id) == barrier), None)
    return debugger.frames[debugger.head if waits is None else waits.frame]


def schema_of(debugger: DebuggerLike, barrier: str) -> Schema:
    """Return what the keys of a waiting barrier's state hold."""
    path = plain_path(barrier.rpartition("#")[0] or barrier)
    try:
        rules = graph_at(debugger.graph, path.rpartition("/")[0]).reducers
    except (KeyError, AttributeError):  # another engine's graph may have none
        rules = {}
    types = getattr(rules, "types", {})
    return Schema.of(waiting_frame(debugger, barrier).state, types=types, reducers=rules)


def form_rows(debugger: DebuggerLike, barrier: str) -> dict[str, Any]:
    """Return the fields of the form, and whether other keys may be written as well."""
    schema = schema_of(debugger, barrier)
    state = plain_state(waiting_frame(debugger, barrier).state)
    fields = list(schema.fields.values())[:_FIELDS]
    return {"open": schema.open, "fields": [_field_row(field, state) for field in fields]}


def _field_row(field: Field, state: Any) -> dict[str, Any]:
    there = field.name in state
    row: dict[str, Any] = {
        "name": field.name,
        "kind": field.kind,
        "declared": field.declared,
        "expected": field.expected,
        "choices": [json.dumps(one, default=str) for one in field.choices],
        "reducer": "" if field.reducer == "replace" else plain_reducer(field.reducer),
        "text": None,
    }
    if there:
        try:
            now = editable_text(state[field.name], (field.name,))
        except ValueError:
            now = {"text": None}
        small = now["text"] is not None and len(now["text"]) <= _SMALL
        row.update(text=now["text"] if small else None, redacted=now.get("redacted"))
    elif field.default is not MISSING:
        row["text"] = short_text(field.default) if isinstance(field.default, str) else None
    return row


def read_value(debugger: DebuggerLike, barrier: str, key: str, text: str) -> Any:
    """Return the value that was typed for a key.

    Raises:
        StateTypeError: The state has no such field, or it takes something else.
        RedactedEditError: What stands for a secret was typed where the secret is.
    """
    frame = waiting_frame(debugger, barrier)
    state = plain_state(frame.state)
    if key in state:
        with at_level(debugger, frame):
            check_edit(state[key], text, (key,))
    schema = schema_of(debugger, barrier)
    return schema.build(key, schema.read(key, text))


def wrong(key: str, error: Exception) -> dict[str, Any]:
    """Return what is wrong with what was typed: in which box, and what is expected there."""
    row: dict[str, Any] = {"next": None, "rows": [], "more": 0, "error": refusal_text(key, error)}
    if isinstance(error, StateTypeError) and error.key != key:
        return row  # the barrier's own keys, say: nothing that was typed
    no_field = isinstance(error, StateTypeError) and error.expected == "a field"
    return {**row, "invalid": "key" if no_field else "value"}


def refusal_text(key: str, error: BaseException) -> str:
    """Return why a value was refused, in a line: of a model's many words those about the key.

    Example:
        >>> refusal_text("n", ValueError("must be even"))
        'must be even'
    """
    told = getattr(error, "errors", None)
    if callable(told):
        try:
            parts = [(one["loc"], str(one["msg"])) for one in told()]
        except Exception:  # not the shape that pydantic has
            parts = []
        mine = [part for part in parts if part[0][:1] == (key,)] or parts
        if mine:
            return long_text("; ".join(f"{_place(loc)}: {msg}" for loc, msg in mine), 400)
    return long_text(error_words(error), 400)


def _place(loc: Any) -> str:
    return ".".join(str(part) for part in loc) or "the state"
