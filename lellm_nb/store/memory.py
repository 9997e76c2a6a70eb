"""A store that lives as long as the process, and the sink that fills any store."""

from __future__ import annotations

import datetime
import threading
import time
from typing import Any

from lellm_nb.arguments import speaking, whole
from lellm_nb.errors import CheckpointNotFoundError, CheckpointStoreError
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.ids import CheckpointId, TraceId, new_trace_id
from lellm_nb.record.checkpoint import Checkpoint, CheckpointStore, SessionCheckpoint
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.policy import CheckpointPolicy, RetentionPolicy, TriggerPolicy
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.sinks import FrameInfo
from lellm_nb.store.arguments import check_saving, checked_redactor, redactor_of
from lellm_nb.store.checkpoint_keeper import CheckpointKeeper, check_policies
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.rows import RunInfo

__all__ = ["InMemoryStore", "StoreSink"]

list_of = list
"""The type, inside a class that has a method of that name."""


class InMemoryStore:
    """Whole runs, and single checkpoints, for as long as the process lives.

    Args:
        redact: What is secret in whole runs that are written here; API keys by default.

    Example:
        >>> from lellm_nb.record.checkpoint import Checkpoint
        >>> store, run = InMemoryStore(), new_trace_id()
        >>> store.save(run, Checkpoint("b", "a", {}, 0))
        >>> store.save(run, Checkpoint("c", "b", {}, 0))
        >>> store.load_latest(run).current_node, store.prune(run, keep=1)
        ('c', 1)
    """

    def __init__(self, *, redact: Redactor | None = None) -> None:
        self.redact = checked_redactor(redact) or Redactor()
        self._runs: dict[TraceId, dict[CheckpointId, Checkpoint]] = {}
        self._whole: dict[TraceId, tuple[str, float, MemoryRows]] = {}
        self._lock = threading.Lock()

    def save(self, trace_id: TraceId, checkpoint: Checkpoint | SessionCheckpoint) -> None:
        """Keep a checkpoint, or that of a session; saving one id twice keeps one.

        Raises:
            CheckpointStoreError: It is no checkpoint, or the run's id no text.
        """
        kept = check_saving(trace_id, checkpoint)
        with self._lock:
            self._runs.setdefault(trace_id, {})[kept.checkpoint_id] = kept

    def load(self, checkpoint_id: CheckpointId) -> Checkpoint:
        """Return a checkpoint.

        Raises:
            CheckpointNotFoundError: There is none under that id.
        """
        with self._lock:
            for run in self._runs.values():
                if checkpoint_id in run:
                    return run[checkpoint_id]
        raise CheckpointNotFoundError(checkpoint_id)

    def load_latest(self, trace_id: TraceId) -> Checkpoint | None:
        """Return a run's newest checkpoint, `None` where it has none."""
        with self._lock:
            run = self._runs.get(trace_id)
            return next(reversed(run.values())) if run else None

    def list(self, trace_id: TraceId) -> list[CheckpointId]:
        """Return a run's checkpoint ids, newest first."""
        with self._lock:
            return list(reversed(self._runs.get(trace_id, {})))

    def traces(self) -> list_of[TraceId]:
        """Return the runs of which there are single checkpoints, the one that began last first."""
        with self._lock:
            return [trace for trace, kept in reversed(self._runs.items()) if kept]

    def delete(self, checkpoint_id: CheckpointId) -> bool:
        """Drop a checkpoint; tell whether it was there."""
        with self._lock:
            gone = [run.pop(checkpoint_id, None) for run in self._runs.values()]
        return any(checkpoint is not None for checkpoint in gone)

    def prune(self, trace_id: TraceId, keep: int) -> int:
        """Drop all but the newest `keep` and the protected; return how many went.

        Raises:
            CheckpointStoreError: `keep` is no whole number from 0.
        """
        keep = whole(keep, "keep", CheckpointStoreError)
        with self._lock:
            run = self._runs.get(trace_id, {})
            now = datetime.datetime.now(datetime.UTC)
            newest_first = list(reversed(run.values()))
            dropped = RetentionPolicy.keep_latest(keep).to_drop(newest_first, now)
            for checkpoint in dropped:
                del run[checkpoint.checkpoint_id]
        return len(dropped)

    # -- whole runs --------------------------------------------------------------

    def begin_run(self, trace_id: TraceId, name: str, facts: dict[str, Any]) -> MemoryRows:
        """Start a run and become its writer."""
        rows = MemoryRows(trace_id, facts)
        mine = rows.again()
        mine.claim()
        with self._lock:
            self._whole[trace_id] = (self.redact.text(name), time.time(), rows)
        return mine

    def run_rows(self, trace_id: TraceId) -> MemoryRows:
        """Return the rows of a run.

        Raises:
            CheckpointNotFoundError: There is no such run.
        """
        with self._lock:
            if trace_id not in self._whole:
                raise CheckpointNotFoundError(trace_id)
            return self._whole[trace_id][2].again()

    def runs(self) -> list_of[RunInfo]:
        """Return the runs, newest first."""
        with self._lock:
            return [
                RunInfo(
                    trace_id,
                    name,
                    created,
                    sum(rows.length(line.number) for line in rows.lines()),
                    rows.facts,
                )
                for trace_id, (name, created, rows) in reversed(self._whole.items())
            ]

    def drop_run(self, trace_id: TraceId) -> bool:
        """Drop a run; tell whether it was there."""
        with self._lock:
            return self._whole.pop(trace_id, None) is not None


