"""A join of failed branches is resolved: retried, kept or left out."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError
from tests.debug.graphs_changing import fails, named
from tests.strategies import chain, note

R = StopReason


class Fan:
    """A collect-all Parallel of which one branch fails as long as it is broken."""

    def __init__(self, on_error="collect_all"):
        self.broken = True
        self.runs = []
        g = GraphBuilder("g").node("first", note)
        branches = {"good": self.good, "bad": self.bad}
        g.parallel("par", branches, on_error=on_error).node("last", note)
        g.edge("first", "par").edge("par", "last")
        self.dbg = Debugger(g.start("first").end("last").build())

    async def good(self, ctx):
        self.runs.append("good")
        ctx.append("log", "good")

    async def bad(self, ctx):
        self.runs.append("bad")
        if self.broken:
            raise ValueError("no")
        ctx.append("log", "bad")


@pytest.mark.parametrize(
    ("how", "log", "runs"),
    [
        ("keep", ["first", "good", "last"], ["good", "bad"]),
        ("drop", ["first", "last"], ["good", "bad"]),
        ("retry", ["first", "good", "bad", "last"], ["good", "bad", "bad"]),
    ],
)
def test_a_join_of_failed_branches_is_resolved(how, log, runs):
    """P3: the Debugger offers keep, retry or drop; the good branch never runs again."""
    fan = Fan()
    assert fan.dbg.run().reason is R.FAILED
    fan.broken = False
    stop = fan.dbg.resolve_join(how)
    if how != "retry":
        assert (stop.reason, stop.frame.kind, stop.frame.path) == (R.STEP, "join", "par")
        stop = fan.dbg.run()

    assert stop.reason is R.COMPLETED
    assert fan.dbg.state["log"] == log
    assert fan.runs == runs


def test_a_retried_join_may_fail_again():
    """Then the offer stands again."""
    fan = Fan()
    fan.dbg.run()

    assert fan.dbg.resolve_join("retry").reason is R.FAILED
    assert fan.dbg.resolve_join("keep").reason is R.STEP


def test_resolving_a_join_with_await():
    """`aresolve_join`."""
    fan = Fan()
    fan.dbg.run()

    assert asyncio.run(fan.dbg.aresolve_join("drop")).frame.kind == "join"


@pytest.mark.parametrize("how", ["", "both", None, 1])
def test_a_join_is_resolved_in_one_of_three_ways(how):
    """Bad input: lists them."""
    fan = Fan()
    fan.dbg.run()
    with pytest.raises(DebuggerError, match="'keep', 'retry' or 'drop'"):
        fan.dbg.resolve_join(how)


@pytest.mark.parametrize("how", ["keep", "drop", "retry"])
@pytest.mark.parametrize("where", ["start", "end", "failed elsewhere", "fail fast"])
def test_there_must_be_a_join_to_resolve(how, where):
    """Bad input: nothing failed in a collect-all Parallel; the run stays where it is."""
    dbg = Fan("fail_fast" if where == "fail fast" else "collect_all").dbg
    if where == "failed elsewhere":
        dbg = Debugger(chain(named("a", 0), fails))
    if where != "start":
        dbg.run()
    if where == "end":
        dbg.resolve_join("drop")
        dbg.run()
    frames, head = len(dbg.frames), dbg.head
    with pytest.raises(DebuggerError, match="collect-all"):
        dbg.resolve_join(how)
    assert (len(dbg.frames), dbg.head) == (frames, head)


def test_a_join_is_not_resolved_while_branches_go_on():
    """Standing inside a collect-all Parallel in which nothing failed is no failure."""
    dbg = Fan().dbg
    dbg.step(2)
    assert dbg.frames[dbg.head].path == "par/good"
    with pytest.raises(DebuggerError, match="collect-all"):
        dbg.resolve_join("keep")


def test_the_error_of_failed_branches_says_what_can_be_done():
    """P3: every word that `resolve_join` takes."""
    error = str(Fan().dbg.run().error)

    for word in ("resolve_join('retry')", "'keep'", "'drop'"):
        assert word in error


@pytest.mark.parametrize("kind", ["parallel", "map"])
def test_where_the_first_failure_counts_it_is_said_what_keeps_the_others(kind):
    """P3: that is chosen where the graph is built."""
    dbg = Fan("fail_fast").dbg
    if kind == "map":
        g = GraphBuilder("g").map("par", fails, over="items", into="made")
        dbg = Debugger(g.start("par").end("par").build(), {"items": [1, 2]})
    dbg.run()

    with pytest.raises(DebuggerError, match=r"'par' is no collect-all.*collect_all"):
        dbg.resolve_join("keep")
