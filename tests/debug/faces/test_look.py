"""The Debugger's verbs that look at where it stands: nothing they do moves the run."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.graphs import reviewed
from tests.strategies import chain, fanned, nested, review, steps

# -- state and position ------------------------------------------------------------------


def test_state_and_position_follow_the_head():
    """DESIGN: names and keys mean the root state."""
    dbg = Debugger(nested())
    dbg.run()

    assert dbg.state == {"log": ["plan"]}
    assert dbg.position.node == "agent"
    assert [level.node for level in dbg.position.stack] == ["agent", "approve"]
    assert dbg.stack == ["agent", "agent/approve"]
    dbg.rewind(0)
    assert dbg.state == {}
    assert dbg.stack == ["plan"]


def test_the_state_of_a_debugger_may_be_left_out():
    """DESIGN: `Debugger(graph, state=None)`."""
    assert Debugger(steps("a")).state == {}


def test_looking_is_not_moving():
    """DESIGN: the head stays where it is, whatever is looked at."""
    dbg = reviewed()
    dbg.rewind(2)
    before = (dbg.head, dbg.line, dbg.lines, len(dbg.frames), dbg.pending)
    dbg.at("draft", 2)
    dbg.diff(0, -1)
    dbg.who("draft")
    dbg.frames.to_pandas()
    [frame.state for frame in dbg.frames]
    repr(dbg)

    assert (dbg.head, dbg.line, dbg.lines, len(dbg.frames), dbg.pending) == before


def test_a_debugger_says_where_it_stands():
    """DESIGN: the status line."""
    dbg = Debugger(review(), {"topic": "x"})
    lines = [dbg.status_line]
    dbg.step()
    lines.append(dbg.status_line)
    dbg.run()
    lines.append(dbg.status_line)
    dbg.approve()
    dbg.run()
    lines.append(dbg.status_line)

    assert lines == [
        "ready · frame 0 of 0 · main",
        "paused before approve · frame 1 of 1 · main",
        "waiting at approve · frame 2 of 2 · main",
        "completed · frame 4 of 4 · main",
    ]
    assert "completed" in repr(dbg)


def test_a_debugger_that_failed_says_where():
    """DESIGN: `failed`, with the path."""

    def x(ctx):
        raise ValueError

    g = GraphBuilder("g").subgraph("sub", chain(x)).start("sub").end("sub")
    dbg = Debugger(g.build())
    dbg.run()

    assert dbg.status_line == "failed at sub/x · frame 1 of 1 · main"


def test_paths_lists_every_node():
    """N2: composites before what is in them."""
    assert Debugger(nested()).paths == [
        *("plan", "agent", "agent/llm", "agent/approve", "agent/tool", "done")
    ]
    assert "par/check/look" in Debugger(fanned()).paths


# -- pending -----------------------------------------------------------------------------


def test_pending_tells_all_about_what_waits():
    """DESIGN: id, path, node, timeout, since when, and the frame that came to wait."""
    dbg = Debugger(review(timeout=60), {"topic": "x"})
    assert dbg.pending == []
    dbg.run()
    [pending] = dbg.pending

    assert (pending.id, pending.path, pending.node) == ("approve#0", "approve", "approve")
    assert (pending.timeout, pending.frame) == (60, 2)
    assert pending.since == dbg.frames[2].started
    assert str(pending) == "approve#0"


def test_pending_follows_the_head():
    """B2: rewinding to a waiting frame waits again; before it, nothing waits."""
    dbg = reviewed()
    waits = [[p.id for p in dbg.rewind(i).pending] for i in range(len(dbg.frames))]

    assert waits == [[], [], ["approve#0"], [], [], ["approve#1"], [], []]


# -- subscribing -------------------------------------------------------------------------


def test_a_listener_hears_of_every_change():
    """What the view is built on: called after commits, decisions and rewinds."""
    dbg = Debugger(steps("a", "b"))
    heads = []
    leave = dbg.subscribe(lambda: heads.append(dbg.head))
    dbg.run()
    dbg.rewind(1)
    leave()
    dbg.rewind(0)

    assert {1, 2} <= set(heads)
    assert heads[-1] == 1


def test_a_listener_that_raises_stops_nothing():
    """R7: who only watches can't fail a run."""
    dbg = Debugger(steps("a", "b"))

    def broken():
        raise RuntimeError("broken listener")

    leave = dbg.subscribe(broken)
    try:
        stop = dbg.run()
    finally:
        leave()

    assert stop.reason is StopReason.COMPLETED
    assert dbg.state == {"log": ["a", "b"]}
    assert not dbg.busy
