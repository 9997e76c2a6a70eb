"""The mutation log: what was written, step by step, for audit and replay (SEMANTICS C7)."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from lellm_nb.arguments import refusal, text, whole
from lellm_nb.errors import CheckpointStoreError, path_text
from lellm_nb.errors.safe_text import safe_repr, safe_str
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.frame import Frame

__all__ = ["InMemoryMutationLog", "MutationLog", "MutationLogEntry", "entries_of", "mutation_json"]
__all__ += ["check_entries"]


@dataclass(frozen=True, slots=True)
class MutationLogEntry:
    """One mutation.

    Attributes:
        trace_id: The run.
        step: Counts the run's commits, from 1.
        node_id: The path of the node.
        checkpoint_id: The checkpoint that followed, if one did.
        mutation_index: Its place within the step, from 0.
        mutation: Its JSON form; of a mutation itself that is made.
        timestamp: When it was committed, UTC.

    Raises:
        CheckpointStoreError: Step or index is no whole number; names it.
    """

    trace_id: TraceId
    step: int
    node_id: str
    checkpoint_id: CheckpointId | None
    mutation_index: int
    mutation: Any
    timestamp: datetime.datetime

    def __post_init__(self) -> None:
        if hasattr(self.mutation, "apply") or hasattr(self.mutation, "to_json"):
            object.__setattr__(self, "mutation", mutation_json(self.mutation))
        text(self.trace_id, "trace_id", CheckpointStoreError)
        whole(self.step, "step", CheckpointStoreError, least=1)
        whole(self.mutation_index, "mutation_index", CheckpointStoreError)
        when: Any = self.timestamp
        if not isinstance(when, datetime.datetime):
            raise refusal(when, "timestamp", "a datetime", CheckpointStoreError)


@runtime_checkable
class MutationLog(Protocol):
    """Where mutations are kept; plain methods."""

    def append(self, entry: MutationLogEntry) -> None:
        """Keep one entry."""

    def append_batch(self, entries: Iterable[MutationLogEntry]) -> None:
        """Keep the entries of one commit, all or none."""

    def replay(self, trace_id: TraceId, from_step: int = 1) -> list[MutationLogEntry]:
        """Return a run's entries from a step on, inclusive, in order."""

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

    def replay(self, trace_id: TraceId, from_step: int = 1) -> list[MutationLogEntry]:
        """Return a run's entries from a step on, inclusive, in order."""
        from_step = whole(from_step, "from_step", CheckpointStoreError)
        with self._lock:
            return [e for e in self._runs.get(trace_id, ()) if e.step >= from_step]

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
        from dataclasses import replace

        from lellm_nb.ids import new_trace_id

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


def entries_of(
    frame: Frame, trace_id: TraceId, step: int, checkpoint_id: CheckpointId | None = None
) -> list[MutationLogEntry]:
    """Return the log entries of one frame's commit."""
    when = datetime.datetime.fromtimestamp(frame.started, datetime.UTC)
    return [
        MutationLogEntry(trace_id, step, frame.path, checkpoint_id, i, mutation_json(m), when)
        for i, m in enumerate(frame.mutations)
    ]


def mutation_json(mutation: Any) -> Any:
    """Return a mutation's JSON form; what has none leaves a marker, never a gap.

    Example:
        >>> from lellm_nb import Put
        >>> mutation_json(Put("n", 1))
        {'Put': ['n', 1]}
        >>> mutation_json(Put("client", object()))["$unserializable"]["type"]
        'Put'
    """
    try:
        form = mutation.to_json()
        json.dumps(form)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        kind = type(mutation).__name__
        key = getattr(mutation, "key", None)
        shown = safe_repr(mutation, 200)
        marker = {"type": kind, "key": path_text(key), "repr": shown, "why": safe_str(error, 200)}
        return {"$unserializable": marker}
    return form
