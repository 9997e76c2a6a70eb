"""Stops as every verb meets them, and limits of visits, which hold a run like a stop."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import LoopLimitError, NoSuchNodeError
from tests.debug.breakpoints.graphs import routed, twice_inside
from tests.debug.graphs import looping as counting
from tests.strategies import nested, note

R = StopReason


# -- limits ------------------------------------------------------------------------------


def test_a_limit_holds_and_running_goes_on_with_as_many_more():
    """Issue 4: `LIMIT`, and `run()` takes as many steps more; nothing is lost."""
    dbg = Debugger(counting(25), max_steps=10)
    stops = [dbg.run() for _ in range(3)]

    assert [(s.reason, s.frame.index) for s in stops] == [
        (R.LIMIT, 10),
        (R.LIMIT, 20),
        (R.COMPLETED, 26),
    ]
    assert dbg.state["n"] == 25


def test_a_limit_counts_from_where_the_run_went_on():
    """Rewound or stepped on, the next run has all its steps again."""
    dbg = Debugger(counting(25), max_steps=10)
    dbg.run()
    dbg.step(3)

    assert dbg.run().frame.index == 23
    dbg.rewind(5)
    assert dbg.run().frame.index == 15


def test_an_edge_with_a_limit_holds_the_run():
    """G5: the Debugger holds where an enforced `max_visits` would be exceeded."""
    g = GraphBuilder("g", enforce_max_visits=True).node("a", note).node("b", note)
    g.edge_if("a", "a", lambda s: True, max_visits=2).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build())
    stop = dbg.run()

    assert stop.reason is R.LIMIT
    assert isinstance(stop.error, LoopLimitError)
    dbg.patch(edges={("a", "a"): lambda s: False})
    assert dbg.run().reason is R.COMPLETED


# -- the other verbs ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["over", "out", "run"])
def test_every_way_forward_stops_at_an_edge(verb):
    """DESIGN: breakpoints stop all of them."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_on(edge=("agent/llm", "tool"))
    if verb == "out":
        dbg.rewind(0)
    stop = getattr(dbg, verb)()

    assert (stop.reason, stop.frame.path) == (R.BREAKPOINT, "agent/llm")


def test_run_back_meets_every_kind_of_stop():
    """Backward: before a node, after a node, on an edge, on an error; no user code runs."""
    dbg = Debugger(routed())
    dbg.run()
    marks = {
        dbg.break_at("mend").id: 6,
        dbg.break_at("jump", after=True).id: 5,
        dbg.break_on(edge=("ask", "pick")).id: 2,
        dbg.break_on_error().id: 6,
    }
    met = {}
    while (stop := dbg.run_back()).reason is R.BREAKPOINT:
        met.setdefault(stop.breakpoint.id, stop.frame.index)

    assert stop.reason is R.START
    assert met.keys() <= marks.keys()
    assert all(marks[id] == index for id, index in met.items())
    assert {2, 5, 6} == set(met.values())


def test_run_back_with_a_condition_that_raises():
    """It stops there and shows it, as forward."""
    dbg = Debugger(counting(3))
    dbg.run()
    mark = dbg.break_at("add", when=lambda s: s["absent"])
    stop = dbg.run_back()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert isinstance(stop.error, KeyError)


def test_stops_with_await():
    """The async twins report the same stops."""

    async def conversation():
        dbg = Debugger(counting(3))
        dbg.break_at("add", visit=2)
        dbg.break_on(edge=("add", "done"))
        forward = [(await dbg.arun()).reason for _ in range(3)]
        dbg.breakpoints.disable(2)
        back = [await dbg.arun_back() for _ in range(2)]
        return forward, [(s.reason, s.frame.index) for s in back]

    forward, back = asyncio.run(conversation())

    assert forward == [R.BREAKPOINT, R.BREAKPOINT, R.COMPLETED]
    assert back == [(R.BREAKPOINT, 1), (R.START, 0)]


def test_an_unknown_place_is_refused():
    """Bad input: names the nearest path."""
    dbg = Debugger(nested())
    for ask in (lambda: dbg.break_at("agent/lm"), lambda: dbg.break_on(edge=("agent/lm", "x"))):
        with pytest.raises(NoSuchNodeError, match="agent/llm"):
            ask()
