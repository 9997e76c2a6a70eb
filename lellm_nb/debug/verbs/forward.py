"""Forward: every verb that runs the graph on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from lellm_nb.debug.breakpoints.registry import Hit
from lellm_nb.debug.breakpoints.triggers import Arrived, Stopping, Target, Until, check_count
from lellm_nb.debug.core.commands import PAUSE, Handle
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.verbs.live_decisions import Desk
from lellm_nb.debug.verbs.live_streams import Streams
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.run import HOLD, Run
from lellm_nb.engine.scope import Scope
from lellm_nb.engine.spot import Move
from lellm_nb.errors import (
    DebuggerError,
    LoopLimitError,
    NotRecordedError,
    RunCancelledError,
    RunError,
)
from lellm_nb.record.frame import Frame

__all__ = ["Moving"]


class Moving(Stopping):
    """``step, over, into, out, run, retry`` and their async twins."""

    _streams: Streams | None = None

    @property
    def streaming(self) -> dict[str, list[Any]]:
        """What nodes that run now have emitted so far, by path."""
        return self._streams.now() if self._streams is not None and self._busy else {}

    def step(self, n: int = 1) -> Stop:
        """Make `n` commits, branches taken in turn; a barrier or a failure ends it."""
        return self._call("step", lambda: self._do_step(n))

    async def astep(self, n: int = 1) -> Stop:
        """Do what `step` does, with await."""
        return await self._handle("step", lambda: self._do_step(n))

    async def _do_step(self, n: int = 1) -> Stop:
        check_count(n)
        stop = self._stop(StopReason.STEP)
        for i in range(n):
            stop = await self._advance(one=True, gate=i > 0)
            if stop.reason is not StopReason.STEP:
                break
        return stop

    def into(self) -> Stop:
        """Make one commit, inside a composite if that is where the run goes: `step`."""
        return self._call("into", self._do_step)

    async def ainto(self) -> Stop:
        """Do what `into` does, with await."""
        return await self._handle("into", self._do_step)

    async def _do_into(self) -> Stop:
        return await self._do_step()

    def over(self) -> Stop:
        """Make one commit; where it enters a composite, run until that has left."""
        return self._call("over", self._do_over)

    async def aover(self) -> Stop:
        """Do what `over` does, with await."""
        return await self._handle("over", self._do_over)

    async def _do_over(self) -> Stop:
        composite = self._composite_to_enter()
        if composite is None:
            return await self._do_step()
        return await self._advance(left=composite)

    def out(self) -> Stop:
        """Run until the level that the next step is in has left."""
        return self._call("out", self._do_out)

    async def aout(self) -> Stop:
        """Do what `out` does, with await."""
        return await self._handle("out", self._do_out)

    async def _do_out(self) -> Stop:
        if self._session.position.ended:
            return self._stop(StopReason.COMPLETED)
        spot = self._session.spot
        if spot.move in (Move.EXIT, Move.JOIN):
            return (
                await self._do_step()
            )  # the current level is through: leaving is all that is left
        prefix = spot.scope.prefix
        outer = prefix[:-1].rpartition("/")
        left = "".join(outer[:2]) + outer[2].partition("#")[0] if prefix else None
        return await self._advance(left=left)

    def run(self, until: Until = None) -> Stop:
        """Run on to the next barrier, breakpoint, end or error.

        Args:
            until: A node, or ``(node, visit)``: stops before it runs. A predicate of a
                frame: stops after it.

        Raises:
            NoSuchNodeError: `until` names no node of the graph.
        """
        return self._call("run", lambda: self._do_run(until))

    async def arun(self, until: Until = None, *, through_barriers: bool = False) -> Stop:
        """Do what `run` does, with await.

        Args:
            through_barriers: Whether to wait at barriers for a click, and go on after it.

        Raises:
            DebuggerError: `through_barriers`, and this kernel cannot hear a click
                while a cell waits.
        """
        return await self.start(until, through_barriers=through_barriers)

    def start(self, until: Until = None, *, through_barriers: bool = False) -> Handle[Stop]:
        """Begin to run and return at once; the handle can be awaited.

        Raises:
            BusyError: A run is going on.
        """
        return self._handle("run", lambda: self._do_run(until, through_barriers=through_barriers))

    async def _do_run(self, until: Until = None, *, through_barriers: bool = False) -> Stop:
        target, predicate = self._aim(until)
        return await self._advance(target=target, until=predicate, through=through_barriers)

    def retry(self) -> Stop:
        """Run the failed step again, as it is now: mend the function first.

        Raises:
            DebuggerError: The run does not stand at a failure.
        """
        return self._call("retry", self._do_retry)

    async def aretry(self) -> Stop:
        """Do what `retry` does, with await."""
        return await self._handle("retry", self._do_retry)

    async def _do_retry(self) -> Stop:
        if not self._session.head.failed:
            raise DebuggerError(
                f"Nothing failed at frame {self._session.head.index}; retry() is for a run"
                " that stands at a failure. Use step() or run() to go on."
            )
        return await self._do_step()

    # -- the one way forward ---------------------------------------------------

    async def _advance(
        self,
        *,
        one: bool = False,
        gate: bool = True,
        target: Target | None = None,
        until: Callable[[Frame], Any] | None = None,
        left: str | None = None,
        through: bool = False,
    ) -> Stop:
        session = self._session
        if session.position.ended:
            return self._stop(StopReason.COMPLETED)
        self._refresh_code()

        def started(run: Run) -> None:
            self._run = run
            self._prepare(run)
            if gate and (self.breakpoints.before or target is not None):
                run.gate = self._gate_for(target)
            if self.breakpoints.after or until is not None or left is not None:
                run.watch = self._watcher(until, left)
            if self.breakpoints.after:
                run.watch_failures = self._hit_after
            if self._pause_wanted:
                run.stopping = PAUSE

        self._desk = Desk(self._changed) if through else None
        error: RunError | None = None
        halt = Halt.STOPPED
        try:
            halt = await session.advance(
                one=one,
                max_steps=self.max_steps,
                barrier=self._desk or HOLD,
                token=self._token,
                started=started,
            )
        except RunError as failure:
            error = failure
        finally:
            stopping = self._run.stopping if self._run is not None else None
            self._run = self._desk = None
        if isinstance(error, RunCancelledError):
            return self._stop(StopReason.CANCELLED, error=error)
        if error is not None:
            # an edge's limit holds the run like any other limit (SEMANTICS G5)
            held = isinstance(error, LoopLimitError)
            reason = StopReason.LIMIT if held else StopReason.FAILED
            return self._stop_with(reason, stopping, error=error)
        return self._stop_for(halt, stopping)

    def _prepare(self, run: Run) -> None:
        """Set up a run before it moves."""
        run.capture = True
        self._streams = Streams(lambda: self._session.head, self._changed)
        # without a publisher, chunks have nowhere else to go while their node runs
        run.on_chunk = self._streams.add  # type: ignore[method-assign]

    def _refresh_code(self) -> None:
        """Pick up functions that were defined again; before each move forward."""

    def _stop_for(self, halt: Halt, stopping: Any) -> Stop:
        if self._session.position.ended:
            return self._stop_with(StopReason.COMPLETED, stopping)
        if halt is Halt.LIMIT:
            return self._stop(StopReason.LIMIT)
        if isinstance(stopping, (Hit, Arrived)):
            return self._stop_at(stopping)
        if halt is Halt.HELD or self._held or (halt is Halt.UNRECORDED and self.pending):
            return self._stop(StopReason.BARRIER)
        if halt is Halt.UNRECORDED:
            stop = self._stop(StopReason.PAUSED)
            return dataclasses.replace(stop, error=NotRecordedError(self._next_path()))
        return self._stop(StopReason.PAUSED if stopping is PAUSE else StopReason.STEP)

    def _composite_to_enter(self) -> str | None:
        """The path of the outermost composite that the next step would enter."""
        if self._session.position.ended:
            return None
        level: Any = self._session.position
        spot = self._session.spot
        if spot.move in (Move.EXIT, Move.JOIN):
            return None
        chain: list[Scope] = [spot.scope]
        while chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        for scope in reversed(chain):
            level = scope.level(self._session.position)
            site = scope.site(level.node)
            if level.inner is None and site.kind in ("subgraph", "parallel"):
                return site.place.path
        return None
