"""One step: perform a spot, and commit it."""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextvars import Context, copy_context
from functools import partial
from types import CoroutineType
from typing import Any

from lellm_nb.calls.tape import Tape
from lellm_nb.engine import commit
from lellm_nb.engine.cancellation import being_cancelled
from lellm_nb.engine.context import Context as NodeContext
from lellm_nb.engine.driving.drive import ESCAPED, apart, called_apart, driven, running_loop
from lellm_nb.engine.halt import Halt, Hold
from lellm_nb.engine.output_capture import RUNNING, OutputCapture
from lellm_nb.engine.parallel.branches import JoinChoice, leave
from lellm_nb.engine.performing.perform import Attempt, Lookup, PutOff, perform_patiently
from lellm_nb.engine.performing.returned import record_returned
from lellm_nb.engine.performing.stand_in import StandInSite
from lellm_nb.engine.run_record import RunRecord
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.spot import Move
from lellm_nb.engine.variables import Variables, apply_variables, chains, variables_after
from lellm_nb.errors import NodeNotFoundError, RunError
from lellm_nb.record.frame import DecisionRecord
from lellm_nb.record.outcome import LIVE, Outcome, StandIn
from lellm_nb.record.position import Position
from lellm_nb.record.sinks import BarrierSink

__all__ = ["RunStep"]


LEFT_BY = {"subgraph": "exit", "parallel": "join", "map": "join"}
"""The kind of the frame by which a composite is left."""


