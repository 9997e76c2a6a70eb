"""Stops and questions as text, in one expression language (SEMANTICS G10)."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import pytest

from lellm_nb import Debugger, Expression, GraphBuilder, Reducer, StopReason
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from tests.strategies import note, order_desk, priced, steps

R = StopReason


def counting(n=6):
    """Counts in a loop, and collects what it counted."""

    def count(ctx):
        ctx.reduce("n", 1, Reducer.SUM)
        ctx.append("items", ctx.visit)

    g = GraphBuilder("g").node("count", count).node("done", note)
    g.edge_if("count", "count", f"n < {n}").edge("count", "done")
    return g.start("count").end("done").build()


# -- break_at ----------------------------------------------------------------------------------


@pytest.mark.parametrize("go", ["run", "over", "out"])
def test_a_breakpoint_asks_its_text_of_the_state(go):
    """G10: before the node, and after it."""
    dbg = Debugger(counting(), {"n": 0})
    before = dbg.break_at("count", when="len(items) >= 2")
    after = dbg.break_at("count", when="items[-1] == 4", after=True)
    hits = [getattr(dbg, go if go == "run" else "run")() for _ in range(2)]

    assert [hit.breakpoint for hit in hits] == [before, before]
    dbg.breakpoints.remove(before)
    stop = dbg.run()
    assert (stop.breakpoint, dbg.state["n"]) == (after, 4)
    assert after.label == "after count if items[-1] == 4"


def test_the_text_of_a_breakpoint_is_about_the_level_of_its_node():
    """DESIGN: inside of a subgraph the names are those of its state."""
    dbg = priced(100, 10)
    dbg.rewind(0)
    dbg.break_at("agent/discount", when="total > 0 and job is None")
    stop = dbg.run()

    assert stop.reason is R.BREAKPOINT
    assert "total" in dbg.frames[dbg.head].state
    assert "total" not in dbg.state


def test_a_text_that_raises_stops_there_and_says_so():
    """As a function that raises does."""
    dbg = Debugger(counting(), {"n": 0, "label": "x"})
    dbg.break_at("count", when="label + 1 > n")
    stop = dbg.run()

    assert (stop.reason, type(stop.error)) == (R.BREAKPOINT, TypeError)


def test_a_breakpoint_by_text_is_hit_going_back_and_on_a_fork():
    """P5: it is copied with the others."""
    dbg = Debugger(counting(), {"n": 0})
    dbg.run()
    dbg.break_at("count", when="n == 3")
    assert dbg.run_back().reason is R.BREAKPOINT
    assert dbg.state["n"] == 3

    fork = dbg.fork(at=1)
    assert fork.run().breakpoint.when == Expression("n == 3")
    assert fork.state["n"] == 3


# -- watch -------------------------------------------------------------------------------------


def test_a_watch_stops_where_the_answer_of_an_expression_changes():
    """Forward and backward, with the answers as old and new."""
    dbg = Debugger(counting(), {"n": 0})
    watch = dbg.watch("len(items) > 3")
    stop = dbg.run()

    assert (stop.reason, stop.old, stop.new) == (R.WATCH, False, True)
    assert (dbg.state["n"], watch.label) == (4, "when len(items) > 3 changes")
    assert dbg.run().reason is R.COMPLETED
    assert dbg.run_back().reason is R.WATCH
    assert dbg.state["n"] == 3
    dbg.breakpoints.remove("len(items) > 3")
    assert len(dbg.breakpoints) == 0


@pytest.mark.parametrize("what", ["items", "items[2]", "a-b", "plan.steps[0]", "agent:x"])
def test_a_bare_key_or_path_is_what_it_was(what):
    """What has no operator and no call is a place, whose value is watched."""
    dbg = Debugger(counting(), {"n": 0})

    assert dbg.watch(what).names()[2] == what
    assert not isinstance(dbg.breakpoints[0].what, Expression)


def test_a_key_that_reads_as_an_expression_is_a_key_where_there_is_one():
    """A name may be anything."""
    dbg = Debugger(counting(), {"n": 0, "n > 2": 1})

    assert dbg.watch("n > 2").what.parts == ("n > 2",)
    assert dbg.watch("n > 3").what == Expression("n > 3")


# -- run(until=) -------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["run", "start"])
def test_run_until_an_expression_holds(verb):
    """It stops after the first frame of which it is true."""
    dbg = Debugger(counting(), {"n": 0})
    stop = dbg.run("n > 2") if verb == "run" else dbg.start("n > 2").result()

    assert (stop.reason, stop.frame.index, dbg.state["n"]) == (R.STEP, 3, 3)
    assert dbg.run(until="len(items) == 5 and frame.node == 'count'").frame.index == 5
    assert dbg.run(until=Expression("n > 99")).reason is R.COMPLETED
    assert dbg.run_back(until="n < 3").frame.index == 2
    assert dbg.run_back(until="py: state.get('n', 0) == 1").frame.index == 1


def test_until_is_about_the_outermost_state():
    """DESIGN: whatever level a frame is of."""
    dbg = priced(100, 10)
    dbg.rewind(0)
    stop = dbg.run(until="total is None and frame.path == 'agent/discount'")

    assert (stop.frame.path, stop.reason) == ("agent/discount", R.STEP)
    assert "total" in stop.frame.state


@pytest.mark.parametrize("text", ["cuont", "a/count", "a-b", "items", "items.x", "two words"])
def test_what_is_a_bare_name_is_a_node(text):
    """One that there is not is told with the nearest, as ever."""
    dbg = Debugger(counting(), {"n": 0})
    with pytest.raises(NoSuchNodeError, match="count"):
        dbg.run(until=text)

    assert len(dbg.frames) == 1


def test_a_node_that_reads_as_an_expression_is_a_node():
    """A node's name may be anything but a path."""
    g = GraphBuilder("g").node("a", note).node("n > 2", note).edge("a", "n > 2")
    dbg = Debugger(g.start("a").end("n > 2").build(), {"n": 3})
    stop = dbg.run("n > 2")

    assert (stop.frame.node, dbg.position.node) == ("a", "n > 2")


