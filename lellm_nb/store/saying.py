"""What SQLite's errors mean for whoever keeps a run."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError

__all__ = ["store_error"]

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


def store_error(path: Path, what: str, error: sqlite3.Error) -> CheckpointStoreError:
    """Return the error to raise: what failed, in which file, and what to try.

    Example:
        >>> store_error(Path("runs.db"), "open", sqlite3.OperationalError("no such table"))
        CheckpointStoreError("'runs.db': could not open: no such table.")
    """
    text = f"{str(path)!r}: could not {what}: {error}."
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return CorruptedCheckpointError(text)
    return CheckpointStoreError(f"{text} {_HINTS.get(code, '')}".rstrip())
