"""Messages as texts that a person edits, and what was typed as messages again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lellm_nb.notebook.values.editable import RedactedEditError
from lellm_nb.notebook.values.redaction import MARK, redactor_now
from lellm_nb.notebook.values.value_rows import LONG, clean_text, short_text

__all__ = ["editor_rows", "messages_of"]

Message = dict[str, Any]


def editor_rows(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each message: its role, and its text, or all of it as JSON.

    One that is too long to edit, such as an image, is ``locked``: it stays as it is, or goes.

    Example:
        >>> editor_rows([{"role": "user", "content": "Hi"}])
        [{'of': 0, 'role': 'user', 'text': 'Hi', 'json': False, 'locked': ''}]
    """
    return [_row(place, dict(message)) for place, message in enumerate(messages)]


def _row(place: int, message: Message) -> dict[str, Any]:
    text, as_json = _text_of(message), False
    if text is None:
        text, as_json = json.dumps(message, ensure_ascii=False, indent=1), True
    row = {"of": place, "role": short_text(message.get("role", ""), 40)}
    if len(text) > LONG:
        return {**row, "text": "", "json": as_json, "locked": f"{len(text):,} letters"}
    shown = clean_text(redactor_now().text(text))
    return {**row, "text": shown, "json": as_json, "locked": ""}


def messages_of(
    rows: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> list[Message]:
    """Return the messages that were made of those of before.

    Args:
        rows: Each with ``of``, the place of the one that it was, or ``-1``; ``text`` is missing
            where nobody has touched it.

    Raises:
        RedactedEditError: What stands for a secret was typed where the secret is.
        ValueError: What was to be JSON is none.
        LookupError: There is no such message.
    """
    return [_message(number, row, before) for number, row in enumerate(rows)]


def _message(number: int, row: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> Message:
    of, role = int(row.get("of", -1)), str(row.get("role", "user"))
    if of < 0:
        return {"role": role, "content": str(row.get("text", ""))}
    was = dict(before[of])
    if "text" in row:
        text = str(row["text"])
        if MARK in text and MARK not in json.dumps(was, ensure_ascii=False):
            raise RedactedEditError(f"Message {number}")
        return _edited(number, was, text, role)
    return {**was, "role": role} if role and role != was.get("role", role) else was


def _edited(number: int, was: Message, text: str, role: str) -> Message:
    content = was.get("content")
    if _text_of(was) is None:
        try:
            made = json.loads(text)
        except ValueError as error:
            raise ValueError(f"Message {number} is no JSON: {error}.") from None
        if not isinstance(made, dict):
            raise ValueError(f"Message {number} is an object with role and content.")
        return made
    parts: Any = [{**content[0], "text": text}] if isinstance(content, list) else text
    return {**was, "role": role or was.get("role"), "content": parts}


def _text_of(message: Message) -> str | None:
    """Return the text of a message that is nothing but a text."""
    content = message.get("content")
    if message.get("tool_calls"):
        return None
    if isinstance(content, str):
        return content
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict):
        text = content[0].get("text")
        return text if isinstance(text, str) else None
    return None