def test_sweeps_run_until_an_expression_holds():
    """Here, and in another process: it can be sent, as a lambda cannot."""
    dbg = Debugger(counting(), {"n": 0})
    here = dbg.sweep(0, [{"n": 1}, {"n": 2}], until="n == 3", progress=False)
    assert list(here["reason"]) == ["STEP", "STEP"]
    assert list(here["n"]) == [3, 3]

    with pytest.raises(DebuggerError, match="not a node"), ProcessPoolExecutor(1) as pool:
        dbg.sweep(0, [{"n": 1}], until="count", executor=pool, progress=False)


# -- bisect, evaluate --------------------------------------------------------------------------


def test_questions_over_frames_take_the_same_language():
    """Issue 4, G10: keys, `state` and `frame`."""
    dbg = Debugger(counting(4), {"n": 0})
    dbg.run()

    assert dbg.bisect("n > 2").index == 3
    assert dbg.bisect("py: len([x for x in state['items']]) > 1").index == 2
    assert list(dbg.evaluate("len(items)")["value"].dropna()) == [1, 2, 3, 4, 4]
    assert list(dbg.evaluate("frame.index")["value"]) == [0, 1, 2, 3, 4, 5]
    assert list(dbg.evaluate("max(items, default=0) + n")["value"]) == [0, 2, 4, 6, 8, 8]
    assert list(dbg.evaluate(Expression("n"))["value"]) == [0, 1, 2, 3, 4, 4]


@pytest.mark.parametrize("verb", ["evaluate", "bisect", "run", "run_back", "watch"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[x for x in items]", "begin the text with py:"),
        ("items.count(3) > 1", "begin the text with py:"),
        ("lne(items) > 2", "Did you mean 'len'"),
        ("n = 3", "write =="),
    ],
)
def test_what_is_not_in_the_language_says_how_to_write_python(verb, text, says):
    """G10: at the door, and nothing has moved."""
    dbg = Debugger(counting(), {"n": 0})
    with pytest.raises(DebuggerError, match=says):
        getattr(dbg, verb)(text)

    assert (len(dbg.frames), len(dbg.breakpoints)) == (1, 0)


def test_a_key_that_no_frame_has_is_told_where_another_is_near():
    """Absent is None, so a misspelt name would be None for good."""
    dbg = Debugger(counting(), {"n": 0})
    dbg.run()
    with pytest.warns(UserWarning, match=r"No frame has 'itmes'.*Did you mean 'items'"):
        dbg.evaluate("len(itmes)")

    assert dbg.evaluate("len(something_else)")["value"].isna().all()


@pytest.mark.parametrize("verb", ["watch", "break_at"])
def test_a_stop_on_a_misspelt_key_is_set_and_warned_of(verb):
    """A key may come later, so it is no error; with no name near, nothing is said."""
    dbg = Debugger(counting(), {"items": [], "n": 0})
    ask = dbg.watch if verb == "watch" else lambda text: dbg.break_at("count", when=text)
    with pytest.warns(UserWarning, match=r"a key 'itmes'\. Did you mean 'items'\?"):
        ask("len(itmes) > 2")
    ask("approve.reject_reason is not None")

    assert len(dbg.breakpoints) == 2


def test_side_by_side_and_step_by_step_alike():
    """P: the frames of branches are asked as they come."""
    text = "frame.kind == 'join'"
    ran, stepped = (Debugger(order_desk(), {"lines": [100, 10]}) for _ in range(2))
    stop = ran.run(until=text)
    for _ in range(len(ran.frames)):
        stepped.step()

    assert stop.frame.kind == "join"
    for dbg in (ran, stepped):
        assert True in list(dbg.evaluate(text)["value"])


def test_a_stop_by_text_sees_no_difference_in_a_running_loop():
    """R11: it calls nothing, so no loop is hidden from it."""
    dbg = Debugger(steps("a", "b", "c"))
    dbg.break_at("c", when="len(log) == 2")
    stop = dbg.start().result()

    assert (stop.reason, dbg.position.node) == (R.BREAKPOINT, "c")
