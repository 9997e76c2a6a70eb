"""The files of the runs of a folder: which there are, the next one, how each is listed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from lellm_nb.ids import TraceId
from lellm_nb.private_file import open_plain
from lellm_nb.store.folder.claim import owner_at
from lellm_nb.store.folder.commit import MORE
from lellm_nb.store.folder.errors import refused
from lellm_nb.store.folder.journal import PIECE, Journal
from lellm_nb.store.rows import RunInfo

__all__ = ["RUN", "RUN_FILE", "info_of", "new_run", "open_run", "run_files"]

RUN = "run"
"""What the first line of a run's file says that it is."""

RUN_FILE = re.compile(r"run-(\d{6,12})\.jsonl$")
"""How the file of a run is called, by its number."""


def run_files(folder: Path) -> list[Path]:
    """Return the files of the runs, oldest first.

    Raises:
        CheckpointStoreError: The folder can't be read.
    """
    try:
        found = [(RUN_FILE.match(name), name) for name in os.listdir(folder)]
    except OSError as error:
        raise refused(folder, "list the runs", error) from error
    return [folder / name for _, name in sorted((int(m[1]), n) for m, n in found if m)]


def new_run(known: list[Path], folder: Path, head: dict[str, Any], *, sync: bool) -> Journal:
    """Make the file of a run, under the next number that is free.

    Raises:
        CheckpointStoreError: The folder does not take it.
    """
    number = int(known[-1].stem[4:]) if known else 0
    while True:
        number += 1
        path = folder / f"run-{number:06d}.jsonl"
        try:
            made = Journal.create(path, RUN, head, sync=sync)
            if sync:
                _sync_folder(folder)
            return made
        except FileExistsError:  # another process was faster
            continue
        except OSError as error:
            raise refused(path, "start a run", error) from error


def open_run(path: Path, *, write: bool) -> Journal | None:
    """Open the file of a run; `None` where it was only just begun, or is gone by now.

    Raises:
        CheckpointStoreError: It can't be opened.
        CorruptedCheckpointError: It is damaged.
    """
    try:
        return Journal.open(path, RUN, write=write)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused(path, "open it", error) from error


def info_of(journal: Journal) -> RunInfo:
    """Return what a run is listed with."""
    path = journal.path
    head, owner = journal.head, owner_at(path)
    facts, created = head.get("facts"), head.get("created")
    return RunInfo(
        TraceId(str(head.get("trace"))),
        str(head.get("name")),
        created if isinstance(created, float) else 0.0,
        _frames_in(path),
        facts if isinstance(facts, dict) else {},
        str(owner) if owner is not None and owner.alive else "",
    )


def _frames_in(path: Path) -> int:
    """Count the frames that stand whole in the file of a run, without reading the rest of it."""
    count = pending = 0
    begins = True
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            for line in iter(lambda: file.readline(PIECE), b""):
                pending += begins and line.startswith(b'["frame",')
                begins = line.endswith(b"\n")
                if begins and not line.endswith(MORE + b"\n"):
                    count, pending = count + pending, 0
    except OSError:
        return count
    return count


def _sync_folder(path: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):
        found = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(found)
        finally:
            os.close(found)
