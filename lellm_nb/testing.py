"""Tests that every store must pass; for those who write one of their own.

Derive from a suite in a test file, make the store, and pytest runs the rest::

    from lellm_nb.testing import CheckpointStoreSuite

    class TestMyStore(CheckpointStoreSuite):
        def make_store(self):
            return MyStore()

Nothing here needs pytest itself.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from lellm_nb.errors import CheckpointNotFoundError
from lellm_nb.ids import CheckpointId, TraceId, new_trace_id
from lellm_nb.record.checkpoint import Checkpoint, CheckpointStore
from lellm_nb.record.mutation_log import MutationLog, MutationLogEntry
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.state.mutation import Put
from lellm_nb.store.rows import Batch, LineRow, RunStore

__all__ = ["CheckpointStoreSuite", "MutationLogSuite", "RunStoreSuite"]


def _checkpoint(n: int, *, protected: bool = False) -> Checkpoint:
    state = {"n": n, "words": ["a", {"b": None}], "at": datetime.date(2026, 11, 20)}
    return Checkpoint(f"node {n}", f"node {n - 1}", state, 0xF00D + n, protected=protected)


def _fails(kind: type[BaseException], call: Any, *args: Any) -> None:
    try:
        call(*args)
    except kind:
        return
    raise AssertionError(f"{call.__name__}{args} should have raised {kind.__name__}")


class CheckpointStoreSuite:
    """What a `CheckpointStore` promises (SEMANTICS C5)."""

    def make_store(self) -> Any:
        """Return an empty store."""
        raise NotImplementedError("make_store() returns an empty store")

    def test_it_is_a_checkpoint_store(self) -> None:
        """It has the six methods."""
        assert isinstance(self.make_store(), CheckpointStore)

    def test_what_is_saved_is_loaded(self) -> None:
        """Every field comes back, the state with its types."""
        store, run, one = self.make_store(), new_trace_id(), _checkpoint(1)
        store.save(run, one)
        found = store.load(one.checkpoint_id)
        assert found == one
        assert found.state == one.state
        assert type(found.state["at"]) is datetime.date

    def test_the_latest_is_the_one_saved_last(self) -> None:
        """Per run; a run that is not known has none."""
        store, run = self.make_store(), new_trace_id()
        for n in (1, 2, 3):
            store.save(run, _checkpoint(n))
        store.save(new_trace_id(), _checkpoint(9))
        latest = store.load_latest(run)
        assert latest is not None
        assert latest.current_node == "node 3"
        assert store.load_latest(new_trace_id()) is None

    def test_ids_are_listed_newest_first(self) -> None:
        """Only those of the run."""
        store, run = self.make_store(), new_trace_id()
        saved = [_checkpoint(n) for n in (1, 2, 3)]
        for one in saved:
            store.save(run, one)
        assert store.list(run) == [one.checkpoint_id for one in reversed(saved)]
        assert store.list(new_trace_id()) == []

    def test_saving_one_id_twice_keeps_one(self) -> None:
        """The second content wins."""
        store, run, one = self.make_store(), new_trace_id(), _checkpoint(1)
        store.save(run, one)
        other = Checkpoint("other", "", {}, 0, checkpoint_id=one.checkpoint_id)
        store.save(run, other)
        assert store.list(run) == [one.checkpoint_id]
        assert store.load(one.checkpoint_id).current_node == "other"

    def test_saving_one_id_again_keeps_its_place(self) -> None:
        """It is how one is protected later, and does not become the newest by it."""
        store, run = self.make_store(), new_trace_id()
        saved = [_checkpoint(n) for n in (1, 2, 3)]
        for one in saved:
            store.save(run, one)
        store.save(run, replace(saved[0], protected=True))
        assert store.list(run) == [one.checkpoint_id for one in reversed(saved)]
        assert store.load_latest(run) == saved[2]
        assert store.prune(run, 1) == 1
        assert store.load(saved[0].checkpoint_id).protected is True

    def test_deleting_says_whether_it_was_there(self) -> None:
        """Afterwards it is not found, by name."""
        store, run, one = self.make_store(), new_trace_id(), _checkpoint(1)
        store.save(run, one)
        assert store.delete(one.checkpoint_id) is True
        assert store.delete(one.checkpoint_id) is False
        _fails(CheckpointNotFoundError, store.load, one.checkpoint_id)

    def test_an_unknown_id_is_an_error(self) -> None:
        """Not `None`, and nothing else."""
        _fails(CheckpointNotFoundError, self.make_store().load, CheckpointId("no such"))

    def test_pruning_keeps_the_newest_and_the_protected(self) -> None:
        """It says how many went, and leaves other runs alone."""
        store, run, other = self.make_store(), new_trace_id(), new_trace_id()
        saved = [_checkpoint(n, protected=n == 1) for n in (1, 2, 3, 4)]
        for one in saved:
            store.save(run, one)
        store.save(other, _checkpoint(9))
        assert store.prune(run, 2) == 1
        assert store.list(run) == [saved[i].checkpoint_id for i in (3, 2, 0)]
        assert len(store.list(other)) == 1


class RunStoreSuite(CheckpointStoreSuite):
    """What a store that keeps whole runs promises beside."""

    def test_it_is_a_run_store(self) -> None:
        """It has the four methods."""
        assert isinstance(self.make_store(), RunStore)

    def test_rows_come_back_as_they_were(self) -> None:
        """Frames, anchors, templates, lines, values, pieces and marks."""
        store, run = self.make_store(), new_trace_id()
        rows = store.begin_run(run, "name", {"hash": "0x1"})
        row = FrameRow(0, 1, 2, 3.5, 0.25, b"[1]")
        rows.write(
            Batch(
                frames=[(0, 0, row), (0, 1, row)],
                anchors=[(0, 0, b"{}")],
                templates=[(0, b"{}")],
                lines=[LineRow(0, "main", -1, 0)],
                values=[(1, b'"' + b"x" * 5000 + b'"')],
                items=[(2, 0, b"[1]"), (2, 1, b"[2]")],
                marks=[("note", "0/1", b'"hi"')],
            )
        )
        rows.write_frame(0, 2, row)
        found = store.run_rows(run)
        assert found.facts == {"hash": "0x1"}
        assert found.lines() == [LineRow(0, "main", -1, 0)]
        assert found.length(0) == 3
        assert found.frames(0, 0, 3) == [row, row, row]
        assert found.anchor(0, 2) == (0, b"{}")
        assert found.anchor(1, 2) is None
        assert found.anchors(0) == [0]
        assert found.templates(0) == [(0, b"{}")]
        assert found.templates(1) == []
        assert found.value(1) == b'"' + b"x" * 5000 + b'"'
        assert found.items(2, 1) == [(0, b"[1]")]
        assert found.last_number() == 2
        assert found.marks() == [("note", "0/1", b'"hi"')]
        rows.write(Batch(marks=[("note", "0/1", None)]))
        assert found.marks() == []

    def test_runs_are_listed_newest_first_and_dropped_whole(self) -> None:
        """A run that is dropped is not found any more; others stay."""
        store, one, two = self.make_store(), new_trace_id(), new_trace_id()
        row = FrameRow(0, 1, 2, 3.5, 0.25, b"[1]")
        for run in (one, two):
            rows = store.begin_run(run, f"run {run[:4]}", {})
            rows.write(Batch(frames=[(0, 0, row)], lines=[LineRow(0, "main", -1, 0)]))
        assert [(info.trace_id, info.frames) for info in store.runs()] == [(two, 1), (one, 1)]
        assert store.drop_run(one) is True
        assert store.drop_run(one) is False
        _fails(CheckpointNotFoundError, store.run_rows, one)
        assert store.run_rows(two).frames(0, 0, 1) == [row]


class MutationLogSuite:
    """What a `MutationLog` promises (SEMANTICS C7)."""

    def make_log(self) -> Any:
        """Return an empty log."""
        raise NotImplementedError("make_log() returns an empty log")

    def _filled(self, run: TraceId) -> Any:
        log = self.make_log()
        now = datetime.datetime.now(datetime.UTC)
        for step in (1, 2, 3):
            log.append_batch(
                MutationLogEntry(run, step, "agent/llm", None, i, {"Put": ["n", [step, i]]}, now)
                for i in (0, 1)
            )
        return log

    def test_it_is_a_mutation_log(self) -> None:
        """It has the five methods."""
        assert isinstance(self.make_log(), MutationLog)

    def test_a_mutation_itself_is_kept_in_its_json_form(self) -> None:
        """What is appended as a `Put` is replayed as one, by any log alike."""
        run, log, now = new_trace_id(), self.make_log(), datetime.datetime.now(datetime.UTC)
        log.append(MutationLogEntry(run, 1, "a", None, 0, Put("n", [1]), now))
        assert [entry.mutation for entry in log.replay(run)] == [{"Put": ["n", [1]]}]

    def test_what_is_appended_is_replayed_in_order(self) -> None:
        """From a step on, inclusive; every field as it was."""
        run = new_trace_id()
        log = self._filled(run)
        found = log.replay(run)
        assert [(e.step, e.mutation_index) for e in found] == [
            (step, i) for step in (1, 2, 3) for i in (0, 1)
        ]
        assert found[3].mutation == {"Put": ["n", [2, 1]]}
        assert found[3].node_id == "agent/llm"
        assert found[3].timestamp.tzinfo is not None
        assert [e.step for e in log.replay(run, 3)] == [3, 3]
        assert log.replay(new_trace_id()) == []

    def test_what_was_written_inside_is_told_apart(self) -> None:
        """What folds to the run's state comes by default, else one level's, or everything."""
        run, log, now = new_trace_id(), self.make_log(), datetime.datetime.now(datetime.UTC)
        put = {"Put": ["n", 1]}
        inner = MutationLogEntry(run, 1, "agent/llm", None, 0, put, now, "agent")
        lifted = MutationLogEntry(run, 2, "agent", CheckpointId("c"), 0, put, now)
        log.append_batch([inner, lifted])
        assert log.replay(run) == [lifted]
        assert log.replay(run, level="agent") == [inner]
        assert log.replay(run, level=None) == [inner, lifted]
        assert log.replay(run, 2, level=None) == [lifted]

    def test_truncating_drops_what_is_before_a_step(self) -> None:
        """It says how many went."""
        run = new_trace_id()
        log = self._filled(run)
        assert log.truncate(run, 3) == 4
        assert [e.step for e in log.replay(run)] == [3, 3]

    def test_a_branch_has_the_entries_up_to_a_step(self) -> None:
        """And is a run of its own."""
        run = new_trace_id()
        log = self._filled(run)
        branch = log.branch_after(run, 2)
        assert branch != run
        assert [e.step for e in log.replay(branch)] == [1, 1, 2, 2]
        assert all(e.trace_id == branch for e in log.replay(branch))
        log.truncate(branch, 9)
        assert len(log.replay(run)) == 6
