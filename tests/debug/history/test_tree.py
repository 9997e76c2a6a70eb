"""The tree of every line: its branches by name, notes, pins and comparisons."""

from __future__ import annotations

import sys

import pytest

from benchmarks.workloads.lines import forked
from lellm_nb import Debugger, GraphBuilder
from lellm_nb.debug.history import tree
from lellm_nb.errors import DebuggerError
from tests.strategies import note, review, steps
from tests.work import operations


def test_the_tree_tells_of_every_line():
    """Where each was forked, how far it is, how it stands, its notes and pins."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    one = dbg.fork(1, put={"draft": "better"}, name="better")
    one.run()
    two = one.fork(2, name="from the fork")
    two.step()
    two.approve()
    two.run()
    dbg.note(1, "first words")
    one.note(2, "by hand")
    one.pin(2)

    tree = dbg.tree
    assert [b.name for b in tree] == ["main", "better", "from the fork"]
    assert tree["better"].base == "main"
    assert (tree["better"].at, tree["better"].frames, tree["better"].status) == (1, 4, "waiting")
    assert (tree["from the fork"].base, tree["from the fork"].status) == ("better", "completed")
    assert tree["main"].notes == ((1, "first words"),)
    assert (tree["better"].notes, tree["better"].pins) == (((2, "by hand"),), (2,))
    assert [b.current for b in tree] == [True, False, False]
    assert repr(tree).splitlines() == [
        "main: 3 frames, waiting  <- head at frame 2",
        "  1: first words",
        "  better from frame 1: 4 frames, waiting",
        "    2: by hand (pinned)",
        "    from the fork from frame 2: 6 frames, completed",
    ]
    frame = tree.to_pandas()
    assert list(frame["line"]) == ["main", "better", "from the fork"]
    assert list(frame["notes"]) == [1, 1, 0]


def test_notes_of_many_lines_are_work_for_their_own_lines_only():
    """A note among many lines and many notes is as much work as among few."""

    def work(lines):
        dbg = forked(lines, store=None, frames=3)
        for name in dbg.lines:
            dbg.branch(name).note(dbg.branch(name).frames[-1], name)
        assert [note for branch in dbg.tree for _, note in branch.notes] == dbg.lines
        return operations(lambda: dbg.tree)

    few, some, many, more = map(work, (10, 40, 200, 230))
    assert more - many < 1.2 * (some - few)


def test_a_line_that_is_not_in_the_tree():
    """Bad input: the nearest name."""
    dbg = Debugger(steps("a"))
    dbg.fork(0, name="careful")
    with pytest.raises(DebuggerError, match="careful"):
        dbg.tree["carefull"]
    with pytest.raises(DebuggerError, match="careful"):
        dbg.branch("carefull")
    with pytest.raises(DebuggerError, match="careful"):
        dbg.compare("carefull")


def test_a_branch_is_opened_by_name():
    """The debugger of a line is one object, as long as it is on that line."""
    dbg = Debugger(steps("a", "b"))
    fork = dbg.fork(0, name="other")

    assert dbg.branch("main") is dbg
    assert dbg.branch("other") is fork
    assert fork.branch("main").line == "main"
    dbg.run()
    dbg.rewind(1)
    dbg.step()
    again = dbg.branch("main")
    assert (again.line, again.head) == ("main", 2)
    assert dbg.line == "fork 1"


def test_notes_and_pins_come_and_go():
    """An empty note takes it away; a pin is let go with `on=False`."""
    dbg = Debugger(steps("a"))
    dbg.run()
    dbg.note(("a", 1), "here")
    dbg.note(1, "here!")
    dbg.pin(dbg.frames[1])
    assert (dbg.tree["main"].notes, dbg.tree["main"].pins) == (((1, "here!"),), (1,))
    dbg.note(1, "")
    dbg.pin(1, on=False)
    assert (dbg.tree["main"].notes, dbg.tree["main"].pins) == ((), ())


def test_comparing_with_what_is_no_run():
    """Bad input: a name, or a Debugger."""
    dbg = Debugger(steps("a"))
    for other in (None, 3, dbg.frames[0]):
        with pytest.raises(DebuggerError, match="Debugger"):
            dbg.compare(other)


def test_comparing_after_an_edit_shows_where_and_what():
    """The first different key, the first different route, and a text's own difference."""
    long = "word " * 200

    def write(ctx):
        ctx.put("text", long + ctx.state["name"])

    g = GraphBuilder("g").node("write", write).node("left", note).node("right", note)
    g.edge_if("write", "left", lambda s: s["name"] == "a").edge("write", "right")
    g.node("end", note).edge("left", "end").edge("right", "end")
    dbg = Debugger(g.start("write").end("end").build(), {"name": "a"})
    dbg.run()
    fork = dbg.fork(0, put={"name": "b"})
    fork.run()
    found = dbg.compare(fork)

    assert found.first_key[1] == "name" or found.first_key[1] == "text"
    assert found.first_route.path == "write"
    assert "left or right" in repr(found)
    assert repr(found) == repr(dbg.compare(fork.line))
    assert len(repr(found)) < 3_000
    table = found.to_pandas()
    assert {"path", "different_keys", "same"} <= set(table.columns)


def test_forks_of_forks_are_drawn_however_deep():
    """Deeper than Python's stack; far in, each names the line it was forked from."""
    g = GraphBuilder("g").node("a", note).node("b", note).edge("a", "a").start("a").end("b")
    deep = dbg = Debugger(g.build(), max_steps=10_000)
    for i in range(1, sys.getrecursionlimit() + 10):
        deep.step()
        deep = deep.fork(name=f"n{i}")
        deep.step()

    drawn = repr(dbg.tree).splitlines()
    assert len(drawn) == len(dbg.tree) == i + 1
    assert drawn[2] == "    n2 from frame 3: 6 frames, open"
    assert drawn[-1].strip() == f"n{i} from frame {2 * i - 1} of n{i - 1}: {2 * i + 1} frames, open"
    assert len(drawn[-1]) < 200


def test_the_tree_is_looked_at_while_lines_are_made(monkeypatch):
    """A run that goes on makes lines and another thread notes: what was there is shown."""
    dbg = Debugger(steps("a", "b"))
    dbg.run()
    dbg.note(1, "here")
    history, told = dbg.session.history, tree._status

    def meanwhile(frame):
        line = history.fork(dbg.session.line, 1)
        history.note(line[1], "more") or history.pin(line[0])
        history.note(dbg.frames[len(history.lines) % 3], "and more")
        return told(frame)

    monkeypatch.setattr(tree, "_status", meanwhile)
    for _ in range(3):
        known = list(history.lines)
        assert [branch.name for branch in dbg.tree] == known


def test_recorded_outcomes_are_looked_up_while_lines_are_made():
    """R10: the other lines are those that were there."""
    dbg = Debugger(steps("a", "b"))
    dbg.run()
    for _ in range(2):
        dbg.fork(1).run()
    found = iter(dbg.session.recorded()._frames())
    seen = [next(found) for _ in range(len(dbg.frames) + 1)]
    dbg.fork(0).run()

    assert len(seen + list(found)) == 5
