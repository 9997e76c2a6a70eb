"""What the system's errors mean for whoever keeps a run in a folder."""

from __future__ import annotations

import errno
from pathlib import Path

from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, sentence

__all__ = ["damaged_at", "newer_format", "refused"]

_HINTS = {
    errno.ENOSPC: "Make room on the disk, then go on: nothing is lost meanwhile.",
    errno.EDQUOT: "Make room on the disk, then go on: nothing is lost meanwhile.",
    errno.EFBIG: "The disk did not take it: files of this size are not allowed here."
    " Nothing is lost meanwhile.",
    errno.EIO: "The disk did not take it: is it still there? Nothing is lost meanwhile.",
    errno.EAGAIN: "Another process holds the folder; try again.",
    errno.EACCES: "The folder is read-only, or not yours.",
    errno.EPERM: "The folder is read-only, or not yours.",
    errno.EROFS: "The folder is read-only.",
    errno.ENOENT: "Does the folder that it is to be in exist?",
    errno.ELOOP: "A link stands in its place, and links are not followed.",
    errno.EBADF: "The store was closed: open it again.",
}


def refused(path: Path, what: str, error: OSError) -> CheckpointStoreError:
    """Return the error to raise: what failed, in which file, and what to try.

    Example:
        >>> refused(Path("runs"), "start a run", OSError(errno.ENOSPC, "No space left"))
        CheckpointStoreError("'runs': could not start a run: No space left. Make room on the \
disk, then go on: nothing is lost meanwhile.")
    """
    said = sentence(error.strerror or error)
    hint = _HINTS.get(error.errno or 0, "")
    return CheckpointStoreError(f"{str(path)!r}: could not {what}: {said} {hint}".rstrip())


def damaged_at(path: Path, line: int, why: str) -> CorruptedCheckpointError:
    """Return the error that names file and line."""
    return CorruptedCheckpointError(f"{str(path)!r}, line {line}: {why}")


def newer_format(path: Path, format: int, known: int) -> CheckpointStoreError:
    """Return the error for what a newer version wrote."""
    return CheckpointStoreError(
        f"{str(path)!r} has format {format}, and this version of lellm_nb knows up to {known}:"
        " install a newer one."
    )
