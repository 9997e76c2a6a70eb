"""A commit as text: each is whole, or it is not there.

Every line is a list. The last thing in it is ``"+"`` where the commit goes on in the next line,
else the checksum of the commit: CRC-32 in hex, over all its bytes up to there, begun with the
commit's place in the file. So a line that was changed, left out or moved is found, and what a
killed process wrote half of is no commit.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["MORE", "CommitLine", "Cursor", "Span", "sealed"]

MORE = b',"+"]'
"""How a line ends whose commit goes on."""


class Span(NamedTuple):
    """Where something stands in a file."""

    at: int
    size: int


@dataclass
class Cursor:
    """How far a file was walked: up to which place, and how many lines that are."""

    end: int
    number: int


class CommitLine(NamedTuple):
    """One line of a commit: what it says, without its end, and where it stands."""

    text: bytes
    at: int
    number: int


def sealed(rows: Sequence[bytes], at: int) -> bytes:
    """Return a commit of some rows, each without its end, that is to stand at a place.

    Example:
        >>> sealed([b'["mark","note"', b'["value",1,"x"'], 0)
        b'["mark","note","+"]\\n["value",1,"x","96c76abd"]\\n'
    """
    body = b"".join([*[row + b',"+"]\n' for row in rows[:-1]], rows[-1]])
    return b'%b,"%08x"]\n' % (body, zlib.crc32(body, at & 0xFFFFFFFF))
