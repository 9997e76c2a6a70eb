"""What was kept by sinks alone opens the same way everywhere (SEMANTICS C11, C13)."""

from __future__ import annotations

import datetime

import pytest

from lellm_nb import (
    Checkpoint,
    CheckpointCodec,
    CheckpointPolicy,
    Debugger,
    DiskSink,
    InMemoryMutationLog,
    InMemoryStore,
    MemorySink,
    MutationLogEntry,
    Put,
    Redactor,
    SqliteStore,
    StoreSink,
)
from lellm_nb.cli import main
from lellm_nb.errors import DebuggerError
from lellm_nb.store.folder.store import FolderStore
from tests.strategies import chain

KEY = "sk-" + "a1" * 20


def one(ctx):
    return {"n": ctx.state.get("n", 0) + 1, "only": "otter"}


def two(ctx):
    return {"m": ctx.state["n"]}


def first(ctx):
    return {"begun": True}


def last(ctx):
    return {"ended": True}


def fails(ctx):
    raise ValueError("no luck")


@pytest.fixture(params=["memory", "file", "folder"])
def store(request, tmp_path):
    """Each store that knows of which runs it has single checkpoints."""
    made = {
        "memory": InMemoryStore,
        "file": lambda: SqliteStore(tmp_path / "runs.db"),
        "folder": lambda: FolderStore(tmp_path / "runs"),
    }[request.param]()
    yield made
    getattr(made, "close", lambda: None)()


def test_without_an_id_the_run_that_began_last_is_meant(store):
    """C11: also where a store has single checkpoints alone."""
    graph = chain(one, two)
    for _ in range(2):
        sink = StoreSink(store, graph.canonical_hash)
        graph.run({}, checkpoint=sink)

    dbg = Debugger.open(store, graph=graph)

    assert dbg.trace_id == sink.trace_id
    assert [frame.node for frame in dbg.frames][1:] == ["one", "two"]
    assert Debugger.runs(store)["run"][0] == sink.trace_id


@pytest.mark.parametrize("kind", ["store", "folder of snapshots"])
def test_a_terminal_shows_what_sinks_kept(kind, tmp_path, capsys):
    """C11: nothing of it is called damaged, or not there."""
    graph, place = chain(one, two), tmp_path / "kept"
    if kind == "store":
        file = SqliteStore(place)
        graph.run({}, checkpoint=StoreSink(file, graph.canonical_hash))
        file.close()
    else:
        graph.run({}, checkpoint=DiskSink(place))

    assert main([str(place)]) == 0
    assert main([str(place), "show"]) == 0

    told = capsys.readouterr().out
    assert "damaged" not in told
    assert "two" in told


@pytest.mark.parametrize("kind", ["sink", "folder"])
def test_of_several_runs_the_newest_is_opened(kind, tmp_path):
    """C11: two runs are no history of one; that there are more is said."""
    sink = MemorySink() if kind == "sink" else DiskSink(tmp_path)
    graph = chain(one, two)
    graph.run({"n": 0}, checkpoint=sink)
    graph.run({"n": 70}, checkpoint=sink)

    with pytest.warns(UserWarning, match="several runs"):
        dbg = Debugger.from_checkpoint(sink, graph)

    assert [frame.node for frame in dbg.frames][1:] == ["one", "two"]
    assert dbg.state["n"] == 71
    assert not any(frame.gap for frame in dbg.frames)


def test_the_text_of_a_folder_is_a_folder_also_with_a_store(tmp_path):
    """C11: only what is no folder is an id, to be looked up there."""
    graph = chain(one, two)
    graph.run({}, checkpoint=DiskSink(tmp_path / "snapshots"))

    dbg = Debugger.from_checkpoint(str(tmp_path / "snapshots"), graph, store=tmp_path / "kept.db")
    dbg.close()

    assert Debugger.open(tmp_path / "kept.db").state == {"n": 1, "only": "otter", "m": 1}


def test_what_is_secret_is_told_with_the_checkpoint(tmp_path):
    """C13: before anything is written, and for what is shown."""
    sink, graph, file = MemorySink(), chain(one, two), tmp_path / "kept.db"
    graph.run({}, checkpoint=sink)

    dbg = Debugger.from_checkpoint(sink, graph, store=file, redact=Redactor(paths=["only"]))
    dbg.close()

    assert b"otter" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert dbg.redact.paths == ("only",)
    with pytest.raises(DebuggerError, match="redact"):
        Debugger.from_checkpoint(sink, graph, redact=3)


def test_a_folder_of_snapshots_takes_what_open_takes(tmp_path):
    """C11, C13: what is secret, and what the state is to be; nothing is dropped in silence."""
    graph = chain(one, two)
    graph.run({}, checkpoint=DiskSink(tmp_path))
    redact = Redactor(paths=["only"])

    dbg = Debugger.open(
        tmp_path, graph=graph, redact=redact, migrate=lambda state: {**state, "new": 1}
    )

    assert dbg.redact is redact
    assert dbg.state["new"] == 1
    with pytest.raises(DebuggerError, match="policy says what a store keeps"):
        Debugger.open(tmp_path, graph=graph, policy=CheckpointPolicy())


def test_a_checkpoint_as_bytes_has_no_key():
    """C13: by default, as everything that is written."""
    one = Checkpoint("b", "a", {"key": KEY}, 0)

    assert KEY.encode() not in CheckpointCodec().encode(one)
    as_it_is = CheckpointCodec(redactor=Redactor(patterns={}))
    assert as_it_is.decode(as_it_is.encode(one)).state == {"key": KEY}


def test_a_post_mortem_finds_the_error_that_somebody_has():
    """C11: also after the except block; what is secret goes with it."""
    held = None
    try:
        chain(one, fails).run({"only": "otter"})
    except Exception as error:
        held = error

    dbg = Debugger.post_mortem(redact=Redactor(paths=["only"]))

    assert dbg.frames[-1].error.node == held.node
    assert dbg.redact.paths == ("only",)


def test_a_part_of_a_log_folds_as_well():
    """C7: fold(log[:n]) is the state after so many writes."""
    log, now = InMemoryMutationLog(), datetime.datetime.now(datetime.UTC)
    for n in range(1, 4):
        log.append(MutationLogEntry("t", n, "a", None, 0, Put("n", n), now))

    assert log.replay("t")[:2].fold({}) == {"n": 2}


def test_what_steps_brought_that_nobody_captured_is_found_once():
    """C11: at the frame that shows it first, and not again at the write of that frame."""
    heard, graph = MemorySink(), chain(first, one, two, last)
    graph.run({}, checkpoint=heard)
    dbg = Debugger.from_checkpoint([heard.frames[0], *heard.frames[2:]], graph)

    assert [(hit.frame.node, hit.key) for hit in dbg.find("otter")] == [("two", ("only",))]
