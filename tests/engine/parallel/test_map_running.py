"""P6: how the branches of a map run and wait, and what a map refuses."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import Approve, Debugger, GraphBuilder, MockBarrierSink, StopReason
from lellm_nb.errors import InvalidNodeError, StateError
from tests.engine.parallel.test_map import WORDS, graph_of, mapped, measured

# -- how they run ------------------------------------------------------------------------


def test_items_run_side_by_side():
    """P1, P6: each waits for the others, which only works if all of them are running."""
    meeting = threading.Barrier(3, timeout=10)

    def each(ctx):
        meeting.wait()
        return threading.current_thread() is threading.main_thread()

    assert mapped(each, into="main").run(WORDS).state["main"] == [False] * 3


@pytest.mark.parametrize("limit", [1, 2, None])
def test_a_limit_bounds_how_many_run(limit):
    """P6: and all of them run."""
    running, most = 0, 0

    async def each(ctx):
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        return ctx.item

    words = list("abcdef")
    state = mapped(each, into="all", limit=limit).run({"words": words}).state

    assert state["all"] == words
    assert most == (limit or 6)


def test_when_stepping_items_take_turns():
    """P1, P6: whose turn it is stands in the position."""
    dbg = Debugger(mapped(graph_of(lambda ctx: None), into="all"), WORDS)
    paths = []
    while dbg.step().reason is StopReason.STEP:
        paths.append(dbg.frames[-1].path)

    turns = ("/work", "/done", "")
    assert paths == [f"m/{i}{name}" for name in turns for i in range(3)]


def asking():
    """A graph that asks before it ends."""
    g = GraphBuilder("inner").node("work", lambda ctx: {"size": len(ctx.item)}).barrier("ok")
    return g.edge("work", "ok").start("work").end("ok").build()


def test_each_item_may_wait_for_a_decision_of_its_own():
    """B5, P6: ids do not repeat, and an item that waits holds no other."""
    dbg = Debugger(mapped(asking(), into="all"), WORDS)
    stop = dbg.run()

    assert stop.reason is StopReason.BARRIER
    assert [p.id for p in stop.pending] == ["m/0/ok#0", "m/1/ok#0", "m/2/ok#0"]
    dbg.reject("no", id="m/1/ok#0")
    dbg.approve(id="m/0/ok#0")
    dbg.approve(id="m/2/ok#0")
    assert dbg.run().reason is StopReason.COMPLETED
    assert [end.get("ok.approved") for end in dbg.state["all"]] == [True, None, True]
    assert dbg.state["all"][1]["ok.reject_reason"] == "no"


def test_sinks_are_asked_for_each_item():
    """B6, P6."""
    sink = MockBarrierSink([Approve()] * 3)
    state = mapped(asking(), into="all").run(WORDS, barrier=sink).state

    assert [end["ok.approved"] for end in state["all"]] == [True] * 3


def test_a_pause_in_a_task_of_a_map_is_named_by_its_item():
    """B2, P6."""

    def each(ctx):
        ctx.pause("sure")
        return ctx.item

    dbg = Debugger(mapped(each, into="all"), {"words": ["a", "b"]})
    stop = dbg.run()

    assert [p.id for p in stop.pending] == ["m/0/sure#0", "m/1/sure#0"]
    for pending in stop.pending:
        dbg.approve(pending.id)
    dbg.run()
    assert dbg.state["all"] == ["a", "b"]
    assert [f.static_path for f in dbg.frames if f.kind == "decision"] == ["m/*/sure"] * 2


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"over": None}, "over is a key, a path"),
        ({"over": 3}, "over is a key, a path"),
        ({"over": ""}, "over is a key, a path"),
        ({"over": ()}, "over is a key, a path"),
        ({"over": lambda a, b: []}, "over"),
        ({"into": 3}, "into is the name of a key"),
        ({"into": ""}, "into is the name of a key"),
        ({"as_": None}, "as_ is the name of a key"),
        ({"as_": ""}, "as_ is the name of a key"),
        ({"into": "item"}, "into and as_ are both 'item'"),
        ({"limit": 0}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"limit": True}, "limit"),
        ({"on_error": "never"}, "on_error"),
        ({"merge": 3}, "merge"),
    ],
)
def test_bad_options_are_refused_at_the_door(options, said):
    """P6: each names the argument, and no node is added."""
    g = GraphBuilder("g")
    with pytest.raises((InvalidNodeError, StateError), match=said):
        g.map("m", measured, **{"over": "words", **options})
    assert g.node("m", measured).start("m").end("m").build().nodes["m"].kind == "task"


def test_what_cannot_run_for_each_item_is_refused():
    """P6: a barrier or a condition by itself, a lens, nothing at all."""
    from lellm_nb.graph.node import Barrier, Subgraph
    from lellm_nb.state.lens import KeyLens

    inner = graph_of(measured)
    for each, said in [
        (Barrier("b"), "put it into a graph"),
        (Subgraph("s", inner, KeyLens("part")), "a lens would hide that"),
        (None, "cannot run"),
        (GraphBuilder("g"), r"\.build\(\)"),
    ]:
        with pytest.raises(InvalidNodeError, match=said):
            GraphBuilder("g").map("m", each, over="words")


def test_a_run_without_a_debugger_ends_alike():
    """P6: `graph.run`, `execute` and the Debugger commit by one rule."""
    graph = mapped(asking(), into="all")
    dbg = Debugger(graph, WORDS)
    for pending in dbg.run().pending:
        dbg.approve(pending.id)
    dbg.run()
    sink = MockBarrierSink([Approve()] * 3)

    assert graph.run(WORDS, barrier=sink).state == dbg.state
