"""Who writes a run of a folder: a file beside the run says so."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lellm_nb.private_file import create_private, open_plain, written_whole
from lellm_nb.store.folder.errors import refused
from lellm_nb.store.owner import Owner

__all__ = ["changing_owner", "locked", "owner_at", "owner_file", "read_owner", "write_owner"]

LOCK = ".lock"
MOST = 4096
"""What says who writes is shorter than this."""


def owner_file(run: Path) -> Path:
    """Return the file that says who writes a run."""
    return run.with_suffix(".owner")


def owner_at(run: Path) -> Owner | None:
    """Return who writes a run; `None` where nobody is said to."""
    return Owner.from_json(read_owner(run))


def read_owner(run: Path) -> bytes:
    """Return what stands in the file that says who writes a run; nothing where there is none."""
    try:
        found = open_plain(owner_file(run))
    except OSError:
        return b""
    try:
        return os.read(found, MOST)
    finally:
        os.close(found)


def write_owner(run: Path, form: bytes | None) -> None:
    """Say who writes a run; `None`: nobody does.

    Raises:
        OSError: The folder does not take it.
    """
    if form is None:
        owner_file(run).unlink(missing_ok=True)
        return
    with written_whole(owner_file(run)) as file:
        file.write(form)


@contextlib.contextmanager
def changing_owner(run: Path, what: str, timeout: float) -> Iterator[None]:
    """Change who writes a run: no other process does meanwhile, and errors name the file.

    Raises:
        CheckpointStoreError: The folder may not be written, or is kept for too long.
    """
    try:
        with locked(run.parent, timeout):
            yield
    except OSError as error:
        raise refused(run, what, error) from error


@contextlib.contextmanager
def locked(folder: Path, timeout: float) -> Iterator[None]:
    """Keep other processes from changing who writes what; for moments only.

    Raises:
        OSError: The folder may not be written, or another process keeps it for too long.
    """
    path = folder / LOCK
    with contextlib.suppress(FileExistsError):
        create_private(path).close()
    with os.fdopen(open_plain(path, write=True), "r+b") as file:
        until = time.monotonic() + timeout
        while not _lock(file):
            if time.monotonic() > until:
                raise OSError(errno.EAGAIN, "another process keeps the folder")
            time.sleep(0.01)
        yield  # closing the file lets the lock go


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a network file system without locks
            return True
        return True
