"""Values edited in place: what was typed as a value, and where it goes."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors.safe_text import has_kind
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.values.editable import check_edit, typed_value
from lellm_nb.notebook.values.state_view import plain_state, shown_state
from lellm_nb.notebook.values.value_rows import inside, keys_at
from lellm_nb.record.redaction.redactor import Redacted
from lellm_nb.state.schema import Schema
from lellm_nb.state.structs.nested import part_of
from lellm_nb.state.structs.rebuilding import built
from lellm_nb.state.structs.struct import struct_of


def edits_of(frame: FrameLike, edits: list[dict[str, Any]]) -> dict[Any, Any]:
    """Return what a fork is to put, from the edits that a person made at a frame.

    A text stays a text, whatever it looks like; everything else is JSON, else text.

    Raises:
        LookupError: The value is not there any more.
        RedactedEditError: What stands for a secret was typed where the secret is.
    """
    state = shown_state(frame, False)
    put: dict[Any, Any] = {}
    for edit in edits:
        if edit.get("key"):
            put[str(edit["key"])] = typed_value(str(edit["text"]))
            continue
        keys = keys_at(state, edit["steps"])
        old = inside(plain_state(state), edit["steps"])
        text = str(edit["text"])
        check_edit(old, text, keys)
        value = text if has_kind(old, (str, Redacted)) else typed_value(text)
        put[keys if len(keys) > 1 else keys[0]] = _meant(frame.state, keys, value)
    return put


def _meant(state: Any, keys: tuple[Any, ...], value: Any) -> Any:
    """Return the object that plain data was typed for, where an object stands."""
    if len(keys) == 1:
        return Schema.of(state).build(keys[0], value) if struct_of(state) else value
    for key in keys:
        state = part_of(state, key)
    struct = struct_of(state)
    return value if struct is None else built(struct.cls, value)
