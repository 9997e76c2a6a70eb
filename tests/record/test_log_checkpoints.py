"""C7: which checkpoint belongs to an entry of the log, and what an entry gives back."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import zlib
from typing import ClassVar

import pytest

from lellm_nb import (
    ExecutionEngine,
    GraphBuilder,
    InMemoryMutationLog,
    InMemoryStore,
    MutationLogEntry,
    Put,
    Reduce,
    Reducer,
    SqliteMutationLog,
    StoreSink,
    TriggerPolicy,
    typed_state,
)
from lellm_nb.errors import CheckpointStoreError, ReducerError, StateError
from lellm_nb.record.codec.values import to_bytes
from lellm_nb.state import fold
from lellm_nb.store.packing import pack
from tests.record.logs import logged
from tests.strategies import chain, fanned, nested, note, steps

NOW = datetime.datetime(2026, 11, 20, 9, tzinfo=datetime.UTC)


def test_an_entry_names_the_checkpoint_of_its_commit():
    """C7, C3: by the id under which the sink keeps it; the state there is that of the commit."""
    graph = nested()
    sink = StoreSink(InMemoryStore(), graph.canonical_hash)
    log, run, _ = logged(graph, checkpoint=sink)

    for step in {entry.step for entry in log.replay(run)}:
        so_far = type(log.replay(run))(e for e in log.replay(run) if e.step <= step)
        [kept] = {entry.checkpoint_id for entry in so_far if entry.step == step}
        assert sink.store.load(kept).state == so_far.fold({})


def test_an_entry_whose_commit_is_not_kept_names_none():
    """C7, C4: no sink, one that decided not to, and one that keeps nothing under an id."""
    graph = steps("a", "b")
    manual = StoreSink(InMemoryStore(), graph.canonical_hash, trigger=TriggerPolicy.MANUAL)

    class Deaf:
        def on_checkpoint(self, state, frame_info):
            return None

    for sink in (None, manual, Deaf()):
        log, run, _ = logged(graph, checkpoint=sink)
        assert [entry.checkpoint_id for entry in log.replay(run)] == [None, None]


class _Slow:
    """A sink that takes its time: the first commits longest."""

    def __init__(self):
        self.met = 0

    async def on_checkpoint(self, state, frame_info):
        """Come back later the earlier it was asked."""
        self.met += 1
        mine = self.met
        for _ in range(20 - 2 * mine):
            await asyncio.sleep(0)
        return f"kept {mine}"


@pytest.mark.parametrize("make", [fanned, lambda: steps("a", "b", "c")])
def test_a_sink_that_is_awaited_does_not_change_the_order(make):
    """C7, P1: branches commit while another one's sink is awaited; steps and ids stay together."""

    class Ordered(InMemoryMutationLog):
        steps: ClassVar = []

        def append_batch(self, entries):
            entries = list(entries)
            self.steps = [*self.steps, entries[0].step]
            super().append_batch(entries)

    log, run, state = logged(make(), log=Ordered(), checkpoint=_Slow())

    assert log.steps == sorted(log.steps)
    assert log.replay(run).fold({}) == state
    assert all(e.checkpoint_id is not None for e in log.replay(run, level=None))


def test_a_sink_that_fails_or_is_cancelled_leaves_no_gap():
    """C7, R7: the commit was made, so it is in the log."""

    class Fails:
        async def on_checkpoint(self, state, frame_info):
            raise OSError("full")

    class Cut:
        async def on_checkpoint(self, state, frame_info):
            raise asyncio.CancelledError

    log, run, _ = logged(steps("a", "b"), checkpoint=Fails())
    assert [entry.node_id for entry in log.replay(run)] == ["a", "b"]

    log = InMemoryMutationLog()
    engine = ExecutionEngine({}, log=log, checkpoint=Cut())
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(steps("a", "b").run_inline(engine, 10))
    assert [entry.node_id for entry in log.replay(engine.trace_id)] == ["a"]


# -- what an entry gives back -------------------------------------------------------------


@pytest.mark.parametrize("file", [False, True])
@pytest.mark.parametrize(
    "value", [(1, 2), {1, 2}, NOW, b"x", 1j, {(1, 2): 3}, {"$": "date"}, float("inf"), [1, [2]]]
)
def test_a_value_that_json_has_not_comes_back(value, file, tmp_path):
    """C7, S9: as the codec keeps it; in memory and in a file alike."""
    log = SqliteMutationLog(tmp_path / "log.db") if file else InMemoryMutationLog()
    log, run, state = logged(chain(lambda_put(value)), log=log)
    [entry] = log.replay(run)

    assert entry.to_mutation() == Put("k", value)
    assert log.replay(run).fold({}) == state == {"k": value}


def lambda_put(value):
    """A node that puts a value at ``k``."""

    def put(ctx):
        ctx.put("k", value)

    return put


