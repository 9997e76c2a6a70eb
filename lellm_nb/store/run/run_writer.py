"""Writes a history into a store as it grows: every frame before it is reported."""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Callable
from typing import Any

from lellm_nb.errors import CheckpointStoreError
from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.record.codec.frames import FrameWriter
from lellm_nb.record.codec.graph import graph_form
from lellm_nb.record.codec.positions import PositionWriter
from lellm_nb.record.codec.values import Codec, Problem, to_bytes, unsavable
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.record.native.native_rows import NativeWriter
from lellm_nb.record.native.parts import AS_STORED, NativeParts
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.secret_paths import anywhere
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.store.rows import Batch, LineRow, RunRows
from lellm_nb.store.run.anchor_plan import AnchorPlan
from lellm_nb.store.run.call_rows import CallWriter
from lellm_nb.store.run.large_values import LargeValueWriter
from lellm_nb.store.run.run_marks import RunMarks
from lellm_nb.store.run.run_totals import TOTALS, Counter

__all__ = ["RunWriter"]

log = logging.getLogger("lellm_nb")


class RunWriter(RunMarks):
    """Keeps one run: frames, lines, heads, and what else a debugger wants to find again.

    What a store refuses stays here and is tried again; `error` says why meanwhile, and
    the run is to hold.

    Args:
        rows: Where the run is kept.
        graph: The graph that runs.
        codec: Writes the values; one that takes secrets out of them by default.
        strict: Whether a value that cannot be written is an error, and not a marker.
        parts: Takes apart what positions have beside them.

    Attributes:
        closes: A store that was opened for this run only, and goes with it.
    """

    def __init__(
        self,
        rows: RunRows,
        graph: Any,
        codec: Codec | None = None,
        *,
        strict: bool = False,
        parts: NativeParts = AS_STORED,
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
        self._anchors = AnchorPlan(self.number)
        self._reported = 0
        self._learned = getattr(graph, "version", 0)
        self._head: tuple[int, int | None] = (0, None)
        self._shared: set[int] = set()
        self._counter = Counter()
        self._beside: weakref.WeakKeyDictionary[Any, dict[str, bytes]] = weakref.WeakKeyDictionary()
        self._kinds: set[str] = set()
        known = rows.templates(0)
        self._large = LargeValueWriter(self.codec, self._pending)
        first = known[-1][0] + 1 if known else 0
        self._parts = parts
        self._calls = CallWriter(self.codec, self._large, self._mark)
        forms = self._calls.forms
        self._frames = FrameWriter(self.codec, graph, first, self._large, parts, forms)

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
        self._anchors.places = {number: self.rows.anchors(number) for number in lines.values()}
        self._large.first = self.rows.last_number()
        self._counter = Counter.resumed(self.rows)
        self._calls.resume([(kind, key) for kind, key, _ in self.rows.marks()])

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
            number = self._lines.get(line)
            number = self.number(line) if number is None else number
            row = None if frame.position.native else self._frames.plain.row(frame)
            ready = leads and self.error is None and self._head == (number, None)
            if row is not None and ready and self._anchors.goes_without(number, row):
                return self._write_alone(number, frame.index, row)
            return self._keep(line, number, frame, leads)

    def _keep(self, line: Line, number: int, frame: Frame, leads: bool) -> bool:
        """Write a frame of any kind, and what has to go with it."""
        pending, frames = self._pending, self._frames
        self._calls.filed(number, frame)
        row, unsure = frames.row(frame)
        if frames.made:
            pending.templates += frames.made
            frames.made = []
        if leads and self._head != (number, None):
            self._mark_head(number, None)
        elif self._shared and not leads and number in self._shared:
            self._shared.discard(number)
            self._mark("head", str(number), None)
        if (version := getattr(self.graph, "version", 0)) != self._learned:
            self._learned = version
            self._mark("outline", "", to_bytes(self.codec.cleaned(graph_form(self.graph))))
        if (totals := self._counter.after(frame)) is not None:
            self._mark(TOTALS, "", totals)
        if self._anchors.is_due(line, number, len(row.body)) or unsure or frame.kind == "start":
            self._anchor(number, frame)
        if frames.problems:
            self._report(frame, frames.problems)
        if self.error is None and not pending:
            return self._write_alone(number, frame.index, row)
        pending.frames.append((number, frame.index, row))
        return self.flush()

    def _write_alone(self, number: int, index: int, row: FrameRow) -> bool:
        try:
            self.rows.write_frame(number, index, row)
        except CheckpointStoreError as error:
            self._pending.frames.append((number, index, row))
            self.error = error
            return False
        return True

    def _anchor(self, number: int, frame: Frame) -> None:
        writer, position = PositionWriter(self.codec, self._large, self.graph), frame.position
        natives = NativeWriter(self._parts, writer)

        def form() -> dict[str, Any]:
            made, native = writer.write(position), natives.form(frame, whole=True)
            return made if native is None else {**made, "native": native}

        body = self.codec.written(form, anywhere(position))[0]
        if writer.problems and (self.strict or frame.kind == "start"):
            self._report(frame, writer.problems)
        self._pending.anchors.append((number, frame.index, body))
        self._anchors.placed(number, frame.index, len(body))

    def _report(self, frame: Frame, problems: list[Problem]) -> None:
        if self.strict:
            raise unsavable(problems)
        self._reported += 1
        if self._reported <= 5:
            what = self.codec.clean(f"frame {frame.index}: {problems[0]}")
            log.warning("%s; a marker is stored in its place", what)
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
                self.error = error
                return False
            self.error = None
            self._pending = self._large.batch = Batch()
            return True

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
            own = self._beside.get(session, {})
            for kind in own:
                self._mark(kind, before, None)
            for kind in self._kinds:  # one that it has nothing of may be there from another
                self._mark(kind, after, own.get(kind))
            for other, beside in self._beside.items():
                if other is not session and other is not self.leader and other.line is old:
                    for kind, body in beside.items():
                        self._mark(kind, before, body)

    def _mark_head(self, line: int, index: int | None) -> None:
        self._head = (line, index)
        self._mark("head", "", to_bytes([line, index]))

    def _mark(self, kind: str, key: str, body: bytes | None) -> None:
        self._pending.marks.append((kind, key, body))

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
