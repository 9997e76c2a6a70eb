"""How a run is to go on, what may stop it, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lellm_nb.calls.tape import Tape
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.halt import Halt
from lellm_nb.record.events import NodeRetry
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.outcome import Outcome
from lellm_nb.session.moves import NextMove, Recorded

__all__ = ["Controls", "Plan", "Went"]


@dataclass(eq=False, repr=False)
class Controls:
    """How a run is to go on, and what may stop it.

    Attributes:
        one: Whether to come back after one commit, branches taken in turn.
        max_steps: How many more steps the root level may take.
        gates: What is asked before a node starts, by the node's path without visits; what it
            returns becomes `stopping`. The move that it is given is good until it returns.
        watch: Told of every frame but failures; what it returns becomes `stopping`.
        watch_failures: The same for failures.
        look_up: Gives the outcome of a node in place of running it; `LIVE` runs it, `None`
            pauses there.
        decided: Gives a barrier's recorded decision, or `None`.
        replaying: Whether a decision that is not recorded pauses the run, too.
        barrier: A `BarrierSink` to ask at barriers; without one the run comes back there.
        token: Cancels what is in flight.
        on_chunk: Told of every chunk that a node emits: its path, and the chunk.
        on_retry: Told of every `NodeRetry`, and how often the node is tried in all, 0 where nobody
            says.
        share: Draws how much of a pause a node with jitter waits, from 0 to 1: of its path, its
            visit, and the number of the attempt that follows.
        tapes: Opens where the calls of a node are taken down: it is asked at a node's first one,
            and what stops inside of a call becomes `stopping`.
        executor: Where plain tasks of branches are performed that name none of their own.
        capture: Whether what nodes print, log and display goes into their frames.
        cell: The context variables of whoever asked for this; nodes' own come on top of them.
        stopping: What made it stop; `None` while nothing did.
        beside: What `watch` and `watch_failures` returned of frames that were in flight then.
        refused: Set by the engine: why a decision was refused, where a barrier goes on waiting
            for that (SEMANTICS B9).
    """

    one: bool = False
    max_steps: int | None = None
    gates: Mapping[str, Callable[[NextMove], Any]] | None = None
    watch: Callable[[Frame], Any] | None = None
    watch_failures: Callable[[Frame], Any] | None = None
    look_up: Callable[[NextMove], Outcome | None] | None = None
    decided: Callable[[str], DecisionRecord | None] | None = None
    replaying: bool = False
    barrier: Any = None
    token: CancellationToken | None = None
    on_chunk: Callable[[str, Any], None] | None = None
    on_retry: Callable[[NodeRetry, int], None] | None = None
    share: Callable[[str, int, int], float] | None = None
    tapes: Callable[[NextMove], Tape | None] | None = None
    executor: Executor | None = None
    capture: bool = False
    cell: Context | None = None
    stopping: Any = None
    beside: list[Any] = field(default_factory=list)
    refused: Exception | None = None
    on_stop: Callable[[Any], None] = field(default=lambda why: None, repr=False)
    """Set by the engine: how it hears that somebody asked to stop."""
    on_abandon: Callable[[], None] = field(default=lambda: None, repr=False)
    """Set by the engine: how it hears that nothing of this run counts any more."""

    @classmethod
    def replay(cls, recorded: Recorded, **options: Any) -> Controls:
        """Return controls that look everything up: no node runs, and nobody is asked (R10)."""
        return cls(
            look_up=lambda move: recorded.outcome(move.path, move.visit),
            decided=recorded.decision,
            replaying=True,
            **options,
        )

    def stop(self, why: Any) -> None:
        """Ask the run to stop before the next node starts; from any thread."""
        if self.stopping is None:
            self.stopping = why
            self.on_stop(why)

    def tell(self, frame: Frame) -> None:
        """Have those look at a frame who watch; the first that finds something stops the run."""
        watch = self.watch_failures if frame.failed else self.watch
        if watch is not None:
            self.note(watch(frame))

    def note(self, found: Any) -> None:
        """Take note of what stops the run, or of what would have if nothing had before."""
        if self.stopping is None:
            self.stopping = found
        elif found is not None:
            self.beside.append(found)

    def abandon(self) -> None:
        """Have whatever the run still does reach nobody: its thread was given up."""
        self.on_abandon()


class Plan(NamedTuple):
    """How a run is to go on where nobody can be asked; all of it can be sent there.

    Attributes:
        max_steps: How many steps the root level may take.
        watch: As in `Controls`.
        look_up: As in `Controls`; its attribute `asked` says that it held for a person.
    """

    max_steps: int
    watch: Callable[[Frame], Any] | None = None
    look_up: Callable[[NextMove], Outcome | None] | None = None


class Went(NamedTuple):
    """How a run that was alone went.

    Attributes:
        halt: Why it came back; `None` where it failed.
        error: What it failed with.
        stopping: What `watch` returned, if that is why.
        held: Whether a person would have to decide.
        frames: What it committed.
    """

    halt: Halt | None
    error: Exception | None
    stopping: Any
    held: bool
    frames: list[Frame]