class RunStep(RunRecord):
    """What a `Run` does at one spot.

    Attributes:
        recorded: Where outcomes are looked up instead of running nodes, or `None`.
        capture: Whether what nodes print, log and display goes into their frames.
        barrier: A `BarrierSink`, `HOLD`, or `None` to approve in the open.
        decided: Where recorded decisions are looked up by barrier id, or `None`.
        replaying: Whether everything is looked up: a decision that is not there is missing.
        leaving: The tasks of branches that were asked to let go.
        cell: The context variables of whoever asked for the run, where it is a debugger's.
        variables: What nodes have set of them since, by the branch that they are in.
        variables_at: Gives the same for where the run began, or `None` where nothing was set.
        cancelling: Tells whether the task that the run is awaited in is being cancelled.
        tapes: Opens where the calls of a node are taken down, or `None`.
        executor: Where plain tasks of branches are performed that name none; `None` is in threads.
        sendable: By the prefix of branches, why they can't be sent to their executor, if so.
        share: Draws how much of a pause a node with jitter waits before it is tried again.
        refused: By barrier id, why a decision was refused at last: the barrier goes on waiting.
    """

    scope: Scope
    recorded: Lookup | None
    capture: bool = False
    barrier: BarrierSink | Hold | None
    decided: Callable[[str], DecisionRecord | None] | None
    replaying: bool = False
    leaving: set[Task[Any]]
    cancelling: Callable[[], int]
    cell: Context | None
    variables: dict[str, Variables]
    variables_at: Callable[[list[str]], Variables] | None
    tapes: Callable[[Scope, Site, Position], Any] | None = None
    executor: Executor | None = None
    share: Callable[[str, int, int], float]
    refused: dict[str, Exception]
    sendable: dict[str, Exception | None]
    doomed: dict[int, tuple[Position, RunError]]

    async def run_node(self, scope: Scope, level: Position, site: Site) -> Halt | None:
        """Run a node, or look its outcome up, and commit it.

        Raises:
            RunError: It failed; the position is unchanged.
            CancelledError: It was interrupted, or the run was cancelled.
        """
        if self.recorded is not None:
            outcome = self.recorded(scope, site, level)
            if type(outcome) is StandIn:
                site = StandInSite(scope, site, outcome.function)
            elif outcome is not LIVE:
                return await self._replay_node(scope, level, site, outcome)
        ctx = NodeContext(self, scope, site, level)
        clock, publisher = self.clock, self.publisher
        if publisher is not None:
            publisher.node_started(site, level)
        attempts: list[Attempt] | None = None
        failure: BaseException | None = None
        tape: Tape | None = None
        catch = OutputCapture() if self.capture else None
        if catch is not None:
            catch.opener = ctx
            before = RUNNING.set(catch)
            since = copy_context()
        started = clock.wall()
        begun = clock.tick()
        try:
            if site.inline:
                # what `perform` does, without a coroutine of its own for every node
                loop = None if site.waits else running_loop()
                returned = site.call(ctx) if loop is None else called_apart(loop, site.call, ctx)
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
                ctx, failure = await self._patiently(scope, level, site, attempts)
        except BaseException as error:
            failure = error
        duration = clock.tick() - begun
        if catch is not None:
            if copy_context() != since:
                self._note_variables(scope, since, ctx)
            # left set, it would swallow what the engine and the next test print
            RUNNING.reset(before)
            catch.closed = True
            if catch.used:
                tape = self._take_captured(catch, ctx)
        if (
            failure is not None
            or ESCAPED
            or (being_cancelled() if scope.threaded else self.cancelling())
        ):
            failure = await self._own_failure(scope, failure)
        if publisher is not None:
            publisher.node_ended(site, level, duration, failure)
        if self.token.is_cancelled:
            raise self.cancelled(site.place.path)
        if tape is not None:
            if tape.stopped is not None:  # whatever the node made of it
                self._watched(tape.stopped)
                return Halt.STOPPED
            tape.filed = not isinstance(failure, PutOff)
        if attempts:
            ctx.attempts = tuple(attempts)
            ctx.has_more = True
        if site.side_effects:
            site.mark(ctx)
        if failure is None:
            # the position may have moved in other branches: find our level in it again
            level = scope.level(self.position)
            try:
                committed = commit.commit_node(scope, site, level, ctx)
            except NodeNotFoundError as error:
                raise self.failed(scope, level, site, error, started, duration, ctx) from None
            except BaseException as error:
                failure = await self._own_failure(scope, error)
        if failure is not None:
            if isinstance(failure, PutOff):
                return Halt.STOPPED
            state = scope.seen(level.data)
            failed = site.failure(failure, state)
            raise self.failed(scope, level, site, failed, started, duration, ctx) from failure
        frame = self._record(scope, committed, started, duration, ctx)
        if publisher is not None:
            await publisher.committed(frame)
        self._published(frame, committed)
        return None

    def open_tape(self, scope: Scope, site: Site, level: Position) -> Any:
        """Return where a node's calls are taken down, `None` where nobody wants them."""
        return None if self.tapes is None else self.tapes(scope, site, level)

    def _take_captured(self, catch: OutputCapture, ctx: NodeContext) -> Tape | None:
        """Take over what a node said and asked; return where its calls were taken down."""
        if catch.parts:
            ctx.output = catch.text
            ctx.displayed = tuple(catch.displayed)
        tape = catch.tape
        if tape is not None:
            ctx.calls = tape.close()
            ctx.has_more = True
        return tape

    async def _patiently(
        self, scope: Scope, level: Position, site: Site, attempts: list[Attempt]
    ) -> tuple[NodeContext, BaseException | None]:
        """Run a node that has retries or a limit, or that goes to a thread."""
        begin = partial(NodeContext, self, scope, site, level)
        threaded = scope.threaded
        return await perform_patiently(self, site, level, begin, attempts, threaded=threaded)

    def _set_variables(self, scope: Scope) -> None:
        """Set the context variables that nodes before have set, where a level goes on."""
        if self.variables_at is not None and self.cell is not None:
            around = chains(scope)
            if around[0] not in self.variables:
                found = self.variables[around[0]] = self.variables_at(around)
                apply_variables(found, self.cell)

    def _note_variables(self, scope: Scope, since: Context, ctx: NodeContext) -> None:
        """Take note of context variables that a node has set."""
        if self.cell is not None:
            inside, *around = chains(scope)
            known = next((v for c in (inside, *around) if (v := self.variables.get(c))), {})
            found = variables_after(known, since, copy_context(), self.cell)
            self.variables[inside] = found
            ctx.variables = (inside, found)

    async def _own_failure(
        self, scope: Scope, failure: BaseException | None
    ) -> BaseException | None:
        """Return what a node failed with: what it raised, and what it did to its own task.

        Raises:
            CancelledError: It is nobody's failure: the run was cancelled or interrupted.
        """
        token, task = self.token, asyncio.current_task()
        if isinstance(failure, KeyboardInterrupt) and token.interrupted:
            raise asyncio.CancelledError from failure
        if isinstance(failure, asyncio.CancelledError) and (
            token.is_cancelled or token.interrupted
        ):
            raise failure
        if task is None:  # the run is thrown away where it stands
            raise failure or GeneratorExit
        if task.cancelling():
            if task in self.leaving:
                raise asyncio.CancelledError from failure  # swallowed or not: given up
            if not (driven(task) or scope.threaded):
                if isinstance(failure, asyncio.CancelledError):
                    raise failure  # whoever awaits the run cancelled it
                return failure
            failure = await _absorbed(task, failure)
        escaped = ESCAPED.pop(task.get_loop(), None)
        return escaped[0] if escaped and failure is None else failure

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
            failed = site.failure(error, scope.seen(level.data))
            raise self.failed(scope, level, site, failed, now, 0.0) from error
        if site.kind in LEFT_BY:
            committed.kind = LEFT_BY[site.kind]
        await self.publish(scope, committed, now, 0.0, outcome)
        return None

    def as_a_whole(self, scope: Scope, level: Position, site: Site) -> Outcome | None:
        """Return the outcome of a composite that is not entered; `None` where it is to be.

        What is inside of it is looked up for itself, unless somebody fixed the outcome of all.
        """
        if self.recorded is None or level.inner is not None or site.kind not in LEFT_BY:
            return None
        outcome = self.recorded(scope, site, level)
        return None if outcome is LIVE or type(outcome) is StandIn else outcome

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
                done, chosen = apart(leave, scope, site, level, how, self.decided, now)
        except RunError as error:
            error.path = error.path or site.place.path
            error.node = error.node or site.name
            raise self.failed(scope, level, site, error, now, 0.0) from error.__cause__
        except BaseException as error:
            failure = await self._own_failure(scope, error)
            assert failure is not None
            state = scope.seen(level.data)
            failed = site.failure(failure, state)
            raise self.failed(scope, level, site, failed, now, 0.0) from failure
        await self.publish(scope, done, now, 0.0, None, chosen)


async def _absorbed(task: Task[Any], failure: BaseException | None) -> BaseException:
    """Take back that a node cancelled the task it runs in; what comes after it is not meant."""
    while task.cancelling():
        task.uncancel()
    if not isinstance(failure, asyncio.CancelledError):
        try:
            await asyncio.sleep(0)  # nothing was awaited since: it is still to come
        except asyncio.CancelledError as met:
            failure = failure or met
    return failure or asyncio.CancelledError()
