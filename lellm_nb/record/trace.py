"""A run's trace: enough to see, fold and audit it (SEMANTICS C8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from lellm_nb.arguments import whole
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.errors.error_words import error_words
from lellm_nb.ids import TraceId, new_trace_id
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.state.mutation import Mutation, apply
from lellm_nb.state.state import keep, view

if TYPE_CHECKING:
    import pandas

__all__ = ["ExecutionTrace", "MemoryTraceSink", "TraceEntry", "TraceSink", "execution_table"]


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One step: when it ran (seconds since the epoch), and how it ended.

    Attributes:
        step: Its level's cursor.
        node: Its path.
        mutations: What it wrote, at the root level only; inner writes come with the exit.
    """

    step: int
    node: str
    start: float
    end: float
    success: bool
    error: str | None
    mutations: tuple[Mutation, ...] = ()


@dataclass(frozen=True, slots=True)
class ExecutionTrace:
    """What a trace sink has kept.

    The fold of the entries' mutations over the initial state is the final state.
    """

    trace_id: TraceId
    initial_state: Any
    entries: tuple[TraceEntry, ...]
    barrier_decisions: tuple[DecisionRecord, ...]

    @property
    def mutations(self) -> list[Mutation]:
        """All root-level mutations, in order."""
        return [m for entry in self.entries for m in entry.mutations]

    @property
    def final_state(self) -> Any:
        """The fold of the mutations over the initial state."""
        return view(apply(keep(self.initial_state), self.mutations))

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per step: step, path, node, changed_keys, start, duration, success, error.

        `changed_keys` are those of the root's state, `start` is in UTC and `duration` in seconds.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
            >>> trace = g.run({}, trace=MemoryTraceSink()).trace
            >>> trace.to_pandas()[["step", "path", "changed_keys", "success"]]
               step path changed_keys  success
            0     1    a            n     True
        """
        from lellm_nb.debug.history.log_table import trace_table

        return trace_table(self.entries)

    def to_json(self, redact: Any = None) -> Any:
        """Return it as JSON data, which `from_json` reads; see `lellm_nb.to_json`.

        Args:
            redact: A `Redactor` that says what is secret; API keys by default.
        """
        from lellm_nb.records.json_form import to_json

        return to_json(self, redact)

    @classmethod
    def from_json(cls, form: Any) -> ExecutionTrace:
        """Return the trace of what `to_json` returned.

        Raises:
            CorruptedCheckpointError: It is no such data.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
            >>> trace = g.run({}, trace=MemoryTraceSink()).trace
            >>> ExecutionTrace.from_json(trace.to_json()) == trace
            True
        """
        from lellm_nb.records.json_form import from_json

        found = from_json(form)
        if not isinstance(found, cls):
            raise CorruptedCheckpointError("This is the data of another record, not of a trace.")
        return found


@runtime_checkable
class TraceSink(Protocol):
    """Told of a run's start and of every frame, failures included.

    One that has a method ``on_retry(event)`` is told of every `NodeRetry` as well.
    """

    def on_start(self, trace_id: TraceId, state: Any) -> None:
        """A run begins with this root state."""

    def on_frame(self, frame: Frame) -> None:
        """A step was committed, or failed."""


class MemoryTraceSink:
    """Keeps the newest steps in a ring; one that drops out is folded into the initial state.

    Args:
        most: How many steps are kept.
    """

    def __init__(self, most: int = 10_000) -> None:
        self.most = whole(most, "most", CheckpointStoreError, least=1)
        self._trace_id = new_trace_id()
        self._initial: Any = {}
        self._entries: deque[TraceEntry] = deque()
        self._decisions: deque[DecisionRecord] = deque(maxlen=most)

    def on_start(self, trace_id: TraceId, state: Any) -> None:
        """Begin a new trace."""
        self._trace_id = trace_id
        self._initial = keep(state)
        self._entries.clear()
        self._decisions.clear()

    def on_frame(self, frame: Frame) -> None:
        """Keep a step."""
        outer = frame.level is frame.position
        failure = None if frame.error is None else error_words(frame.error)
        self._entries.append(
            TraceEntry(
                frame.cursor,
                frame.path,
                frame.started,
                frame.started + frame.duration,
                failure is None,
                failure,
                tuple(frame.mutations) if outer else (),
            )
        )
        if frame.decision is not None:
            self._decisions.append(frame.decision)
        while len(self._entries) > self.most:
            self._initial = apply(self._initial, self._entries.popleft().mutations)

    @property
    def trace(self) -> ExecutionTrace:
        """What is kept, as a value."""
        initial = view(self._initial)
        return ExecutionTrace(self._trace_id, initial, tuple(self._entries), tuple(self._decisions))


def execution_table(entries: Sequence[Any]) -> pandas.DataFrame:
    """Return the entries of a result's log as rows; see `GraphResult.to_pandas`."""
    from lellm_nb.debug.history import log_table

    return log_table.execution_table(entries)
