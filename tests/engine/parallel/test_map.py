"""P6: a branch for each item of a list that is known when the run comes there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from lellm_nb import (
    Debugger,
    GraphBuilder,
    Reducer,
    StopReason,
    typed_state,
)
from lellm_nb.errors import MergeConflictError, NodeExecutionError, StateError


def mapped(each, over="words", **options):
    """A graph that is one map."""
    g = GraphBuilder("g", reducers={"log": Reducer.APPEND})
    return g.map("m", each, over=over, **options).start("m").end("m").build()


def measured(ctx):
    return len(ctx.item)


WORDS = {"words": ["a", "fox", "runs"]}


# -- what a branch is given, and what becomes of it ------------------------------------------


def test_each_item_has_a_branch_of_its_own_and_results_are_in_the_order_of_the_items():
    """P6: frames `m/0`, `m/1`, …; `into` takes what a task returned, whole."""
    dbg = Debugger(mapped(measured, into="sizes"), WORDS)
    dbg.run()

    assert dbg.state["sizes"] == [1, 3, 4]
    assert sorted(frame.path for frame in dbg.frames) == ["", "m", "m/0", "m/1", "m/2"]
    assert [frame.kind for frame in dbg.frames] == ["start", "commit", "commit", "commit", "join"]


@pytest.mark.parametrize("returned", [None, 0, "text", {"n": 1}, [1, 2], (1, [2])])
def test_into_takes_whatever_a_task_returned(returned):
    """P6: also a mapping, which is not written then, and nothing, which is None."""
    state = mapped(lambda ctx: returned, into="all").run(WORDS).state

    assert list(state) == ["words", "all"]
    assert state["all"] == [list(returned) if isinstance(returned, tuple) else returned] * 3 or (
        state["all"] == [returned] * 3
    )


def test_without_into_what_is_returned_is_written_and_merged():
    """P6: as in a Parallel, through the reducers."""
    state = mapped(lambda ctx: {"log": [ctx.item]}).run(WORDS).state

    assert state["log"] == ["a", "fox", "runs"]


def test_different_writes_of_two_items_are_a_conflict():
    """P2, P6: named by the branches, which are numbers."""
    with pytest.raises(MergeConflictError) as caught:
        mapped(lambda ctx: {"last": ctx.item}).run(WORDS)

    assert caught.value.values == {"0": "a", "1": "fox", "2": "runs"}


def test_what_a_task_puts_beside_what_it_returns_is_merged():
    """P6: only what is returned is collected."""

    def each(ctx):
        ctx.append("log", ctx.path)
        return ctx.item.upper()

    state = mapped(each, into="all").run(WORDS).state

    assert (state["all"], state["log"]) == (["A", "FOX", "RUNS"], ["m/0", "m/1", "m/2"])


def graph_of(each):
    """A graph of two nodes: one works, one ends."""
    g = GraphBuilder("inner").node("work", each).node("done", lambda ctx: {"done": True})
    return g.edge("work", "done").start("work").end("done").build()


def test_a_graph_finds_its_item_under_a_key_that_is_never_merged():
    """P6: `as_`; also a node inside finds it as `ctx.item`."""

    def work(ctx):
        ctx.append("log", f"{ctx.state['word']} {ctx.item}")
        ctx.put("word", "changed")

    state = mapped(graph_of(work), as_="word").run({**WORDS, "word": "mine"}).state

    assert state["log"] == ["a a", "fox fox", "runs runs"]
    assert (state["word"], state["done"]) == ("mine", True)


def test_into_takes_the_end_state_of_a_graph_its_item_and_what_it_wrote():
    """P6: and nothing of it is merged; where the map is in a loop, nothing piles up."""
    inner = graph_of(lambda ctx: {"size": len(ctx.state["item"])})
    g = GraphBuilder("g").map("m", inner, over="words", into="all").node("n", lambda ctx: None)
    g.edge("m", "n").edge_if("n", "m", lambda s: s.get("again", False)).node("end", lambda c: None)
    graph = g.edge("n", "end").start("m").end("end").build()
    dbg = Debugger(graph, WORDS)
    dbg.run(until="n")
    once = dbg.state["all"]

    assert once == [{"item": w, "size": len(w), "done": True} for w in WORDS["words"]]
    assert list(dbg.state) == ["words", "all"]
    again = dbg.fork(put={"again": True})
    again.run(until=("m", 2))
    again.run(until=("n", 2))
    assert again.state["all"] == once


def test_no_item_joins_at_once():
    """P6: one frame, and an empty list."""
    dbg = Debugger(mapped(measured, into="sizes"), {"words": []})
    dbg.run()

    assert dbg.state["sizes"] == []
    assert [frame.kind for frame in dbg.frames] == ["start", "join"]


@pytest.mark.parametrize(
    ("over", "state"),
    [
        ("words", WORDS),
        (("deep", "words"), {"deep": WORDS}),
        (("deep", 1), {"deep": [0, WORDS["words"]]}),
        (lambda s: s["words"][:], WORDS),
        (lambda s: tuple(s["words"]), WORDS),
        (lambda s: range(len(s["words"])), {"words": "xyz"}),
    ],
)
def test_the_list_is_at_a_key_at_a_path_or_what_a_function_returns(over, state):
    """P6: `over`."""
    found = mapped(lambda ctx: ctx.item, over, into="all").run(state).state["all"]

    assert found in (WORDS["words"], [0, 1, 2])


@dataclass
class Shop:
    customers: list = field(default_factory=list)


@pytest.mark.parametrize("state", [{"shop": Shop()}, {"shop": {"customers": []}}])
@pytest.mark.parametrize(
    ("over", "hint"),
    [
        ("shopp", r"Did you mean 'shop'\?"),
        (("shop", "customerz"), r"Did you mean 'customers'\?"),
        (("shop", "beds"), r"each branch of the map is for\. "),
        (("shop", "customers", 3), r"each branch of the map is for\. "),
    ],
)
def test_a_key_that_nearly_is_one_is_asked_about(state, over, hint):
    """P6: of what is there where the path ends."""
    stop = Debugger(mapped(measured, over), state).run()

    assert re.search(hint, str(stop.error))


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("gone", "over='gone' of map 'm' leads to nothing"),
        (("words", 7), r"over=\('words', 7\) of map 'm' leads to nothing"),
        ("text", "over='text' of map 'm' leads to str"),
        ("mapping", "over='mapping' of map 'm' leads to"),
        ("number", "over='number' of map 'm' leads to int"),
        (lambda s: None, "The function over of map 'm' leads to NoneType"),
        (lambda s: s["gone"], "gone"),
    ],
)
def test_what_is_no_list_fails_the_step_and_names_over(over, said):
    """P6: nothing is committed, and the step can be tried again once the state is mended."""
    state = {**WORDS, "text": "abc", "mapping": {"a": 1}, "number": 3}
    dbg = Debugger(mapped(measured, over, into="sizes"), state)
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert isinstance(stop.error, NodeExecutionError)
    assert stop.error.path == "m"
    with pytest.raises(Exception, match=said):
        raise stop.error.__cause__
    assert dbg.state == state
    if over == "gone":
        mended = dbg.fork(put={"gone": ["ab"]})
        assert mended.run().reason is StopReason.COMPLETED
        assert mended.state["sizes"] == [2]


def test_items_are_read_only():
    """S1: an item is a part of the state."""

    def each(ctx):
        ctx.item.append(1)

    dbg = Debugger(mapped(each, "rows"), {"rows": [[0]]})

    assert dbg.run().reason is StopReason.FAILED
    assert dbg.state["rows"] == [[0]]


def test_an_item_outside_of_a_map_is_refused_in_words():
    """P6: `ctx.item`."""
    g = GraphBuilder("g").node("a", lambda ctx: ctx.item).start("a").end("a").build()

    with pytest.raises(NodeExecutionError) as caught:
        g.run({})
    with pytest.raises(StateError, match="Node 'a' is in no map"):
        raise caught.value.__cause__


def test_maps_are_nested_and_each_has_its_own_item():
    """P6: a map of a graph that has a map."""
    inner = GraphBuilder("row").map("cell", lambda ctx: ctx.item * 10, over="row", into="cells")
    graph = mapped(inner.start("cell").end("cell").build(), "rows", as_="row", into="all")
    dbg = Debugger(graph, {"rows": [[1, 2], [], [3]]})
    dbg.run()

    assert [one["cells"] for one in dbg.state["all"]] == [[10, 20], [], [30]]
    assert sorted(f.path for f in dbg.frames if f.kind == "commit") == [
        "m/0/cell/0",
        "m/0/cell/1",
        "m/2/cell/0",
    ]


@dataclass
class Notes:
    """A typed state with room for what a map collects."""

    words: list = field(default_factory=list)
    sizes: list = field(default_factory=list)
    item: str = ""
    log: list = field(default_factory=list)


def test_a_typed_state_has_maps_too():
    """S6, P6: functions and graphs."""
    State = typed_state(Notes)
    sizes = mapped(measured, into="sizes").run(State(words=["a", "fox"])).state.sizes
    graph = mapped(graph_of_typed(), into="sizes")
    ends = graph.run(State(words=["a", "fox"])).state.sizes

    assert sizes == [1, 3]
    assert [(end["item"], end["log"]) for end in ends] == [("a", ["a"]), ("fox", ["fox"])]


def graph_of_typed():
    """A graph that notes its item in a typed state."""
    g = GraphBuilder("inner", reducers={"log": Reducer.APPEND})
    g.node("work", lambda ctx: {"log": [ctx.state.item]})
    return g.start("work").end("work").build()


def test_a_typed_state_without_room_for_the_item_says_so():
    """P6: at the step, by the name of the key."""
    State = typed_state(Notes)
    dbg = Debugger(mapped(graph_of_typed(), as_="nowhere"), State(words=["a"]))
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert "nowhere" in str(stop.error.__cause__)
