"""A value of the state that is a conversation: dicts with roles, and messages of libraries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from lellm_nb.errors.safe_text import has_kind, safe_length, safe_pairs, safe_repr, safe_str
from lellm_nb.notebook.values.conversation import Conversation
from lellm_nb.notebook.values.redaction import redactor_now
from lellm_nb.notebook.values.value_rows import HIDDEN, PAGE
from lellm_nb.record.redaction.secret_paths import Path
from lellm_nb.state.structs.nested import opened

__all__ = ["chat_json", "chat_of", "chat_part", "is_chat"]

_ROLES = {
    "human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "system": "system",
    "tool": "tool", "function": "tool", "developer": "developer",
}  # fmt: skip
"""What LangChain's messages call their type, as roles."""

_LOOKED_AT = 20
_DEEP = 12
_MOST = 2_000
"""Messages of one value that are looked at; what pairs further apart is not paired."""


def is_chat(value: Any) -> bool:
    """Say whether a value is a list of messages.

    Example:
        >>> is_chat([{"role": "user", "content": "Hi"}]), is_chat([{"role": "cook"}]), is_chat([])
        (True, False, False)
    """
    if not has_kind(value, (list, tuple)) or not safe_length(value):
        return False
    return all(_is_message(one) for _, one in islice(safe_pairs(value), _LOOKED_AT))


def _is_message(value: Any) -> bool:
    value = opened(value)
    if not has_kind(value, Mapping):
        return False
    held = dict(safe_pairs(value))
    role = held.get("role") if "role" in held else _ROLES.get(str(held.get("type")))
    return has_kind(role, str) and ("content" in held or "tool_calls" in held)


def chat_of(value: Any, path: Path = (), start: int = 0) -> dict[str, Any] | None:
    """Return a page of a conversation as rows; `None` for any other value."""
    if not is_chat(value):
        return None
    pairs = islice(safe_pairs(value), _MOST)
    talk = Conversation([_message(one, (*path, at)) for at, one in pairs])
    return {"rows": talk.rows(start, start + PAGE), "start": start, "total": safe_length(value)}


def chat_part(value: Any, path: Path, at: int, place: int) -> str:
    """Return the whole text of a part of a message.

    Raises:
        LookupError: There is none.
    """
    one = next(islice(safe_pairs(value), at, at + 1), None)
    if one is None:
        raise LookupError(f"There is no message {at}.")
    part = Conversation([_message(one[1], (*path, at))]).part(0, place)
    return part.text


def chat_json(value: Any, path: Path) -> str:
    """Return messages as text of JSON, each with all that it has."""
    pairs = islice(safe_pairs(value), _MOST)
    data = [_data(one, (*path, at), _DEEP) for at, one in pairs]
    return json.dumps(data, ensure_ascii=False, indent=1)


def _message(value: Any, path: Path) -> dict[str, Any]:
    """Return a message as an API has it."""
    held = _data(value, path, _DEEP)
    if not isinstance(held, dict):
        return {"role": "message", "content": safe_repr(held)}
    if "role" in held:
        return held
    made = {"role": _ROLES.get(str(held.get("type")), "message"), "content": held.get("content")}
    for name in ("tool_call_id", "name"):
        if held.get(name):
            made[name] = held[name]
    calls = held.get("tool_calls") or []
    if calls:
        made["tool_calls"] = [_call(call) for call in calls if isinstance(call, dict)]
    return made


def _call(call: dict[str, Any]) -> dict[str, Any]:
    given = json.dumps(call.get("args", {}), ensure_ascii=False, default=str)
    named = {"name": str(call.get("name", "")), "arguments": given}
    return {"id": str(call.get("id", "")), "function": named}


def _data(value: Any, path: Path, deep: int) -> Any:
    """Return a value as plain data, without what is secret by its place."""
    if redactor_now().hides(path):
        return HIDDEN
    value = opened(value)
    if value is None or type(value) in (bool, int, float):
        return value
    if has_kind(value, str):
        return safe_str(value)
    if deep and has_kind(value, Mapping):
        return {safe_str(k): _data(one, (*path, k), deep - 1) for k, one in safe_pairs(value)}
    if deep and has_kind(value, (list, tuple)):
        return [_data(one, (*path, at), deep - 1) for at, one in safe_pairs(value)]
    return safe_repr(value, 200)
