"""Where a session stands: its line, its head, and how the head moves; whatever the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from lellm_nb.arguments import shown
from lellm_nb.clock import Clock
from lellm_nb.errors import NoSuchFrameError
from lellm_nb.record.frame import Frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.history import History, Line
from lellm_nb.record.level_key import LevelKeys, level_at
from lellm_nb.record.listeners import tell_all
from lellm_nb.record.native.parts import AS_STORED, NativeParts
from lellm_nb.record.position import Position, Waiting
from lellm_nb.session.moves import Asking, FailedJoin, MoveKind, NextMove, OpenLevel, RunningNode
from lellm_nb.state.mutation import Delete, Mutation, Put

__all__ = ["Head"]

_CAPTURED = frozenset({"commit", "waiting", "decision", "exit", "join", "input"})


class Head:
    """A head on a line of a history: what the sessions of all engines have in common.

    An engine adds how it finds its next move and how it advances; what it is not able to
    (`capabilities`) it need not have.
    """

    graph: Any
    history: History
    line: Line
    head: Frame
    pauses: bool = False

    def _adopt(self, graph: Any, clock: Clock) -> None:
        self.graph = graph
        self.clock = clock
        self.listeners: list[Callable[[], None]] = []
        self._moving: Any = None
        # what an engine knows to have failed where the run stands: forgotten when the head moves
        self._doomed: dict[int, Any] = {}

    @classmethod
    def _standing(
        cls,
        graph: Any,
        clock: Clock,
        history: History,
        line: Line,
        head: Frame,
    ) -> Self:
        """Make a session that stands at a frame."""
        made = cls.__new__(cls)
        made._adopt(graph, clock)
        made.history = history
        made.line = line
        made.head = head
        return made

    def _beside(self, line: Line, head: Frame) -> Self:
        """Make a session that stands elsewhere in the same history."""
        return self._standing(self.graph, self.clock, self.history, line, head)

    def at_tip(self, line: Line) -> Self:
        """Return a session at the tip of an existing line."""
        return self._beside(line, line[-1])

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return self.head.position

    @property
    def state(self) -> Any:
        """The root state where the run stands."""
        return self.head.root_state

    @property
    def waiting(self) -> list[Waiting]:
        """The barriers that wait for a decision, in registration order."""
        return self.position.waiting

    @property
    def parts(self) -> NativeParts:
        """How stores take apart what its positions have beside them."""
        return AS_STORED

    # -- what an engine may say more of -----------------------------------------

    def next_move(self) -> NextMove | None:
        """Return the one place that a single step would move; `None` at the end."""
        raise NotImplementedError

    def next_moves(self) -> Sequence[NextMove]:
        """Return every place that could move without a decision."""
        move = self.next_move()
        return [] if move is None or move.kind is MoveKind.DECIDE else [move]

    def data_at(self, frame: Frame, like: Frame | None = None) -> Any:
        """Return the compact state of a level at a frame; `None` where the run was not in it."""
        if like is None or like.level is like.position:
            return frame.position.data
        if like is frame:
            return frame.level.data
        level = level_at(frame.position, LevelKeys().of(like))
        return None if level is None else level.data

    def open_levels(self) -> Sequence[OpenLevel]:
        """Return every level that can move on and may be written into."""
        return []

    def in_flight(self) -> Sequence[RunningNode]:
        """Return the nodes that run now; an engine that cannot tell says none."""
        return []

    def asked(self, waiting: Waiting) -> Asking | None:
        """Return what somebody is asked where the run waits; a barrier asks for yes or no."""
        return None

    def waiting_data(self, waiting: Waiting) -> Any:
        """Return the compact state of the level that waits: by default the root's."""
        return self.position.data

    def failed_join(self) -> FailedJoin | None:
        """Return the parallel that waits to hear what becomes of its branches."""
        return None

    def check_edit(
        self, frame: Frame, put: Mapping[Any, Any] | None, delete: Sequence[Any] = ()
    ) -> Frame | None:
        """Return the frame that writing after `frame` would make; `None` for no write."""
        raise NotImplementedError

    def edit(self, edits: Sequence[Mutation], level: OpenLevel | None = None) -> None:
        """Write where the run stands, as one frame of kind *edit*: in an engine with one level."""
        put = {edit.key: edit.kept for edit in edits if isinstance(edit, Put)}
        made = self.check_edit(self.head, put, [e.key for e in edits if isinstance(e, Delete)])
        if made is not None:
            self._emit(made)

    # -- the history -------------------------------------------------------------

    @property
    def frame_stack(self) -> FrameStack:
        """The captured frames that led here, oldest first: what a sink would have seen."""
        chain: list[Frame] = []
        frame: Frame | None = self.head
        while frame is not None:
            if frame.kind in _CAPTURED or (frame.kind == "error" and not frame.failed):
                chain.append(frame)
            frame = frame.parent
        return FrameStack(reversed(chain))

    def _emit(self, frame: Frame) -> None:
        line = self.history.add(self.line, self.head, frame)
        if line is not self.line:
            self._change_line(line)
        self.head = frame
        writer = self.history.writer
        if writer is not None and not writer.keep(line, frame, leads=writer.leader is self):
            # the frame stays in memory and the run holds: nobody is told of it (SEMANTICS R7)
            if self._moving is not None and self._moving.stopping is None:
                self._moving.stopping = writer.error
            return
        if self.listeners:
            tell_all(self.listeners)

    def rewind(self, frame: Frame) -> None:
        """Move the head to any frame of the tree; nothing is dropped.

        Raises:
            NoSuchFrameError: The frame is of another history.
        """
        line = self.line_through(frame)
        frame = self.history.own(frame)
        if line is not self.line:
            self._change_line(line)
        self.head = frame
        self._doomed.clear()
        writer = self.history.writer
        if writer is not None:
            writer.moved(line, frame, leads=writer.leader is self)

    def fork(
        self,
        frame: Frame | None = None,
        *,
        put: Mapping[Any, Any] | None = None,
        delete: Sequence[Any] = (),
        name: str | None = None,
    ) -> Self:
        """Return a session on a new line after `frame` (the head by default).

        Args:
            put: Written at the frame's own level, as one frame of kind *edit*.
            delete: Keys that the same frame removes.

        Raises:
            NoSuchFrameError: The frame is of another history.
            StateError: What is to be written does not fit; no line is made.
        """
        frame = self.head if frame is None else frame
        line = self.line_through(frame)
        frame = self.history.own(frame)
        edit = self.check_edit(frame, put, delete)
        child = self._beside(self.history.fork(line, frame.index, name), frame)
        if edit is not None:
            child.adopt([edit])
        return child

    def adopt(self, frames: Sequence[Frame]) -> None:
        """Take over frames that were made elsewhere from where this run stands."""
        for frame in frames:
            self._emit(frame)

    def _change_line(self, line: Line) -> None:
        writer = self.history.writer
        if writer is not None and writer.leader is not self:
            writer.went(self, self.line, line)
        self.line = line
        self.history.crossings += 1

    def line_through(self, frame: Frame) -> Line:
        """Return the current line if the frame is on it, else the line it was made on.

        Raises:
            NoSuchFrameError: The frame is of another history, or none.
        """
        if not isinstance(frame, Frame):
            raise NoSuchFrameError(frame, "a Frame is meant.", shown=shown(frame))
        frame = self.history.own(frame)
        if frame.index < len(self.line) and self.line[frame.index] is frame:
            return self.line
        line = self.history.line_of(frame)
        if line is None:
            raise NoSuchFrameError(frame, "it belongs to another run's history.")
        return line
