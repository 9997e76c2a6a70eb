"""Writes a history into a store as it grows: every frame before it is reported."""

from __future__ import annotations

import bisect
import contextlib
import logging
import weakref
from collections.abc import Callable
from typing import Any

from lellm_nb.errors import CheckpointStoreError
from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.record.codec.frames import FrameWriter
from lellm_nb.record.codec.positions import PositionWriter
from lellm_nb.record.codec.values import Codec, Problem, to_bytes, unsavable
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.store.large_values import LargeValueWriter
from lellm_nb.store.retry_on_refusal import RetryOnRefusal
from lellm_nb.store.rows import Batch, LineRow, RunRows

__all__ = ["RunWriter"]

log = logging.getLogger("lellm_nb")

OFTEN = 64
"""An anchor is not worth writing before so many frames."""

SELDOM = 128
"""But after so many one is written, whatever it costs: a fetch folds at most these."""


class RunWriter(RetryOnRefusal):
    """Keeps one run: frames, lines, heads, and what else a debugger wants to find again.

    What a store refuses stays here and is tried again; `error` says why meanwhile, and
    the run is to hold.

    Args:
        rows: Where the run is kept.
        graph: The graph that runs.
        codec: Writes the values; one that takes secrets out of them by default.
        strict: Whether a value that cannot be written is an error, and not a marker.

    Attributes:
        closes: A store that was opened for this run only, and goes with it.
    """

    def __init__(
        self, rows: RunRows, graph: Any, codec: Codec | None = None, *, strict: bool = False
    ) -> None:
        self.rows = rows
        self.codec = codec or Codec(redactor=Redactor())
        self.closes: Any = None
        self._closed = False
        self._leader: Callable[[], Any] = lambda: None
        self.strict = strict
        self._lock = UninterruptedLock()
        self._pending = Batch()
        self._lines: dict[Line, int] = {}
        self._numbers = 0
        self._anchors: dict[int, list[int]] = {}
        self._since: dict[int, tuple[int, int]] = {}
        self._size = 0
        self._reported = 0
        self._head: tuple[int, int | None] = (0, None)
        self._shared: set[int] = set()
        self._beside: weakref.WeakKeyDictionary[Any, dict[str, bytes]] = weakref.WeakKeyDictionary()
        known = rows.templates(0)
        self._frames = FrameWriter(self.codec, graph, known[-1][0] + 1 if known else 0)
        self._large = LargeValueWriter(self.codec, self._pending)

    @property
    def leader(self) -> Any:
        """The session whose head is the run's; it is not kept alive from here."""
        return self._leader()

    @leader.setter
    def leader(self, session: Any) -> None:
        self._leader = weakref.ref(session)

    @property
    def graph(self) -> Any:
        """The graph that runs; new code of the same shape takes its place."""
        return self._frames.graph

    @graph.setter
    def graph(self, graph: Any) -> None:
        self._frames.graph = graph

    def resume(self, lines: dict[Line, int]) -> None:
        """Go on with lines that are stored already, by their numbers."""
        self._lines = dict(lines)
        self._numbers = max(lines.values()) + 1
        self._anchors = {number: self.rows.anchors(number) for number in lines.values()}
        self._large.first = self.rows.last_number()

    def number(self, line: Line) -> int:
        """Return the number of a line; a new one is written with the next write."""
        number = self._lines.get(line)
        if number is None:
            base = -1 if line.base is None else self.number(line.base)
            number = self._lines[line] = self._numbers
            self._numbers += 1
            self._pending.lines.append(
                LineRow(number, self.codec.clean(line.name), base, line.first)
            )
        return number

    # -- writing ---------------------------------------------------------------

    def keep(self, line: Line, frame: Frame, leads: bool = False) -> bool:
        """Write a frame; tell whether it is on disk.

        Args:
            leads: Whether the run's head goes with it.
        """
        with self._lock:
            pending = self._pending
            frames = self._frames
            number = self.number(line)
            row, unsure = frames.row(frame)
            if frames.made:
                pending.templates += frames.made
                frames.made = []
            if leads and self._head != (number, None):
                self._mark_head(number, None)
            elif self._shared and not leads and number in self._shared:
                self._shared.discard(number)
                self._mark("head", str(number), None)
            index = frame.index
            since, size = self._since.get(number) or self._inherited(line, number)
            since += 1
            size += len(row.body) + 40
            due = since >= SELDOM or (since >= OFTEN and 2 * size >= self._size)
            if unsure or due or frame.kind == "start":
                self._anchor(number, frame)
                since = size = 0
            self._since[number] = (since, size)
            if frames.problems:
                self._report(frame, frames.problems)
            if self.error is None and not pending:
                try:
                    self.rows.write_frame(number, index, row)
                except CheckpointStoreError as error:
                    pending.frames.append((number, index, row))
                    self._failed(error)
                    return False
                return True
            pending.frames.append((number, index, row))
            return self.flush()

    def _inherited(self, line: Line, number: int) -> tuple[int, int]:
        """How far a new line's first frame is from the last anchor, on the line below."""
        at, index = line, line.first - 1
        known = self._anchors.setdefault(number, [])
        if known:
            far = line.tip - known[-1]
            return far, far * 60
        while at.base is not None:
            at = at.base
            known = self._anchors.get(self.number(at), [])
            found = bisect.bisect_right(known, index)
            if found:
                far = index - known[found - 1]
                return far, far * 60
            index = at.first - 1
        return 0, 0

    def _anchor(self, number: int, frame: Frame) -> None:
        writer = PositionWriter(self.codec, self._large, self.graph)
        body, _ = self.codec.written(lambda: writer.write(frame.position))
        self._size = len(body)
        if writer.problems and (self.strict or frame.kind == "start"):
            self._report(frame, writer.problems)
        self._pending.anchors.append((number, frame.index, body))
        self._anchors.setdefault(number, []).append(frame.index)

    def _report(self, frame: Frame, problems: list[Problem]) -> None:
        if self.strict:
            raise unsavable(problems)
        self._reported += 1
        if self._reported <= 5:
            log.warning("frame %s: %s; a marker is stored in its place", frame.index, problems[0])
        problems.clear()

    def flush(self) -> bool:
        """Write what is pending; tell whether everything is on disk."""
        with self._lock:
            if not self._pending:
                self.error = None
                return True
            try:
                self.rows.write(self._pending)
            except CheckpointStoreError as error:
                self._failed(error)
                return False
            self.error = None
            self._pending = self._large.batch = Batch()
            return True

    def _failed(self, error: CheckpointStoreError) -> None:
        self.error = error

    # -- beside frames -----------------------------------------------------------

    def opened(self, line: Line) -> None:
        """Write that a line began."""
        with self._lock:
            self.number(line)
            self.flush()

    def moved(self, line: Line, frame: Frame, leads: bool = True) -> None:
        """Write that a head moved without a commit: the run's, or that of a line."""
        with self._lock:
            number = self.number(line)
            index = None if frame.index == line.tip else frame.index
            if leads:
                self._mark_head(number, index)
            else:
                self._mark("head", str(number), None if index is None else to_bytes(index))
            if index is None and self._two_stand_at(line, frame):
                # the tip moves on with whoever steps first, and the other one stays
                self._shared.add(number)
                self._mark("head", str(number), to_bytes(frame.index))
                self._mark_head(number, frame.index)
            self.flush()

    def _two_stand_at(self, line: Line, frame: Frame) -> bool:
        leader = self.leader
        if leader is None or leader.line is not line or leader.head is not frame:
            return False
        return any(
            one is not leader and one.line is line and one.head is frame for one in self._beside
        )

    def went(self, session: Any, old: Line, new: Line) -> None:
        """Note that a session that does not lead goes on from a line to another one.

        What it has beside frames goes with it, and is written with the frame that it made;
        what another session has that still stands there is there again.
        """
        with self._lock:
            before, after = str(self.number(old)), str(self.number(new))
            self._shared.discard(self.number(old))
            self._mark("head", before, None)
            for kind, body in self._beside.get(session, {}).items():
                self._mark(kind, before, None)
                self._mark(kind, after, body)
            for other, beside in self._beside.items():
                if other is not session and other is not self.leader and other.line is old:
                    for kind, body in beside.items():
                        self._mark(kind, before, body)

    def _mark_head(self, line: int, index: int | None) -> None:
        self._head = (line, index)
        self._mark("head", "", to_bytes([line, index]))

    def _mark(self, kind: str, key: str, body: bytes | None) -> None:
        self._pending.marks.append((kind, key, body))

    def mark_of(self, session: Any, kind: str, value: Any) -> None:
        """Write what a session's debugger has beside frames: for its line, if it does not lead."""
        with self._lock:
            body = self.codec.dumps(value)
            if session is self.leader:
                self._mark(kind, "", body)
            else:
                self._beside.setdefault(session, {})[kind] = body
                self._mark(kind, str(self.number(session.line)), body)
            self.flush()

    def mark(self, kind: str, key: str, value: Any) -> None:
        """Write something else of the run under a kind and a key; `None` takes it away."""
        with self._lock:
            self._mark(kind, key, None if value is None else self.codec.dumps(value))
            self.flush()

    def noted(self, line: Line | None, frame: Frame, text: str | None) -> None:
        """Write a note to a frame, or that it was taken away."""
        if line is not None:
            self.mark("note", f"{self.number(line)}/{frame.index}", text)

    def pinned(self, line: Line | None, frame: Frame, on: bool | None) -> None:
        """Write that a frame is pinned, or no more."""
        if line is not None:
            self.mark("pin", f"{self.number(line)}/{frame.index}", on)

    def give_up(self) -> None:
        """Let the run go, though the store did not take everything; it is tried again if asked."""
        with self._lock, contextlib.suppress(CheckpointStoreError):
            self.rows.release(given_up=True)

    def close(self) -> None:
        """Write what is pending, and let the run go.

        Raises:
            CheckpointStoreError: The store does not take that it is let go; it is all the same.
        """
        with self._lock:
            if self._closed:
                return  # somebody else may be writing the run by now
            try:
                self.flush()
            finally:
                try:
                    self.rows.release()
                finally:
                    if self.closes is not None:
                        self.closes.close()
            self._closed = True
