"""The one loop: inline runs, sessions and the debugger all go through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine.answering import HOLD, Answering, Hold
from lellm_nb.engine.capture import capturing, prepare_thread
from lellm_nb.engine.collector import collecting_less
from lellm_nb.engine.halt import GRAVITY, Halt
from lellm_nb.engine.publish import Publisher
from lellm_nb.engine.scope import EntryError, Scope, Site
from lellm_nb.engine.spot import Move, Spot, find_spot, next_move
from lellm_nb.engine.taking import Lookup
from lellm_nb.engine.token import CancellationToken
from lellm_nb.errors import (
    MergeConflictError,
    NodeExecutionError,
    NodeNotFoundError,
    ParallelError,
    RunCancelledError,
    RunError,
    StepsExceededError,
)
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.sinks import BarrierSink
from lellm_nb.state.merge import BranchResult
from lellm_nb.state.mutation import apply
from lellm_nb.state.state import view

__all__ = ["HOLD", "Halt", "Run"]


class Run(Answering):
    """Moves a position on, one commit at a time.

    Attributes:
        stopping: Set it to anything to stop before the next node starts.
        limit: How many steps the root level may have in all; `None` is no limit.
        doomed: When stepping: the levels that failed where they stand, by id, with why; the
            level is kept beside so that its id stays its own.
        gate: Asked before a node starts; what it returns becomes `stopping`.
    """

    def __init__(
        self,
        scope: Scope,
        position: Position,
        *,
        emit: Callable[[Frame], None] | None = None,
        tell: Publisher | None = None,
        barrier: BarrierSink | Hold | None = None,
        token: CancellationToken | None = None,
        limit: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.scope = scope
        self.position = position
        self.emit = emit
        self.tell = tell
        self.barrier = barrier
        self.token = token or CancellationToken()
        self.limit = limit
        self.clock = clock or Clock()
        self.stopping: Any = None
        self.doomed: dict[int, tuple[Position, RunError]] = {}
        self.gate: Callable[[Scope, Site, Position], Any] | None = None
        self.watch: Callable[[Frame], Any] | None = None
        self.recorded: Lookup | None = None
        self.decided: Callable[[str], DecisionRecord | None] | None = None

    async def go(self) -> Halt:
        """Run until nothing moves any more, branches side by side.

        The garbage collector's third threshold is raised meanwhile; see `collector`.

        Raises:
            RunError: A node, an edge or the graph failed; the position is kept.
        """
        with collecting_less(), self._capturing():
            return await self._cancellable(self._drive(self.scope))

    async def step(self) -> Halt:
        """Make one commit, branches taken in turn.

        Raises:
            RunError: As for `go`.
        """
        with self._capturing():
            return await self._cancellable(self._step())

    def _capturing(self) -> AbstractContextManager[None]:
        if not self.capture:
            return nullcontext()
        prepare_thread()
        return capturing()

    async def _cancellable(self, work: Any) -> Halt:
        """Let the token interrupt what is being awaited (SEMANTICS R5)."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        interrupted = False

        def interrupt() -> None:
            nonlocal interrupted
            if task is not None and not task.done():
                interrupted = True
                task.cancel()

        def interrupt_soon() -> None:
            loop.call_soon_threadsafe(interrupt)

        forget = self.token.on_cancel(interrupt_soon)
        try:
            halt: Halt = await work
            return halt
        except asyncio.CancelledError:
            if not self.token.is_cancelled:
                raise
            if interrupted and task is not None:
                task.uncancel()
            raise self.cancelled() from None
        finally:
            forget()

    # -- one commit --------------------------------------------------------------

    async def _step(self) -> Halt:
        while True:
            try:
                spot = self._find()
            except EntryError as error:
                site = error.scope.site(error.level.node or "")
                if await self._take_over_outwards(error.scope, site, error):
                    return Halt.STEPPED
                raise
            if spot.site is None:
                return Halt.ENDED
            try:
                halt = await self._take(spot.scope, spot.level, spot.move, spot.site)
            except RunError as error:
                scope, site, whole = spot.scope, spot.site, error
                fan = self._patient_fan(spot.scope)
                if fan is not None and await self._take_over_outwards(scope, site, error, fan[0]):
                    return Halt.STEPPED  # inside the branch
                if fan is not None and not isinstance(error, RunCancelledError):
                    before = self.last
                    self.doomed[id(spot.level)] = (spot.level, error)
                    if id(self._find().level) not in self.doomed:
                        # collect-all waits for the siblings (P3): they go first from now on
                        if self.last is before and before is not None and before.error is error:
                            raise
                        continue
                    scope, site, whole = self._failure_of(*fan)
                if not await self._take_over_outwards(scope, site, whole):
                    raise whole from whole.__cause__
                halt = None
            return Halt.STEPPED if halt is None else halt

    def _patient_fan(self, scope: Scope) -> tuple[Scope, Site] | None:
        """Return the innermost collect-all Parallel that a level is in a branch of."""
        at: Scope | None = scope
        while at is not None and at.parent is not None:
            if at.branch is not None:
                site = at.parent.site(at.parent.level(self.position).node or "")
                if site.node.on_error == "collect_all":
                    return at.parent, site
            at = at.parent
        return None

    def _failure_of(self, scope: Scope, site: Site) -> tuple[Scope, Site, RunError]:
        """Make the one failure of a collect-all Parallel whose branches cannot go on."""
        level = scope.level(self.position)
        fan = scope.inside(level)
        assert isinstance(fan, Fan)
        failures = {}
        for name, branch in fan.branches.items():
            if branch.node is not None:
                stuck = find_spot(scope.child(site, level, name), branch, self.doomed)
                if id(stuck.level) in self.doomed:
                    failures[name] = self.doomed[id(stuck.level)][1]
        error = self._branch_failure(scope, level, site, failures, True)
        assert isinstance(error, RunError)
        return scope, site, error

    def _find(self) -> Spot:
        try:
            return find_spot(self.scope, self.position, self.doomed)
        except NodeNotFoundError as error:
            error.state = self.position.state
            raise
        except EntryError as error:
            raise self._not_entered(error) from error.__cause__

    def _not_entered(self, error: EntryError) -> RunError:
        site = error.scope.site(error.level.node or "")
        return self.failed(error.scope, error.level, site, error, self.clock.wall(), 0.0)

    async def _take_over_outwards(
        self, scope: Scope, site: Site, error: RunError, end: Scope | None = None
    ) -> bool:
        """Take the innermost error route from `scope` outwards, as far as to below `end`."""
        at: Scope | None = scope
        while at is not end and at is not None:
            if await self.take_over(at, site, error):
                return True
            above = at.parent
            if above is not None:
                site = above.site(above.level(self.position).node or "")
            at = above
        return False

    async def _take(self, scope: Scope, level: Position, move: Move, site: Site) -> Halt | None:
        """Perform and commit one spot; `None` when it was committed."""
        if self.stopping is not None:
            return Halt.STOPPED
        if move is Move.DECIDE:
            return await self.answer(scope, level, site)
        if move is Move.RUN or move is Move.WAIT:
            halt = self._may_start(scope, site, level)
            if halt is not None:
                return halt
            if move is Move.RUN:
                return await self.run_node(scope, level, site)
        await self.settle(scope, level, move, site)
        return None

    def _may_start(self, scope: Scope, site: Site, level: Position) -> Halt | None:
        """Say what keeps a node from starting, if anything does.

        Raises:
            RunCancelledError: The run was cancelled.
            StepsExceededError: An inner level has had all its steps.
        """
        if self.stopping is not None:
            return Halt.STOPPED
        if self.token.is_cancelled:
            raise self.cancelled(site.place.path)
        if level.inner is not None:
            return None
        if scope.limit is not None and level.step >= scope.limit:
            state = scope.seen(level.data)
            error = StepsExceededError(scope.limit, path=site.place.path, state=state)
            raise self.failed(scope, level, site, error, self.clock.wall(), 0.0)
        if self.limit is not None and scope.parent is None and level.step >= self.limit:
            return Halt.LIMIT
        if self.gate is not None:
            self.stopping = self.gate(scope, site, level)
            if self.stopping is not None:
                return Halt.STOPPED
        return None

    # -- all the way -------------------------------------------------------------

    async def _drive(self, scope: Scope) -> Halt:
        """Move one level until it ends or cannot go on."""
        while True:
            level = scope.level(self.position)
            move, site = next_move(scope, level)
            if site is None:
                return Halt.ENDED
            try:
                if move is Move.ENTER or move is Move.FAN:
                    halt = await self._through(scope, level, move, site)
                elif move is Move.RUN:
                    halt = self._may_start(scope, site, level)
                    if halt is None:
                        halt = await self.run_node(scope, level, site)
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
        tasks = {
            name: asyncio.ensure_future(self._drive(scope.child(site, level, name)))
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
                await _cancel(rest)
        except asyncio.CancelledError:
            await _cancel(tasks.values())
            raise
        failures = {
            name: task.exception()
            for name, task in tasks.items()
            if not task.cancelled() and task.exception() is not None
        }
        if failures:
            error = self._branch_failure(scope, level, site, failures, patient)
            level = scope.level(self.position)
            if isinstance(error, RunError) and (self.last is None or not self.last.failed):
                # siblings have committed since: the run must be seen to stand at a failure
                error = self.failed(scope, level, site, error, self.clock.wall(), 0.0)
            raise error
        return max((task.result() for task in tasks.values()), key=GRAVITY.index)

    def _branch_failure(
        self, scope: Scope, level: Position, site: Site, failures: dict[str, Any], patient: bool
    ) -> BaseException:
        """Make one error of the branches' failures, in registration order (SEMANTICS P3)."""
        foreign = [e for e in failures.values() if not isinstance(e, RunError)]
        cancelled = [e for e in failures.values() if isinstance(e, RunCancelledError)]
        if foreign or cancelled:
            return (foreign or cancelled)[0]
        errors = [
            _named(f"{scope.child(site, level, name).prefix}{name}", error, scope, level)
            for name, error in failures.items()
        ]
        if not patient:
            return errors[0]
        state = self._state_of_good_branches(scope, site)
        return ParallelError(site.place.path, errors, state=state)

    def _state_of_good_branches(self, scope: Scope, site: Site) -> Any:
        level = scope.level(self.position)
        fan = scope.inside(level)
        assert isinstance(fan, Fan)
        good = [
            BranchResult(name, branch.wrote.since(0) if branch.wrote else (), branch.data)
            for name, branch in fan.branches.items()
            if branch.node is None
        ]
        try:
            return view(apply(level.data, site.node.merge.merge(level.data, good)))
        except MergeConflictError:
            return view(level.data)


async def _cancel(tasks: Any) -> None:
    """Cancel branches and wait until each has let go of what it was doing."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _named(path: str, error: RunError, scope: Scope, level: Position) -> RunError:
    """Return a branch's failure under the branch's own path."""
    if error.path == path:
        return error
    return NodeExecutionError(path, error, state=scope.seen(level.data))