def test_a_write_of_a_typed_state_folds():
    """C7, S6: from a typed state to a typed state."""

    @typed_state
    @dataclasses.dataclass
    class Job:
        n: int = 0

    def add(ctx):
        ctx.put("n", ctx.state.n + 1)

    log, run, state = logged(chain(add), Job(1))

    assert log.replay(run).fold(Job(1)) == state == Job(2)


def test_a_reducer_of_the_graph_is_asked_for():
    """C7, S4: a name says nothing of what it does."""

    def longest(old, new):
        return max(old or "", new, key=len)

    g = GraphBuilder("g", reducers={"k": Reducer.custom(longest)}).node(
        "a", lambda ctx: {"k": "long"}
    )
    graph = g.start("a").end("a").build()
    log, run, state = logged(graph, {"k": "x"})

    assert log.replay(run).fold({"k": "x"}, graph.reducers) == state == {"k": "long"}
    with pytest.raises(ReducerError, match="longest") as caught:
        log.replay(run).fold({"k": "x"})
    assert "graph.reducers" in caught.value.__notes__[0]


def test_what_left_a_marker_says_so_when_it_is_read():
    """C7, S7: by its key, and with what would have helped."""
    entry = MutationLogEntry("t", 1, "a", None, 0, Put("client", object()), NOW)

    with pytest.raises(StateError, match=r"'client' is not in the log.*register_type"):
        entry.to_mutation()
    with pytest.raises(StateError, match="no mutation"):
        MutationLogEntry("t", 1, "a", None, 0, {"Paint": 1}, NOW).to_mutation()


def test_what_was_appended_is_not_changed_afterwards():
    """C7: a list that goes on growing is not the one that was logged."""
    grows = [1]
    entry = MutationLogEntry("t", 1, "a", None, 0, Put("k", grows), NOW)
    grows.append(2)

    assert entry.mutation == {"Put": ["k", [1]]}


# -- levels ----------------------------------------------------------------------------


def test_a_level_has_its_own_writes():
    """C7, N2: of each entry of a composite, and of each branch; they fold as well."""
    log, run, state = logged(fanned())
    levels = {entry.level for entry in log.replay(run, level=None)}
    branch = log.replay(run, level="par|a")

    assert levels == {"", "par|a", "par|check/check", "par|check", "par|deep/deep", "par|deep"}
    assert branch.fold({"log": ["first"]}) == {"log": ["first", "par/a"]}
    assert state == log.replay(run).fold()
    with pytest.raises(CheckpointStoreError, match=r"level is a level such as 'agent#2'"):
        log.replay(run, level=3)


def test_a_file_of_before_tells_inner_writes_by_their_path(tmp_path):
    """C7: its rows say no level; what was inside of a composite has it in its path."""
    log = SqliteMutationLog(tmp_path / "log.db")
    for step, node in enumerate(["agent/llm", "agent"], 1):
        body = pack(to_bytes([node, None, NOW.isoformat(), {"Put": ["n", step]}]))
        with log.store.writing("write as before") as db:
            row = ("t", step, 0, body, zlib.crc32(body, step))
            db.execute("insert into mutations values (?, ?, ?, ?, ?)", row)

    assert [entry.node_id for entry in log.replay("t")] == ["agent"]
    assert [entry.level for entry in log.replay("t", level=None)] == ["agent", ""]
    assert log.replay("t").fold({}) == {"n": 2}


# -- tables --------------------------------------------------------------------------


def test_entries_are_a_table(tmp_path):
    """C7: typed columns with the names of a frame's; of a file, of none, and of a slice of them."""

    def node(ctx):
        ctx.put(("plan", "n"), 1)
        ctx.reduce("log", ["x"], Reducer.APPEND)
        ctx.delete("gone")
        ctx.put("client", object())

    log, run, _ = logged(chain(node), {"plan": {}}, log=SqliteMutationLog(tmp_path / "log.db"))
    rows = log.replay(run).to_pandas()

    assert list(rows["op"]) == ["Put", "Reduce", "Delete", "Put"]
    assert list(rows["key"]) == ["plan.n", "log", "gone", "client"]
    assert rows["reducer"].dropna().tolist() == ["append"]
    assert all(name.isidentifier() for name in rows.columns)
    assert str(rows.dtypes["timestamp"]) == "datetime64[ns, UTC]"
    empty = log.replay("nobody").to_pandas()
    assert empty.columns.equals(rows.columns)
    assert len(empty) == 0


def test_the_order_of_a_fold_is_that_of_the_steps():
    """S3: a replay is what `fold` takes."""
    log, run, state = logged(chain(note))

    assert fold({}, [entry.to_mutation() for entry in log.replay(run)]) == state
    assert (
        Reduce("n", 1, Reducer.SUM)
        == MutationLogEntry("t", 1, "a", None, 0, Reduce("n", 1, Reducer.SUM), NOW).to_mutation()
    )
