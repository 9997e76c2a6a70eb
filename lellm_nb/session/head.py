"""Where a session stands: its line, its head, and how the head moves."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any, Self

from lellm_nb.clock import Clock
from lellm_nb.engine.run import Run
from lellm_nb.engine.scope import Scope
from lellm_nb.engine.spot import Spot, find_spot
from lellm_nb.errors import NoSuchFrameError
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.history import History, Line
from lellm_nb.record.position import Position, Waiting

__all__ = ["Standing", "tell_all"]

log = logging.getLogger("lellm_nb")

_CAPTURED = frozenset({"commit", "waiting", "decision", "exit", "join"})


class Standing:
    """A head on a line of a history; it looks, and moves the head without running anything."""

    history: History
    line: Line
    head: Frame

    def _adopt(self, graph: Graph, clock: Clock) -> None:
        self.graph = graph
        self.clock = clock
        self.scope = Scope(graph)
        self._before: list[Frame] = []
        self._doomed: dict[int, Any] = {}
        self.listeners: list[Callable[[], None]] = []
        self._moving: Run | None = None

    @classmethod
    def _sharing(cls, other: Standing, line: Line, head: Frame) -> Self:
        made = cls.__new__(cls)
        made._adopt(other.graph, other.clock)
        made._before = other._before
        made.history = other.history
        made.line = line
        made.head = head
        return made

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return self.head.position

    @property
    def state(self) -> Any:
        """The root state where the run stands."""
        return self.scope.seen(self.head.position.data)

    @property
    def frame_stack(self) -> FrameStack:
        """The captured frames that led here, oldest first: what a sink would have seen."""
        chain: list[Frame] = []
        frame: Frame | None = self.head
        while frame is not None:
            if frame.kind in _CAPTURED or (frame.kind == "error" and not frame.failed):
                chain.append(frame)
            frame = frame.parent
        return FrameStack([*self._before, *reversed(chain)])

    @property
    def spot(self) -> Spot:
        """The one place that a single step would move."""
        return find_spot(self.scope, self.position)

    @property
    def waiting(self) -> list[Waiting]:
        """The barriers that wait for a decision, in registration order."""
        return self.position.waiting

    def _emit(self, frame: Frame) -> None:
        line = self.history.add(self.line, self.head, frame)
        if line is not self.line:
            self._change_line(line)
        self.head = frame
        keeper = self.history.keeper
        if keeper is not None and not keeper.keep(line, frame, leads=keeper.leader is self):
            # the frame stays in memory and the run holds: nobody is told of it (SEMANTICS R7)
            if self._moving is not None and self._moving.stopping is None:
                self._moving.stopping = keeper.error
            return
        if self.listeners:
            tell_all(self.listeners)

    def rewind(self, frame: Frame) -> None:
        """Move the head to any frame of the tree; nothing is dropped.

        Raises:
            NoSuchFrameError: The frame is of another history.
        """
        line = self.line_through(frame)
        if line is not self.line:
            self._change_line(line)
        self.head = frame
        self._doomed.clear()
        keeper = self.history.keeper
        if keeper is not None:
            keeper.moved(line, frame, leads=keeper.leader is self)

    def _change_line(self, line: Line) -> None:
        keeper = self.history.keeper
        if keeper is not None and keeper.leader is not self:
            keeper.went(self, self.line, line)
        self.line = line

    def line_through(self, frame: Frame) -> Line:
        """Return the current line if the frame is on it, else the line it was made on.

        Raises:
            NoSuchFrameError: The frame is of another history.
        """
        if frame.index < len(self.line) and self.line[frame.index] is frame:
            return self.line
        line = self.history.line_of(frame)
        if line is None:
            raise NoSuchFrameError(frame, "it belongs to another run's history.")
        return line


def tell_all(listeners: list[Callable[[], None]]) -> None:
    """Call every listener; one that raises is reported and dropped, and stops nothing."""
    for listener in tuple(listeners):
        try:
            listener()
        except Exception:
            log.exception("listener %r failed; it is dropped", listener)
            with contextlib.suppress(ValueError):
                listeners.remove(listener)
