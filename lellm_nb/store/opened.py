"""Whether what was opened is still there, and still this process's."""

from __future__ import annotations

import os
from pathlib import Path

from lellm_nb.errors import CheckpointStoreError

__all__ = ["check_process", "exchanged", "identity"]


def identity(found: os.stat_result) -> tuple[int, int]:
    """Return what tells a file or a folder from every other one.

    Example:
        >>> identity(os.stat(".")) == identity(os.stat(os.getcwd()))
        True
    """
    return found.st_dev, found.st_ino


def exchanged(path: Path) -> CheckpointStoreError:
    """Return the error for a file that is not at its place any more."""
    return CheckpointStoreError(
        f"The file {str(path)!r} was deleted, renamed or exchanged while it was open:"
        " what is written goes nowhere. dbg.save(path) writes the whole run to a new file."
    )


def check_process(pid: int, what: str) -> None:
    """Look whether this is the process that opened a store: two would write through one file.

    Args:
        pid: That of the process.
        what: What was opened: a file, or a folder.

    Raises:
        CheckpointStoreError: It was forked since.
    """
    if os.getpid() != pid:
        raise CheckpointStoreError(
            f"A store does not survive a fork of the process: open the {what} again there."
        )
