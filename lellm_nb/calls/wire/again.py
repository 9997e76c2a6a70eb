"""What is to be sent again."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LONGEST", "Again"]

LONGEST = 600.0
"""Seconds that an answer may take: as long as clients of models wait."""


class Again(NamedTuple):
    """A request as it is sent again.

    Attributes:
        method, url, headers, body: What is sent, with its secrets.
        stream: Whether its answer is read in pieces.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    stream: bool
