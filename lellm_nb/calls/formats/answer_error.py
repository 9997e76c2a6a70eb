"""What went wrong, in the words of whoever says so."""

from __future__ import annotations

from typing import Any

from lellm_nb.calls.formats.json_data import pick, text_of

__all__ = ["answer_error"]

_WORDS = (
    ("error", "message"),
    ("error",),
    ("message",),
    ("detail",),
    ("title",),
)
"""Where APIs put them, the likeliest first."""

_MOST = 300
"""So many characters of a body without such words are told."""


def answer_error(status: int | None, raised: str, data: Any, body: str) -> str | None:
    """Return what went wrong, `None` where nothing did.

    Args:
        raised: What the client raised.
        data: The answer as JSON data, if it is.
        body: The answer as it came.

    Example:
        >>> answer_error(400, "", {"error": {"message": "bad schema"}}, "")
        'HTTP 400: bad schema'
        >>> answer_error(None, "ConnectError: refused", None, "")
        'ConnectError: refused'
        >>> answer_error(502, "", None, "")
        'HTTP 502'
    """
    if isinstance(data, list):
        data = data[0] if data else None
    failed = status is not None and status >= 400
    if failed:
        said = next((said for path in _WORDS if (said := text_of(pick(data, *path)))), "")
        if not said and isinstance(body, str):
            said = " ".join(body[:_MOST].split())
        return f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if raised:
        return raised
    said = next((said for path in _WORDS[:2] if (said := text_of(pick(data, *path)))), "")
    return said or None
