"""What SQLite's errors mean for whoever keeps a run."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, sentence

__all__ = ["ARCHIVE", "DATABASE", "begins", "store_error"]

_HINTS = {
    sqlite3.SQLITE_FULL: "Make room on the disk, then go on: nothing is lost meanwhile.",
    sqlite3.SQLITE_BUSY: "Another process holds the file; try again.",
    sqlite3.SQLITE_LOCKED: "Another process holds the file; try again.",
    sqlite3.SQLITE_IOERR: "The disk did not take it: is there room, and is it still there?"
    " Nothing is lost meanwhile.",
    sqlite3.SQLITE_READONLY: "The file or its folder is read-only.",
    sqlite3.SQLITE_CANTOPEN: "Does the folder exist, and may it be written?",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)


ARCHIVE, DATABASE = b"\x1f\x8b", b"SQLite format 3\0"
"""How a file of `save` and one of a store begin."""


def begins(path: Path, magic: bytes) -> bool:
    """Tell whether a file begins with some bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False


def store_error(path: Path, what: str, error: sqlite3.Error) -> CheckpointStoreError:
    """Return the error to raise: what failed, in which file, and what to try.

    Example:
        >>> store_error(Path("runs.db"), "open", sqlite3.OperationalError("the disk is busy"))
        CheckpointStoreError("'runs.db': could not open: the disk is busy.")
    """
    text = f"{str(path)!r}: could not {what}: {sentence(error)}"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB and begins(path, ARCHIVE):
        return CheckpointStoreError(f"{text} It is a file of save(): Debugger.load opens it.")
    if "no such table" in str(error):
        return CheckpointStoreError(
            f"{text} There are no runs in it. If it is a copy of a store that was not closed:"
            f" copy {path.name}-wal with it, where the newest commits are."
        )
    if code in _DAMAGED:
        return CorruptedCheckpointError(text)
    return CheckpointStoreError(f"{text} {_HINTS.get(code, '')}".rstrip())
