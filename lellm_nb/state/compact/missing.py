"""No value, where `None` could be one."""

from __future__ import annotations

from typing import Final

__all__ = ["MISSING"]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""No value, where `None` could be one."""
