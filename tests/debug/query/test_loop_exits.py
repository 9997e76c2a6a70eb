"""The ways out of a cycle, turn by turn."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder, Reducer
from tests.debug.breakpoints.graphs import twice_inside
from tests.debug.graphs import looping
from tests.strategies import note, review


def ways(table):
    """The ways out and how each turn left, by turn."""
    return list(zip(table["exits"], table["left"].fillna(""), strict=True))


def test_the_edge_that_leaves_with_its_condition_and_the_value_at_each_turn():
    """Contract: an edge without a condition leaves where those that stay do not hold."""
    dbg = Debugger(looping(3))
    dbg.run()
    unless = 'unless lambda s: s["n"] < times'

    assert ways(dbg.loops()) == [
        (f"add -> done: False, {unless}", ""),
        (f"add -> done: False, {unless}", ""),
        (f"add -> done: True, {unless}", "add -> done"),
    ]


def test_conditional_edges_cases_gotos_and_error_routes():
    """Each says how it is taken; one behind an earlier winner was not asked."""

    def pick(ctx):
        ctx.reduce("n", 1, Reducer.SUM)
        if ctx.visit == 3:
            ctx.goto("aside")

    g = GraphBuilder("cases")
    g.task(pick, name="pick", goto=["aside"])
    g.condition("ask", [("pick", lambda s: s["n"] < 3), ("out", lambda s: s["n"] > 9)])
    g.node("aside", note).node("out", note).node("mend", note)
    g.edge("pick", "ask").edge("ask", "pick").edge("aside", "out").edge("mend", "out")
    g.on_error("pick", "mend")
    dbg = Debugger(g.start("pick").end("out").build())
    dbg.run()
    table = dbg.loops()

    first, second, third = [row.split("; ") for row in table["exits"]]
    assert first == [
        "pick -> aside: False, by goto",
        "pick -> mend: False, on error",
        'ask -> out: not asked, if lambda s: s["n"] > 9',
    ]
    assert second == first
    assert third[0] == "pick -> aside: True, by goto"
    assert third[2].startswith("ask -> out: not asked")  # the turn was left before it
    assert list(table["left"].fillna("")) == ["", "", "pick -> aside"]


def test_a_condition_that_says_no_and_then_yes():
    """What it last said in the turn."""
    g = GraphBuilder("g").node("add", lambda ctx: ctx.reduce("n", 1, Reducer.SUM)).node("out", note)
    g.edge_if("add", "out", lambda s: s["n"] == 3).edge("add", "add").start("add").end("out")
    dbg = Debugger(g.build())
    dbg.run()
    said = [row.partition(", ")[0] for row in dbg.loops()["exits"]]

    assert said == ["add -> out: False", "add -> out: False", "add -> out: True"]
    assert dbg.loops()["exits"][0].endswith('if lambda s: s["n"] == 3')


def test_decisions_and_composites():
    """A barrier leaves by its decision, a composite by its exit."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    dbg.reject("short")
    dbg.run()
    dbg.approve()
    assert list(dbg.loops()["left"].fillna("")) == ["", "approve -> publish"]

    g = GraphBuilder("d").node("draft", note).barrier("ok").node("out", note).edge("draft", "ok")
    g.edge_on("ok", "out", "approve").edge_on("ok", "draft", "reject").start("draft").end("out")
    dbg = Debugger(g.build())
    dbg.run()
    dbg.reject("no")
    dbg.run()
    dbg.approve()
    assert ways(dbg.loops()) == [
        ("ok -> out: False, on approve", ""),
        ("ok -> out: True, on approve", "ok -> out"),
    ]

    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.run()
    assert list(dbg.loops()["left"].fillna("")) == ["", "agent -> done"]


def test_inside_of_a_subgraph_and_of_a_branch():
    """The cycle of an inner graph, by entry; one commit at a time, branches in turn."""
    inner = looping(2)
    g = GraphBuilder("o").subgraph("sub", inner).parallel("both", {"deep": inner, "t": note})
    dbg = Debugger(g.edge("sub", "both").start("sub").end("both").build())
    while dbg.step().reason.name == "STEP":
        pass
    table = dbg.loops()

    assert list(table["level"]) == ["sub", "sub", "both/deep"]
    assert list(table["left"].fillna("")) == ["", "add -> done", "add -> done"]


def test_a_turn_that_goes_on_and_an_edit_in_it():
    """A run that stands inside of its cycle; an edit took no way."""
    dbg = Debugger(looping(5))
    dbg.step(2)
    fork = dbg.fork(at=2, put={"n": 3})
    fork.step(1)

    assert list(fork.loops()["left"].fillna("")) == ["", "", ""]
    assert len(fork.loops()) == 3


def test_a_reopened_run_has_the_same_rows(file):
    """With its graph; without it there is the value, and not what was asked."""
    dbg = Debugger(looping(3), store=file)
    dbg.run()
    rows = ways(dbg.loops())
    dbg.close()

    assert ways(Debugger.open(file, graph=looping(3)).loops()) == rows
    assert ways(Debugger.open(file).loops())[2] == ("add -> done: True", "add -> done")
