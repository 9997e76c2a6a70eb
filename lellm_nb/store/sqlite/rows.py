"""The rows of one run in a SQLite file, each with its checksum."""

from __future__ import annotations

import sqlite3
import zlib
from functools import partial
from os import getpid
from time import monotonic
from typing import Any

from lellm_nb.errors import (
    CheckpointNotFoundError,
    CheckpointStoreError,
    CorruptedCheckpointError,
)
from lellm_nb.ids import TraceId
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.store.owner import WriteRight
from lellm_nb.store.packing import Budget, pack, unpack
from lellm_nb.store.rows import Batch, LineRow
from lellm_nb.store.sqlite.checksums import checked, with_sum
from lellm_nb.store.sqlite.file import SqliteFile

__all__ = ["FRAMES", "LINES", "SqliteRows"]

LINES, FRAMES = 18, 26
"""A frame's id: 19 bits of its run, 18 of its line, 26 of its index."""

SOON = 0.2
"""Seconds within which it is looked at once whether the file is still there."""

_INSERT = "insert into frames values (?, ?, ?, ?, ?, ?, ?, ?)"


class SqliteRows:
    """One run in a file.

    Args:
        store: The file that is used.
        number: The run's number in the file.
        hold: The right to write it, if it was had.
    """

    def __init__(
        self, store: SqliteFile, number: int, trace_id: TraceId, facts: Any, hold: Any = None
    ) -> None:
        self.store = store
        self.run = number
        self.trace_id = trace_id
        self.facts: dict[str, Any] = facts
        self._hold: WriteRight = hold or WriteRight()
        self._held = hold is not None
        self._unpack = partial(unpack, budget=Budget())
        self._base = number << (LINES + FRAMES)
        self._execute = store.db.cursor().execute

    def _id(self, line: int, index: int) -> int:
        if not (0 <= line < 1 << LINES and 0 <= index < 1 << FRAMES):
            raise CheckpointStoreError(
                f"A run has at most {1 << LINES} lines of {1 << FRAMES} frames."
            )
        return self._base | line << FRAMES | index

    # -- writing ---------------------------------------------------------------

    def write_frame(self, line: int, index: int, row: FrameRow) -> None:
        """Write one frame, durably.

        Raises:
            CheckpointStoreError: The file did not take it.
        """
        store = self.store
        if line >> LINES or index >> FRAMES:
            self._id(line, index)  # raises
        values = with_sum(self._base | line << FRAMES | index, row)
        with store.lock.alone:  # one statement is one transaction, and no signal cuts it
            if getpid() != store.pid:
                store.check_process()
            if monotonic() - store.looked > SOON:
                store.check_there()
            if not self._held:
                self.claim()
            try:
                self._execute(_INSERT, values)
            except sqlite3.Error as error:
                raise store.error("write a frame", error) from error

    def write(self, batch: Batch) -> None:
        """Write all of a batch, durably, or nothing of it.

        Raises:
            CheckpointStoreError: The file did not take it.
        """
        if not self._held:
            self.claim()
        run = self.run
        with self.store.writing("write to the run") as db:
            for number, body in batch.templates:
                db.execute(
                    "insert into templates values (?, ?, ?, ?)",
                    (run, number, body, zlib.crc32(body, number)),
                )
            for number, body in batch.values:
                body = pack(body)
                db.execute(
                    "insert into large values (?, ?, ?, ?)",
                    (run, number, body, zlib.crc32(body, number & 0xFFFFFFFF)),
                )
            for number, start, body in batch.items:
                body = pack(body)
                db.execute(
                    "insert into items values (?, ?, ?, ?, ?)",
                    (run, number, start, body, zlib.crc32(body, start & 0xFFFFFFFF)),
                )
            for line in batch.lines:
                crc = zlib.crc32(line.name.encode(errors="replace"), line.first & 0xFFFFFFFF)
                db.execute(
                    "insert or replace into lines values (?, ?, ?, ?, ?)",
                    (self._id(line.number, 0) >> FRAMES, line.name, line.base, line.first, crc),
                )
            for number, index, row in batch.frames:
                db.execute(_INSERT, with_sum(self._id(number, index), row))
            for number, index, body in batch.anchors:
                body = pack(body)
                at = self._id(number, index)
                db.execute(
                    "insert or replace into anchors values (?, ?, ?)",
                    (at, body, zlib.crc32(body, at & 0xFFFFFFFF)),
                )
            for kind, key, mark in batch.marks:
                if mark is None:
                    db.execute(
                        "delete from marks where run = ? and kind = ? and key = ?", (run, kind, key)
                    )
                else:
                    db.execute(
                        "insert or replace into marks values (?, ?, ?, ?, ?)",
                        (run, kind, key, mark, zlib.crc32(mark, zlib.crc32(key.encode()))),
                    )

    # -- reading ---------------------------------------------------------------

    @checked
    def lines(self) -> list[LineRow]:
        """Return the lines in the order in which they began."""
        low = self._base >> FRAMES
        found = self.store.query(
            "read the lines",
            "select id, name, base, first, sum from lines where id >= ? and id < ? order by id",
            low,
            low + (1 << LINES),
        )
        lines = []
        for id, name, base, first, crc in found:
            expected = zlib.crc32(str(name).encode(errors="replace"), first & 0xFFFFFFFF)
            if crc != expected:
                raise CorruptedCheckpointError(f"Line {name!r} is damaged.")
            lines.append(LineRow(id - low, name, base, first))
        return lines

    @checked
    def length(self, line: int) -> int:
        """Return how many frames a line has of its own."""
        low = self._id(line, 0)
        ((first, last),) = self.store.query(
            "read a line",
            "select (select min(id) from frames where id >= ?1 and id < ?2),"
            " (select max(id) from frames where id >= ?1 and id < ?2)",
            low,
            low + (1 << FRAMES),
        )
        return 0 if last is None else last - first + 1

    @checked
    def frames(self, line: int, start: int, stop: int) -> list[FrameRow]:
        """Return the rows of a line from index `start` to before `stop`.

        Raises:
            CorruptedCheckpointError: One is missing, or damaged.
        """
        low = self._id(line, start)
        found = self.store.query(
            "read frames",
            "select * from frames where id >= ? and id < ? order by id",
            low,
            low + stop - start,
        )
        if len(found) != stop - start:
            raise CorruptedCheckpointError(
                f"Of frames {start} to {stop - 1} only {len(found)} are there."
            )
        rows = []
        for i, (id, *values, crc) in enumerate(found, low):
            row = FrameRow(*values)
            if id != i or type(row.body) is not bytes or with_sum(id, row)[-1] != crc:
                raise CorruptedCheckpointError(f"Frame {id & ((1 << FRAMES) - 1)} is damaged.")
            rows.append(row)
        return rows

    @checked
    def anchor(self, line: int, index: int) -> tuple[int, bytes] | None:
        """Return index and body of a line's last anchor at or before an index."""
        low = self._id(line, 0)
        found = self.store.query(
            "read a position",
            "select id, body, sum from anchors where id >= ? and id <= ? order by id desc limit 1",
            low,
            low + index,
        )
        if not found:
            return None
        id, body, crc = found[0]
        what = f"The position of frame {id - low}"
        return id - low, self._unpack(body, crc, id & 0xFFFFFFFF, what=what)

    @checked
    def anchors(self, line: int) -> list[int]:
        """Return the indexes at which a line has anchors."""
        low = self._id(line, 0)
        found = self.store.query(
            "read positions",
            "select id from anchors where id >= ? and id < ? order by id",
            low,
            low + (1 << FRAMES),
        )
        return [id - low for (id,) in found]

    @checked
    def templates(self, first: int) -> list[tuple[int, bytes]]:
        """Return the templates from a number on."""
        found = self.store.query(
            "read templates",
            "select number, body, sum from templates where run = ? and number >= ? order by number",
            self.run,
            first,
        )
        return [(n, self._unpack(body, crc, n, what=f"Template {n}")) for n, body, crc in found]

    @checked
    def value(self, number: int) -> bytes:
        """Return the body of a large value."""
        found = self.store.query(
            "read a value",
            "select body, sum from large where run = ? and number = ?",
            self.run,
            number,
        )
        if not found:
            raise CorruptedCheckpointError(f"Value {number} is missing.")
        body, crc = found[0]
        return self._unpack(body, crc, number & 0xFFFFFFFF, what=f"Value {number}")

    @checked
    def items(self, number: int, stop: int) -> list[tuple[int, bytes]]:
        """Return the pieces of a long list that begin before `stop`, in order."""
        found = self.store.query(
            "read a list",
            "select start, body, sum from items where run = ? and number = ? and start < ?"
            " order by start",
            self.run,
            number,
            stop,
        )
        return [
            (start, self._unpack(body, crc, start & 0xFFFFFFFF, what=f"List {number}"))
            for start, body, crc in found
        ]

    @checked
    def last_number(self) -> int:
        """Return the highest number of a value or list, 0 where there is none."""
        ((value, piece),) = self.store.query(
            "read numbers",
            "select (select max(number) from large where run = ?1),"
            " (select max(number) from items where run = ?1)",
            self.run,
        )
        return max(value or 0, piece or 0)

    @checked
    def marks(self) -> list[tuple[str, str, bytes]]:
        """Return what else is known of the run."""
        found = self.store.query(
            "read marks", "select kind, key, body, sum from marks where run = ?", self.run
        )
        return [
            (kind, key, self._unpack(body, crc, zlib.crc32(key.encode()), what=f"Mark {key}"))
            for kind, key, body, crc in found
        ]

    # -- who writes --------------------------------------------------------------

    def claim(self, force: bool = False) -> None:
        """Become the one who writes the run.

        Raises:
            CheckpointStoreError: Somebody else is, and alive; names them.
        """
        with self.store.writing("take the run over") as db:
            found = db.execute("select owner from runs where id = ?", (self.run,)).fetchone()
            if found is None:
                raise CheckpointNotFoundError(self.trace_id)
            mine = self._hold.ask(self.trace_id, found[0], force)
            db.execute("update runs set owner = ? where id = ?", (mine, self.run))
        self._hold.take()
        self._held = True

    def release(self, given_up: bool = False) -> None:
        """Stop being the one who writes the run, whether the file takes it or not."""
        hold = self._hold
        self._held = False
        hold.drop()
        if not hold.asked:
            return
        with self.store.writing("let the run go") as db:
            db.execute(
                "update runs set owner = ? where id = ? and owner = ?",
                (hold.given_up if given_up else None, self.run, hold.asked),
            )
