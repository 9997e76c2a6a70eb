"""Secrets out of what calls hold, wherever it is shown, found by, or stored (CALLS.md, K5, K14)."""

from __future__ import annotations

from typing import Any

from lellm_nb.record.redaction.redactor import Redacted, Redactor

__all__ = ["without_secrets"]


def without_secrets(redactor: Redactor | None, value: Any) -> Any:
    """Return JSON data or a text with the words that stand for secrets in their places.

    Example:
        >>> without_secrets(Redactor(), {"say": "use sk-" + "a1" * 16})
        {'say': 'use [redacted: OpenAI key]'}
        >>> without_secrets(None, "as it is")
        'as it is'
    """
    return value if redactor is None else _said(redactor.apply(value))


def _said(value: Any) -> Any:
    if isinstance(value, Redacted):
        return value.shown
    if isinstance(value, dict):
        return {_said(key): _said(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_said(one) for one in value]
    return value
