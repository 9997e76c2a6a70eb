"""Frames of a stored run: a line of them, read when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from lellm_nb.record.codec.frame_reader import FrameFacts
from lellm_nb.record.frame import Detail, Frame
from lellm_nb.record.history import Line
from lellm_nb.record.position import Position
from lellm_nb.store.rows import RunRows

__all__ = ["StoredFrame", "StoredFrames"]

AHEAD = 64
"""So many frames are read at once by who walks from frame to frame, on or back."""


class StoredFrame(Frame):
    """A frame of a stored run: its facts are read, its position is folded when asked for."""

    __slots__ = ("_at", "_frames", "facts")

    def __init__(self, frames: StoredFrames, index: int, facts: FrameFacts) -> None:
        self._frames = frames
        self.facts = facts
        self._at: tuple[Position, Position] | None = None
        self.place = facts.place
        self.own_detail = facts.detail
        self.index = index
        self.kind = facts.kind
        self.visit = facts.visit
        self.route = facts.route
        wrote = facts.mutations
        self.wrote = wrote[0] if len(wrote) == 1 else wrote
        self.trace_id = frames.run.rows.trace_id
        self._time = complex(facts.started, facts.duration)

    def _both(self) -> tuple[Position, Position]:
        if self._at is None:
            self._at = self._frames.folded(self.index)
        return self._at

    @property
    def position(self) -> Position:  # type: ignore[override]  # worked out where others keep it
        """The whole position it led to."""
        return self._both()[0]

    @property
    def level(self) -> Position:  # type: ignore[override]  # as above
        """Its own level within that position."""
        return self._both()[1]

    @property
    def detail(self) -> Detail:
        """What only some frames have; an error gets the state it happened in."""
        detail = super().detail
        if detail.error is not None and detail.error.state is None:
            detail.error.state = self.state
        return detail

    @property
    def parent(self) -> Frame | None:  # type: ignore[override]  # as above
        """The frame before it on its line."""
        return self._frames.before(self.index)

    @property
    def cursor(self) -> int:
        """The 1-based step of its level's committed node."""
        return self.facts.cursor


class FrameSource(Protocol):
    """What reads the frames of a stored run; a `RunReader`."""

    lock: AbstractContextManager[Any]
    rows: RunRows

    def facts(self, row: Any) -> FrameFacts:
        """Return what a row says."""

    def folded(self, frames: StoredFrames, index: int) -> tuple[Position, Position]:
        """Return the position after a frame, and the frame's own level in it."""


class StoredFrames:
    """The frames of one line: the stored ones, read when asked for, and new ones after them."""

    def __init__(self, run: FrameSource, line: Line, number: int, length: int) -> None:
        self.run = run
        self.line = line
        self.number = number
        self.stored = length
        self._made: dict[int, Frame] = {}
        self._new: list[Frame] = []

    def __len__(self) -> int:
        return self.stored + len(self._new)

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            self.load(start, min(stop, self.stored))
            return [self[i] for i in range(start, stop, step)]
        if at < 0:
            at += len(self)
        if at >= self.stored:
            return self._new[at - self.stored]
        if at < 0:
            raise IndexError(at)
        frame = self._made.get(at)
        if frame is None:
            walks = at - 1 in self._made
            self.load(at, min(at + AHEAD, self.stored) if walks else at + 1)
            frame = self._made[at]
        return frame

    def __iter__(self) -> Iterator[Frame]:
        return iter(self[:])

    def append(self, frame: Frame) -> None:
        """Add a frame of the run as it goes on."""
        self._new.append(frame)

    def load(self, start: int, stop: int) -> None:
        """Read some of the stored frames, by their places on this line alone."""
        made = self._made
        while start < stop and start in made:
            start += 1
        if start >= stop:
            return
        first = self.line.first
        with self.run.lock:
            rows = self.run.rows.frames(self.number, first + start, first + stop)
            for i, row in enumerate(rows, start):
                if i not in made:
                    made[i] = StoredFrame(self, first + i, self.run.facts(row))

    def before(self, index: int) -> Frame | None:
        """Return the frame before one of this line; who goes back will go back further."""
        own = index - 1 - self.line.first
        if 0 <= own < self.stored and own not in self._made:
            self.load(max(0, own - AHEAD), own + 1)
        return self.line[index - 1] if index else None

    def folded(self, index: int) -> tuple[Position, Position]:
        """Return the position after a frame, and the frame's own level in it."""
        return self.run.folded(self, index)

    def grow(self) -> int:
        """Look for frames that another process has added; return how many came."""
        if self._new:
            return 0
        length = self.run.rows.length(self.number)
        grown, self.stored = length - self.stored, length
        return grown
