"""Making a step known: the position first, then its frame, then everyone who wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine import commit
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.committed import Committed
from lellm_nb.engine.error_routes import error_route, taker_of
from lellm_nb.engine.publishing.publisher import Publisher
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import RunCancelledError, RunError
from lellm_nb.record.events import NodeRetry
from lellm_nb.record.frame import DecisionRecord, Detail, Frame, make_frame
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import Position

__all__ = ["RunRecord"]


class RunRecord:
    """What a `Run` does once a step is over, well or badly.

    Attributes:
        position: Where the run stands; only this class writes it.
        emit: Given every frame, failures included; the history.
        publisher: The sinks, or `None` where there are none.
        last: The frame made last.
        watch, watch_failures: Told of every frame, or failure; what they return is `stopping`,
            or stands `beside` it.
    """

    position: Position
    emit: Callable[[Frame], None] | None
    publisher: Publisher | None
    token: CancellationToken
    clock: Clock
    stopping: Any
    last: Frame | None = None
    watch: Callable[[Frame], Any] | None
    watch_failures: Callable[[Frame], Any] | None = None
    beside: list[Any]

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
        if self.watch is not None and (found := self.watch(frame)) is not None:
            self._watched(found)
        if done.error is not None:
            raise done.error

    def _watched(self, found: Any) -> None:
        if self.stopping is None:
            self.stopping = found
        elif found is not None:
            self.beside.append(found)

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
        root = level if scope.parent is None else scope.replaced(self.position, level)
        self.position = root
        error = error or done.error
        detail = None
        if outcome is not None and outcome.has_detail():
            detail = Detail.of(outcome, error, decision)
        elif error is not None or decision is not None:
            attempts, calls = ((), ()) if error is None else (error.attempts, error.calls)
            detail = Detail(error=error, decision=decision, attempts=attempts, calls=calls)
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
        self.last = frame  # `_take_note`, without the call
        if self.emit is not None:
            self.emit(frame)
        return frame

    def abandon(self) -> None:
        """Give the run up while it is somewhere that nobody can end: it makes no frame any more."""
        self.emit = self._refuse

    def _refuse(self, _: Frame) -> None:
        raise self.cancelled()

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
        if outcome is not None and outcome.calls:
            error.calls = outcome.calls
        if taker_of(scope, site.name, error) is not None:
            return error
        detail = Detail.of(outcome, error) if outcome is not None else Detail(error=error)
        visit = error.visit
        frame = make_frame(
            *(site.place, "error", visit, self.position, level, (), None),
            *(started, duration, detail),
        )
        frame.parent = self.last  # where a history keeps it, that says so itself
        self._take_note(frame)
        if self.publisher is not None:
            self.publisher.failed(frame)
        if self.watch_failures is not None:
            self._watched(self.watch_failures(frame))
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

    def on_retry(self, event: NodeRetry, tries: int) -> None:
        """Tell that a node is tried again after a pause.

        Args:
            tries: How often it is tried in all.
        """
        if self.publisher is not None:
            self.publisher.retrying(event)

    def on_chunk(self, site: Site, chunk: Any) -> None:
        """Pass a stream chunk on."""
        if self.publisher is not None:
            self.publisher.chunk(site, chunk)
