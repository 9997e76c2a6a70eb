"""Session checkpoints and checkpoints: each becomes the other, every store keeps both (C11)."""

from __future__ import annotations

import asyncio
import json

import pytest

from lellm_nb import (
    Checkpoint,
    CheckpointCodec,
    Debugger,
    ExecutionSession,
    GraphBuilder,
    InMemoryStore,
    MemorySink,
    Redactor,
    SessionCheckpoint,
    SqliteStore,
    StoreSink,
)
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, GraphMismatchError
from tests.debug.persist.test_checkpoint_stores import Foreign
from tests.strategies import fanned, finish, nested, steps

SECRET = "sk-ant-" + "a1" * 16
codec = CheckpointCodec(redactor=Redactor(patterns={}))


def partway(graph, count=4):
    session = ExecutionSession({}, graph)
    for _ in range(count):
        asyncio.run(session.step())
    return session


@pytest.mark.parametrize("make", [nested, fanned, lambda: steps("a", "b", "c", "d", "e")])
def test_a_restored_session_forks_from_its_own_captured_frames(make):
    """C11: and rewinds to them; what it was restored from stays as it was."""
    session = partway(make())
    checkpoint = session.checkpoint()
    end = finish(session.fork()).state
    before = [(f.index, f.parent, f.position) for f in session.line]

    restored = ExecutionSession.restore(checkpoint, session.graph)

    own = restored.frame_stack.frames
    assert [f.path for f in own] == [f.path for f in checkpoint.frames.frames]
    for frame in [*own, *checkpoint.frames.frames]:
        assert finish(restored.fork(frame)).state == end
        restored.rewind(frame)
        assert restored.position == frame.position
        assert len(restored.frame_stack) == own.index(restored.head) + 1
    assert [(f.index, f.parent, f.position) for f in session.line] == before


@pytest.mark.parametrize("make", [InMemoryStore, SqliteStore, Foreign])
def test_every_store_keeps_a_sessions_checkpoint(make, tmp_path):
    """C11: saved by a public call, and restored, opened and listed again under its id."""
    store = make(tmp_path / "runs.db") if make is SqliteStore else make()
    session = partway(nested())
    made = session.checkpoint()

    store.save("run", made)
    store.save("run", made)

    assert store.list("run") == [made.checkpoint_id]
    for found in (store.load(made.checkpoint_id), store.load_latest("run")):
        restored = ExecutionSession.restore(found, session.graph)
        assert restored.position == session.position
        assert [f.path for f in restored.frame_stack] == [f.path for f in session.frame_stack]
        assert finish(restored).state == finish(session.fork()).state
        with pytest.raises(GraphMismatchError):
            ExecutionSession.restore(found, steps("a", "b"))
    dbg = Debugger.open(store, "run", session.graph)
    assert [f.path for f in dbg.frames] == [f.path for f in session.line]
    assert not any(f.gap for f in dbg.frames)


def test_an_edit_that_no_sink_saw_is_there_again():
    """C11: what a session was written into since its last commit is part of its past."""
    session = partway(steps("a", "b", "c"), 1).fork(put={"edited": True})

    for what in (session.checkpoint(), codec.decode(codec.encode(session.checkpoint()))):
        restored = ExecutionSession.restore(what, session.graph)
        assert restored.head.kind == "edit"
        assert restored.state["edited"]
        assert not restored.head.gap


def test_a_checkpoint_of_the_json_form_alone_goes_on_at_the_next_node():
    """C3, C11: counters begin anew, and its one step is there, with nothing claimed of it."""
    graph = steps("a", "b", "c")
    one = Checkpoint("b", "a", {"log": ["a"]}, graph.canonical_hash)
    again = Checkpoint.from_json(json.loads(json.dumps(one.to_json())))

    session = ExecutionSession.restore(again, graph)

    assert Checkpoint.of_session(SessionCheckpoint.of(again)) == again
    assert [(f.kind, f.path, f.gap) for f in session.line] == [
        ("start", "", True),
        ("commit", "a", True),
    ]
    assert finish(session).state["log"] == ["a", "b", "c"]


