"""Values as text that a person edits, and what was typed as a value again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lellm_nb.errors.safe_text import has_kind, safe_pairs, safe_str, safe_type
from lellm_nb.notebook.values.redaction import MARK, redactor_now
from lellm_nb.notebook.values.value_rows import LONG, short_text
from lellm_nb.record.redaction.redactor import Redacted
from lellm_nb.record.redaction.secret_paths import Path


def typed_value(text: str) -> Any:
    """Return what a person meant by `text`: JSON where it is, else the text.

    Example:
        >>> typed_value("3"), typed_value('{"a": 1}'), typed_value("three")
        (3, {'a': 1}, 'three')
    """
    try:
        return json.loads(text)
    except ValueError:
        return text


def editable_text(value: Any, path: Path = ()) -> dict[str, Any]:
    """Return a value as text to edit, and whether that text stays plain text.

    A text that holds a secret is edited from nothing, as `redacted` says: what is shown of it
    must not come back as its value.

    Raises:
        ValueError: It has no form as text, or a secret is somewhere inside it.

    Example:
        >>> editable_text("three"), editable_text([1, 2])
        ({'text': 'three', 'plain': True}, {'text': '[1, 2]', 'plain': False})
        >>> editable_text("sk-" + "a1" * 16)
        {'text': '', 'plain': True, 'redacted': '[redacted: OpenAI key]'}
    """
    if type(value) is Redacted or redactor_now().holds(value, path):
        plain = has_kind(value, (str, Redacted))
        if plain or redactor_now().hides(path):
            return {"text": "", "plain": plain, "redacted": short_text(value, path=path)}
        raise ValueError(
            "A secret that is not shown stands inside this: edit the values beside it one by"
            " one, or use dbg.fork(at=…, put=…)."
        )
    if has_kind(value, str):
        value = safe_str(value)
        if len(value) > LONG:
            raise ValueError("This text is too long to edit here: use dbg.fork(at=…, put=…).")
        return {"text": value, "plain": True}
    try:
        text = json.dumps(_plain(value), ensure_ascii=False)
    except (TypeError, ValueError):
        kind = safe_type(value)
        raise ValueError(f"A {kind} has no form as text: use dbg.fork(at=…, put=…).") from None
    if len(text) > LONG:
        raise ValueError("This value is too long to edit here: use dbg.fork(at=…, put=…).")
    return {"text": text, "plain": False}


def _plain(value: Any) -> Any:
    if has_kind(value, Mapping):
        pairs = dict(safe_pairs(value))
        if not all(type(key) is str for key in pairs):
            raise TypeError
        return {key: _plain(item) for key, item in pairs.items()}
    if has_kind(value, list):
        return [_plain(item) for _, item in safe_pairs(value)]
    if type(value) in (str, int, float, bool) or value is None:
        return value
    raise TypeError


class RedactedEditError(ValueError):
    """What was typed holds the words that stand for a secret, not the secret."""

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(
            f"{where} holds a secret that is not shown, and what was typed holds the words in its"
            " place. Type the whole value as it is to be, or leave it as it is."
        )


def check_edit(old: Any, text: str, path: Path) -> None:
    """Refuse to put the words that stand for a secret where the secret was.

    Raises:
        RedactedEditError: `old` holds a secret, and `text` a mark in the place of one.
    """
    if MARK in text and redactor_now().holds(old, path):
        raise RedactedEditError(".".join(map(str, path)) or "The value")
