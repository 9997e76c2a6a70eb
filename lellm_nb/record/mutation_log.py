"""The mutation log: what was written, step by step, for audit and replay (SEMANTICS C7)."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from lellm_nb.arguments import refusal, text, whole
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.ids import CheckpointId, TraceId, new_trace_id
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys
from lellm_nb.record.log.entries import LogEntries
from lellm_nb.record.log.mutation_form import mutation_json, read_mutation
from lellm_nb.state.mutation import Mutation

__all__ = ["InMemoryMutationLog", "MutationLog", "MutationLogEntry", "entries_of", "mutation_json"]
__all__ += ["check_entries", "check_level"]


@dataclass(frozen=True, slots=True)
class MutationLogEntry:
    """One mutation.

    Attributes:
        trace_id: The run.
        step: Counts the run's commits, from 1.
        node_id: The path of the node.
        checkpoint_id: The checkpoint of that commit, where a sink kept it under an id.
        mutation_index: Its place within the step, from 0.
        mutation: Its JSON form; of a mutation itself that is made.
        timestamp: When it was committed, UTC.
        level: Whose state it wrote: empty for the root's, else the level inside which the node
            ran, ``agent#2`` for the second entry of ``agent``, ``checks|stock`` for a branch.
            What a subgraph wrote stands twice in a log: once inside, and once at the level
            around it when it was left.

    Raises:
        CheckpointStoreError: Step or index is no whole number, or the level no text; names it.
    """

    trace_id: TraceId
    step: int
    node_id: str
    checkpoint_id: CheckpointId | None
    mutation_index: int
    mutation: Any
    timestamp: datetime.datetime
    level: str = ""

    def __post_init__(self) -> None:
        if hasattr(self.mutation, "apply") or hasattr(self.mutation, "to_json"):
            object.__setattr__(self, "mutation", mutation_json(self.mutation))
        text(self.trace_id, "trace_id", CheckpointStoreError)
        whole(self.step, "step", CheckpointStoreError, least=1)
        whole(self.mutation_index, "mutation_index", CheckpointStoreError)
        when: Any = self.timestamp
        if not isinstance(when, datetime.datetime):
            raise refusal(when, "timestamp", "a datetime", CheckpointStoreError)
        if not isinstance(self.level, str):
            raise refusal(self.level, "level", "text", CheckpointStoreError)

    def to_mutation(self, reducers: Any = None) -> Mutation:
        """Return the mutation, with its value as it was written.

        Args:
            reducers: The graph's own reducers by key, where it has any that are not ready-made.

        Raises:
            StateError: It left a marker, or is one of a typed state's own.

        Example:
            >>> from lellm_nb import Put
            >>> now = datetime.datetime.now(datetime.UTC)
            >>> entry = MutationLogEntry(TraceId("t"), 1, "a", None, 0, Put("at", (1, 2)), now)
            >>> entry.mutation, entry.to_mutation()
            ({'Put': ['at', {'$': 'tuple', 'v': [1, 2]}]}, Put('at', (1, 2)))
        """
        return read_mutation(self.mutation, reducers)


@runtime_checkable
class MutationLog(Protocol):
    """Where mutations are kept; plain methods."""

    def append(self, entry: MutationLogEntry) -> None:
        """Keep one entry."""

    def append_batch(self, entries: Iterable[MutationLogEntry]) -> None:
        """Keep the entries of one commit, all or none."""

    def replay(
        self, trace_id: TraceId, from_step: int = 1, *, level: str | None = ""
    ) -> list[MutationLogEntry]:
        """Return a run's entries from a step on, inclusive, in order.

        Args:
            level: Those that wrote this level's state: the root's by default, whose fold is the
                state of the run. `None` is all of them, inner writes and what they became.
        """

    def truncate(self, trace_id: TraceId, keep_from_step: int) -> int:
        """Drop a run's entries before a step; return how many went."""

    def branch_after(self, trace_id: TraceId, step: int) -> TraceId:
        """Start a new run that has a run's entries up to a step, inclusive; return its id."""


