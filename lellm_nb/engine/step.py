"""One step: perform a spot, commit it, and say so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine import commit
from lellm_nb.engine.branches import JoinChoice, leave
from lellm_nb.engine.cancellation import CancellationToken, being_cancelled
from lellm_nb.engine.commit import Committed
from lellm_nb.engine.context import Context, record_returned
from lellm_nb.engine.error_routes import error_route, taker_of
from lellm_nb.engine.halt import Halt, Hold
from lellm_nb.engine.output_capture import RUNNING, OutputCapture
from lellm_nb.engine.perform import Attempt, Lookup, perform_patiently
from lellm_nb.engine.publisher import Publisher
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.spot import Move
from lellm_nb.errors import NodeExecutionError, NodeNotFoundError, RunCancelledError, RunError
from lellm_nb.record.frame import DecisionRecord, Detail, Frame, make_frame
from lellm_nb.record.outcome import LIVE, Outcome
from lellm_nb.record.position import Position
from lellm_nb.record.sinks import BarrierSink

__all__ = ["RunStep"]


class RunStep:
    """What a `Run` does at one spot.

    Attributes:
        position: Where the run stands; only this class writes it.
        emit: Given every frame, failures included; the history.
        publisher: The sinks, or `None` where there are none.
        recorded: Where outcomes are looked up instead of running nodes, or `None`.
        last: The frame made last.
        capture: Whether what nodes print, log and display goes into their frames.
        watch, watch_failures: Told of every frame, or failure; what they return is `stopping`.
        barrier: A `BarrierSink`, `HOLD`, or `None` to approve in the open.
        decided: Where recorded decisions are looked up by barrier id, or `None`.
        replaying: Whether everything is looked up: a decision that is not there is missing.
    """

    scope: Scope
    position: Position
    emit: Callable[[Frame], None] | None
    publisher: Publisher | None
    token: CancellationToken
    clock: Clock
    stopping: Any
    recorded: Lookup | None
    capture: bool = False
    last: Frame | None = None
    watch: Callable[[Frame], Any] | None
    watch_failures: Callable[[Frame], Any] | None = None
    barrier: BarrierSink | Hold | None
    decided: Callable[[str], DecisionRecord | None] | None
    replaying: bool = False

    async def run_node(self, scope: Scope, level: Position, site: Site) -> Halt | None:
        """Run a node, or look its outcome up, and commit it.

        Raises:
            RunError: It failed; the position is unchanged.
        """
        if self.recorded is not None:
            outcome = self.recorded(scope, site, level)
            if outcome is not LIVE:
                return await self._replay_node(scope, level, site, outcome)
        ctx = Context(self, scope, site, level)
        clock, publisher = self.clock, self.publisher
        if publisher is not None:
            publisher.node_started(site, level)
        attempts: list[Attempt] | None = None
        failure: BaseException | None = None
        catch = OutputCapture() if self.capture else None
        before = RUNNING.set(catch) if catch is not None else None
        started = clock.wall()
        begun = clock.tick()
        try:
            if site.inline:
                # what `perform` does, without a coroutine of its own for every node
                returned = site.call(ctx)
                if returned is not None:
                    kind = type(returned)
                    if kind is CoroutineType or (
                        kind is not dict and isinstance(returned, Awaitable)
                    ):
                        returned = await returned
                    if returned is not None:
                        record_returned(ctx, returned)
            else:
                attempts = []
                ctx = await self._patiently(scope, level, site, attempts)
        except asyncio.CancelledError as error:
            if self.token.is_cancelled or being_cancelled():
                raise
            failure = error  # the node cancelled itself: a failure like any other
        except GeneratorExit:
            raise
        except BaseException as error:
            failure = error
        duration = clock.tick() - begun
        if catch is not None and before is not None:
            # left set, it would swallow what the engine and the next test print
            RUNNING.reset(before)
            catch.closed = True
            if catch.parts:
                ctx.output = catch.text
                ctx.displayed = tuple(catch.displayed)
        if publisher is not None:
            publisher.node_ended(site, level, duration, failure)
        if self.token.is_cancelled:
            raise self.cancelled(site.place.path)
        if scope.threaded and being_cancelled():
            raise asyncio.CancelledError  # the node swallowed it: given up all the same
        if attempts:
            ctx.attempts = tuple(attempts)
        if site.side_effects:
            ctx.side_effects = True
        if failure is None:
            # the position may have moved in other branches: find our level in it again
            level = scope.level(self.position)
            try:
                committed = commit.commit_node(scope, site, level, ctx)
            except NodeNotFoundError as error:
                raise self.failed(scope, level, site, error, started, duration, ctx) from None
            except Exception as error:
                failure = error
        if failure is not None:
            state = scope.seen(level.data)
            failed = NodeExecutionError(site.place.path, failure, state=state)
            raise self.failed(scope, level, site, failed, started, duration, ctx) from failure
        frame = self._record(scope, committed, started, duration, ctx)
        if publisher is not None:
            await publisher.committed(frame)
        self._published(frame, committed)
        return None

    async def _patiently(
        self, scope: Scope, level: Position, site: Site, attempts: list[Attempt]
    ) -> Context:
        """Run a node that has retries or a limit, or that goes to a thread."""
        return await perform_patiently(
            lambda: Context(self, scope, site, level),
            site.node,
            attempts,
            self.clock,
            threaded=scope.threaded,
        )

    async def _replay_node(
        self, scope: Scope, level: Position, site: Site, outcome: Outcome | None
    ) -> Halt | None:
        """Commit a recorded outcome; where there is none, this level pauses (SEMANTICS R10)."""
        if outcome is None:
            return Halt.UNRECORDED
        now = self.clock.wall()
        if outcome.failure is not None:
            raise outcome.failure
        try:
            committed = commit.commit_node(scope, site, level, outcome)
        except Exception as error:
            state = scope.seen(level.data)
            failed = NodeExecutionError(site.place.path, error, state=state)
            raise self.failed(scope, level, site, failed, now, 0.0) from error
        await self.publish(scope, committed, now, 0.0, outcome)
        return None

    async def settle(
        self, scope: Scope, level: Position, move: Move, site: Site, how: JoinChoice | None = None
    ) -> None:
        """Commit a spot at which no user code runs: a barrier, a way out, an exit, a join.

        Raises:
            RunError: It could not be committed; the position is unchanged.
        """
        now, chosen = self.clock.wall(), None
        try:
            if move is Move.WAIT:
                done = commit.commit_waiting(scope, site, level)
            elif move is Move.ROUTE:
                done = commit.commit_route(scope, site, level)
            else:
                done, chosen = leave(scope, site, level, how, self.decided, now)
        except RunError as error:
            error.path = error.path or site.place.path
            error.node = error.node or site.name
            raise self.failed(scope, level, site, error, now, 0.0) from error.__cause__
        except Exception as error:
            state = scope.seen(level.data)
            failed = NodeExecutionError(site.place.path, error, state=state)
            raise self.failed(scope, level, site, failed, now, 0.0) from error
        await self.publish(scope, done, now, 0.0, None, chosen)

    async def publish(
        self,
        scope: Scope,
        done: Committed,
        started: float,
        duration: float,
        outcome: Outcome | None,
        decision: DecisionRecord | None = None,
        error: RunError | None = None,
    ) -> None:
        """Make a commit known: the position first, then everyone who wants to know.

        Raises:
            RunError: The commit is kept, but has no way out.
        """
        frame = self._record(scope, done, started, duration, outcome, decision, error)
        if self.publisher is not None:
            await self.publisher.committed(frame)
        self._published(frame, done)

    def _published(self, frame: Frame, done: Committed) -> None:
        if self.watch is not None and self.stopping is None:
            self.stopping = self.watch(frame)
        if done.error is not None:
            raise done.error

    def _record(
        self,
        scope: Scope,
        done: Committed,
        started: float,
        duration: float,
        outcome: Outcome | None,
        decision: DecisionRecord | None = None,
        error: RunError | None = None,
    ) -> Frame:
        """Take a commit over into the position, and make its frame."""
        level = done.level
        self.position = root = scope.replaced(self.position, level)
        error = error or done.error
        detail = None
        if outcome is not None and outcome.has_detail:
            detail = Detail.of(outcome, error, decision)
        elif error is not None or decision is not None:
            attempts = error.attempts if error is not None else ()
            detail = Detail(error=error, decision=decision, attempts=attempts)
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
        self._take_note(frame)
        return frame

    def _take_note(self, frame: Frame) -> None:
        self.last = frame
        if self.emit is not None:
            self.emit(frame)

    # -- failures --------------------------------------------------------------

    def failed(
        self,
        scope: Scope,
        level: Position,
        site: Site,
        error: RunError,
        started: float,
        duration: float,
        outcome: Outcome | None = None,
    ) -> RunError:
        """Note a failure and return it: an error frame with the position unchanged (R3).

        Where an error route will take it, its own frame comes then (R9).
        """
        if error.state is None:
            error.state = scope.seen(level.data)
        runs = level.hold is None  # else it ran before, and only its way out failed
        error.visit = level.visits.count(site.name, level.step) + runs
        error.attempts = outcome.attempts if outcome is not None else ()
        if taker_of(scope, site.name, error) is not None:
            return error
        detail = Detail.of(outcome, error) if outcome is not None else Detail(error=error)
        visit = error.visit
        frame = make_frame(
            *(site.place, "error", visit, self.position, level, (), None),
            *(started, duration, detail),
        )
        self._take_note(frame)
        if self.publisher is not None:
            self.publisher.failed(frame)
        if self.watch_failures is not None and self.stopping is None:
            self.stopping = self.watch_failures(frame)
        return error

    async def take_over(self, scope: Scope, site: Site, error: RunError) -> bool:
        """Take the error route of a node that failed, if it has one (SEMANTICS R9)."""
        target = error_route(scope, site.name, error)
        if target is None:
            return False
        level = scope.level(self.position)
        done = commit.commit_error(scope, site, level, target, error)
        await self.publish(scope, done, self.clock.wall(), 0.0, None, error=error)
        return True

    def cancelled(self, path: str = "") -> RunCancelledError:
        """Return the error of a cancelled run."""
        return RunCancelledError(path=path or self.position.node or "", state=self.position.state)

    def on_chunk(self, site: Site, chunk: Any) -> None:
        """Pass a stream chunk on."""
        if self.publisher is not None:
            self.publisher.chunk(site, chunk)
