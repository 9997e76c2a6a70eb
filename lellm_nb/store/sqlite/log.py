"""The mutation log in SQLite (SEMANTICS C7)."""

from __future__ import annotations

import datetime
import os
import zlib
from collections.abc import Iterable
from typing import Any

from lellm_nb.arguments import whole
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, sentence
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.ids import CheckpointId, TraceId, new_trace_id
from lellm_nb.record.codec.limits import DAMAGE
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.log.entries import LogEntries
from lellm_nb.record.log.mutation_form import looked_at
from lellm_nb.record.mutation_log import MutationLogEntry, check_entries, check_level
from lellm_nb.record.redaction.secret_paths import place_of
from lellm_nb.state.frozen import thaw
from lellm_nb.store.packing import Budget, pack, unpack
from lellm_nb.store.sqlite.store import SqliteStore

__all__ = ["SqliteMutationLog"]


class SqliteMutationLog:
    """A mutation log in a file; it may be the file of a `SqliteStore`.

    Args:
        where: A path, or a store whose file and connection are used; what is secret in what is
            written, the store says.
        graph: The graph that runs, for paths of secrets in its inner levels.

    Example:
        >>> import os, tempfile
        >>> log = SqliteMutationLog(os.path.join(tempfile.mkdtemp(), "log.db"))
        >>> now = datetime.datetime.now(datetime.UTC)
        >>> for step in (1, 2, 3):
        ...     log.append(MutationLogEntry(TraceId("t"), step, "a", None, 0, {"Delete": "k"}, now))
        >>> [entry.step for entry in log.replay(TraceId("t"), from_step=2)]
        [2, 3]
        >>> log.truncate(TraceId("t"), keep_from_step=3), len(log)
        (2, 1)
    """

    def __init__(
        self, where: str | os.PathLike[str] | SqliteStore, *, graph: Graph | None = None
    ) -> None:
        self.graph = None if graph is None else built_graph(graph, CheckpointStoreError)
        self.store = where if isinstance(where, SqliteStore) else SqliteStore(where)
        self._codec = Codec(redactor=self.store.redact)

    def __len__(self) -> int:
        ((count,),) = self.store.query("count mutations", "select count(*) from mutations")
        return int(count)

    def began(self, state: Any) -> None:
        """Take note of what a run begins with: a secret of it is known by its place."""
        redactor = self._codec.redactor
        if redactor is not None and redactor.paths:
            redactor.learn(state)

    def append(self, entry: MutationLogEntry) -> None:
        """Keep one entry.

        Raises:
            CheckpointStoreError: The file did not take it.
        """
        self.append_batch((entry,))

    def append_batch(self, entries: Iterable[MutationLogEntry]) -> None:
        """Keep the entries of one commit, all or none.

        Raises:
            CheckpointStoreError: The file did not take them.
        """
        rows = [self._row(entry) for entry in check_entries(entries)]
        with self.store.writing("append to the log") as db:
            db.executemany("insert or replace into mutations values (?, ?, ?, ?, ?)", rows)

    def _row(self, entry: MutationLogEntry) -> tuple[Any, ...]:
        def make() -> list[Any]:
            facts = [entry.node_id, entry.checkpoint_id, entry.timestamp.isoformat()]
            return [*facts, looked_at(entry.mutation, self._codec, place), entry.level]

        path = "/".join(name.partition("#")[0] for name in entry.node_id.split("/"))
        place = place_of(path, getattr(self.graph, "nodes", {}))
        body = pack(self._codec.written(make, place)[0])
        seed = entry.step & 0xFFFFFFFF
        return entry.trace_id, entry.step, entry.mutation_index, body, zlib.crc32(body, seed)

    def replay(
        self, trace_id: TraceId, from_step: int = 1, *, level: str | None = ""
    ) -> LogEntries:
        """Return a run's entries from a step on, inclusive, in order; also as a table.

        Args:
            level: Those that wrote this level's state: the root's by default, whose fold is the
                state of the run. `None` is all of them, inner writes and what they became.

        Raises:
            CorruptedCheckpointError: One is damaged.
            CheckpointStoreError: `from_step` is no whole number, or the level no text.
        """
        from_step = whole(from_step, "from_step", CheckpointStoreError)
        level = check_level(level)
        found = self.store.query(
            "read the log",
            "select step, at, body, sum from mutations where trace = ? and step >= ?"
            " order by step, at",
            trace_id,
            from_step,
        )
        budget = Budget()
        entries = (_entry(budget, trace_id, *row) for row in found)
        return LogEntries(e for e in entries if level in (None, e.level))

    def truncate(self, trace_id: TraceId, keep_from_step: int) -> int:
        """Drop a run's entries before a step; return how many went."""
        keep_from_step = whole(keep_from_step, "keep_from_step", CheckpointStoreError)
        with self.store.writing("truncate the log") as db:
            gone = db.execute(
                "delete from mutations where trace = ? and step < ?", (trace_id, keep_from_step)
            )
            return gone.rowcount

    def branch_after(self, trace_id: TraceId, step: int) -> TraceId:
        """Start a new run that has a run's entries up to a step, inclusive; return its id."""
        step = whole(step, "step", CheckpointStoreError)
        branch = new_trace_id()
        with self.store.writing("branch the log") as db:
            db.execute(
                "insert into mutations select ?, step, at, body, sum from mutations"
                " where trace = ? and step <= ?",
                (branch, trace_id, step),
            )
        return branch


def _entry(
    budget: Budget, trace_id: TraceId, step: int, at: int, body: Any, crc: int
) -> MutationLogEntry:
    what = f"Mutation {at} of step {step}"
    plain = unpack(body, crc, step & 0xFFFFFFFF, what=what, budget=budget)
    try:
        codec = Codec()
        node, checkpoint, when, form, *more = codec.parse(plain)
        # a file of before says no level: the composites of the path tell what was inside
        level = more[0] if more else node.rpartition("/")[0]
        mutation, stamp = thaw(codec.value(form)), datetime.datetime.fromisoformat(when)
        kept = None if checkpoint is None else CheckpointId(checkpoint)
        return MutationLogEntry(trace_id, step, node, kept, at, mutation, stamp, level)
    except (*DAMAGE, CheckpointStoreError) as error:
        raise CorruptedCheckpointError(
            f"Mutation {at} of step {step}: {sentence(error)}"
        ) from error
