"""Frames compared: a visit, a difference, who wrote a value, and two lines."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, Put, Reducer
from lellm_nb.errors import MissingKeyError
from tests.debug.graphs import reviewed
from tests.strategies import chain, finish_debugger, nested, note, steps

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


@pytest.mark.parametrize(("count", "says"), [(11, ""), (12, "… 1 more; to_pandas()")])
def test_a_comparison_says_what_it_leaves_out_and_nothing_else(count, says):
    """Twelve differences are listed, the edit among them; a line tells of more only if any are."""
    g = GraphBuilder("g")
    for i in range(count):
        g.node(f"s{i}", lambda ctx: {"n": ctx.state["n"] + 1})
        if i:
            g.edge(f"s{i - 1}", f"s{i}")
    dbg = Debugger(g.start("s0").end(f"s{count - 1}").build(), {"n": 0})
    dbg.run()
    other = dbg.fork(at=0, put={"n": 100})
    other.run()

    text = repr(dbg.compare(other))

    assert text.count("\n  ~ s") == 11
    assert ("more;" in text) == bool(says)
    assert says in text
