"""The Debugger's verbs that look: nothing they do moves the run."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, Put, Reducer, StopReason
from lellm_nb.errors import MissingKeyError, NoSuchFrameError
from tests.strategies import chain, fanned, finish_debugger, nested, note, priced, review, steps


def reviewed():
    """A debugger whose run was rejected once, approved, and completed."""
    dbg = Debugger(review(timeout=60), {"topic": "otters"})
    dbg.run()
    dbg.reject("too short")
    dbg.run()
    dbg.approve()
    dbg.run()
    return dbg


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


# -- frames ------------------------------------------------------------------------------


def test_frames_are_a_sequence():
    """DESIGN: from the root to the head, then on along the line last left."""
    dbg = reviewed()
    frames = dbg.frames

    assert len(frames) == 8
    assert [f.index for f in frames] == list(range(8))
    assert frames[-1] is frames[7]
    assert frames[1:3] == [frames[1], frames[2]]
    assert frames[2] in frames
    dbg.rewind(3)
    assert list(dbg.frames) == list(frames)
    with pytest.raises(NoSuchFrameError):
        frames[8]
    with pytest.raises(IndexError):
        frames[-9]


def test_frames_are_asked_as_everywhere():
    """DESIGN: an index, a `Frame`, or (node, visit)."""
    frames = priced().frames

    assert frames["discount", 2] is frames[7]
    assert frames[("agent/discount", 1)] is frames[4]
    assert frames[3:6]["discount", 1] is frames[4]
    assert frames[frames[4]] is frames[4]


@pytest.mark.parametrize(
    ("which", "says"),
    [
        (14, "there are frames 0 to 13"),
        (("discount", 3), "'discount' was visited 2 times"),
        (("discuont", 1), "Did you mean 'agent/discount'"),
        ("discount", r"Did you mean \('discount', 1\)\?"),
        (1.5, "ask with an index, a Frame, or"),
        (("discount", 1, 2), "ask with an index, a Frame, or"),
        (priced().frames[3], "it is not one of these; there are frames 0 to 13"),
    ],
)
def test_frames_that_are_not_there(which, says):
    """Bad input: says what exists; an `IndexError`, as of any sequence."""
    frames = priced().frames

    with pytest.raises(NoSuchFrameError, match=says) as caught:
        frames[which]
    assert isinstance(caught.value, IndexError)


def test_frames_as_a_table():
    """DESIGN: one row per frame; columns are identifiers."""
    dbg = reviewed()
    table = dbg.frames.to_pandas()

    assert list(table["kind"]) == [f.kind for f in dbg.frames]
    assert list(table["node"])[1:] == [*["draft", "approve", "approve"] * 2, "publish"]
    assert list(table["next_node"])[1] == "approve"
    assert list(table["changed_keys"])[1] == "draft, drafts"
    assert list(table["decision"])[3] == "reject: too short"
    assert set(table["line"]) == {"main"}
    assert all(name.isidentifier() for name in table.columns)


def test_the_table_of_a_fork_says_which_line_a_frame_is_of():
    """DESIGN: a fork has a line of its own over shared frames."""
    dbg = reviewed()
    fork = dbg.fork(1, put={"x": 1})

    assert list(fork.frames.to_pandas()["line"]) == ["main", "main", "fork 1"]


def test_the_table_shows_errors():
    """R3: what failed stands in its row."""

    def a(ctx):
        raise ValueError("no")

    dbg = Debugger(chain(a))
    dbg.run()

    assert "ValueError: no" in dbg.frames.to_pandas()["error"][1]


def test_an_empty_history_has_one_row():
    """The start frame."""
    table = Debugger(steps("a")).frames.to_pandas()

    assert list(table["kind"]) == ["start"]


def test_frames_taken_before_a_step_do_not_grow():
    """DESIGN: a sequence shows the line as it stood."""
    dbg = Debugger(steps("a", "b"))
    frames = dbg.frames
    dbg.run()

    assert len(frames) == 1
    assert len(dbg.frames) == 3


def test_a_frame_shows_itself_in_a_line():
    """A traceback may show one: short, and it never raises."""
    dbg = reviewed()

    assert repr(dbg.frames[1]) == "<Frame 1 commit draft: draft, drafts>"
    assert len(repr(dbg.frames)) < 2_000


# -- at, diff, who -----------------------------------------------------------------------


def test_at_finds_a_visit():
    """DESIGN: `at(node, visit=1)`; barriers give the waiting frame, composites the exit."""
    dbg = reviewed()
    deep = Debugger(nested())
    finish_debugger(deep)

    assert dbg.at("draft") is dbg.frames[1]
    assert dbg.at("draft", 2) is dbg.frames[4]
    assert dbg.at("approve", visit=2).kind == "waiting"
    assert deep.at("agent", 2).kind == "exit"
    assert deep.at("agent#2/llm").path == "agent#2/llm"
    assert deep.at("agent/llm").path == "agent/llm"


def test_diff_compares_any_two_frames():
    """DESIGN: of the root state, down to where they differ."""
    dbg = Debugger(chain(_change), {"plan": {"a": [1, 2], "b": 1}, "same": [1], "gone": 1})
    dbg.run()
    changes = {str(change) for change in dbg.diff(0, 1)}

    assert changes == {
        "~ plan.a[1]: 2 -> 3",
        "+ plan.a[2]: 4",
        "- gone: 1",
        "+ new: True",
    }
    assert list(dbg.diff(1, 1)) == []
    assert dbg.diff(0, 1).keys == ["plan", "gone", "new"]
    assert list(dbg.diff(0, 1).to_pandas().columns) == ["path", "kind", "old", "new"]
    assert dbg.diff(("_change", 1), 0)[0].kind == "changed"


def _change(ctx):
    ctx.put(("plan", "a"), [1, 3, 4])
    ctx.delete("gone")
    ctx.put("new", True)


def test_diff_tells_types_apart():
    """1, 1.0 and True are equal to Python, and not the same to a reader."""

    def change(ctx):
        ctx.put("n", True)
        ctx.put("m", 1.0)

    dbg = Debugger(chain(change), {"n": 1, "m": 1})
    dbg.run()

    assert dbg.diff(0, 1).keys == ["n", "m"]


def test_who_tells_which_steps_wrote_a_value():
    """DESIGN: newest first, up to the head; decisions and edits too."""
    dbg = reviewed()

    assert [(w.frame.index, w.frame.node) for w in dbg.who("draft")] == [(4, "draft"), (1, "draft")]
    assert [w.frame.kind for w in dbg.who("approve.reject_reason")] == ["decision", "decision"]
    assert dbg.who("approve.approved")[0].mutation == Put("approve.approved", True)
    dbg.rewind(2)
    assert [w.frame.index for w in dbg.who("draft")] == [1]
    fork = dbg.fork(put={"draft": "mine"})
    assert [w.frame.kind for w in fork.who("draft")] == ["edit", "commit"]


def test_who_looks_into_values():
    """DESIGN: a path; a write to a part, or to the whole, changes what is there."""

    def node(ctx):
        step = ctx.visit
        if step == 1:
            ctx.put(("plan", "a"), 1)
        elif step == 2:
            ctx.put(("plan", "b"), 1)
        elif step == 3:
            ctx.put("plan", {"a": 3, "b": 3})
        if step < 3:
            ctx.goto("node")

    dbg = Debugger(chain(node), {"plan": {}})
    dbg.run()

    assert [w.frame.index for w in dbg.who("plan")] == [3, 2, 1]
    assert [w.frame.index for w in dbg.who(("plan", "a"))] == [3, 1]
    assert list(dbg.who(("plan", "b")).to_pandas()["frame"]) == [3, 2]


def test_who_of_a_key_that_only_the_start_has():
    """No writes is an answer; no such key is an error with the nearest name."""
    dbg = Debugger(steps("a"), {"topic": "x"})
    dbg.run()

    assert list(dbg.who("topic")) == []
    assert "as the run began" in repr(dbg.who("topic"))
    with pytest.raises(MissingKeyError, match="Did you mean 'topic'"):
        dbg.who("topik")


def test_who_leads_on_to_the_steps_inside():
    """N2, N3: the writer of a nested value is the frame that brought it out; its makers follow."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    writes = dbg.who("log")
    own = [w.frame.path for w in writes if not w.through]

    assert own[0] == "done"
    assert "agent" in own
    assert "agent/llm" not in own
    assert "agent/llm" in [w.frame.path for w in writes]


# -- compare -----------------------------------------------------------------------------


def test_comparing_two_lines():
    """DESIGN: aligned by path, node and visit."""

    def add(ctx):
        ctx.reduce("n", 1, Reducer.SUM)

    g = GraphBuilder("g").node("add", add).node("small", note).node("big", note)
    g.node("end", note).edge_if("add", "big", lambda s: s["n"] > 5).edge("add", "small")
    g.edge("small", "end").edge("big", "end").start("add").end("end")
    dbg = Debugger(g.build(), {"n": 0})
    dbg.run()
    fork = dbg.fork(0, put={"n": 10})
    fork.run()
    told = dbg.compare(fork)

    assert told.pairs[0].shared
    assert told.first_route.path == "add"
    assert told.diff.keys == ["n", "log"]
    assert "small or big" in repr(told)
    assert not told.to_pandas(equal=False)["same"].any()
    assert dbg.compare(dbg).first_difference is None


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
