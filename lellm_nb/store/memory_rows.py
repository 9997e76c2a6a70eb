"""The rows of one run in memory."""

from __future__ import annotations

import bisect
import copy
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.ids import TraceId
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.store.rows import Batch, LineRow

__all__ = ["MemoryRows"]


class MemoryRows:
    """The rows of a run in memory.

    Args:
        trace_id: The run's id.
        facts: What is noted at its beginning.
    """

    def __init__(self, trace_id: TraceId, facts: dict[str, Any]) -> None:
        self.trace_id = trace_id
        self._facts = facts
        self._frames: dict[int, dict[int, FrameRow]] = {}
        self._anchors: dict[int, dict[int, bytes]] = {}
        self._templates: dict[int, bytes] = {}
        self._lines: dict[int, LineRow] = {}
        self._values: dict[int, bytes] = {}
        self._items: dict[int, dict[int, bytes]] = {}
        self._marks: dict[tuple[str, str], bytes] = {}
        self._lock = threading.RLock()
        self._claimed: list[Callable[[], MemoryRows | None]] = []

    def again(self) -> MemoryRows:
        """Return the same rows, for somebody else who reads or writes them."""
        return copy.copy(self)

    @property
    def facts(self) -> dict[str, Any]:
        """What was noted at the run's beginning."""
        return self._facts

    def write(self, batch: Batch) -> None:
        """Write all of a batch."""
        with self._lock:
            for line, index, row in batch.frames:
                self._frames.setdefault(line, {})[index] = row
            for line, index, body in batch.anchors:
                self._anchors.setdefault(line, {})[index] = body
            self._templates.update(batch.templates)
            self._lines.update((line.number, line) for line in batch.lines)
            self._values.update(batch.values)
            for number, start, body in batch.items:
                self._items.setdefault(number, {})[start] = body
            for kind, key, mark in batch.marks:
                if mark is None:
                    self._marks.pop((kind, key), None)
                else:
                    self._marks[kind, key] = mark

    def add(self, name: tuple[Any, ...], what: Any) -> None:
        """Add one thing that a file has, by its kind and numbers.

        Raises:
            CorruptedCheckpointError: It was there already.
        """
        kind, *at = name
        tables: dict[str, Any] = {
            "line": self._lines,
            "template": self._templates,
            "value": self._values,
            "frame": self._frames,
            "anchor": self._anchors,
            "items": self._items,
            "mark": self._marks,
        }
        where = tables[kind]
        if kind == "mark":
            at = [tuple(at)]
        elif len(at) == 2:
            where = where.setdefault(at[0], {})
        if at[-1] in where:
            raise CorruptedCheckpointError(f"The {kind} {at} is there twice.")
        where[at[-1]] = what

    def write_frame(self, line: int, index: int, row: FrameRow) -> None:
        """Write one frame."""
        self._frames.setdefault(line, {})[index] = row

    def lines(self) -> list[LineRow]:
        """Return the lines in the order in which they began."""
        return [self._lines[number] for number in sorted(self._lines)]

    def length(self, line: int) -> int:
        """Return how many frames a line has of its own."""
        return len(self._frames.get(line, ()))

    def frames(self, line: int, start: int, stop: int) -> list[FrameRow]:
        """Return the rows of a line from index `start` to before `stop`."""
        rows = self._frames.get(line, {})
        try:
            return [rows[i] for i in range(start, stop)]
        except KeyError as error:
            raise CorruptedCheckpointError(f"Frame {error} of line {line} is missing.") from None

    def anchor(self, line: int, index: int) -> tuple[int, bytes] | None:
        """Return index and body of a line's last anchor at or before an index."""
        known = self.anchors(line)
        at = bisect.bisect_right(known, index)
        return (known[at - 1], self._anchors[line][known[at - 1]]) if at else None

    def anchors(self, line: int) -> list[int]:
        """Return the indexes at which a line has anchors."""
        return sorted(self._anchors.get(line, ()))

    def templates(self, first: int) -> list[tuple[int, bytes]]:
        """Return the templates from a number on."""
        return sorted((n, body) for n, body in list(self._templates.items()) if n >= first)

    def value(self, number: int) -> bytes:
        """Return the body of a large value."""
        if number not in self._values:
            raise CorruptedCheckpointError(f"Value {number} is missing.")
        return self._values[number]

    def items(self, number: int, stop: int) -> list[tuple[int, bytes]]:
        """Return the pieces of a long list that begin before `stop`, in order."""
        pieces = self._items.get(number, {})
        return sorted((start, body) for start, body in pieces.items() if start < stop)

    def last_number(self) -> int:
        """Return the highest number of a value or list, 0 where there is none."""
        return max([0, *self._values, *self._items])

    def all_values(self) -> Iterator[tuple[int, bytes]]:
        """Walk the large values by their numbers."""
        yield from sorted(self._values.items())

    def all_items(self) -> Iterator[tuple[int, int, bytes]]:
        """Walk the pieces of long lists: number, start, body."""
        return _flat(self._items)

    def all_anchors(self) -> Iterator[tuple[int, int, bytes]]:
        """Walk the whole positions: line, index, body."""
        return _flat(self._anchors)

    def marks(self) -> list[tuple[str, str, bytes]]:
        """Return what else is known of the run."""
        return [(kind, key, body) for (kind, key), body in self._marks.items()]

    def claim(self, force: bool = False) -> None:
        """Become the one who writes the run."""
        with self._lock:
            if not force and self._is_claimed():
                raise CheckpointStoreError(
                    f"Run {self.trace_id} is being written already, in this process."
                )
            self._claimed[:] = [weakref.ref(self)]

    def _is_claimed(self) -> bool:
        if not self._claimed or self._claimed[0]() is None:
            return False
        gc.collect()  # a debugger that nobody has any more lets its run go, once it is found
        return bool(self._claimed) and self._claimed[0]() is not None

    def release(self, given_up: bool = False) -> None:
        """Stop being the one who writes the run."""
        if self._claimed and self._claimed[0]() is self:
            self._claimed.clear()


def _flat(table: dict[int, dict[int, bytes]]) -> Iterator[tuple[int, int, bytes]]:
    for number, rows in sorted(table.items()):
        for at, body in sorted(rows.items()):
            yield number, at, body
