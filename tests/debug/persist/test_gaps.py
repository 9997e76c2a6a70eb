"""Steps that nobody captured: they are told, and what they wrote is nobody's (SEMANTICS C11)."""

from __future__ import annotations

import json

import pytest

from lellm_nb import (
    CheckpointPolicy,
    Debugger,
    DiskSink,
    Frame,
    GraphBuilder,
    InMemoryStore,
    MemorySink,
    Reducer,
    SqliteStore,
    StoreSink,
    TriggerPolicy,
)
from lellm_nb.errors import DebuggerError, NoSuchFrameError
from tests.debug.persist.test_checkpoint_stores import Foreign
from tests.strategies import chain, finish_debugger, nested


def one(ctx):
    return {"n": 1, "only": "one"}


def two(ctx):
    ctx.put("n", 2)
    ctx.put("hidden", "by two")


def three(ctx):
    ctx.put("m", 3)


def four(ctx):
    ctx.put("m", 4)
    ctx.reduce("sum", 4, Reducer.SUM)


def graph():
    return chain(one, two, three, four)


def nested_once():
    g = GraphBuilder("outer").node("one", one)
    g.subgraph("inside", chain(two, three)).node("four", four)
    return g.edge("one", "inside").edge("inside", "four").start("one").end("four").build()


def every_other(sink):
    """A sink that heard of every second commit only."""
    heard = MemorySink()
    heard.frames = sink.frames[::2]
    return heard


@pytest.fixture
def dbg():
    sink = MemorySink()
    graph().run({"kept": 0}, checkpoint=sink)
    return Debugger.from_checkpoint(every_other(sink), graph())


def test_a_frame_after_unknown_steps_says_so(dbg):
    """C11: in its text, in the table, and nowhere where nothing is missing."""
    assert [(f.path, f.gap) for f in dbg.frames] == [("", False), ("one", False), ("three", True)]
    assert "after steps that were not captured" in repr(dbg.frames[2])
    assert "not captured" not in repr(dbg.frames[1])
    assert dbg.frames.to_pandas()["gap"].tolist() == [False, False, True]
    assert "gap" not in Debugger(graph(), {}).frames.to_pandas()


def test_an_unknown_write_is_attributed_to_nobody(dbg):
    """C11: who, history and the frame's table name no node for it, and go on to who is known."""
    writes = dbg.who("n")
    assert [(w.frame.kind, w.frame.path, w.value) for w in writes] == [
        ("gap", "", 2),
        ("commit", "one", 1),
    ]
    assert "three" not in repr(writes)
    assert "by steps that were not captured: 2" in repr(writes)
    assert writes.to_pandas()["path"].tolist() == ["", "one"]
    assert [w.frame.kind for w in dbg.who("hidden")] == ["gap"]
    assert [w.frame.path for w in dbg.who("m")] == ["three"]

    changes = dbg.history("n")
    assert changes["kind"].tolist() == ["commit", "gap"]
    assert changes["path"].tolist() == ["one", ""]

    table = dbg.frames[2].to_pandas().set_index("key")["written_by"]
    assert table.to_dict() == {
        "kept": "start",
        "n": "(not captured)",
        "only": "one",
        "hidden": "(not captured)",
        "m": "three",
    }


def test_what_nobody_wrote_is_found_all_the_same(dbg):
    """C11: a text that came in between stands at the frame where it is first seen."""
    assert {hit.frame.index for hit in dbg.find("by two")} == {2}
    assert dbg.evaluate("hidden")["value"].tolist()[-1] == "by two"
    assert dbg.diff(1, 2)
    assert dbg.bisect("'hidden' in state").index == 2


def test_a_step_whose_input_is_unknown_is_not_written_out(dbg):
    """C11: a test of it would be made up."""
    with pytest.raises(DebuggerError, match="what its node saw is not known"):
        dbg.to_test(2)
    assert "def test" in dbg.to_test(1)


