"""P6 with the Debugger: what is said of one item of a map, and what is asked of it."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError

PEOPLE = [{"name": name, "amount": amount} for amount, name in enumerate("abcd")]


def scored(each):
    """A map over people, of a function or of a graph."""
    g = GraphBuilder("pay").node("load", lambda ctx: {"people": PEOPLE})
    g.map("score", each, over="people", into="scores")
    return Debugger(g.edge("load", "score").start("load").end("score").build())


def double(ctx):
    return 2 * ctx.item["amount"]


def steps():
    """A graph for one item: it takes the amount, and doubles it."""
    g = GraphBuilder("one").node("take", lambda ctx: {"raw": ctx.state["item"]["amount"]})
    g.node("double", lambda ctx: {"score": 2 * ctx.state["raw"]})
    return g.edge("take", "double").start("take").end("double").build()


@pytest.mark.parametrize("each", [double, steps()], ids=["function", "graph"])
@pytest.mark.parametrize("when", ["item.name == 'c'", lambda s: s["item"]["name"] == "c"])
def test_a_condition_sees_the_item(each, when):
    """Of a function as of a graph, before its branch runs."""
    dbg = scored(each)
    dbg.break_at("score/*", when=when)

    assert dbg.run().reason is StopReason.BREAKPOINT
    assert dbg.run().reason is StopReason.COMPLETED


def test_a_condition_sees_a_key_of_the_state_before_the_item():
    """Names are keys: that of the item is the last that is looked for."""
    g = GraphBuilder("g").map("score", double, over="people", into="scores").start("score")
    dbg = Debugger(g.end("score").build(), {"people": PEOPLE, "item": "mine"})
    dbg.break_at("score/*", when="item != 'mine'")

    assert dbg.run().reason is StopReason.COMPLETED


def test_an_item_is_written_before_its_graph_begins():
    """R12: by the level of its number; the others keep theirs."""
    dbg = scored(steps())
    dbg.step(2)

    stop = dbg.steer(put={"score/3:item": {"name": "d", "amount": 50}})

    assert (stop.frame.kind, stop.frame.path) == ("edit", "score/3")
    dbg.run()
    assert [end["score"] for end in dbg.state["scores"]] == [0, 2, 4, 100]
    with pytest.raises(
        DebuggerError, match=r"not in level 'score/2' now; levels it is in: \(none\)"
    ):
        dbg.steer(put={"score/2:item": None})


@pytest.mark.parametrize(
    ("what", "paths"),
    [
        ("score/1:raw", {"score/1/take", "score/1"}),
        ("score/*:raw", {f"score/{i}{end}" for i in range(4) for end in ("/take", "")}),
    ],
)
def test_a_watch_is_for_one_item_or_for_all(what, paths):
    """It stops in the branches that are meant, and in no other."""
    dbg = scored(steps())
    dbg.step(2)
    dbg.rewind(1)
    dbg.watch(what)

    seen = set()
    while (stop := dbg.run()).reason is StopReason.WATCH:
        seen.add(stop.frame.path)

    assert stop.reason is StopReason.COMPLETED
    assert seen <= paths
    assert {path for path in paths if path.endswith("take")} <= seen


def test_a_watch_of_functions_sees_what_each_writes():
    """The branch of an item that a function has is a level as well."""
    g = GraphBuilder("g").map("note", lambda ctx: {f"n{ctx.item}": 1}, over="items")
    dbg = Debugger(g.start("note").end("note").build(), {"items": [0, 1, 2]})
    dbg.watch("note/*:n1")

    stop = dbg.run()

    assert (stop.reason, stop.frame.path) == (StopReason.WATCH, "note/1")


def test_a_fork_says_how_another_item_is_written():
    """It writes at the level of its frame; an edit in the fork writes at any."""
    dbg = scored(steps())
    dbg.step(2)

    with pytest.warns(UserWarning, match=r"steer\(put=\{'score/3:item': …\}\) in the fork"):
        dbg.fork(put={"score/3:item": 1})


def test_a_condition_sees_the_item_going_back():
    """As it did going forward."""
    dbg = scored(double)
    dbg.run()
    dbg.break_at("score/*", when="item.name == 'b'")

    stop = dbg.run_back()

    assert (stop.reason, stop.frame.path) == (StopReason.BREAKPOINT, "score/0")


@pytest.mark.parametrize("each", [double, steps()], ids=["function", "graph"])
def test_an_outcome_is_fixed_for_one_item_before_that_of_all(each):
    """`mock` takes the path of one item; freed, it has what all have."""
    dbg = scored(each)
    given = {n: (lambda ctx, n=n: n) if each is double else {"score": n} for n in (-1, 99)}
    dbg.mock("score/*", given[-1])
    dbg.mock("score/2", given[99])

    dbg.run()

    ends = [end if each is double else end["score"] for end in dbg.state["scores"]]
    assert ends == [-1, -1, 99, -1]
    assert list(dbg.mocks) == ["score/*", "score/2"]
    dbg.mock("score/2", None)
    assert list(dbg.mocks) == ["score/*"]


def test_one_item_is_asked_about():
    """The others run; what is answered is what its function would have returned."""
    dbg = scored(double)
    dbg.mode("score/2", "ask")

    stop = dbg.run()

    assert [waits.id for waits in stop.pending] == ["score/2#0"]
    dbg.modify("scores", 7, then_run=True)
    assert dbg.state["scores"] == [0, 2, 7, 6]
    assert dbg.modes == {"score/2": "ask"}
    with pytest.raises(DebuggerError, match=r"'score/2' is one item of a map, .*: 'score/\*'"):
        dbg.mode("score/2", "calls")