def test_old_bytes_go_on_being_read():
    """C11: what has no frames beside it is a checkpoint as it was."""
    session = partway(steps("a", "b", "c"), 1)
    form = json.loads(codec.encode(Checkpoint.of(session.head, session.graph.canonical_hash)))
    del form["past"]

    read = codec.decode(json.dumps(form))

    assert isinstance(read, Checkpoint)
    assert read.frames is None
    assert finish(ExecutionSession.restore(read, session.graph)).state["log"] == ["a", "b", "c"]


def damaged(form, path, value):
    """The form with something else at a path."""
    at = form
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return json.dumps(form)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("past",), 3),
        (("past", "rows"), [[1, 2]]),
        (("past", "rows", 1, 0), 99),
        (("past", "rows", 1, 5), {"m": [["x", 1, "no such reducer"]], "k": 3}),
        (("past", "apart"), [7, "x"]),
        (("past", "anchors"), []),
        (("past", "anchors"), [[0, {"at": 3, "data": []}]]),
        (("past", "levels"), [[0, 0]]),
        (("past", "captured"), [99]),
        (("past", "captured"), ["a"]),
        (("past", "last"), [1]),
        (("past", "templates"), [[0, {}]]),
        (("past", "trace"), None),
        (("shape",), [[1]]),
        (("session",), "yes"),
    ],
)
def test_damaged_bytes_are_refused_or_read_and_never_run(path, value):
    """C9: whatever stands in them is data, or a named error."""
    session = partway(nested())
    form = json.loads(codec.encode(session.checkpoint()))

    try:
        read = codec.decode(damaged(form, path, value))
    except CorruptedCheckpointError:
        return
    dbg = Debugger.from_checkpoint(read, session.graph)
    assert len(dbg.frames)
    assert dbg.frames.to_pandas() is not None


def test_folding_beyond_all_bounds_is_refused():
    """C12: a few bytes for each frame of a wide state are no way to keep a reader busy."""
    session = ExecutionSession({f"k{i}": i for i in range(2_000)}, steps("a", "b"))
    asyncio.run(session.step())
    form = json.loads(codec.encode(session.checkpoint()))
    past = form["past"]
    past["rows"] = [past["rows"][0]] + [past["rows"][1]] * 30_000
    past["anchors"], past["captured"], past["last"] = [past["anchors"][0]], [], None

    with pytest.raises(CorruptedCheckpointError):
        codec.decode(json.dumps(form))


def leaky():
    g = GraphBuilder("leaky")

    @g.task
    def tell(ctx):
        print(f"the key is {SECRET}")
        return {"key": SECRET, "n": 1}

    @g.task
    def forget(ctx):
        return {"key": "gone"}

    return g.edge("tell", "forget").start("tell").end("forget").build()


def test_no_secret_is_in_the_frames_beside_a_checkpoint(tmp_path):
    """C13: neither in a file nor in a store of one's own, whatever it was written by or printed."""
    dbg = Debugger(leaky(), {})
    dbg.run()
    made = dbg.session.checkpoint()
    clean = CheckpointCodec(redactor=Redactor())
    file = SqliteStore(tmp_path / "runs.db")
    seen = []
    foreign = Foreign(write=lambda c: seen.append(codec.encode(c)) or c)

    file.save("run", made)
    sink = StoreSink(foreign, dbg.graph.canonical_hash)
    for frame in dbg.session.frame_stack:
        sink.on_checkpoint(frame.state, type("Info", (), {"frame": frame}))

    told = [clean.encode(made), clean.encode(Checkpoint.of(dbg.frames[1], 0)), *seen]
    told.append(codec.encode(file.load(made.checkpoint_id)))
    assert len(seen) == 2
    assert not [body for body in told if SECRET.encode() in body]
    assert SECRET.encode() in codec.encode(made)
    again = Debugger.from_checkpoint(clean.encode(made), dbg.graph)
    assert [f.path for f in again.frames] == ["", "tell", "forget"]
    assert again.state["key"] == "gone"


def test_bad_conversions_are_refused():
    """C11: each kind is made of the other and of nothing else."""
    with pytest.raises(CheckpointStoreError, match="checkpoint"):
        Checkpoint.of_session(Checkpoint("a", "", {}, 0))
    with pytest.raises(CheckpointStoreError, match="checkpoint"):
        SessionCheckpoint.of(MemorySink())