def test_a_key_that_a_known_reducer_explains_is_the_frames_own(tmp_path):
    """C11: only what a frame's own writes do not explain is nobody's."""
    sink = MemorySink()
    graph().run({"sum": 1}, checkpoint=sink)
    late = MemorySink()
    late.frames = [sink.frames[0], sink.frames[3]]

    dbg = Debugger.from_checkpoint(late, graph())

    assert [w.frame.kind for w in dbg.who("sum")] == ["commit"]
    assert [w.frame.path for w in dbg.who("m")] == ["four"]


def test_a_start_that_is_not_known_claims_nothing():
    """C11: the history begins at the first moment that is known, nobody wrote what was there."""
    sink = MemorySink()
    graph().run({"kept": 0}, checkpoint=sink)
    dbg = Debugger.from_checkpoint(sink.frames[2:], graph())

    assert [(f.kind, f.gap) for f in dbg.frames] == [
        ("start", True),
        ("commit", True),
        ("commit", False),
    ]
    assert [w.frame.kind for w in dbg.who("n")] == ["gap"]
    assert "not captured" in repr(dbg.who("kept"))
    assert [w.frame.path for w in dbg.who("m") if w.frame.kind != "gap"] == ["four", "three"]
    table = dbg.frames[0].to_pandas().set_index("key")["written_by"]
    assert set(table) == {"(not captured)"}


def test_a_gap_is_kept_with_the_run(tmp_path, dbg):
    """C11: saved, stored and opened again it is still told, and states are what they were."""
    states = [frame.state for frame in dbg.frames]
    dbg.save(tmp_path / "one.lellm")
    sink = MemorySink()
    graph().run({"kept": 0}, checkpoint=sink)
    store = InMemoryStore()
    stored = Debugger.from_checkpoint(every_other(sink), graph(), store=store)

    for again in (
        Debugger.load(tmp_path / "one.lellm"),
        Debugger.open(store, stored.trace_id),
    ):
        assert [f.gap for f in again.frames] == [False, False, True]
        assert [f.state for f in again.frames] == states
        assert [w.frame.kind for w in again.who("n")] == ["gap", "commit"]
    finish_debugger(stored)
    assert Debugger.open(store, stored.trace_id).state["m"] == 4


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_folder_of_snapshots_opens(tmp_path, every):
    """C11: with every snapshot a frame; where `every` left some out, that is told."""
    sink = DiskSink(tmp_path / "disk", every=every)
    result = graph().run({"kept": 0}, checkpoint=sink)

    dbg = Debugger.from_checkpoint(sink, graph())

    captured = [f for f in dbg.frames if f.kind == "commit"]
    assert [f.path for f in captured] == ["one", "two", "three", "four"][every - 1 :: every]
    assert any(f.gap for f in captured) == (every > 1)
    assert (dbg.frames[0].gap, "kept" in dbg.frames[0].state) == (every > 1, True)
    fork = dbg.fork(at=1)
    finish_debugger(fork)
    assert fork.state == result.state


def test_snapshots_of_an_older_version_open(tmp_path):
    """C11: they hold the state and the step; inner ones are left out."""
    sink = DiskSink(tmp_path / "disk")
    result = nested_once().run({"kept": 0}, checkpoint=sink)
    for path in sink.snapshots():
        form = json.loads(path.read_text())
        del form["frame"]
        path.write_text(json.dumps(form))

    dbg = Debugger.from_checkpoint(sink.folder, nested_once())

    assert [f.path for f in dbg.frames] == ["", "one", "inside", "four"]
    fork = dbg.fork(at=1)
    finish_debugger(fork)
    assert fork.state == dbg.state == result.state
    assert "not captured" in repr(dbg.who("m"))


POLICIES = {
    "every node": (TriggerPolicy.EVERY_NODE, False),
    "on mutation": (TriggerPolicy.ON_MUTATION, False),
    "minimal": (CheckpointPolicy.minimal(), True),
}


