"""`where()` tells what runs now, from any thread, and never disturbs it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import Debugger, GraphBuilder
from tests.debug.graphs_blocked import LIMIT, Blocked
from tests.strategies import note
from tests.waiting import until


def waits_here(event):
    assert event.wait(LIMIT)


@pytest.mark.parametrize("later", [False, True], ids=["sync node", "async node"])
def test_a_node_in_flight_is_named_with_its_stack(later):
    """Also one that only awaits something, and is on no thread's stack."""
    with Blocked(later) as blocked:
        (node,) = found = blocked.dbg.where()

        assert (node.path, node.visit) == ("b", 1)
        assert 0 < node.started <= blocked.dbg.session.clock.wall()
        assert node.calls[0][2] == ("b_later" if later else "b")
        assert "graphs_blocked.py" in node.calls[0][0]
        assert "b, for " in repr(found)
        table = found.to_pandas()
        columns = ["path", "visit", "seconds", "thread", "at", "attempt", "of", "next_in", "error"]
        assert table.columns.tolist() == columns
        assert table["path"].tolist() == ["b"]

    assert repr(blocked.dbg.where()) == "(nothing runs)"
    assert len(blocked.dbg.where().to_pandas()) == 0


def test_branches_in_threads_and_nodes_of_nested_graphs_are_there_each_once():
    go = threading.Event()

    def slow(ctx):
        waits_here(go)
        note(ctx)

    async def later(ctx):
        await asyncio.to_thread(waits_here, go)

    inner = GraphBuilder("in").node("deep", slow).start("deep").end("deep").build()
    g = GraphBuilder("g").parallel("par", {"x": slow, "y": later, "z": inner})
    dbg = Debugger(g.start("par").end("par").build())
    handle = dbg.start()
    try:
        found = until(lambda: len(dbg.where()) == 3 and dbg.where(), "all branches to run")
        assert {node.path for node in found} == {"par/x", "par/y", "par/z/deep"}
        x = next(node for node in found if node.path == "par/x")
        assert "waits_here" in [call[2] for call in x.calls]
        assert x.started > 0
        assert "lellm_nb" not in {call[0].rpartition("/")[0].rpartition("/")[2] for call in x.calls}
    finally:
        go.set()
    assert handle.result(LIMIT).error is None


def test_another_debuggers_nodes_are_not_told():
    with Blocked():
        assert (
            list(Debugger(GraphBuilder("g").node("a", note).start("a").end("a").build()).where())
            == []
        )


@pytest.mark.parametrize("how", ["a limit", "another branch that failed"])
def test_what_was_given_up_and_works_on_is_told(how):
    """R8, R11: nobody waits for it; it prints and sends all the same, also after the next verb."""
    go, there = threading.Event(), threading.Event()

    def hangs(ctx):
        there.set()
        assert go.wait(LIMIT)

    def fails(ctx):
        assert there.wait(LIMIT)
        raise ValueError("now")

    g = GraphBuilder("g").start("a").end("a")
    if how == "a limit":
        g.task(hangs, name="a", timeout=0.05)
    else:
        g.parallel("a", {"x": hangs, "y": fails})
    dbg = Debugger(g.build())
    assert dbg.run().error is not None
    (node,) = dbg.where()

    assert node.path == ("a" if how == "a limit" else "a/x")
    assert node.given_up
    assert "given up" in repr(dbg.where())
    dbg.rewind(0)
    assert [each.path for each in dbg.where()] == [node.path]
    go.set()
    until(lambda: not dbg.where(), "it has ended")
