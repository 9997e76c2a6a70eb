"""R11: one context goes with the run, whichever way it is moved."""

from __future__ import annotations

import asyncio
import contextvars
import itertools

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.graphs_blocked import LIMIT

R = StopReason
TENANT = contextvars.ContextVar("tenant", default="none")
COUNT = contextvars.ContextVar("count", default=0)


def counting():
    """Three nodes that count in a context variable, and put what they see."""

    def count(ctx):
        COUNT.set(COUNT.get() + 1)
        ctx.append("seen", COUNT.get())

    async def later(ctx):
        await asyncio.sleep(0)
        count(ctx)

    inner = GraphBuilder("in").node("one", count).node("two", later).edge("one", "two")
    branch = inner.start("one").end("two").build()
    g = GraphBuilder("g").node("a", count).node("b", later).edge("a", "b")
    g.parallel("c", {"x": branch, "y": later, "z": count})
    g.subgraph("d", branch).node("e", count)
    return g.edge("b", "c").edge("c", "d").edge("d", "e").start("a").end("e").build()


def stepped(dbg):
    while dbg.step().reason is R.STEP:
        pass


def stepped_in_threes(dbg):
    while dbg.step(3).reason is R.STEP:
        pass


def by_button(dbg):
    while dbg.post("step").result(LIMIT).reason is R.STEP:
        pass


def mixed(dbg):
    dbg.step(4)
    dbg.post("step").result(LIMIT)
    dbg.run()


def rewound_everywhere(dbg):
    dbg.run()
    for index in range(len(dbg.frames)):
        dbg.rewind(index)
        dbg.run()


def forked_everywhere(dbg):
    dbg.run()
    for index in range(len(dbg.frames)):
        fork = dbg.fork(at=index)
        fork.run()
        assert sorted(fork.state["seen"]) == sorted(dbg.state["seen"])


WAYS = [stepped, stepped_in_threes, by_button, mixed, rewound_everywhere, forked_everywhere]


@pytest.mark.parametrize("way", WAYS)
def test_one_context_goes_with_the_run_however_it_is_moved(way):
    """What a node sets reaches those after it; what a branch sets ends with the branch."""
    plain = Debugger(counting())
    plain.run()
    dbg = Debugger(counting())
    way(dbg)

    # a, b; in the branches from there on: x/one, x/two, y, z; from b on again: d/one, d/two, e
    expected = [1, 2, 3, 4, 3, 3, 3, 4, 5]
    assert sorted(plain.state["seen"]) == sorted(dbg.state["seen"]) == sorted(expected)
    assert COUNT.get() == 0  # nothing flows back to the cell


@pytest.mark.parametrize("way", ["run", "post", "start"])
def test_the_cells_context_is_seen_and_what_it_changes_wins(way):
    """By button it is the context in which the debugger was called last."""

    def look(ctx):
        ctx.append("seen", TENANT.get())

    def change(ctx):
        TENANT.set("node's")

    g = GraphBuilder("g").node("a", look).node("b", change).node("c", look).node("d", look)
    for one, two in itertools.pairwise("abcd"):
        g.edge(one, two)
    graph = g.start("a").end("d").build()
    token = TENANT.set("cell's")
    dbg = Debugger(graph)

    def moved():
        if way == "run":
            dbg.step()
        elif way == "start":
            asyncio.run(dbg.astep())
        else:
            dbg.post("step").result(LIMIT)

    for _ in range(3):
        moved()
    assert dbg.state["seen"] == ["cell's", "node's"]
    TENANT.set("changed")
    dbg.rewind(3)
    moved()
    TENANT.reset(token)

    assert dbg.state["seen"][-1] == "changed"
    assert TENANT.get() == "none"
