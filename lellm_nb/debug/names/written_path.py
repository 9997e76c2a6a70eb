"""Paths as the product writes them, read back: ``plan.steps[2]``."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["written_path"]

_PART = re.compile(r"(?:^|\.)([^.\[\]]+)|\[(-?\d+)\]")


def written_path(text: Any) -> tuple[Any, ...] | None:
    """Return the keys and indexes of a path that is written as one text; `None` for no path.

    A text is first of all the name of a key, which may have dots in it; this is what it means
    where there is no such key.

    Example:
        >>> written_path("plan.steps[2].name"), written_path("plan"), written_path("a..b")
        (('plan', 'steps', 2, 'name'), None, None)
    """
    if not isinstance(text, str):
        return None
    parts: list[Any] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return None
        name, index = found.groups()
        parts.append(int(index) if name is None else name)
        at = found.end()
    return tuple(parts) if len(parts) > 1 and isinstance(parts[0], str) else None
