"""A debugger from any checkpoint: it opens, goes back, forks and goes on (SEMANTICS C11)."""

from __future__ import annotations

import threading
import warnings

import pytest

from lellm_nb import (
    Debugger,
    ExecutionSession,
    GraphHashMode,
    InMemoryStore,
    MemorySink,
    StoreSink,
)
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CorruptedCheckpointError,
    DebuggerError,
    GraphMismatchError,
)
from tests.debug.persist.captured_runs import (
    CAPTURED,
    PARTS,
    SITUATIONS,
    WHOLE,
    session_at,
)
from tests.strategies import finish, finish_debugger, steps

FORCE = GraphHashMode.FORCE


def plain(state):
    """A state as data, whichever class it is of."""
    return dict(state) if isinstance(state, dict) else vars(state)


def ends_alike(dbg, end):
    """Whether a debugger that runs on, every barrier approved, comes to this end."""
    finish_debugger(dbg)
    return plain(dbg.state) == end


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_from_a_whole_checkpoint_everything_is_there(situation, kind, tmp_path):
    """C11: the captured past, without a gap; from each of its frames it ends as it would have."""
    session = session_at(situation)
    what, options = WHOLE[kind](session, tmp_path)
    line = list(session.line)
    end = plain(finish(session.fork()).state)

    dbg = Debugger.from_checkpoint(what, session.graph, **options)

    assert [(f.kind, f.path, f.visit) for f in dbg.frames] == [
        (f.kind, f.path, f.visit) for f in line
    ]
    assert not any(frame.gap for frame in dbg.frames)
    assert dbg.head == session.head.index
    for frame in list(dbg.frames):
        fork = dbg.fork(at=frame)
        assert fork.head == frame.index
        dbg.rewind(frame.index)
        assert plain(dbg.state) == plain(line[frame.index].root_state)
        assert ends_alike(fork, end)
    assert ends_alike(dbg, end)


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_from_a_checkpoint_of_one_moment_it_goes_on_from_there(situation, kind, tmp_path):
    """C11: what is not known of the past is said to be unknown, and the end is the same."""
    session = session_at(situation)
    what, options = PARTS[kind](session, tmp_path)
    end = plain(finish(session.fork()).state)

    dbg = Debugger.from_checkpoint(what, session.graph, **options)

    assert dbg.frames[0].kind == "start"
    assert dbg.session.position == session.position
    assert dbg.frames[0].gap or dbg.frames[0].position == session.line[0].position
    for frame in list(dbg.frames):
        assert ends_alike(dbg.fork(at=frame), end)
    assert ends_alike(dbg, end)


@pytest.mark.parametrize("kind", CAPTURED)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_from_what_a_sink_captured_it_goes_on(situation, kind, tmp_path):
    """C11: captured frames are frames of the history, to rewind to and to fork from."""
    session = session_at(situation)
    if not session.frame_stack:
        with pytest.raises(DebuggerError, match="nothing to open"):
            Debugger.from_checkpoint(CAPTURED[kind](session, tmp_path)[0], session.graph)
        return
    frames = session.frame_stack.frames
    what, options = CAPTURED[kind](session, tmp_path)
    end = plain(finish(session.fork()).state)

    dbg = Debugger.from_checkpoint(what, session.graph, **options)

    shown = [(f.kind, f.path, f.visit, f.state) for f in dbg.frames]
    assert shown[-len(frames) :] == [(f.kind, f.path, f.visit, f.state) for f in frames]
    for frame in list(dbg.frames):
        assert ends_alike(dbg.fork(at=frame), end)
    for frame in frames if kind in ("a frame stack", "a list of frames") else ():
        assert dbg.rewind(frame).frame.path == frame.path  # by the very frame that was captured
    assert ends_alike(dbg, end)


