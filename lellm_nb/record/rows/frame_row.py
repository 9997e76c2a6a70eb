"""One frame as it is stored."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FrameRow"]


class FrameRow(NamedTuple):
    """One frame as it is stored.

    Attributes:
        template: The number of its template.
        body: JSON: a list of mutations, or an object that has them under ``m``.
    """

    template: int
    visit: int
    cursor: int
    started: float
    duration: float
    body: bytes
