"""The tree of frames: rewinding, new lines and forks of a session."""

from __future__ import annotations

import pytest

from lellm_nb import ExecutionSession
from lellm_nb.errors import DebuggerError, MissingKeyError, NoSuchFrameError
from tests.session.graphs import stepped
from tests.strategies import finish, steps


def test_rewinding_and_stepping_begins_a_new_line():
    """DESIGN: `main` keeps its frames; the new line is `fork 1`."""
    session = finish(ExecutionSession({}, steps("a", "b", "c")))
    main = list(session.line)
    session.rewind(main[1])

    assert session.line.name == "main"
    assert session.state == {"log": ["a"]}
    stepped(session, 1)
    assert session.line.name == "fork 1"
    assert list(session.history.lines) == ["main", "fork 1"]
    assert list(session.history.lines["main"]) == main
    assert list(session.line)[:2] == main[:2]
    assert session.line[2] is not main[2]
    assert session.line[2].state == main[2].state


def test_rewinding_to_the_tip_goes_on_along_the_same_line():
    """DESIGN: only going on from an *old* frame starts a new line."""
    session = ExecutionSession({}, steps("a", "b", "c"))
    stepped(session, 2)
    tip = session.head
    session.rewind(session.line[0])
    session.rewind(tip)
    stepped(session, 1)

    assert list(session.history.lines) == ["main"]
    assert len(session.line) == 4


def test_a_fork_leaves_its_parent_unchanged():
    """Law: a fork shares the frames before it and has a line of its own."""
    session = finish(ExecutionSession({}, steps("a", "b", "c")))
    before = [(f, f.state, f.position) for f in session.line]
    child = session.fork(session.line[2])
    finish(child)

    assert [(f, f.state, f.position) for f in session.line] == before
    assert session.line.name == "main"
    assert child.line.name == "fork 1"
    assert child.line[2] is session.line[2]
    assert child.line[3] is not session.line[3]
    assert child.state == session.state


def test_a_fork_with_put_adds_one_frame_of_kind_edit():
    """DESIGN: the writes are one frame; several keys and deletes go together."""
    session = finish(ExecutionSession({"x": 1}, steps("a", "b", "c")))
    child = session.fork(session.line[1], put={"n": [1], "m": 2}, delete=["x"], name="try")
    edit = child.head

    assert (edit.kind, edit.index, edit.cursor) == ("edit", 2, 1)
    assert edit.state == {"log": ["a"], "n": [1], "m": 2}
    assert edit.changed_keys == ["n", "m", "x"]
    assert child.line.name == "try"
    assert finish(child).state["log"] == ["a", "b", "c"]
    assert session.state == {"x": 1, "log": ["a", "b", "c"]}


def test_a_fork_that_cannot_be_written_makes_no_line():
    """Bad input loses nothing: the error comes before the line."""
    session = finish(ExecutionSession({}, steps("a")))
    with pytest.raises(MissingKeyError):
        session.fork(session.line[1], put={("absent", "x"): 1})
    with pytest.raises(DebuggerError, match="'main'"):
        session.fork(session.line[1], name="main")
    assert list(session.history.lines) == ["main"]
    assert session.fork(session.line[1]).line.name == "fork 1"


def test_a_frame_of_another_run_is_refused():
    """DESIGN: a wrong frame raises an error that says what is wrong."""
    one, other = (finish(ExecutionSession({}, steps("a", "b"))) for _ in range(2))
    with pytest.raises(NoSuchFrameError, match="another run"):
        one.rewind(other.line[1])
    with pytest.raises(NoSuchFrameError, match="another run"):
        one.fork(other.line[1])
    assert one.head is one.line[2]


def test_two_sessions_on_one_history_do_not_disturb_each_other():
    """C10: parent and child go on by turns, each along its own line."""
    parent = ExecutionSession({}, steps("a", "b", "c", "d"))
    stepped(parent, 1)
    child = parent.fork()
    for _ in range(3):
        stepped(parent, 1)
        stepped(child, 1)

    assert parent.state == child.state == {"log": list("abcd")}
    assert [f.index for f in parent.line] == [f.index for f in child.line] == [0, 1, 2, 3, 4]
    assert parent.line[1] is child.line[1]
    assert parent.line[2] is not child.line[2]


def test_a_fork_of_a_fork_of_a_fork():
    """Lines nest to any depth; each reads from the root to its own tip."""
    session = ExecutionSession({}, steps("a", "b", "c", "d", "e"))
    stepped(session, 1)
    lines = [session]
    for name in ("one", "two", "three"):
        child = lines[-1].fork(put={name: True}, name=name)
        stepped(child, 1)
        lines.append(child)

    assert [f.kind for f in lines[-1].line] == ["start", "commit", *["edit", "commit"] * 3]
    assert lines[-1].state == {"log": list("abcd"), "one": True, "two": True, "three": True}
    assert session.state == {"log": ["a"]}