@pytest.mark.parametrize("kind", {**WHOLE, **PARTS, **CAPTURED})
@pytest.mark.parametrize("situation", ["plain", "completed"])
def test_another_graph_is_refused(situation, kind, tmp_path):
    """C2, C11: by its hash, or, where frames are all there is, by the nodes that ran."""
    session = session_at(situation)
    what, options = {**WHOLE, **PARTS, **CAPTURED}[kind](session, tmp_path)

    with pytest.raises(GraphMismatchError) as refused:
        Debugger.from_checkpoint(what, steps("x", "y"), **options)

    assert refused.value.actual == steps("x", "y").canonical_hash
    if situation == "completed":  # there is no next node that could be missing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            forced = Debugger.from_checkpoint(what, steps("x", "y"), mode=FORCE, **options)
        assert forced.state == session.state


def test_what_cannot_be_opened_is_refused_with_what_would_do(tmp_path):
    """C11: the message lists the kinds, and names the call that was probably meant."""
    graph = steps("a", "b")
    sink = StoreSink(InMemoryStore(), graph.canonical_hash)
    for bad, hint in (
        (ExecutionSession({}, graph), r"Give session\.checkpoint\(\)"),
        (InMemoryStore(), r"Debugger\.open\(store, run"),
        (sink, r"Debugger\.open\(sink\.store, sink\.trace_id"),
        (ValueError("x"), r"Debugger\.post_mortem\(error\)"),
        ({}, "a MemorySink, a FrameStack, a list of frames"),
        ("an id", "needs the store"),
        ([1], "each of the list is a Frame"),
        ([], "nothing to open"),
        (tmp_path, "nothing to open"),
    ):
        with pytest.raises(DebuggerError, match=hint):
            Debugger.from_checkpoint(bad, graph)
    for bad in (b"", b"{}", b"\xff", b"[1]"):
        with pytest.raises(CorruptedCheckpointError):
            Debugger.from_checkpoint(bad, graph)
    with pytest.raises(CheckpointNotFoundError):
        Debugger.from_checkpoint("no such id", graph, store=InMemoryStore())
    with pytest.raises(DebuggerError, match="Without its graph"):
        Debugger.from_checkpoint(MemorySink(), store=InMemoryStore())


def test_it_is_kept_from_then_on_where_store_says(tmp_path):
    """C11: with its past, under an id of its own."""
    session = session_at("nested")
    dbg = Debugger.from_checkpoint(session.checkpoint(), session.graph, store=tmp_path / "runs.db")
    frames = [(f.kind, f.path) for f in dbg.frames]
    finish_debugger(dbg)
    dbg.close()

    again = Debugger.open(tmp_path / "runs.db")

    assert [(f.kind, f.path) for f in again.frames][: len(frames)] == frames
    assert again.trace_id == dbg.trace_id != session.history.trace_id
    assert again.state == dbg.state


def test_many_threads_may_open_one_sink():
    """C11: frames of a sink stay as they are, whoever opens it."""
    graph, sink, opened = steps("a", "b"), MemorySink(), []
    graph.run({}, checkpoint=sink)
    before = [(f.index, f.parent) for f in sink.frames]

    threads = [
        threading.Thread(target=lambda: opened.append(Debugger.from_checkpoint(sink, graph)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {repr(dbg.frames) for dbg in opened} == {repr(opened[0].frames)}
    assert [(f.index, f.parent) for f in sink.frames] == before
    assert len(opened) == 8


@pytest.mark.parametrize("kind", {**WHOLE, **CAPTURED})
@pytest.mark.parametrize("situation", ["nested, waiting", "in parallel", "a dataclass"])
def test_without_its_graph_it_is_for_looking(situation, kind, tmp_path):
    """C11: everything can be asked and gone to, and what would run code says what to give."""
    session = session_at(situation)
    what, options = {**WHOLE, **CAPTURED}[kind](session, tmp_path)

    dbg = Debugger.from_checkpoint(what, **options)

    assert len(dbg.frames.to_pandas()) == len(dbg.frames)
    assert plain(dbg.state) == plain(session.state)
    dbg.rewind(0)
    assert dbg.head == 0
    assert repr(dbg)
    dbg.graph.to_svg()
    dbg.export_html(tmp_path / "page.html")
    for forbidden in (dbg.step, dbg.run, dbg.fork, lambda: dbg.patch({"a": print})):
        with pytest.raises(DebuggerError, match=r"from_checkpoint\(what, graph\)"):
            forbidden()
