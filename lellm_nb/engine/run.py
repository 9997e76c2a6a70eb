"""The one loop: inline runs, sessions and the debugger all go through it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context
from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine import barriers
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.driving.gc_threshold import collecting_less
from lellm_nb.engine.halt import HOLD, PRECEDENCE, Halt, Hold
from lellm_nb.engine.output_capture import CAPTURING
from lellm_nb.engine.parallel.branches import branch_failure
from lellm_nb.engine.parallel.map_items import bounded
from lellm_nb.engine.performing.perform import Lookup, free_share
from lellm_nb.engine.publishing.publisher import Publisher
from lellm_nb.engine.scope import EntryError, Scope, Site
from lellm_nb.engine.single_step import RunSingleStep
from lellm_nb.engine.spot import Move, next_move
from lellm_nb.engine.variables import Variables
from lellm_nb.errors import RunError
from lellm_nb.graph.decision import Decision, DefaultAction
from lellm_nb.graph.node import Map
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.sinks import BarrierSink

__all__ = ["HOLD", "Halt", "Run"]

_PLAIN = nullcontext()
RUN, ENTER, FAN = Move.RUN, Move.ENTER, Move.FAN  # a member is looked up by code of Python's own


class Run(RunSingleStep):
    """Moves a position on, one commit at a time.

    Attributes:
        loop: Where it was awaited last.
        stopping: Set it to anything to stop before the next node starts.
    """

    def __init__(
        self,
        scope: Scope,
        position: Position,
        *,
        emit: Callable[[Frame], None] | None = None,
        publisher: Publisher | None = None,
        barrier: BarrierSink | Hold | None = None,
        token: CancellationToken | None = None,
        limit: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.scope = scope
        self.position = position
        self.emit = emit
        self.publisher = publisher
        self.barrier = barrier
        self.token = token or CancellationToken()
        self.limit = limit
        self.clock = clock or Clock()
        self.stopping: Any = None
        self.doomed: dict[int, tuple[Position, RunError]] = {}
        self.gate: Callable[[Scope, Site, Position], Any] | None = None
        self.watch: Callable[[Frame], Any] | None = None
        self.beside: list[Any] = []
        self.recorded: Lookup | None = None
        self.decided: Callable[[str], DecisionRecord | None] | None = None
        self.leaving: set[asyncio.Task[Any]] = set()
        self.cancelling: Callable[[], int] = _nobody
        self.loop: asyncio.AbstractEventLoop | None = None
        self.cell: Context | None = None
        self.variables: dict[str, Variables] = {}
        self.variables_at: Callable[[list[str]], Variables] | None = None
        self.refused: dict[str, Exception] = {}
        self.sendable: dict[str, Exception | None] = {}
        self.share = free_share

    async def go(self) -> Halt:
        """Run until nothing moves any more, branches side by side.

        The garbage collector's third threshold is raised meanwhile; see `collecting_less`.

        Raises:
            RunError: A node, an edge or the graph failed; the position is kept.
        """
        with collecting_less(), self._capturing():
            self._set_variables(self.scope)
            return await self._cancellable(self._drive(self.scope))

    async def step(self) -> Halt:
        """Make one commit, branches taken in turn.

        Raises:
            RunError: As for `go`.
        """
        with self._capturing():
            return await self._cancellable(self._step())

    async def decide(
        self, scope: Scope, decision: Decision | DefaultAction | str, by: str = "person"
    ) -> None:
        """Commit a decision for the barrier that waits in `scope`; see `barriers.decide`."""
        await barriers.decide(self, scope, decision, by)

    @property
    def refusal(self) -> Exception | None:
        """Why the first of the decisions was refused that were; see `barriers.answer`."""
        return next(iter(self.refused.values()), None)

    def _capturing(self) -> AbstractContextManager[None]:
        return CAPTURING if self.capture else _PLAIN

    async def _cancellable(self, work: Any) -> Halt:
        """Let the token interrupt what is being awaited (SEMANTICS R5, R11)."""
        task = asyncio.current_task()
        assert task is not None, "a run is awaited in a task"
        loop = self.loop = task.get_loop()
        asked, over = 0, False

        def interrupt() -> None:
            nonlocal asked
            if not over:
                asked += 1
                task.cancel()

        def interrupt_soon() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it is over
                loop.call_soon_threadsafe(interrupt)

        self.cancelling = task.cancelling
        forget = self.token.heard_by(interrupt_soon)
        try:
            halt: Halt = await work
            return halt
        except (asyncio.CancelledError, KeyboardInterrupt):
            if self.token.is_cancelled:
                raise self.cancelled() from None
            if not self.token.interrupted:
                raise
            return Halt.STOPPED
        finally:
            over = True
            for _ in range(min(asked, task.cancelling())):
                task.uncancel()
            forget()

    # -- all the way -------------------------------------------------------------

    async def _drive(self, scope: Scope) -> Halt:
        """Move one level until it ends or cannot go on."""
        outermost = scope.parent is None
        while True:
            level = self.position if outermost else scope.level(self.position)
            move, site = next_move(scope, level)
            if site is None:
                return Halt.ENDED
            try:
                if move is RUN:
                    halt = self._may_start(scope, site, level)
                    if halt is None:
                        halt = await self.run_node(scope, level, site)
                elif move is ENTER or move is FAN:
                    halt = await self._through(scope, level, move, site)
                else:
                    halt = await self._take(scope, level, move, site)
            except RunError as error:
                if not await self.take_over(scope, site, error):
                    raise
                continue
            if halt is not None:
                return halt

    async def _through(self, scope: Scope, level: Position, move: Move, site: Site) -> Halt | None:
        """Drive what is inside a composite, then leave it."""
        halt = self._may_start(scope, site, level)
        if halt is not None:
            return halt
        whole = self.as_a_whole(scope, level, site)
        if whole is not None:
            return await self._replay_node(scope, level, site, whole)
        try:
            scope.inside(level)
        except EntryError as error:
            raise self._not_entered(error) from error.__cause__
        if move is Move.ENTER:
            halt = await self._drive(scope.child(site, level))
        else:
            halt = await self._fan(scope, level, site)
        if halt is not Halt.ENDED or self.stopping is not None:
            return Halt.STOPPED if halt is Halt.ENDED else halt
        leave = Move.EXIT if move is Move.ENTER else Move.JOIN
        await self.settle(scope, scope.level(self.position), leave, site)
        return None

    async def _fan(self, scope: Scope, level: Position, site: Site) -> Halt:
        """Drive all branches side by side; commits happen in the order they come."""
        fan = scope.inside(level)
        assert isinstance(fan, Fan)
        # branches that begin now have what is set here; others what was set in them before
        drive: Any = self._drive if level.inner is None else self._drive_on
        if isinstance(site.node, Map) and site.node.limit is not None:
            drive = bounded(drive, site.node.limit)
        tasks = {
            name: asyncio.ensure_future(drive(scope.child(site, level, name)))
            for name, branch in fan.branches.items()
            if branch.node is not None
        }
        if not tasks:
            return Halt.ENDED
        patient = site.node.on_error == "collect_all"
        until = asyncio.ALL_COMPLETED if patient else asyncio.FIRST_EXCEPTION
        try:
            _, rest = await asyncio.wait(tasks.values(), return_when=until)
            if rest:
                await self._cancel(rest)
        except asyncio.CancelledError:
            await self._cancel(tasks.values())
            raise
        failures = {
            name: task.exception()
            for name, task in tasks.items()
            if not task.cancelled() and task.exception() is not None
        }
        if failures:
            error = branch_failure(scope, self.position, site, failures, patient=patient)
            level = scope.level(self.position)
            if isinstance(error, RunError) and (self.last is None or not self.last.failed):
                # siblings have committed since: the run must be seen to stand at a failure
                error = self.failed(scope, level, site, error, self.clock.wall(), 0.0)
            raise error
        halts: list[Halt] = [task.result() for task in tasks.values()]
        return max(halts, key=PRECEDENCE.index)

    async def _drive_on(self, scope: Scope) -> Halt:
        self._set_variables(scope)
        return await self._drive(scope)

    async def _cancel(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        """Cancel branches and wait until each has let go of what it was doing."""
        tasks = list(tasks)
        self.leaving.update(tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.leaving.difference_update(tasks)


def _nobody() -> int:
    return 0