@pytest.mark.parametrize("make", [InMemoryStore, SqliteStore, Foreign])
@pytest.mark.parametrize("policy", POLICIES)
def test_open_finds_what_a_store_sink_kept(tmp_path, make, policy):
    """C11: every checkpoint of the trace is a frame, the newest is the head."""
    store = make(tmp_path / "runs.db") if make is SqliteStore else make()
    trigger, gaps = POLICIES[policy]
    sink = StoreSink(store, graph().canonical_hash, trigger=trigger)
    result = graph().run({"kept": 0}, checkpoint=sink)
    ids = store.list(sink.trace_id)

    dbg = Debugger.open(store, sink.trace_id, graph())
    looking = Debugger.open(store, run=sink.trace_id)

    assert len([f for f in dbg.frames if f.kind != "start"]) == len(ids)
    assert any(f.gap for f in dbg.frames) == gaps
    assert dbg.state == looking.state == result.state
    assert [f.state for f in looking.frames] == [f.state for f in dbg.frames]
    with pytest.raises(DebuggerError, match=r"Debugger\.open\(store, run, graph="):
        looking.step()
    for index in range(len(dbg.frames)):
        fork = dbg.fork(at=index)
        finish_debugger(fork)
        assert fork.state == result.state


def test_a_run_of_a_store_of_ones_own_has_its_past():
    """C11: each commit is there again, rewinds and what came after them on lines of their own."""
    store = Foreign()
    dbg = Debugger(nested(), {}, store=store)
    dbg.run()
    dbg.approve()
    dbg.rewind(3)
    dbg.reject("not so")
    frames = [(f.kind, f.path) for f in dbg.frames]

    again = Debugger.open(store, dbg.trace_id, nested())

    assert [(f.kind, f.path) for f in again.frames] == frames
    assert again.head == dbg.head
    assert not any(f.gap for f in again.frames)
    assert len(again.session.history.lines) == 2
    finish_debugger(again)
    assert again.status == "completed"


def test_a_damaged_checkpoint_of_the_past_is_left_out(tmp_path):
    """C9: the others open, with a warning and a gap; a damaged newest one is an error."""
    store = SqliteStore(tmp_path / "runs.db")
    sink = StoreSink(store, graph().canonical_hash)
    graph().run({"kept": 0}, checkpoint=sink)
    newest, _, third, _ = ids = store.list(sink.trace_id)
    load = store.load
    assert len(ids) == 4

    def damaged(bad):
        def loading(id):
            if id == bad:
                load(id)
                from lellm_nb.errors import CorruptedCheckpointError

                raise CorruptedCheckpointError("It is damaged.")
            return load(id)

        return loading

    store.load = damaged(third)
    with pytest.warns(UserWarning, match="is left out"):
        dbg = Debugger.open(store, sink.trace_id, graph())
    assert [(f.path, f.gap) for f in dbg.frames][2:] == [("three", True), ("four", False)]
    store.load = damaged(newest)
    from lellm_nb.errors import CorruptedCheckpointError

    with pytest.raises(CorruptedCheckpointError):
        Debugger.open(store, sink.trace_id, graph())


def test_frames_made_by_hand_open():
    """C11: a frame of the seed's four fields says what is committed; its way out is found anew."""
    frames = [Frame("g", "one", {"n": 1}, 1), Frame("g", "two", {"n": 2}, 2)]

    dbg = Debugger.from_checkpoint(frames, graph())

    assert [f.gap for f in dbg.frames] == [True, True, True]
    assert dbg.run().reason.name == "COMPLETED"
    assert (dbg.state["n"], dbg.state["m"]) == (2, 4)
    fork = dbg.fork(at=1)
    finish_debugger(fork)
    assert fork.state["hidden"] == "by two"
    with pytest.raises(NoSuchFrameError):
        dbg.rewind(Frame("g", "one", {"n": 1}, 1))


def test_looking_at_what_was_seen_of_a_graph():
    """C11: without a graph its nodes and ways are those that the frames were seen at."""
    sink = MemorySink()
    g = GraphBuilder("seen").node("a", lambda ctx: {"n": 1}).node("b", lambda ctx: None)
    g.node("never", lambda ctx: None).edge("a", "b").edge_if("a", "never", lambda s: False)
    g.start("a").end("b").build().run({}, checkpoint=sink)

    dbg = Debugger.from_checkpoint(sink)

    assert list(dbg.graph.nodes) == ["a", "b"]
    assert [(e.source, e.target) for e in dbg.graph.edges] == [("a", "b")]
    assert dbg.graph.name == "seen"
