"""The Debugger's verbs that run on: conversations, as people have them."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError, NoSuchFrameError, NoSuchNodeError
from tests.debug.graphs import looping
from tests.strategies import fanned, nested, note, review, steps

R = StopReason


# -- the documentation's conversation ----------------------------------------------------


def test_the_documentations_example_runs_as_printed():
    """DESIGN: draft, reject, again, approve, publish; and a fork beside it."""
    dbg = Debugger(review(), {"topic": "otters"})
    stop = dbg.run()
    assert stop.reason is R.BARRIER
    assert [p.id for p in stop.pending] == ["approve#0"]

    assert dbg.reject("too short").reason is R.STEP
    dbg.run()
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["published"] is True
    assert dbg.state["drafts"] == 2

    assert [w.frame.index for w in dbg.who("draft")] == [4, 1]
    assert len(dbg.frames.to_pandas()) == len(dbg.frames) == 8

    fork = dbg.fork(at=1, put={"draft": "shorter"})
    assert fork.run().reason is R.BARRIER
    assert fork.state["draft"] == "shorter"
    assert dbg.state["draft"] == "An essay about otters"
    assert "first difference" in repr(dbg.compare(fork))


# -- step --------------------------------------------------------------------------------


def test_stepping_through_a_graph():
    """A step is one commit; the one that commits the end node has completed."""
    dbg = Debugger(steps("a", "b"))

    first = dbg.step()
    assert (first.reason, first.frame.index, first.frame.node) == (R.STEP, 1, "a")
    assert dbg.position.node == "b"
    second = dbg.step()
    assert (second.reason, second.frame.next_node) == (R.COMPLETED, None)
    assert dbg.step().reason is R.COMPLETED
    assert len(dbg.frames) == 3


def test_stepping_several_at_once():
    """`step(n)` makes n commits; a barrier or the end stops it."""
    dbg = Debugger(steps("a", "b", "c", "d"))

    assert dbg.step(2).frame.index == 2
    assert dbg.step(10).reason is R.COMPLETED
    waits = Debugger(review(), {"topic": "x"})
    assert waits.step(10).reason is R.BARRIER
    assert waits.head == 2


def test_a_breakpoint_stops_step_n_but_not_its_first_step():
    """DESIGN: breakpoints stop all of them; a single step always moves."""
    dbg = Debugger(steps("a", "b", "c", "d"))
    dbg.break_at("c")

    assert dbg.step(4).reason is R.BREAKPOINT
    assert dbg.head == 2
    assert dbg.step().frame.node == "c"


# -- run ---------------------------------------------------------------------------------


def test_running_until_a_node():
    """`until` a node, or (node, visit): stops before it runs."""
    dbg = Debugger(looping())

    assert dbg.run(until=("add", 3)).frame.index == 2
    assert dbg.state == {"n": 2}
    stop = dbg.run(until="done")
    assert (stop.reason, stop.frame.index) == (R.STEP, 5)
    assert dbg.position.node == "done"
    assert dbg.run().reason is R.COMPLETED


def test_running_until_the_same_node_again():
    """`run(until=x)` standing before x goes on to the next time."""
    dbg = Debugger(looping())
    heads = [dbg.run(until="add").frame.index for _ in range(6)]

    assert heads == [0, 1, 2, 3, 4, 6]


def test_running_until_a_frame_fits():
    """`until` a predicate on a frame: stops after it."""
    dbg = Debugger(looping())
    stop = dbg.run(until=lambda frame: frame.state["n"] == 4)

    assert (stop.reason, stop.frame.index) == (R.STEP, 4)
    assert dbg.run(until=lambda frame: False).reason is R.COMPLETED


def test_a_predicate_that_raises_stops_there_and_is_shown():
    """DESIGN: a stop never raises for user code."""
    dbg = Debugger(looping())
    stop = dbg.run(until=lambda frame: 1 // 0)

    assert isinstance(stop.error, ZeroDivisionError)
    assert stop.frame.index == 1


def test_running_on_after_the_end_adds_nothing():
    """COMPLETED again, and no frame."""
    dbg = Debugger(steps("a"))

    assert [dbg.run().reason for _ in range(3)] == [R.COMPLETED] * 3
    assert len(dbg.frames) == 2


def test_an_unknown_node_is_refused_before_anything_runs():
    """Bad input: the nearest name, and the paths that exist."""
    dbg = Debugger(nested())
    for ask in (lambda: dbg.run(until="tol"), lambda: dbg.run_back("tol")):
        with pytest.raises(NoSuchNodeError, match="agent/tool"):
            ask()
    assert dbg.head == 0


# -- over, into, out ---------------------------------------------------------------------


def test_over_runs_a_whole_composite():
    """`over` ends when the composite that was entered has left."""
    g = GraphBuilder("g").node("a", note).subgraph("sub", steps("x", "y")).node("b", note)
    dbg = Debugger(g.edge("a", "sub").edge("sub", "b").start("a").end("b").build())

    assert dbg.over().frame.path == "a"
    stop = dbg.over()
    assert (stop.reason, stop.frame.path, stop.frame.kind) == (R.STEP, "sub", "exit")
    assert dbg.over().reason is R.COMPLETED


def test_into_is_step():
    """`into` makes the first commit inside."""
    g = GraphBuilder("g").subgraph("sub", steps("x", "y")).start("sub").end("sub")
    dbg = Debugger(g.build())

    assert dbg.into().frame.path == "sub/x"
    assert dbg.stack == ["sub", "sub/y"]
    assert dbg.over().frame.path == "sub/y"
    assert dbg.into().frame.kind == "exit"


def test_out_runs_until_the_current_level_has_left():
    """`out` from inside; at the outermost level it runs on."""
    inner = GraphBuilder("middle").subgraph("deep", steps("x", "y", "z")).node("m", note)
    inner = inner.edge("deep", "m").start("deep").end("m").build()
    g = GraphBuilder("g").subgraph("sub", inner).node("b", note)
    dbg = Debugger(g.edge("sub", "b").start("sub").end("b").build())
    dbg.step()

    assert dbg.stack == ["sub", "sub/deep", "sub/deep/y"]
    assert dbg.out().frame.path == "sub/deep"
    assert dbg.out().frame.path == "sub"
    assert dbg.out().reason is R.COMPLETED
    assert dbg.out().reason is R.COMPLETED


def test_out_leaves_one_level_also_where_two_end_at_once():
    """DESIGN: `out` ends when the current level has left, and not the one around it."""
    inner = GraphBuilder("middle").subgraph("deep", steps("x", "y")).start("deep").end("deep")
    g = GraphBuilder("g").subgraph("sub", inner.build()).start("sub").end("sub")
    dbg = Debugger(g.build())
    dbg.step()

    assert dbg.out().frame.path == "sub/deep"


@pytest.mark.parametrize("composite", ["subgraph", "parallel"])
def test_a_stop_inside_a_composite_stays_there(composite):
    """P5: a stop after the last inner frame does not leave the composite any more."""
    g = GraphBuilder("g")
    if composite == "subgraph":
        g.subgraph("sub", steps("x", "y"))
    else:
        g.parallel("sub", {"x": note, "y": note})
    dbg = Debugger(g.start("sub").end("sub").build())
    stop = dbg.run(until=lambda frame: frame.path == "sub/y")

    assert (stop.reason, stop.frame.path) == (R.STEP, "sub/y")
    dbg.rewind(0)
    dbg.break_at("sub/y", after=True)
    assert dbg.run().frame.path == "sub/y"
    assert dbg.run().reason is R.COMPLETED


def test_out_of_a_composite_in_a_loop_stops_at_this_entry():
    """B2: `agent#2` is another entry; out of the first stops at the first."""
    dbg = Debugger(nested())
    dbg.run()
    dbg.approve()
    stop = dbg.out()

    assert (stop.frame.path, stop.frame.visit) == ("agent", 1)
    dbg.run()
    dbg.approve()
    stop = dbg.out()
    assert (stop.frame.kind, stop.frame.visit) == ("exit", 2)


def test_over_a_parallel_stops_at_the_join_or_where_it_holds():
    """Breakpoints and barriers stop `over` and `out` as well."""
    dbg = Debugger(fanned())
    dbg.step()

    stop = dbg.over()
    assert stop.reason is R.BARRIER
    assert stop.pending[0].id == "par/check/ok#0"
    dbg.approve()
    dbg.break_at("par/check/go")
    assert dbg.out().reason is R.BREAKPOINT
    dbg.run(until="last")
    assert dbg.frames[-1].kind == "join"


# -- async forms -------------------------------------------------------------------------


def test_every_verb_has_an_async_form():
    """DESIGN: async twins for use with await."""

    async def conversation():
        dbg = Debugger(review(), {"topic": "x"})
        reasons = [(await dbg.astep()).reason, (await dbg.arun()).reason]
        reasons.append((await dbg.areject("no")).reason)
        reasons.append((await dbg.arun(until="approve")).reason)
        reasons.append((await dbg.aover()).reason)
        reasons.append((await dbg.amodify("n", 1)).reason)
        reasons.append((await dbg.aback()).reason)
        reasons.append((await dbg.areroute("draft")).reason)
        reasons.append((await dbg.ainto()).reason)
        reasons.append((await dbg.arewind(5)).reason)
        reasons.append((await dbg.aapprove()).reason)
        reasons.append((await dbg.aout()).reason)
        reasons.append((await dbg.arun_back()).reason)
        with pytest.raises(DebuggerError):
            await dbg.aretry()
        with pytest.raises(NoSuchFrameError):
            await dbg.arewind(99)
        return reasons, dbg.lines

    reasons, lines = asyncio.run(conversation())

    assert [r.name for r in reasons] == [
        *("STEP", "BARRIER", "STEP", "STEP", "BARRIER", "STEP", "STEP", "STEP", "STEP"),
        *("STEP", "STEP", "COMPLETED", "START"),
    ]
    assert lines == ["main", "fork 1", "fork 2"]


def test_a_sync_verb_works_inside_a_running_event_loop():
    """DESIGN: a notebook cell always has one."""

    async def cell():
        return Debugger(steps("a")).run().reason

    assert asyncio.run(cell()) is R.COMPLETED
