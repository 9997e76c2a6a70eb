"""The tree of frames: rewinding moves a head, and nothing is edited or dropped."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from lellm_nb.errors import DebuggerError
from lellm_nb.ids import TraceId, new_trace_id
from lellm_nb.record.frame import Frame

__all__ = ["History", "Line"]


class Line(Sequence[Frame]):
    """One path through the tree, from the root to its tip.

    The frames before `first` belong to the line it was forked from.

    Attributes:
        own: The frames from `first` on; a list, or what reads like one.
    """

    __slots__ = ("base", "first", "name", "own")

    def __init__(self, name: str, base: Line | None, first: int) -> None:
        self.name = name
        self.base = base
        self.first = first
        self.own: list[Frame] = []

    @property
    def tip(self) -> int:
        """The index of its last frame."""
        return self.first + len(self.own) - 1

    def __len__(self) -> int:
        return self.first + len(self.own)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> list[Frame]: ...

    def __getitem__(self, index: int | slice) -> Frame | list[Frame]:
        if type(index) is int:
            place = index - self.first
            if 0 <= place < len(self.own):
                return self.own[place]
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        size = len(self)
        if index < 0:
            index += size
        if not 0 <= index < size:
            raise IndexError(index)
        line = self
        while index < line.first:
            assert line.base is not None
            line = line.base
        return line.own[index - line.first]

    def __iter__(self) -> Iterator[Frame]:
        size = len(self)  # a run may be adding frames: show what was there
        pieces: list[tuple[Line, int]] = [(self, size)]
        while pieces[-1][0].base is not None:
            line, _ = pieces[-1]
            assert line.base is not None
            pieces.append((line.base, line.first))
        for line, end in reversed(pieces):
            yield from line.own[: end - line.first]

    def __repr__(self) -> str:
        return f"<Line {self.name!r}: {len(self)} frames>"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class History:
    """Every line of a run, by name. The first is ``main``.

    Attributes:
        lines: The lines by name, in the order in which they began.
        notes: What a person wrote to frames.
        pins: Frames that no retention drops.
        writer: Who writes the history into a store, or `None`.
        crossings: How often a head went over from one line to another.
        has_variables: Whether nodes have set context variables that go with the run.
        known_as: Frames that were captured elsewhere, and those that stand for them here.
        trace_id: The run's id; every frame of it has it.
    """

    def __init__(self, start: Frame, trace_id: TraceId | None = None) -> None:
        self._begin([start], trace_id)
        start.trace_id = self.trace_id

    @classmethod
    def after(cls, past: list[Frame], trace_id: TraceId | None = None) -> History:
        """Return a history that goes on after frames of another one, and shares them.

        Args:
            past: From a start on, each the parent of the next; they stay as they are.
        """
        made = cls.__new__(cls)
        made._begin(past, trace_id)
        return made

    def _begin(self, past: list[Frame], trace_id: TraceId | None) -> None:
        self.trace_id = trace_id or new_trace_id()
        main = Line("main", None, 0)
        main.own.extend(past)
        self.lines: dict[str, Line] = {"main": main}
        self.notes: dict[Frame, str] = {}
        self.pins: set[Frame] = set()
        self.writer: Any = None
        self.crossings = 0
        self.has_variables = False
        self.known_as: dict[Frame, Frame] = {}
        self._forks = 0

    def note(self, frame: Frame, text: str) -> None:
        """Write a note to a frame; an empty one takes it away."""
        if text:
            self.notes[frame] = text
        else:
            self.notes.pop(frame, None)
        if self.writer is not None:
            self.writer.noted(self.line_of(frame), frame, text or None)

    def pin(self, frame: Frame, on: bool = True) -> None:
        """Pin a frame, or let it go."""
        if on:
            self.pins.add(frame)
        else:
            self.pins.discard(frame)
        if self.writer is not None:
            self.writer.pinned(self.line_of(frame), frame, on or None)

    def fork(self, line: Line, at: int, name: str | None = None) -> Line:
        """Start a new line after frame `at` of another.

        Raises:
            DebuggerError: The name is taken.
        """
        if name is None:
            self._forks += 1
            while f"fork {self._forks}" in self.lines:
                self._forks += 1
            name = f"fork {self._forks}"
        if name in self.lines:
            raise DebuggerError(f"There is a line {name!r} already; choose another name.")
        while at < line.first and line.base is not None:
            line = line.base
        made = Line(name, line, at + 1)
        self.lines[name] = made
        if self.writer is not None:
            self.writer.opened(made)
        return made

    def add(self, line: Line, parent: Frame, frame: Frame) -> Line:
        """Add a frame after another one of a line; away from its tip a new line begins."""
        own = line.own
        index = parent.index + 1
        if index != line.first + len(own):
            line = self.fork(line, parent.index)
            own = line.own
        frame.parent = parent
        frame.trace_id = self.trace_id
        step = frame.level.step
        frame.index = step if step == index else index
        own.append(frame)
        return line

    def owners(self, marked: Iterable[Frame]) -> dict[Line, list[Frame]]:
        """Return which of some frames each line has of its own, in order.

        Lines without any are left out, and each looks only at places where a frame is marked.
        """
        wanted = set(marked)
        places = sorted({frame.index for frame in wanted})
        found: dict[Line, list[Frame]] = {}
        for line in list(self.lines.values()) if wanted else ():
            begin = bisect.bisect_left(places, line.first)
            end = bisect.bisect_right(places, line.tip)
            mine = [line.own[i - line.first] for i in places[begin:end]]
            mine = [frame for frame in mine if frame in wanted]
            if mine:
                found[line] = mine
        return found

    def own(self, frame: Frame) -> Frame:
        """Return the frame of this history that stands for one that was captured elsewhere."""
        return self.known_as.get(frame, frame)

    def line_of(self, frame: Frame) -> Line | None:
        """Return the line that a frame was made on, `None` for a foreign frame."""
        for line in list(self.lines.values()):
            i = frame.index - line.first
            if 0 <= i < len(line.own) and line.own[i] is frame:
                return line
        return None
