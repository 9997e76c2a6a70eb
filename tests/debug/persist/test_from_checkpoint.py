"""A debugger from any checkpoint: it opens, goes back, forks and goes on (SEMANTICS C11)."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import DebuggerError
from tests.debug.persist.captured_runs import (
    CAPTURED,
    PARTS,
    SITUATIONS,
    WHOLE,
    session_at,
)
from tests.strategies import finish, finish_debugger


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
