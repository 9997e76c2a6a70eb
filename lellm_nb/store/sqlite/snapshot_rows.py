"""The rows of snapshots: what marks them, and when one may go."""

from __future__ import annotations

import sqlite3
import zlib

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.store.packing import unpack

__all__ = ["BEGINS", "FORMAT", "checksum", "drop", "is_there", "let_go", "seed_of"]

FORMAT = 2
BEGINS = b'{"lellm_nb":"checkpoint","format":2,'
"""How the row of a checkpoint begins whose snapshot stands apart."""


def seed_of(number: int, base: int | None) -> int:
    """Return what the checksum of a snapshot begins with."""
    return zlib.crc32(f"{number} {base}".encode())


def checksum(body: bytes, number: int, base: int | None) -> int:
    """Return the checksum of a snapshot: where it stands is part of it."""
    return zlib.crc32(body, seed_of(number, base))


def is_there(db: sqlite3.Connection, number: int, sum: int) -> bool:
    """Tell whether a snapshot is in the file still; its number may be another's by now."""
    found = db.execute("select sum from snapshots where number = ?", (number,)).fetchone()
    return found is not None and found[0] == sum


def drop(db: sqlite3.Connection, numbers: list[int]) -> int:
    """Drop checkpoints, the newest first, each with its snapshot where nobody needs that."""
    for number in numbers:
        db.execute("delete from checkpoints where number = ?", (number,))
        let_go(db, number)
    return len(numbers)


def let_go(db: sqlite3.Connection, number: int | None) -> None:
    """Drop a snapshot that nobody needs any more, and then what it was written on."""
    while number is not None:
        found = db.execute("select base from snapshots where number = ?", (number,)).fetchone()
        if found is None or _is_needed(db, number):
            return
        db.execute("delete from snapshots where number = ?", (number,))
        (number,) = found


def _is_needed(db: sqlite3.Connection, number: int) -> bool:
    if db.execute("select 1 from snapshots where base = ? limit 1", (number,)).fetchone():
        return True
    own = db.execute("select body, sum from checkpoints where number = ?", (number,)).fetchone()
    if own is None:
        return False
    try:
        return unpack(*own, what="A checkpoint").startswith(BEGINS)
    except CorruptedCheckpointError:
        return True  # it can't be told
