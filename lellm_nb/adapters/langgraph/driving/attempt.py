"""One attempt of a task, from the gate to its end, and what its frame has of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.adapters.langgraph.position.copies import GivenCopy
from lellm_nb.adapters.langgraph.position.level import PregelTask
from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.tape import Tape
from lellm_nb.engine.output_capture import RUNNING, OutputCapture, caught
from lellm_nb.engine.performing.perform import Attempt
from lellm_nb.errors import RunError
from lellm_nb.record.detail import Detail
from lellm_nb.record.events import NodeRetry
from lellm_nb.record.outcome import Outcome

__all__ = ["RunningTask", "detail_of"]


@dataclass(slots=True)
class RunningTask:
    """One attempt of a task, from the gate to its end.

    Attributes:
        task: Which task.
        started, begun: When it began: by the wall, and by the clock.
        capture: What it prints and displays.
        chunks: What it streams.
        given: What it was given in place of LangGraph's own values, by key.
        duration: How long it took, once it has ended.
        changed: The keys that it changed in place.
        attempts: The attempts before this one.
        pause: The seconds between the one before and this one.
        error: What it raised, once it has ended.
        outer: What runs around it, in the function of which it was called.
        over: Whether it has ended.
        outcome: What was looked up in place of running it, if it was.
        opens: Opens where its calls are taken down, or `None`.
        calls: Its calls, once it has ended.
    """

    task: PregelTask
    started: float
    begun: float
    capture: OutputCapture | None = None
    chunks: list[Any] = field(default_factory=list)
    given: dict[str, GivenCopy] = field(default_factory=dict)
    duration: float = 0.0
    changed: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    pause: float = 0.0
    error: BaseException | None = None
    outer: RunningTask | None = None
    over: bool = False
    outcome: Outcome | None = None
    opens: Callable[[], Tape | None] | None = None
    calls: tuple[Any, ...] = ()

    def captures(self, before: RunningTask | None, opens: Callable[[], Tape | None] | None) -> None:
        """Have taken down what it prints and displays, and its calls.

        Args:
            before: The attempt before this one in the same go: its calls are of the same run.
            opens: Opens where its calls are taken down.
        """
        made = self.capture = OutputCapture()
        made.outer = caught()
        made.opener, self.opens = self, opens
        if before is not None and before.tape is not None:
            made.tape = before.tape.reopened()
        RUNNING.set(made)

    def follows(
        self, before: RunningTask | None, told: Callable[[NodeRetry, int], None] | None
    ) -> None:
        """Be the attempt after one that failed in the same go: LangGraph tries the task again.

        Args:
            told: Is told of it now: LangGraph says neither before, nor how often it will try.
        """
        if before is None or before.error is None:
            return
        self.pause = max(0.0, self.begun - before.begun - before.duration)
        self.attempts = before.tries
        if told is not None:
            task, number = self.task, len(self.attempts) + 1
            told(NodeRetry(task.path, task.node, task.visit, number, before.error, self.pause), 0)

    @property
    def tries(self) -> tuple[Attempt, ...]:
        """The attempts up to this one."""
        number = len(self.attempts) + 1
        own = Attempt(number, self.started, self.duration, self.error, False, self.pause)
        return (*self.attempts, own)

    def open_tape(self) -> Tape | None:
        """Return where its calls are taken down; asked at its first one (CALLS.md, K1)."""
        return None if self.opens is None else self.opens()

    @property
    def tape(self) -> Tape | None:
        """Where its calls are taken down, once it made one."""
        return None if self.capture is None else self.capture.tape

    def ends(self, now: float, error: BaseException | None) -> CallStop | None:
        """Take note that it has ended: what it still does is late.

        Returns:
            The stop inside of a call by which it was left, if it was, whatever it made of that.
        """
        self.over, self.error = True, error
        self.duration = now - self.begun
        self.changed = tuple(key for key, given in self.given.items() if given.changed())
        self.given.clear()
        if self.capture is not None:
            self.capture.closed = True
        tape = self.tape
        if tape is None:
            return None
        self.calls = tape.close()
        return tape.stopped


def detail_of(run: RunningTask | None, error: RunError | None) -> Detail | None:
    """Return what only some frames have."""
    if run is None:
        return None if error is None else Detail(error=error)
    if run.outcome is not None:
        return Detail.of(run.outcome, error)
    capture, attempts = run.capture, run.tries if run.attempts else ()
    said = capture.text if capture is not None and capture.parts else ""
    shown = tuple(capture.displayed) if capture is not None else ()
    if run.changed:
        named = ", ".join(run.changed)
        said += f"[{run.task.node} changed its input in place ({named}): not applied]\n"
    if error is not None:
        error.attempts = attempts
        if run.calls:
            error.calls = run.calls
    if not (error or said or shown or run.chunks or attempts or run.calls):
        return None
    return Detail(
        error=error,
        output=said,
        displayed=shown,
        stream=tuple(run.chunks),
        attempts=attempts,
        calls=run.calls,
    )
