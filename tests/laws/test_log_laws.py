"""The law of the mutation log, on random graphs in which everything happens."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lellm_nb import (
    ExecutionEngine,
    InMemoryMutationLog,
    InMemoryStore,
    MemorySink,
    NoopBarrierSink,
    SqliteMutationLog,
    StoreSink,
    TriggerPolicy,
)
from lellm_nb.errors import LellmError
from tests.strategies_graphs import wild_plans
from tests.strategies_nodes import Board


class _Kept(MemorySink):
    """Keeps every frame, and each second commit in a store as well."""

    def __init__(self, graph_hash):
        super().__init__()
        self.store = StoreSink(
            InMemoryStore(), graph_hash, trigger=TriggerPolicy.ON_MUTATION, trace_id="t"
        )
        self.ids = []

    def on_checkpoint(self, state, frame_info):
        """Keep the frame, and note under which id the store has it."""
        super().on_checkpoint(state, frame_info)
        wanted = len(self.frames) % 2 == 0
        self.ids.append(self.store.on_checkpoint(state, frame_info) if wanted else False)
        return self.ids[-1]


class _Both:
    """A memory's log and a file's, written alike."""

    def __init__(self, *logs):
        self.logs = logs

    def append_batch(self, entries):
        """Append to each."""
        for log in self.logs:
            log.append_batch(list(entries))


@settings(max_examples=60, deadline=None)
@given(plan=wild_plans, typed=st.booleans())
def test_the_log_folds_to_the_root_state_of_every_frame(plan, typed):
    """C7, N3: fold(log[:n]) equals the state of frame n, and names the checkpoint of its commit."""
    assume(not (typed and plan.has("ticking")))  # a mutation of its own, that nobody registered
    graph = plan.build()
    sink = _Kept(graph.canonical_hash)
    with tempfile.TemporaryDirectory() as folder:
        logs = InMemoryMutationLog(), SqliteMutationLog(Path(folder) / "log.db")
        start = Board(log=[]) if typed else {"log": []}
        engine = ExecutionEngine(
            start, log=_Both(*logs), checkpoint=sink, barrier=NoopBarrierSink()
        )
        with contextlib.suppress(LellmError):
            asyncio.run(graph.run_inline(engine, 300))

        whole = [log.replay(engine.trace_id, level=None) for log in logs]
        root = [log.replay(engine.trace_id) for log in logs]
        logs[1].store.close()

    assert whole[0] == whole[1]
    assert root[0] == root[1] == [e for e in whole[0] if not e.level]
    captured = zip(_steps(whole[0], sink.frames), sink.frames, sink.ids, strict=True)
    for step, frame, kept in captured:
        entries = type(root[0])(e for e in root[0] if e.step <= step)
        assert entries.fold(start) == frame.root_state, frame
        if frame.mutations:
            assert {e.checkpoint_id for e in whole[0] if e.step == step} == {kept or None}


def _steps(entries, frames):
    """The step of each frame that the sink saw: what only routes is a step that it does not."""
    numbers = sorted({e.step for e in entries})
    found, at = [], 0
    for frame in frames:
        at = numbers.pop(0) if frame.mutations else at
        found.append(at)
    return found
