"""Runs and checkpoints in one folder, as text that people read."""

from __future__ import annotations

import os
import time
import weakref
from pathlib import Path
from typing import Any

from lellm_nb.arguments import chosen, flag, path_of, seconds, whole
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CheckpointStoreError,
)
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.checkpoint import Checkpoint, SessionCheckpoint
from lellm_nb.record.codec.checkpoint import CheckpointCodec
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.store.arguments import check_saving, checked_redactor
from lellm_nb.store.folder.checkpoints import CheckpointFile
from lellm_nb.store.folder.claim import owner_file
from lellm_nb.store.folder.errors import refused
from lellm_nb.store.folder.journal import Journal
from lellm_nb.store.folder.rows import FolderRows
from lellm_nb.store.folder.run_files import info_of, new_run, open_run, run_files
from lellm_nb.store.opened import check_process, exchanged, identity
from lellm_nb.store.rows import RunInfo

__all__ = ["CHECKPOINTS", "FolderStore"]

list_of = list
"""The type, inside a class that has a method of that name."""

CHECKPOINTS = "checkpoints.jsonl"
"""How the file of the checkpoints is called."""


class FolderStore:
    """Keeps whole runs, and single checkpoints, in a folder: a file of JSON lines for each run.

    ``run-000001.jsonl`` is the first run, and can be read with any text editor or with ``jq``.
    A file only grows. Every commit of a run is one or more whole lines, the last one with a
    checksum: a killed process loses nothing that was reported, and half of a commit is none. With
    ``synchronous="FULL"`` every commit waits for the disk, and a power cut takes nothing either;
    without, it may take the last commits. Beside the file of a run stands, while it is written,
    ``run-000001.owner``, which says by whom. Checkpoints are in ``checkpoints.jsonl``.

    Args:
        path: The folder; made when it is not there, for its owner alone.
        synchronous: ``"NORMAL"`` or ``"FULL"``.
        timeout: Seconds to wait for another process that takes or lets go a run.
        readonly: Whether to only read; the folder must be there.
        redact: What is secret in what is written here; API keys by default.

    Raises:
        CheckpointStoreError: The folder cannot be made or opened, or an argument does not fit.

    Example:
        >>> import tempfile
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> store = FolderStore(tempfile.mkdtemp())
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
        >>> dbg = Debugger(g, {}, store=store); stop = dbg.run(); dbg.close()
        >>> [path.name for path in store.files()], Debugger.open(store).state["n"]
        (['run-000001.jsonl'], 1)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: str = "NORMAL",
        timeout: float = 5.0,
        readonly: bool = False,
        redact: Redactor | None = None,
    ) -> None:
        chosen(synchronous, "synchronous", CheckpointStoreError, ("NORMAL", "FULL"))
        self.timeout = seconds(timeout, "timeout", CheckpointStoreError, zero=True)
        self.path = path_of(path, "path", CheckpointStoreError)
        self.readonly = flag(readonly, "readonly", CheckpointStoreError)
        self.redact = checked_redactor(redact) or Redactor()
        self.codec = CheckpointCodec(redactor=self.redact)
        self._sync = synchronous == "FULL"
        self._open: weakref.WeakSet[FolderRows] = weakref.WeakSet()
        self._pid = os.getpid()
        try:
            if not self.readonly and not self.path.exists():
                self.path.mkdir(mode=0o700)
            self._identity = self._identity_now()
        except OSError as error:
            raise refused(self.path, "make the folder", error) from error
        if self._identity is None:
            what = "is a file, and no folder" if self.path.exists() else "is not there"
            raise CheckpointStoreError(f"The folder {str(self.path)!r} {what}.")
        self._checkpoints = CheckpointFile(
            self.path / CHECKPOINTS, readonly=self.readonly, sync=self._sync, timeout=self.timeout
        )

    def _identity_now(self) -> tuple[int, int] | None:
        if not self.path.is_dir():
            return None
        return identity(self.path.stat())

    # -- whole runs --------------------------------------------------------------

    def files(self) -> list_of[Path]:
        """Return the files of the runs, oldest first.

        Raises:
            CheckpointStoreError: The folder can't be read, or is not what was opened.
        """
        if self._identity_now() != self._identity:
            raise exchanged(self.path)
        return run_files(self.path)

    def begin_run(self, trace_id: TraceId, name: str, facts: dict[str, Any]) -> FolderRows:
        """Start a run and become its writer.

        Raises:
            CheckpointStoreError: The folder cannot be written, or there is such a run.
        """
        if self.readonly:
            raise CheckpointStoreError(f"{str(self.path)!r} was opened for reading.")
        self._check_process()
        if any(trace == trace_id for trace, _ in self._whole_runs()):
            raise CheckpointStoreError(f"{str(self.path)!r} has a run {trace_id} already.")
        head = {
            "trace": trace_id,
            "name": self.redact.text(name),
            "created": time.time(),
            "facts": facts,
        }
        made: FolderRows | None = None
        try:
            made = self._rows(new_run(self.files(), self.path, head, sync=self._sync))
            made.began()
        except BaseException:
            if made is not None:
                made.close()
                made.path.unlink(missing_ok=True)
                owner_file(made.path).unlink(missing_ok=True)
            raise
        return made

    def _rows(self, journal: Journal) -> FolderRows:
        rows = FolderRows(journal, sync=self._sync, timeout=self.timeout)
        self._open.add(rows)
        return rows

    def _whole_runs(self) -> list_of[tuple[str, Path]]:
        """Return the ids of the runs whose files can be read, oldest first."""
        found = []
        for path in self.files():
            try:
                journal = open_run(path, write=not self.readonly)
            except CheckpointStoreError:
                continue
            if journal is not None:
                found.append((str(journal.head.get("trace")), path))
                journal.close()
        return found

    def run_rows(self, trace_id: TraceId) -> FolderRows:
        """Return the rows of a run.

        Raises:
            CheckpointNotFoundError: There is no such run.
            CorruptedCheckpointError: What is noted of it is damaged.
        """
        self._check_process()
        for path in reversed(self.files()):
            try:
                journal = open_run(path, write=not self.readonly)
            except CheckpointStoreError:
                if trace_id == path.stem:  # how a run is listed that can't be read
                    raise
                continue
            if journal is None:
                continue
            if journal.head.get("trace") == trace_id:
                return self._rows(journal)
            journal.close()
        raise CheckpointNotFoundError(trace_id)

    def runs(self) -> list_of[RunInfo]:
        """Return the runs, newest first; one whose file is damaged by the file's name."""
        self._check_process()
        infos = []
        for path in reversed(self.files()):
            try:
                journal = open_run(path, write=not self.readonly)
            except CheckpointStoreError:
                infos.append(RunInfo(TraceId(path.stem), path.stem, 0.0, 0, {}))
                continue
            if journal is not None:
                infos.append(info_of(journal))
                journal.close()
        return infos

    def drop_run(self, trace_id: TraceId) -> bool:
        """Drop a run and everything of it; tell whether it was there."""
        self._check_process()
        there = [path for trace, path in self._whole_runs() if trace == trace_id]
        try:
            for path in there:
                path.unlink(missing_ok=True)
                owner_file(path).unlink(missing_ok=True)
        except OSError as error:
            raise refused(self.path, "drop a run", error) from error
        return bool(there)

    def compact(self) -> None:
        """Give the room of dropped checkpoints back to the disk; that of runs is back already."""
        self._checkpoints.compact()

    def _check_process(self) -> None:
        check_process(self._pid, "folder")

    def close(self) -> None:
        """Let the files go."""
        for rows in list(self._open):
            rows.close()
        self._checkpoints.close()

    # -- single checkpoints --------------------------------------------------------

    def save(self, trace_id: TraceId, checkpoint: Checkpoint | SessionCheckpoint) -> None:
        """Keep a checkpoint; saving one id twice keeps one, at its place.

        Raises:
            CheckpointStoreError: The file cannot be written, or it is no checkpoint.
            SerializationError: A value cannot be, and no codec is registered for its type.
        """
        check_saving(trace_id, checkpoint)
        body = self.codec.encode(checkpoint)
        id, protected = checkpoint.checkpoint_id, bool(checkpoint.protected)
        self._check_process()
        self._checkpoints.save(trace_id, id, protected, body)

    def load(self, checkpoint_id: CheckpointId) -> Checkpoint | SessionCheckpoint:
        """Return a checkpoint.

        Raises:
            CheckpointNotFoundError: There is none under that id.
            CorruptedCheckpointError: It is damaged.
        """
        self._check_process()
        with self._checkpoints.reading() as known:
            found = known.get(checkpoint_id)
            if found is None:
                raise CheckpointNotFoundError(checkpoint_id)
            body = self._checkpoints.body(found)
        return self.codec.decode(body)

    def load_latest(self, trace_id: TraceId) -> Checkpoint | SessionCheckpoint | None:
        """Return a run's newest checkpoint, `None` where it has none."""
        known = self.list(trace_id)
        return self.load(known[0]) if known else None

    def list(self, trace_id: TraceId) -> list_of[CheckpointId]:
        """Return a run's checkpoint ids, newest first."""
        self._check_process()
        with self._checkpoints.reading() as known:
            mine = [CheckpointId(id) for id, saved in known.items() if saved.trace == trace_id]
        return mine[::-1]

    def traces(self) -> list_of[TraceId]:
        """Return the runs of which there are single checkpoints, the one that began last first."""
        self._check_process()
        with self._checkpoints.reading() as known:
            begun = dict.fromkeys(TraceId(saved.trace) for saved in known.values())
        return list_of(begun)[::-1]

    def delete(self, checkpoint_id: CheckpointId) -> bool:
        """Drop a checkpoint; tell whether it was there."""
        self._check_process()
        return self._checkpoints.drop([checkpoint_id]) > 0

    def prune(self, trace_id: TraceId, keep: int) -> int:
        """Drop all but the newest `keep` and the protected; return how many went.

        Raises:
            CheckpointStoreError: `keep` is no whole number from 0, or the file cannot be written.
        """
        keep = whole(keep, "keep", CheckpointStoreError)
        self._check_process()
        with self._checkpoints.reading() as known:
            mine = [(id, saved) for id, saved in known.items() if saved.trace == trace_id]
            old = mine[: len(mine) - keep] if keep else mine
            gone = [id for id, saved in old if not saved.protected]
        return self._checkpoints.drop(gone) if gone else 0

    def __repr__(self) -> str:
        return f"FolderStore({str(self.path)!r})"
