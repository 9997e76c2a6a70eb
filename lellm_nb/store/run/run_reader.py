"""A stored run as a history: frames are read when somebody looks at them."""

from __future__ import annotations

import bisect
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.frame_reader import FrameFacts, FrameReader
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.native.native_rows import NativeReader
from lellm_nb.record.native.parts import AS_STORED, NativeParts
from lellm_nb.record.position import Position
from lellm_nb.store.rows import LineRow, RunRows
from lellm_nb.store.run.call_rows import CallReader, UnfiledCall
from lellm_nb.store.run.shared_values import SharedValues
from lellm_nb.store.run.stored_frames import StoredFrames

__all__ = ["RunReader"]

BLOCKS = 32
"""So many stretches from one anchor to the next are kept folded."""


class RunReader:
    """A run in a store, as a history.

    Args:
        rows: Where it is.
        reducers: Finds custom reducers by name and key.
        codec: Reads the values.
        parts: Makes what positions have beside them.

    Attributes:
        history: Its lines; frames are read when they are looked at.
        line, head: Where the run stands.
        marks: What else was kept: ``(kind, key) -> value``.
        calls: Reads the calls of its frames.
    """

    def __init__(
        self,
        rows: RunRows,
        *,
        reducers: Callable[[str, Any], Any] | None = None,
        codec: Codec | None = None,
        parts: NativeParts = AS_STORED,
    ) -> None:
        self.rows = rows
        self.codec = codec or Codec()
        self.lock: Any = threading.RLock()
        self._shared = SharedValues(rows, self.codec)
        self.calls = CallReader(rows, self.codec)
        positions = PositionReader(self.codec, self._shared.resolve, reducers)
        self._reader = FrameReader(positions, self.calls.read)
        self._natives = NativeReader(self._reader.positions, parts)
        self._blocks: OrderedDict[tuple[int, int], list[tuple[Position, Position]]] = OrderedDict()
        self._anchors: dict[int, list[int]] = {}
        self.numbers: dict[Line, int] = {}
        self._by_number: dict[int, Line] = {}
        self.history = History.__new__(History)
        self._read_templates(0)
        self._read_lines()
        self.marks = {(kind, key): self.codec.loads(body) for kind, key, body in rows.marks()}
        self.line, self.head = self._read_head()

    def _read_templates(self, first: int) -> None:
        self._next_template = first
        for number, body in self.rows.templates(first):
            self._reader.add_template(number, body)
            self._next_template = number + 1

    def _read_lines(self) -> None:
        rows = self.rows.lines()
        if not rows or rows[0].number != 0 or not self.rows.length(0):
            raise CorruptedCheckpointError("The run has no frame at all.")
        self.history.lines = {}
        for row in rows:
            self._add_line(row)
        lines = self.history.lines
        History.__init__(self.history, next(iter(lines.values()))[0], self.rows.trace_id)
        self.history.lines = lines

    def _add_line(self, row: LineRow) -> None:
        lines = self.history.lines
        base = None if row.base < 0 else self._by_number.get(row.base)
        first = row.number == 0 and row.base < 0 and row.first == 0
        sound = first or (base is not None and 0 < row.first <= len(base))
        if not sound or row.name in lines:
            raise CorruptedCheckpointError(f"Line {row.name!r} hangs nowhere.")
        line = Line(row.name, base, row.first)
        own: Any = StoredFrames(self, line, row.number, self.rows.length(row.number))
        line.own = own
        self.numbers[line] = row.number
        self._by_number[row.number] = line
        lines[row.name] = line

    def _read_head(self) -> tuple[Line, Frame]:
        try:
            number, index = self.marks.pop(("head", ""), (0, None))
            if type(number) is not int or type(index) not in (int, type(None)):
                raise TypeError("a head is a line and an index")
            line = self._by_number[number]
            return line, line[line.tip if index is None else index]
        except DAMAGE as error:
            raise CorruptedCheckpointError(
                f"The head stands nowhere: {error_text(error)}."
            ) from error

    def grow(self) -> int:
        """Look for frames and lines that another process has added; return how many frames."""
        known = len(self.numbers)
        self._anchors.clear()
        begun = self.rows.lines()[known:]  # before the lengths: what they hang on is older
        grown: int = sum(line.own.grow() for line in self.numbers)  # type: ignore[attr-defined]  # StoredFrames
        for row in begun:
            self._add_line(row)
            grown += len(self._by_number[row.number].own)
        return grown

    def unfiled_calls(self) -> Iterator[tuple[Line, UnfiledCall]]:
        """Walk the calls of nodes that had not ended when the run was left."""
        for one in self.calls.unfiled(self.marks):
            line = self._by_number.get(one.line)
            if line is not None:
                yield line, one

    def line_named(self, name: str) -> Line | None:
        """Return the line that a mark names; `None` where there is none."""
        return self._by_number.get(int(name)) if name.isdecimal() else None

    def frame_named(self, name: str) -> tuple[Line, Frame] | None:
        """Return the line and the frame that a mark names; `None` where there is none."""
        number, _, index = name.partition("/")
        try:
            line = self._by_number[int(number)]
            return line, line[int(index)]
        except DAMAGE:
            return None

    # -- frames ------------------------------------------------------------------

    def facts(self, row: Any) -> FrameFacts:
        """Return what a row says; new templates are read when they are met."""
        if not self._reader.knows(row.template):
            self._read_templates(self._next_template)
        return self._reader.facts(row)

    def folded(self, frames: StoredFrames, index: int) -> tuple[Position, Position]:
        """Return the position after a frame, and the frame's own level in it."""
        with self.lock:
            anchors = self._anchors.get(frames.number)
            if anchors is None:
                anchors = self._anchors[frames.number] = self.rows.anchors(frames.number)
            found = bisect.bisect_right(anchors, index)
            line = frames.line
            if found:
                if anchors[found - 1] < line.first:
                    raise CorruptedCheckpointError("A position is of no frame.")
                return self._in_block(frames, anchors[found - 1], index, anchored=True)
            if line.base is None:
                raise CorruptedCheckpointError("The first position of the run is missing.")
            return self._in_block(frames, line.first, index, anchored=False)

    def _in_block(
        self, frames: StoredFrames, start: int, index: int, *, anchored: bool
    ) -> tuple[Position, Position]:
        """Fold from an anchor, or from the frame that a line was forked at, to a frame."""
        key = (frames.number, start)
        block = self._blocks.get(key)
        line = frames.line
        if block is None:
            block = []
            if anchored:
                found = self.rows.anchor(frames.number, start)
                if found is None or found[0] != start:
                    raise CorruptedCheckpointError(f"The position of frame {start} is gone.")
                body = found[1]
                facts = line[start].facts  # type: ignore[attr-defined]  # stored, as the anchor is
                form = self.codec.parse(body)
                root = self._reader.positions.read(form)
                self._natives.read(form.get("native"), None, root, facts.mutations)
                block.append((root, self._reader.level_of(root, facts)))
            self._blocks[key] = block
            if len(self._blocks) > BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(key)
        if start + len(block) <= index:
            own = start - line.first
            frames.load(own + len(block), index + 1 - line.first)
            while start + len(block) <= index:
                if block:
                    before = block[-1][0]
                else:
                    parent = line[start - 1]
                    before = parent.position
                frame: Any = frames[own + len(block)]
                facts = frame.facts
                folded = self._reader.fold(before, facts)
                self._natives.read(facts.native, before, folded[0], facts.mutations)
                block.append(folded)
        return block[index - start]
