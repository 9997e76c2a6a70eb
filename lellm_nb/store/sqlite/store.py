"""Runs and checkpoints in one SQLite file."""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from typing import Any

from lellm_nb.arguments import whole
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CheckpointStoreError,
    CorruptedCheckpointError,
)
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.checkpoint import Checkpoint, SessionCheckpoint
from lellm_nb.record.codec.checkpoint import CheckpointCodec
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.store.arguments import check_saving, checked_redactor
from lellm_nb.store.owner import Owner, WriteRight
from lellm_nb.store.packing import Budget, unpack
from lellm_nb.store.rows import RunInfo
from lellm_nb.store.sqlite.checkpoints import SqliteCheckpoints
from lellm_nb.store.sqlite.file import SqliteFile
from lellm_nb.store.sqlite.rows import FRAMES, LINES, SqliteRows

__all__ = ["SqliteStore"]

list_of = list
"""The type, inside a class that has a method of that name."""


class SqliteStore(SqliteFile):
    """Keeps whole runs, and single checkpoints, in one file.

    Every commit of a run is one transaction. In write-ahead mode with
    ``synchronous="NORMAL"`` a killed process loses nothing that was reported; a power
    cut may take the last commits, in order, and never a part of one. With ``"FULL"``
    it takes nothing, and every commit waits for the disk.

    Args:
        path: The file; made when it is not there.
        synchronous: ``"NORMAL"`` or ``"FULL"``.
        timeout: Seconds to wait for another process that writes.
        readonly: Whether to only read; the file must be there.
        redact: What is secret in what is written here; API keys by default.

    Raises:
        CheckpointStoreError: The file cannot be opened, or was written by a newer version.
        CorruptedCheckpointError: It is not a store.

    Example:
        >>> import tempfile, os
        >>> from lellm_nb import Checkpoint
        >>> store = SqliteStore(os.path.join(tempfile.mkdtemp(), "runs.db"))
        >>> store.save("my run", Checkpoint("b", "a", {"n": 1}, 0))
        >>> store.load_latest("my run").state["n"]
        1
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
        self.redact = checked_redactor(redact) or Redactor()
        super().__init__(path, synchronous=synchronous, timeout=timeout, readonly=readonly)
        self.codec = CheckpointCodec(redactor=self.redact)
        self._checkpoints = SqliteCheckpoints(self, self.codec)

    # -- whole runs --------------------------------------------------------------

    def begin_run(self, trace_id: TraceId, name: str, facts: dict[str, Any]) -> SqliteRows:
        """Start a run and become its writer.

        Raises:
            CheckpointStoreError: The file cannot be written.
        """
        body = json.dumps(facts).encode()
        hold = WriteRight()
        owner = hold.ask(trace_id, None)
        created = time.time()
        try:
            with self.writing("start a run") as db:
                cursor = db.execute(
                    "insert into runs (trace, name, created, facts, owner, sum)"
                    " values (?, ?, ?, ?, ?, ?)",
                    (trace_id, self.redact.text(name), created, body, owner, zlib.crc32(body)),
                )
                number = cursor.lastrowid
            assert number is not None
            hold.take()
            return SqliteRows(self, number, trace_id, facts, hold)
        except BaseException:
            with contextlib.suppress(CheckpointStoreError), self.writing("drop a run") as db:
                db.execute("delete from runs where trace = ? and owner = ?", (trace_id, owner))
            raise

    def run_rows(self, trace_id: TraceId) -> SqliteRows:
        """Return the rows of a run.

        Raises:
            CheckpointNotFoundError: There is no such run.
            CorruptedCheckpointError: What is noted of it is damaged.
        """
        found = self.query(
            "read a run", "select id, facts, sum from runs where trace = ?", trace_id
        )
        if not found:
            raise CheckpointNotFoundError(trace_id)
        number, body, crc = found[0]
        return SqliteRows(self, number, trace_id, _facts(body, crc))

    def runs(self) -> list_of[RunInfo]:
        """Return the runs, newest first."""
        rows = self.query(
            "list the runs",
            "select id, trace, name, created, facts, owner, sum from runs order by id desc",
        )
        infos, budget = [], Budget()
        for number, trace, name, created, body, owner, crc in rows:
            who = Owner.from_json(owner)
            low, high = number << (LINES + FRAMES), (number + 1) << (LINES + FRAMES)
            ((count,),) = self.query(
                "count frames", "select count(*) from frames where id >= ? and id < ?", low, high
            )
            alive = str(who) if who is not None and who.alive else ""
            facts: dict[str, Any] = {}
            with contextlib.suppress(CorruptedCheckpointError):  # opening it will say so
                facts = _facts(body, crc, budget)
            infos.append(RunInfo(trace, name, created, count, facts, alive))
        return infos

    def drop_run(self, trace_id: TraceId) -> bool:
        """Drop a run and everything of it; tell whether it was there."""
        with self.writing("drop a run") as db:
            found = db.execute("select id from runs where trace = ?", (trace_id,)).fetchone()
            if found is None:
                return False
            (number,) = found
            low, high = number << (LINES + FRAMES), (number + 1) << (LINES + FRAMES)
            for table in ("frames", "anchors"):
                db.execute(f"delete from {table} where id >= ? and id < ?", (low, high))
            db.execute(
                "delete from lines where id >= ? and id < ?", (low >> FRAMES, high >> FRAMES)
            )
            for table in ("templates", "large", "items", "marks"):
                db.execute(f"delete from {table} where run = ?", (number,))
            db.execute("delete from runs where id = ?", (number,))
        return True

    def compact(self) -> None:
        """Give the room of what was dropped back to the disk."""
        with self.lock, self.translating_errors("compact"):
            self.db.execute("vacuum")
            self.db.execute("pragma wal_checkpoint(truncate)")

    # -- checkpoints -------------------------------------------------------------

    def save(self, trace_id: TraceId, checkpoint: Checkpoint | SessionCheckpoint) -> None:
        """Keep a checkpoint, or that of a session; saving one id twice keeps one, at its place.

        Of what was saved last in its run only what changed since is written.

        Raises:
            CheckpointStoreError: The file cannot be written, or it is no checkpoint.
            SerializationError: A value cannot be, and no codec is registered for its type.
        """
        self._checkpoints.save(trace_id, check_saving(trace_id, checkpoint))

    def load(self, checkpoint_id: CheckpointId) -> Checkpoint:
        """Return a checkpoint.

        Raises:
            CheckpointNotFoundError: There is none under that id.
            CorruptedCheckpointError: It is damaged.
        """
        return self._checkpoints.load(checkpoint_id)

    def load_latest(self, trace_id: TraceId) -> Checkpoint | None:
        """Return a run's newest checkpoint, `None` where it has none."""
        known = self.list(trace_id)
        return self.load(known[0]) if known else None

    def list(self, trace_id: TraceId) -> list[CheckpointId]:
        """Return a run's checkpoint ids, newest first."""
        rows = self.query(
            "list", "select id from checkpoints where trace = ? order by number desc", trace_id
        )
        return [CheckpointId(id) for (id,) in rows]

    def traces(self) -> list_of[TraceId]:
        """Return the runs of which there are single checkpoints, the one that began last first."""
        rows = self.query(
            "list the runs",
            "select trace from checkpoints group by trace order by min(number) desc",
        )
        return [TraceId(trace) for (trace,) in rows]

    def delete(self, checkpoint_id: CheckpointId) -> bool:
        """Drop a checkpoint; tell whether it was there."""
        return self._checkpoints.delete(checkpoint_id)

    def prune(self, trace_id: TraceId, keep: int) -> int:
        """Drop all but the newest `keep` and the protected; return how many went.

        Raises:
            CheckpointStoreError: `keep` is no whole number from 0, or the file cannot be written.
        """
        keep = whole(keep, "keep", CheckpointStoreError)
        return self._checkpoints.prune(trace_id, keep)

    def close(self) -> None:
        """Close the file."""
        self._checkpoints.forget()
        super().close()

    def __repr__(self) -> str:
        return f"SqliteStore({str(self.path)!r})"


def _facts(body: Any, crc: int, budget: Budget | None = None) -> dict[str, Any]:
    facts = Codec().parse(unpack(body, crc, what="What is noted of a run", budget=budget))
    if not isinstance(facts, dict):
        raise CorruptedCheckpointError("What is noted of a run is damaged.")
    return facts