class StoreSink:
    """A checkpoint sink that follows a run into a store, as its policies say.

    Args:
        store: Any `CheckpointStore`.
        graph_hash: The graph's canonical hash, kept with every checkpoint.
        trigger: Which commits are kept.
        retention: How long they are.
        trace_id: The run's id; a fresh one by default.
        redact: What is secret, for a store that does not say so itself; API keys by default.
        graph: The graph that runs, for paths of secrets in its inner levels.

    Raises:
        CheckpointStoreError: An argument does not fit; names it.
    """

    def __init__(
        self,
        store: CheckpointStore,
        graph_hash: int,
        *,
        trigger: TriggerPolicy | CheckpointPolicy = TriggerPolicy.EVERY_NODE,
        retention: RetentionPolicy | None = None,
        trace_id: TraceId | None = None,
        redact: Redactor | None = None,
        graph: Graph | None = None,
    ) -> None:
        methods = "save load list delete prune"
        self.store = speaking(store, "store", CheckpointStoreError, methods, "a checkpoint store")
        self.redact = redactor_of(store, checked_redactor(redact))
        self.graph = None if graph is None else built_graph(graph, CheckpointStoreError)
        self.graph_hash = whole(graph_hash, "graph_hash", CheckpointStoreError)
        check_policies(trigger, retention, CheckpointStoreError, "trigger")
        self.trace_id = trace_id or new_trace_id()
        codec = Codec(redactor=self.redact)
        self._keeper = CheckpointKeeper(store, self.trace_id, codec, trigger, retention, self.graph)
        self._last: Frame | None = None

    @property
    def trigger(self) -> TriggerPolicy | CheckpointPolicy:
        """Which commits are kept from now on."""
        return self._keeper.policy

    @trigger.setter
    def trigger(self, trigger: TriggerPolicy | CheckpointPolicy) -> None:
        check_policies(trigger, None, CheckpointStoreError, "trigger")
        self._keeper.policy = trigger

    @property
    def retention(self) -> RetentionPolicy:
        """How long they are kept, looked at with the next one."""
        return self._keeper.retention

    @retention.setter
    def retention(self, retention: RetentionPolicy) -> None:
        check_policies(None, retention, CheckpointStoreError)
        self._keeper.retention = retention

    def on_checkpoint(self, state: Any, frame_info: FrameInfo) -> CheckpointId | bool:
        """Keep the commit if the trigger wants it; return the checkpoint's id, else False."""
        self._last = frame_info.frame
        if self._last is None or not self._keeper.wants(self._last):
            return False
        return self._save(self._last)

    def save_now(self) -> CheckpointId | None:
        """Keep the last commit, whatever the trigger says: the explicit checkpoint.

        Retention counts it like any other; `protect` what is to stay.
        """
        return None if self._last is None else self._save(self._last)

    def protect(self, checkpoint_id: CheckpointId, on: bool = True) -> bool:
        """Pin a checkpoint, so that no retention drops it; or let it go.

        Returns:
            Whether it is there: one that was pruned before is gone.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
            >>> sink = StoreSink(InMemoryStore(), g.canonical_hash)
            >>> result = g.run({}, checkpoint=sink)
            >>> [saved] = sink.store.list(sink.trace_id)
            >>> sink.protect(saved), sink.store.prune(sink.trace_id, keep=0)
            (True, 0)
        """
        return self._keeper.guard.protect(checkpoint_id, "pin", on)

    def _save(self, frame: Frame) -> CheckpointId:
        return self._keeper.save(self._keeper.made(frame, self.graph_hash))
