"""What a path of a store means: a folder of text files, or a SQLite file."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

from lellm_nb.arguments import path_of
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.store.disk import SNAPSHOT_FILE
from lellm_nb.store.folder.run_files import RUN_FILE
from lellm_nb.store.folder.store import CHECKPOINTS, FolderStore
from lellm_nb.store.sqlite.errors import ARCHIVE, begins
from lellm_nb.store.sqlite.store import SqliteStore

__all__ = ["PathKind", "kind_of_path", "store_at"]


class PathKind(Enum):
    """What a path leads to, or would."""

    DATABASE = "database"
    """A SQLite file, or nothing yet."""

    FOLDER = "folder"
    """A folder of runs, or one in which there is nothing of ours yet."""

    SNAPSHOTS = "snapshots"
    """A folder in which a `DiskSink` wrote, and no store."""

    ARCHIVE = "archive"
    """A file of `Debugger.save`."""


def kind_of_path(path: str | os.PathLike[str]) -> PathKind:
    """Tell what a path leads to: a path that ends with a separator means a folder.

    Raises:
        CheckpointStoreError: It is no path.

    Example:
        >>> import tempfile
        >>> kind_of_path("no such folder/").value, kind_of_path("runs.db").value
        ('folder', 'database')
        >>> kind_of_path(tempfile.mkdtemp()).value
        'folder'
    """
    place = path_of(path, "path", CheckpointStoreError)
    if place.is_dir():
        return _kind_of_folder(place)
    if os.fspath(path).endswith(("/", os.sep)):  # a Path has lost it
        return PathKind.FOLDER
    return PathKind.ARCHIVE if begins(place, ARCHIVE) else PathKind.DATABASE


def _kind_of_folder(place: Path) -> PathKind:
    snapshots = False
    try:
        with os.scandir(place) as found:
            for entry in found:
                if RUN_FILE.match(entry.name) or entry.name == CHECKPOINTS:
                    return PathKind.FOLDER
                snapshots = snapshots or SNAPSHOT_FILE.match(entry.name) is not None
    except OSError:  # opening it says why
        return PathKind.FOLDER
    return PathKind.SNAPSHOTS if snapshots else PathKind.FOLDER


def store_at(
    path: str | os.PathLike[str], *, readonly: bool = False, redact: Redactor | None = None
) -> SqliteStore | FolderStore:
    """Open the store at a path, as `kind_of_path` tells: SQLite unless it means a folder.

    Args:
        readonly: Whether to only read; it must be there.
        redact: What is secret in what is written there; API keys by default.

    Raises:
        CheckpointStoreError: It can't be opened, or it is no path.
        CorruptedCheckpointError: It is no store.

    Example:
        >>> import tempfile
        >>> type(store_at(tempfile.mkdtemp())).__name__
        'FolderStore'
    """
    if kind_of_path(path) in (PathKind.FOLDER, PathKind.SNAPSHOTS):
        return FolderStore(path, readonly=readonly, redact=redact)
    return SqliteStore(path, readonly=readonly, redact=redact)
