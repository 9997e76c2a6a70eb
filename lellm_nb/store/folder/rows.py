"""The rows of one run in a folder."""

from __future__ import annotations

import bisect
import errno
import os
import re
from contextlib import AbstractContextManager
from os import getpid
from pathlib import Path
from time import monotonic
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.ids import TraceId
from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.values import to_bytes
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.store import row_text
from lellm_nb.store.folder.claim import changing_owner, read_owner, write_owner
from lellm_nb.store.folder.errors import damaged_at, refused
from lellm_nb.store.folder.index import RunIndex
from lellm_nb.store.folder.journal import Journal
from lellm_nb.store.opened import check_process
from lellm_nb.store.owner import WriteRight
from lellm_nb.store.rows import Batch, LineRow

__all__ = ["FolderRows"]

SOON = 0.2
"""Seconds within which it is looked at once whether the file is still there."""

_FACTS = re.compile(
    rb'\["frame",\d+,\d+,\[(-?\d{1,18}),(-?\d{1,18}),(-?\d{1,18}),([^,\]]{1,40}),([^,\]]{1,40})\],'
)


class FolderRows:
    """One run in a file of a folder.

    Args:
        journal: The file.
        sync: Whether a write waits for the disk.
        timeout: Seconds to wait for another process that takes or lets go a run.

    Attributes:
        facts: What was noted at the run's beginning.
    """

    def __init__(self, journal: Journal, *, sync: bool, timeout: float) -> None:
        self.journal = journal
        self.trace_id = TraceId(str(journal.head.get("trace")))
        facts = journal.head.get("facts")
        self.facts: dict[str, Any] = facts if isinstance(facts, dict) else {}
        self._sync = sync
        self._timeout = timeout
        self._pid = getpid()
        self._lock = UninterruptedLock()
        self._index = RunIndex()
        self._seen = journal.begin()
        self._settled = False
        self._damage: CorruptedCheckpointError | None = None
        self._hold = WriteRight()
        self._held = False
        self._looked = 0.0

    @property
    def path(self) -> Path:
        """Where the run's file is."""
        return self.journal.path

    # -- writing ---------------------------------------------------------------

    def write_frame(self, line: int, index: int, row: FrameRow) -> None:
        """Write one frame, durably.

        Raises:
            CheckpointStoreError: The file did not take it.
        """
        with self._lock:
            self._append([_frame(line, index, row)], SOON)

    def write(self, batch: Batch) -> None:
        """Write all of a batch, durably, or nothing of it.

        Raises:
            CheckpointStoreError: The file did not take it.
        """
        rows = [row_text.template(*one) for one in batch.templates]
        rows += [row_text.value(*one) for one in batch.values]
        rows += [row_text.items(*one) for one in batch.items]
        rows += [row_text.line(line) for line in batch.lines]
        rows += [_frame(*one) for one in batch.frames]
        rows += [row_text.anchor(*one) for one in batch.anchors]
        for kind, key, body in batch.marks:
            if body is None:
                rows.append(to_bytes(["unmark", kind, key])[:-1])
            else:
                rows.append(row_text.mark(kind, key, body))
        if rows:
            with self._lock:
                self._append(rows, -1.0)

    def _append(self, rows: list[bytes], soon: float) -> None:
        self._check_process()
        if not self._held:
            self.claim()
        now = monotonic()
        if now - self._looked > soon:
            self._looked = now
            self.journal.check_there()
        self.journal.append(rows, sync=self._sync)

    def _check_process(self) -> None:
        check_process(self._pid, "folder")

    # -- reading ---------------------------------------------------------------

    def _grown(self) -> RunIndex:
        """Return where everything stands by now."""
        self._check_process()
        if self._damage is not None:
            raise self._damage
        at = 0
        try:
            for lines in self.journal.walk(self._seen):
                for line in lines:
                    at = line.number
                    self._index.add(line)
        except CorruptedCheckpointError as error:
            self._damage = error
            raise
        except OSError as error:
            raise refused(self.path, "read it", error) from error
        except DAMAGE as error:
            self._damage = damaged_at(self.path, at, f"{error_text(error)}.")
            raise self._damage from error
        return self._index

    def lines(self) -> list[LineRow]:
        """Return the lines in the order in which they began."""
        with self._lock:
            known = self._grown().lines
            return [known[number] for number in sorted(known)]

    def length(self, line: int) -> int:
        """Return how many frames a line has of its own."""
        with self._lock:
            return len(self._grown().frames.get(line, ()))

    def frames(self, line: int, start: int, stop: int) -> list[FrameRow]:
        """Return the rows of a line from index `start` to before `stop`.

        Raises:
            CorruptedCheckpointError: One is missing, or damaged.
        """
        with self._lock:
            known = self._grown().frames.get(line)
            spans = known.spans(start, stop) if known is not None else []
            if len(spans) != max(stop - start, 0):
                raise CorruptedCheckpointError(
                    f"{str(self.path)!r}: of frames {start} to {stop - 1} of line {line} only"
                    f" {len(spans)} are there."
                )
            return [self._row(self.journal.read(span), start + i) for i, span in enumerate(spans)]

    def _row(self, text: bytes, index: int) -> FrameRow:
        found = _FACTS.match(text)
        try:
            if found is None:
                raise ValueError("it has no template, visit, cursor and times")
            template, visit, cursor, started, duration = found.groups()
            times = float(started), float(duration)
        except ValueError as error:
            raise CorruptedCheckpointError(
                f"{str(self.path)!r}: frame {index} is damaged: {error_text(error)}."
            ) from None
        return FrameRow(int(template), int(visit), int(cursor), *times, text[found.end() :])

    def anchor(self, line: int, index: int) -> tuple[int, bytes] | None:
        """Return index and body of a line's last anchor at or before an index."""
        with self._lock:
            known = self._grown().anchored(line)
            at = bisect.bisect_right(known, index)
            if not at:
                return None
            found = known[at - 1]
            return found, self.journal.read(self._index.anchors[line][found])

    def anchors(self, line: int) -> list[int]:
        """Return the indexes at which a line has anchors."""
        with self._lock:
            return list(self._grown().anchored(line))

    def templates(self, first: int) -> list[tuple[int, bytes]]:
        """Return the templates from a number on."""
        with self._lock:
            known = sorted(self._grown().templates.items())
            return [(number, self.journal.read(span)) for number, span in known if number >= first]

    def value(self, number: int) -> bytes:
        """Return the body of a large value."""
        with self._lock:
            span = self._grown().values.get(number)
            if span is None:
                raise CorruptedCheckpointError(f"{str(self.path)!r}: value {number} is missing.")
            return self.journal.read(span)

    def items(self, number: int, stop: int) -> list[tuple[int, bytes]]:
        """Return the pieces of a long list that begin before `stop`, in order."""
        with self._lock:
            pieces = sorted(self._grown().items.get(number, {}).items())
            return [(start, self.journal.read(span)) for start, span in pieces if start < stop]

    def last_number(self) -> int:
        """Return the highest number of a value or list, 0 where there is none."""
        with self._lock:
            known = self._grown()
            return max(max(known.values, default=0), max(known.items, default=0))

    def marks(self) -> list[tuple[str, str, bytes]]:
        """Return what else is known of the run."""
        with self._lock:
            known = list(self._grown().marks.items())
            return [(kind, key, self.journal.read(span)) for (kind, key), span in known]

    # -- who writes --------------------------------------------------------------

    def claim(self, force: bool = False) -> None:
        """Become the one who writes the run.

        Raises:
            CheckpointStoreError: Somebody else is, and alive; names them.
        """
        with self._lock:
            self._check_process()
            with self._claiming("take the run over"):
                said = read_owner(self.path)
                form = self._hold.ask(self.trace_id, said or None, force)
                self.journal.check_there()
                if not self._settled:
                    self._settle()
                write_owner(self.path, form)
                self._hold.take()
                self._held = True

    def _settle(self) -> None:
        """Go to the end of what was written whole, and take away what a killed process left."""
        journal = self.journal
        if not journal.writable:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        self._grown()
        journal.end = self._seen.end
        if journal.size != journal.end:
            journal.cut()
        self._settled = True

    def began(self) -> None:
        """Become the one who writes a run that was just begun.

        Raises:
            CheckpointStoreError: The folder did not take it.
        """
        with self._lock, self._claiming("start a run"):
            write_owner(self.path, self._hold.ask(self.trace_id, None))
            self._hold.take()
            self._held = self._settled = True

    def release(self, given_up: bool = False) -> None:
        """Stop being the one who writes the run.

        Args:
            given_up: Whether there is something left that the file did not take.

        Raises:
            CheckpointStoreError: The folder does not take it; it is let go all the same.
        """
        with self._lock:
            self._held = False
            self._hold.drop()
            if not self._hold.asked or getpid() != self._pid:
                return
            with self._claiming("let the run go"):
                if self.journal.is_there() and read_owner(self.path) == self._hold.asked:
                    write_owner(self.path, self._hold.given_up if given_up else None)

    def _claiming(self, what: str) -> AbstractContextManager[None]:
        return changing_owner(self.path, what, self._timeout)

    def close(self) -> None:
        """Let the file go."""
        self.journal.close()


def _frame(line: int, index: int, row: FrameRow) -> bytes:
    template, visit, cursor, started, duration, body = row
    return b'["frame",%d,%d,[%d,%d,%d,%r,%r],%b' % (
        *(line, index, template, visit, cursor),
        *(started, duration, body),
    )
