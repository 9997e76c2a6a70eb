"""Checkpoints in a SQLite file: of each run a base, and what changed since (SEMANTICS C5, C6).

A row of ``checkpoints`` has the facts; where the run stood is in ``snapshots``, under the same
number, whole or as what changed since an earlier one (``base``). A snapshot stays as long as one
is written on it, whatever becomes of its own checkpoint. Rows of older files have all in one body.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from lellm_nb.errors import CheckpointNotFoundError, CorruptedCheckpointError
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.checkpoint import CheckpointCodec, facts_form, read_facts
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.values import to_bytes
from lellm_nb.record.redaction.secret_paths import anywhere
from lellm_nb.store.arguments import check_saving
from lellm_nb.store.packing import pack, unpack
from lellm_nb.store.sqlite.file import SqliteFile
from lellm_nb.store.sqlite.snapshot_chain import CHANGES, RATIO, SnapshotChain
from lellm_nb.store.sqlite.snapshot_forms import (
    MOST_WORK,
    Snapshot,
    SnapshotReader,
    form_of,
    levels_of,
)
from lellm_nb.store.sqlite.snapshot_rows import (
    BEGINS,
    FORMAT,
    checksum,
    drop,
    is_there,
    let_go,
)

__all__ = ["SqliteCheckpoints"]

RUNS = 8
"""Of so many runs it is known what was saved last; of others it is read."""


@dataclass(slots=True)
class _Saved:
    """What was saved last of a run.

    Attributes:
        number, sum: Which snapshot it is.
        snapshot: What the next one is compared with.
        changes: How many there are since the base.
        base, since: Bytes of the base, and of what changed since.
    """

    number: int
    sum: int
    snapshot: Snapshot
    changes: int
    base: int
    since: int


class SqliteCheckpoints:
    """Saves and loads the checkpoints of one file.

    Args:
        file: Where they are.
        codec: Writes their values, without secrets.
    """

    def __init__(self, file: SqliteFile, codec: CheckpointCodec) -> None:
        self.file = file
        self.codec = codec
        self._chain = SnapshotChain(file, codec.codec)
        self._lock = UninterruptedLock()
        self._last: OrderedDict[TraceId, _Saved] = OrderedDict()

    # -- saving --------------------------------------------------------------------

    def save(self, trace_id: TraceId, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint; one whose id is known keeps its place."""
        with self._lock:
            if self._save_again(trace_id, checkpoint):
                return
            before = self._last.pop(trace_id, None) or self._read_last(trace_id)
            saved = self._save_on(before, trace_id, checkpoint)
            if saved is None:  # what it was to be written on is gone: another process pruned it
                saved = self._save_on(None, trace_id, checkpoint)
            assert saved is not None
            self._last[trace_id] = saved
            if len(self._last) > RUNS:
                self._last.popitem(last=False)

    def _save_on(
        self, before: _Saved | None, trace_id: TraceId, checkpoint: Checkpoint
    ) -> _Saved | None:
        levels, position = levels_of(checkpoint), checkpoint.position
        within = () if position is None else anywhere(position)
        made: Snapshot | None = None

        def make() -> dict[str, Any]:
            nonlocal made
            known = None if before is None else before.snapshot
            form, made = form_of(self.codec.codec, checkpoint, levels, known)
            return form

        body, hidden = self.codec.codec.written(make, within)
        if before is not None and (hidden or self._too_much(before, body, made)):
            # a write that lacks a secret can't be folded into what lacks it as well
            before = None
            body, hidden = self.codec.codec.written(make, within)
        assert made is not None
        if hidden:  # the next one is written on what stands in the file
            made.beside = self.codec.codec.parse(body)["beside"]
        facts, packed = pack(self._facts(checkpoint)), pack(body)
        id = checkpoint.checkpoint_id
        with self.file.writing("save a checkpoint") as db:
            if before is not None and not is_there(db, before.number, before.sum):
                return None
            number = db.execute(
                "insert into checkpoints (id, trace, protected, body, sum) values (?, ?, ?, ?, ?)",
                (id, trace_id, checkpoint.protected, facts, zlib.crc32(facts)),
            ).lastrowid
            assert number is not None
            base = None if before is None else before.number
            crc = checksum(packed, number, base)
            db.execute("insert into snapshots values (?, ?, ?, ?)", (number, base, packed, crc))
        if before is None:
            return _Saved(number, crc, made, 0, len(body), 0)
        since = before.since + len(body)
        return _Saved(number, crc, made, before.changes + 1, before.base, since)

    def _facts(self, checkpoint: Checkpoint) -> bytes:
        return to_bytes(self.codec.codec.cleaned(facts_form(checkpoint, FORMAT)))

    def _too_much(self, before: _Saved, body: bytes, made: Snapshot | None) -> bool:
        return (
            before.changes >= CHANGES
            or before.since + len(body) > RATIO * before.base
            or (made is not None and made.work > MOST_WORK // 2)
        )

    def _save_again(self, trace_id: TraceId, checkpoint: Checkpoint) -> bool:
        """Save one whose id is known; tell whether it was. Protecting one writes only that."""
        found = self._row(checkpoint.checkpoint_id)
        if found is None:
            return False
        number, known = found
        apart = known.startswith(BEGINS) and self._is_same(checkpoint)
        body = self._facts(checkpoint) if apart else self.codec.encode(checkpoint)
        packed = pack(body)
        with self.file.writing("save a checkpoint") as db:
            changed = db.execute(
                "update checkpoints set trace = ?, protected = ?, body = ?, sum = ? where id = ?",
                (
                    trace_id,
                    checkpoint.protected,
                    packed,
                    zlib.crc32(packed),
                    checkpoint.checkpoint_id,
                ),
            )
            if not apart:
                let_go(db, number)
            return changed.rowcount > 0

    def _is_same(self, checkpoint: Checkpoint) -> bool:
        """Tell whether what is stored under its id differs at most in being protected."""
        try:
            found = self.load(checkpoint.checkpoint_id)
        except (CorruptedCheckpointError, CheckpointNotFoundError):
            return False
        one, other = (replace(c, protected=False) for c in (found, checkpoint))
        return self.codec.encode(one) == self.codec.encode(other)

    def _read_last(self, trace_id: TraceId) -> _Saved | None:
        """Return what was saved last of a run, as far as the next one can be written on it."""
        newest = self.file.query(
            "read what was saved last",
            "select s.number, s.sum from checkpoints c join snapshots s on s.number = c.number"
            " where c.trace = ? order by c.number desc limit 1",
            trace_id,
        )
        if not newest:
            return None
        number, crc = newest[0]
        try:
            link = self._chain.read(number)
            snapshot = SnapshotReader(self.codec.codec).known(link.folded)
        except CorruptedCheckpointError:
            return None  # who loads it is told; the next one stands alone
        return _Saved(number, crc, snapshot, link.changes, link.base, link.since)

    # -- loading -------------------------------------------------------------------

    def load(self, checkpoint_id: CheckpointId) -> Checkpoint:
        """Return a checkpoint.

        Raises:
            CheckpointNotFoundError: There is none under that id.
            CorruptedCheckpointError: It is damaged, or beyond a limit.
        """
        found = self._row(checkpoint_id)
        if found is None:
            raise CheckpointNotFoundError(checkpoint_id)
        number, body = found
        if not body.startswith(BEGINS):
            return check_saving(checkpoint_id, self.codec.decode(body))
        reader = SnapshotReader(self.codec.codec)
        state, position, past = reader.whole(self._chain.read(number).folded)
        try:
            facts = self.codec.codec.parse(body)
            return read_facts(facts, state, position, past, self.codec.codec)
        except DAMAGE as error:
            raise CorruptedCheckpointError(
                f"This is no checkpoint: {error_text(error)}."
            ) from error

    def _row(self, checkpoint_id: CheckpointId) -> tuple[int, bytes] | None:
        found = self.file.query(
            "load", "select number, body, sum from checkpoints where id = ?", checkpoint_id
        )
        if not found:
            return None
        number, body, crc = found[0]
        return number, unpack(body, crc, what=f"Checkpoint {checkpoint_id}")

    # -- dropping ------------------------------------------------------------------

    def delete(self, checkpoint_id: CheckpointId) -> bool:
        """Drop a checkpoint; tell whether it was there."""
        with self.file.writing("delete") as db:
            gone = db.execute(
                "select number from checkpoints where id = ?", (checkpoint_id,)
            ).fetchall()
            return bool(drop(db, [number for (number,) in gone]))

    def prune(self, trace_id: TraceId, keep: int) -> int:
        """Drop all but the newest `keep` and the protected; return how many went."""
        with self.file.writing("prune") as db:
            gone = db.execute(
                "select number from checkpoints where trace = ?1 and not protected and number"
                " not in (select number from checkpoints where trace = ?1 order by number desc"
                " limit ?2) order by number desc",
                (trace_id, keep),
            ).fetchall()
            return drop(db, [number for (number,) in gone])

    def forget(self) -> None:
        """Let go what is remembered of the runs that were saved."""
        with self._lock:
            self._last.clear()
        self._chain.forget()
