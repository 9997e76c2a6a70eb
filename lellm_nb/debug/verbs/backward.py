"""Backward: going into the past never runs user code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.debug.breakpoints.registry import RAN, Hit, Watch
from lellm_nb.debug.breakpoints.triggers import Arrived, Target, Until, ask_until, check_count
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.verbs.forward import Moving
from lellm_nb.engine.scope import scope_at
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line

__all__ = ["Rewinding"]


class Rewinding(Moving):
    """``back, run_back, rewind`` and their async twins."""

    def back(self, n: int = 1) -> Stop:
        """Go `n` frames into the past; no user code runs. At the first frame: START."""
        return self._at_once("back", lambda: self._do_back(n))

    async def aback(self, n: int = 1) -> Stop:
        """Do what `back` does, with await."""
        return await self._handle("back", lambda: self._do_back(n))

    async def _do_back(self, n: int = 1) -> Stop:
        check_count(n)
        index = self._session.head.index
        self._go(self.frames[max(0, index - n)])
        return self._stop(StopReason.STEP if index >= n else StopReason.START)

    def run_back(self, until: Until = None) -> Stop:
        """Go into the past to the last breakpoint passed, or to the start.

        Args:
            until: A node, or ``(node, visit)``: stops where it is about to run. A
                predicate of a frame: stops at the first one for which it holds.

        Raises:
            NoSuchNodeError: `until` names no node of the graph.
        """
        return self._call("run_back", lambda: self._do_run_back(until))

    async def arun_back(self, until: Until = None) -> Stop:
        """Do what `run_back` does, with await."""
        return await self._handle("run_back", lambda: self._do_run_back(until))

    async def _do_run_back(self, until: Until = None) -> Stop:
        target, predicate = self._aim(until)
        frame = self._session.head
        while frame.parent is not None:
            left, frame = frame, frame.parent
            hit = self._hit_going_back(left, frame, target, predicate)
            if hit is not None:
                self._go(frame)
                if isinstance(hit, Hit):
                    self._reported.add((hit.stop.id, left.path, left.visit))
                return self._stop_at(hit)
        self._go(frame)
        return self._stop(StopReason.START)

    def _hit_going_back(
        self,
        left: Frame,
        frame: Frame,
        target: Target | None,
        until: Callable[[Frame], Any] | None,
    ) -> Hit | Arrived | None:
        """Look whether to stop at `frame`, coming back from `left`."""
        if left.kind in RAN:
            if target in ((left.static_path, None), (left.static_path, left.visit)):
                return Arrived()
            for breakpoint in self.breakpoints.before.get(left.static_path, ()):
                hit = breakpoint.before(left.visit, lambda: self._level_state_before(left))
                if hit is not None:
                    return hit
        for stop in self.breakpoints.after:
            # a watch stops just before the write, all others where they would stop forward
            hit = stop.after(left if isinstance(stop, Watch) else frame, self._session.scope)
            if hit is not None:
                return hit
        return None if until is None else ask_until(until, frame)

    def _level_state_before(self, left: Frame) -> Any:
        """The state that a node saw when it was about to make frame `left`."""
        assert left.parent is not None
        root = left.parent.position
        return scope_at(self._session.scope, root, left).level(root).state

    def rewind(self, frame: Any) -> Stop:
        """Move the head to any frame: an index, a `Frame`, or ``(node, visit)``.

        Going on from there starts a new line; nothing is dropped.

        Raises:
            NoSuchFrameError: There is no such frame.
        """
        return self._at_once("rewind", lambda: self._do_rewind(frame))

    async def arewind(self, frame: Any) -> Stop:
        """Do what `rewind` does, with await."""
        return await self._handle("rewind", lambda: self._do_rewind(frame))

    async def _do_rewind(self, frame: Any) -> Stop:
        self._go(self._frame(frame))
        return self._stop(StopReason.STEP)

    def _left(self, line: Line) -> None:
        """Take note of the line that is being left, before the head moves."""

    def _go(self, frame: Frame) -> None:
        self._reported.clear()
        self._left(self._session.line)
        self._session.rewind(frame)
