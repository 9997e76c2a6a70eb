"""Reading a snapshot: the base, and each change up to it, within limits (SEMANTICS C6, C12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.record.codec.values import Codec
from lellm_nb.store.packing import MOST, unpack
from lellm_nb.store.sqlite.file import SqliteFile
from lellm_nb.store.sqlite.snapshot_forms import NOTHING, Folded, SnapshotReader
from lellm_nb.store.sqlite.snapshot_rows import seed_of

__all__ = ["CHANGES", "RATIO", "Link", "SnapshotChain"]

CHANGES = 512
"""After so many changes everything is written again: loading folds at most these."""

RATIO = 2
"""Also when the changes take so many times the room of the base, as loading reads them all."""

SPARE = 1 << 20
"""Bytes that changes may take beyond that in a file: the last one was as large as it was."""


@dataclass(frozen=True, slots=True)
class Link:
    """A snapshot that was read.

    Attributes:
        sum: Its checksum: by its number alone it may be another one by now.
        folded: What it is.
        changes: How many there are since the base.
        base, since: Bytes of the base, and of what changed since.
    """

    sum: int
    folded: Folded
    changes: int
    base: int
    since: int


class SnapshotChain:
    """Reads snapshots of a file; those that were read last are remembered, up to their base.

    Args:
        file: Where they are.
        codec: Reads their values.
    """

    def __init__(self, file: SqliteFile, codec: Codec) -> None:
        self.file = file
        self.codec = codec
        self._lock = UninterruptedLock()
        self._known: dict[int, Link] = {}

    def read(self, number: int) -> Link:
        """Return a snapshot.

        Raises:
            CorruptedCheckpointError: It is damaged, or beyond a limit.
        """
        with self._lock:
            rows, known = self._rows(number)
            if known is None:
                self._known = {}
            for at, base, body, crc in reversed(rows):
                known = self._known[at] = self._next(known, at, base, body, crc)
            assert known is not None
            return known

    def _rows(self, number: int) -> tuple[list[tuple[int, Any, Any, int]], Link | None]:
        """Return the rows that lead to a snapshot, the newest first, and what is known before."""
        rows: list[tuple[int, Any, Any, int]] = []
        at: Any = number
        while at is not None:
            found = self.file.query(
                "load", "select base, body, sum from snapshots where number = ?", at
            )
            if not found:
                raise CorruptedCheckpointError(f"Snapshot {at} is missing.")
            base, body, crc = found[0]
            known = self._known.get(at)
            if known is not None and known.sum == crc:
                return rows, known
            if base is not None and not (type(base) is int and 0 < base < at):
                raise CorruptedCheckpointError(f"Snapshot {at} is written on none before it.")
            rows.append((at, base, body, crc))
            if len(rows) > CHANGES + 1:
                raise CorruptedCheckpointError(f"More than {CHANGES} changes lead to {number}.")
            at = base
        return rows, None

    def _next(self, before: Link | None, at: int, base: Any, body: Any, crc: int) -> Link:
        what, seed, most = f"Snapshot {at}", seed_of(at, base), MOST
        if before is not None:
            most = (RATIO + 1) * before.base + SPARE - before.since
            if before.changes >= CHANGES or most <= 0:
                raise CorruptedCheckpointError(f"What changed up to {at} is beyond the limit.")
        plain = unpack(body, crc, seed, what=what, most=most)
        earlier = NOTHING if before is None else before.folded
        folded = SnapshotReader(self.codec, earlier).folded(self.codec.parse(plain))
        if before is None:
            return Link(crc, folded, 0, len(plain), 0)
        return Link(crc, folded, before.changes + 1, before.base, before.since + len(plain))

    def forget(self) -> None:
        """Let go what was read."""
        with self._lock:
            self._known = {}