class InMemoryMutationLog:
    """A mutation log that lives as long as the process.

    Example:
        >>> log = InMemoryMutationLog()
        >>> now = datetime.datetime.now(datetime.UTC)
        >>> for step in (1, 2, 3):
        ...     log.append(MutationLogEntry(TraceId("t"), step, "a", None, 0, {"Delete": "k"}, now))
        >>> [entry.step for entry in log.replay(TraceId("t"), from_step=2)]
        [2, 3]
        >>> log.truncate(TraceId("t"), keep_from_step=3), len(log)
        (2, 1)
    """

    def __init__(self) -> None:
        self._runs: dict[TraceId, list[MutationLogEntry]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return sum(map(len, self._runs.values()))

    def append(self, entry: MutationLogEntry) -> None:
        """Keep one entry."""
        self.append_batch((entry,))

    def append_batch(self, entries: Iterable[MutationLogEntry]) -> None:
        """Keep the entries of one commit.

        Raises:
            CheckpointStoreError: One is no entry; nothing is kept.
        """
        entries = check_entries(entries)
        with self._lock:
            for entry in entries:
                self._runs.setdefault(entry.trace_id, []).append(entry)

    def replay(
        self, trace_id: TraceId, from_step: int = 1, *, level: str | None = ""
    ) -> LogEntries:
        """Return a run's entries from a step on, inclusive, in order; also as a table.

        Args:
            level: Those that wrote this level's state: the root's by default, whose fold is the
                state of the run. `None` is all of them, inner writes and what they became.

        Raises:
            CheckpointStoreError: `from_step` is no whole number, or the level no text.
        """
        from_step = whole(from_step, "from_step", CheckpointStoreError)
        level = check_level(level)
        with self._lock:
            known = self._runs.get(trace_id, ())
            return LogEntries(e for e in known if e.step >= from_step and level in (None, e.level))

    def truncate(self, trace_id: TraceId, keep_from_step: int) -> int:
        """Drop a run's entries before a step; return how many went."""
        keep_from_step = whole(keep_from_step, "keep_from_step", CheckpointStoreError)
        with self._lock:
            entries = self._runs.get(trace_id, [])
            kept = [e for e in entries if e.step >= keep_from_step]
            self._runs[trace_id] = kept
            return len(entries) - len(kept)

    def branch_after(self, trace_id: TraceId, step: int) -> TraceId:
        """Start a new run that has a run's entries up to a step, inclusive; return its id."""
        step = whole(step, "step", CheckpointStoreError)
        branch = new_trace_id()
        with self._lock:
            entries = self._runs.get(trace_id, ())
            self._runs[branch] = [replace(e, trace_id=branch) for e in entries if e.step <= step]
        return branch


def check_entries(given: Iterable[MutationLogEntry]) -> list[MutationLogEntry]:
    """Return the entries of a batch, all of which are some.

    Raises:
        CheckpointStoreError: They are no list, or one is no entry.
    """
    if not isinstance(given, Iterable):
        raise refusal(given, "entries", "a list of MutationLogEntry", CheckpointStoreError)
    entries: list[Any] = list(given)
    for entry in entries:
        if not isinstance(entry, MutationLogEntry):
            raise refusal(entry, "entry", "a MutationLogEntry", CheckpointStoreError)
    return entries


def check_level(given: Any) -> str | None:
    """Return the level of a replay: a text, or `None` for all.

    Raises:
        CheckpointStoreError: It is neither.
    """
    if given is not None and not isinstance(given, str):
        wanted = "a level such as 'agent#2', '' for the root's, or None for all"
        raise refusal(given, "level", wanted, CheckpointStoreError)
    return given


def entries_of(
    frame: Frame,
    trace_id: TraceId,
    step: int,
    checkpoint_id: CheckpointId | None = None,
    keys: LevelKeys | None = None,
) -> list[MutationLogEntry]:
    """Return the log entries of one frame's commit.

    Args:
        keys: What finds the level of a frame; one for a whole run looks at each node once.
    """
    when = datetime.datetime.fromtimestamp(frame.started, datetime.UTC)
    level = (keys or LevelKeys()).of(frame)[1:]
    return [
        MutationLogEntry(
            trace_id, step, frame.path, checkpoint_id, i, mutation_json(m), when, level
        )
        for i, m in enumerate(frame.mutations)
    ]
