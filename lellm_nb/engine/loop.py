"""The one loop: inline runs, sessions and the debugger all go through it."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Callable
from enum import Enum
from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine import commit
from lellm_nb.engine.commit import Committed
from lellm_nb.engine.context import Context
from lellm_nb.engine.perform import perform
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.spot import Move, find_spot, next_move
from lellm_nb.engine.token import CancellationToken
from lellm_nb.errors import (
    BarrierCancelledError,
    NodeExecutionError,
    NodeNotFoundError,
    RunCancelledError,
    RunError,
    StepsExceededError,
)
from lellm_nb.graph.decision import Approve, Decision, DefaultAction, Modify
from lellm_nb.graph.node import Barrier
from lellm_nb.record.frame import DecisionRecord, Detail, Frame, make_frame
from lellm_nb.record.position import Fan, Position, Waiting
from lellm_nb.record.sinks import BarrierSink, Cancelled, Decided, FrameInfo
from lellm_nb.state.state import value_at

__all__ = ["HOLD", "Halt", "Run"]

log = logging.getLogger("lellm_nb")


class Halt(Enum):
    """Why the loop came back without an error."""

    ENDED = "ended"
    HELD = "held"  # nothing can move without a decision
    STOPPED = "stopped"  # somebody asked
    LIMIT = "limit"  # one more node than allowed wants to run
    STEPPED = "stepped"  # one commit was made, as asked


class _Hold:
    """In place of a barrier sink: the run comes back instead of waiting."""


HOLD = _Hold()


class Run:
    """Moves a position on, one commit at a time.

    Attributes:
        position: Where the run stands; only this class writes it.
        stopping: Set it to anything to stop before the next node starts.
        limit: How many steps the root level may have in all; `None` is no limit.
        gate: Asked before a node starts; what it returns becomes `stopping`.
        watch: Told of every frame; what it returns becomes `stopping`.
    """

    def __init__(
        self,
        scope: Scope,
        position: Position,
        *,
        emit: Callable[[Frame], None] | None = None,
        sink: Any = None,
        barrier: BarrierSink | _Hold | None = None,
        callback: Any = None,
        stream: Any = None,
        token: CancellationToken | None = None,
        limit: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.scope = scope
        self.position = position
        self.emit = emit
        self.sink = sink
        self.barrier = barrier
        self.callback = callback
        self.stream = stream
        self.token = token or CancellationToken()
        self.limit = limit
        self.clock = clock or Clock()
        self.stopping: Any = None
        self.gate: Callable[[Scope, Site, Position], Any] | None = None
        self.watch: Callable[[Frame], Any] | None = None

    # -- going -----------------------------------------------------------------

    async def go(self) -> Halt:
        """Run until nothing moves any more, branches side by side.

        Raises:
            RunError: A node, an edge or the graph failed; the position is kept.
        """
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def cancel() -> None:
            if task is not None:
                loop.call_soon_threadsafe(task.cancel)

        forget = self.token.on_cancel(cancel)
        try:
            return await self._drive(self.scope)
        except asyncio.CancelledError:
            if not self.token.is_cancelled:
                raise
            if task is not None:
                task.uncancel()
            raise self._cancelled() from None
        finally:
            forget()

    async def step(self) -> Halt:
        """Make one commit, branches taken in turn.

        Raises:
            RunError: As for `go`.
        """
        spot = self._find()
        if spot.move is Move.ENDED:
            return Halt.ENDED
        assert spot.site is not None
        halt = await self._take(spot.scope, spot.level, spot.move, spot.site)
        return Halt.STEPPED if halt is None else halt

    def _find(self) -> Any:
        try:
            return find_spot(self.scope, self.position)
        except NodeNotFoundError as error:
            error.state = self.position.state
            raise

    async def _drive(self, scope: Scope) -> Halt:
        """Move one level until it ends or cannot go on."""
        while True:
            level = scope.level(self.position)
            move, site = next_move(scope, level)
            if site is None:
                return Halt.ENDED
            halt: Halt | None
            if move is Move.ENTER:
                halt = self._may_start(scope, site, level) or await self._drive(
                    scope.child(site, level)
                )
                if halt is Halt.ENDED:
                    halt = await self._take(scope, scope.level(self.position), Move.EXIT, site)
            elif move is Move.FAN:
                halt = self._may_start(scope, site, level) or await self._fan(scope, level, site)
                if halt is Halt.ENDED:
                    halt = await self._take(scope, scope.level(self.position), Move.JOIN, site)
            else:
                halt = await self._take(scope, level, move, site)
            if halt is not None:
                return halt

    async def _fan(self, scope: Scope, level: Position, site: Site) -> Halt:
        """Drive all branches side by side; commits happen in the order they come."""
        fan = scope.inside(level)
        assert isinstance(fan, Fan)
        tasks = [
            asyncio.ensure_future(self._drive(scope.child(site, level, name)))
            for name, branch in fan.branches.items()
            if branch.node is not None
        ]
        if not tasks:
            return Halt.ENDED
        try:
            halts = await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        return max(halts, key=_GRAVITY.index)

    # -- one step --------------------------------------------------------------

    async def _take(self, scope: Scope, level: Position, move: Move, site: Site) -> Halt | None:
        """Perform and commit one spot; `None` when it was committed."""
        if move is Move.RUN:
            halt = self._may_start(scope, site, level)
            return halt if halt is not None else await self._run_node(scope, level, site)
        if move is Move.DECIDE:
            return await self._wait(scope, level, site)
        if move is Move.WAIT:
            halt = self._may_start(scope, site, level)
            if halt is not None:
                return halt
        made = self.clock.wall()
        try:
            committed = self._settle(scope, level, move, site)
        except RunError as error:
            raise self._failed(scope, level, site, error, made, 0.0) from error.__cause__
        await self._commit(scope, committed, made, 0.0, None)
        return None

    def _settle(self, scope: Scope, level: Position, move: Move, site: Site) -> Committed:
        if move is Move.WAIT:
            return commit.commit_waiting(scope, site, level)
        if move is Move.ROUTE:
            return commit.commit_route(scope, site, level)
        inner = scope.inside(level)
        if isinstance(inner, Position):
            return commit.commit_exit(scope, site, level, inner)
        return commit.commit_join(scope, site, level, inner)

    def _may_start(self, scope: Scope, site: Site, level: Position) -> Halt | None:
        """Say what keeps a node from starting, if anything does.

        Raises:
            RunCancelledError: The run was cancelled.
            StepsExceededError: An inner level has had all its steps.
        """
        if self.stopping is not None:
            return Halt.STOPPED
        if self.token.is_cancelled:
            raise self._cancelled(site.place.path)
        if level.inner is not None:
            return None
        if scope.limit is not None and level.step >= scope.limit:
            error = StepsExceededError(
                scope.limit, path=site.place.path, state=scope.seen(level.data)
            )
            raise self._failed(scope, level, site, error, self.clock.wall(), 0.0)
        if self.limit is not None and scope.parent is None and level.step >= self.limit:
            return Halt.LIMIT
        if self.gate is not None:
            self.stopping = self.gate(scope, site, level)
            if self.stopping is not None:
                return Halt.STOPPED
        return None

    async def _run_node(self, scope: Scope, level: Position, site: Site) -> Halt | None:
        ctx = Context(self, scope, site, level)
        clock = self.clock
        if self.callback is not None:
            self.callback.on_node_start(site.place.path, level.step + 1)
        started = clock.wall()
        begun = clock.tick()
        failure: BaseException | None = None
        try:
            await perform(ctx, site.node)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if self.token.is_cancelled or (task is not None and task.cancelling()):
                raise
            failure = error
        except (GeneratorExit, MemoryError):
            raise
        except BaseException as error:
            failure = error
        duration = clock.tick() - begun
        if self.callback is not None:
            self.callback.on_node_end(site.place.path, level.step + 1, failure)
        if self.token.is_cancelled:
            raise self._cancelled(site.place.path)
        if failure is None:
            # the position may have moved in other branches: find our level in it again
            level = scope.level(self.position)
            try:
                committed = commit.commit_node(scope, site, level, ctx)
            except NodeNotFoundError as error:
                raise self._failed(scope, level, site, error, started, duration) from None
            except Exception as error:
                failure = error
        if failure is not None:
            state = scope.seen(level.data)
            failed = NodeExecutionError(site.place.path, failure, state=state)
            raise self._failed(scope, level, site, failed, started, duration, ctx) from failure
        await self._commit(scope, committed, started, duration, ctx)
        return None

    async def _commit(
        self,
        scope: Scope,
        done: Committed,
        started: float,
        duration: float,
        ctx: Context | None,
        decision: DecisionRecord | None = None,
    ) -> None:
        """Publish a commit: the position first, then everyone who wants to know."""
        level = done.level
        self.position = root = scope.replaced(self.position, level)
        detail = None
        if done.error is not None or decision is not None:
            detail = Detail(error=done.error, decision=decision)
        if ctx is not None and (ctx.stream or ctx.cost or ctx.side_effects or ctx.output):
            detail = detail or Detail()
            detail.stream = tuple(ctx.stream or ())
            detail.cost = ctx.cost
            detail.side_effects = ctx.side_effects
            detail.output = ctx.output
        frame = make_frame(
            done.place,
            done.kind,
            done.visit,
            root,
            level,
            done.mutations,
            done.route,
            started,
            duration,
            detail,
        )
        if self.emit is not None:
            self.emit(frame)
        if self.sink is not None and done.kind != "route":
            await self._tell_sink(frame)
        if self.watch is not None and self.stopping is None:
            self.stopping = self.watch(frame)
        if done.error is not None:
            raise done.error

    def _failed(
        self,
        scope: Scope,
        level: Position,
        site: Site,
        error: RunError,
        started: float,
        duration: float,
        ctx: Context | None = None,
    ) -> RunError:
        """Record a failure: an error frame with the position unchanged (SEMANTICS R3)."""
        if error.state is None:
            error.state = scope.seen(level.data)
        if self.emit is not None:
            visit = level.visits.count(site.name, level.step) + 1
            detail = Detail(error=error, output=ctx.output if ctx is not None else "")
            self.emit(
                make_frame(
                    site.place,
                    "error",
                    visit,
                    self.position,
                    level,
                    (),
                    None,
                    started,
                    duration,
                    detail,
                )
            )
        return error

    async def _tell_sink(self, frame: Frame) -> None:
        info = FrameInfo(frame.node, frame.cursor, frame.graph_id, frame.path, frame)
        try:
            told = self.sink.on_checkpoint(frame.state, info)
            if told is not None:
                await told
        except Exception:
            log.exception("checkpoint sink %r failed at %s; it is off now", self.sink, frame.path)
            self.sink = None

    def on_chunk(self, site: Site, chunk: Any) -> None:
        """Pass a stream chunk on; a sink that fails is switched off."""
        if self.stream is None:
            return
        try:
            self.stream.emit(chunk)
        except Exception:
            log.exception("stream sink %r failed at %s; it is off now", self.stream, site.name)
            self.stream = None

    def _cancelled(self, path: str = "") -> RunCancelledError:
        return RunCancelledError(path=path or self.position.node or "", state=self.position.state)

    # -- barriers --------------------------------------------------------------

    async def _wait(self, scope: Scope, level: Position, site: Site) -> Halt | None:
        """Get a decision for a waiting level, and commit it."""
        hold = level.hold
        assert isinstance(hold, Waiting)
        if isinstance(self.barrier, _Hold):
            return Halt.HELD
        if self.token.is_cancelled:
            raise self._cancelled(hold.path)
        if self.barrier is None:
            warnings.warn(
                f"Barrier {hold.barrier_id!r} was approved by itself, because the run has no"
                " barrier sink; pass barrier=….",
                stacklevel=2,
            )
            await self.decide(scope, Approve(), by="no sink")
            return None
        try:
            outcome = await self.barrier.wait_decision(hold.barrier_id, hold.timeout)
        except asyncio.CancelledError:
            if self.token.is_cancelled:
                raise
            raise BarrierCancelledError(hold.path, state=scope.seen(level.data)) from None
        if self.token.is_cancelled:
            raise self._cancelled(hold.path)
        if isinstance(outcome, Cancelled):
            raise BarrierCancelledError(hold.path, state=scope.seen(level.data))
        if isinstance(outcome, Decided):
            try:
                await self.decide(scope, outcome.decision)
            except NodeNotFoundError as error:
                log.warning("%s; barrier %s goes on waiting", error, hold.barrier_id)
        else:
            default = _default_of(site)
            await self.decide(scope, default, by="timeout")
        return None

    async def decide(
        self, scope: Scope, decision: Decision | DefaultAction, by: str = "person"
    ) -> None:
        """Commit a decision for the barrier that waits in `scope`.

        Raises:
            NodeNotFoundError: A reroute leads nowhere; the barrier goes on waiting.
            StateError: A value to be modified is not there; the barrier goes on waiting.
        """
        level = scope.level(self.position)
        hold = level.hold
        assert isinstance(hold, Waiting)
        site = scope.site(level.node or "")
        decision = _as_decision(decision, by)
        committed = commit.commit_decision(scope, site, level, decision)
        now = self.clock.wall()
        shown = decision if not isinstance(decision, DefaultAction) else decision.value
        proposed = effective = None
        if isinstance(decision, Modify):
            path = decision.key if isinstance(decision.key, tuple) else (decision.key,)
            proposed = value_at(scope.seen(level.data), path, None)
            effective = decision.value
        record = DecisionRecord(hold.barrier_id, shown, by, now, proposed, effective)
        await self._commit(scope, committed, now, 0.0, None, record)


_GRAVITY = [Halt.ENDED, Halt.HELD, Halt.LIMIT, Halt.STOPPED]


def _default_of(site: Site) -> DefaultAction:
    return site.node.default_action if isinstance(site.node, Barrier) else DefaultAction.REJECT


def _as_decision(decision: Decision | DefaultAction, by: str) -> Decision | DefaultAction:
    from lellm_nb.graph.decision import Reject

    if decision is DefaultAction.APPROVE:
        return Approve()
    if decision is DefaultAction.REJECT:
        return Reject(by)
    return decision
