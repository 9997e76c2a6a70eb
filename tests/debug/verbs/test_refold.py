"""A history folded again without one of its steps."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder, Put, Reduce, Reducer, ReducerRegistry, StopReason
from lellm_nb.errors import DebuggerError, NoSuchFrameError, ReducerError
from tests.debug.graphs_changing import named
from tests.strategies import chain, fanned, finish_debugger, note

R = StopReason


class Bill:
    """price, discount, ship; counts what really runs."""

    def __init__(self):
        self.runs = []
        g = GraphBuilder("bill", reducers=ReducerRegistry({"total": Reducer.SUM}))
        for name, value in (("price", 100), ("discount", -120), ("ship", 5)):
            g.node(name, self.adds(name, value))
        g.node("thanks", note)
        g.edge("price", "discount").edge("discount", "ship")
        g.edge_if("ship", "thanks", lambda s: s["total"] >= 0).edge_fallback("ship", "end")
        g.node("end", self.adds("end", 0)).edge("thanks", "end")
        self.dbg = Debugger(g.start("price").end("end").build(), {"total": 0})

    def adds(self, name, value):
        def node(ctx):
            self.runs.append(name)
            ctx.put(f"{name} was here", True)
            return {"total": value}

        return node


def test_without_one_write_the_rest_is_folded_again():
    """No node runs; the new line ends where the same outcomes lead."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abc")]))
    dbg.run()
    child = dbg.without(2)

    assert child.state == {"a": 0, "c": 2}
    assert (child.line, child.status) == ("fork 1", "completed")
    assert dbg.state == {"a": 0, "b": 1, "c": 2}
    assert all(f.recorded for f in child.frames[2:])


def test_a_reduced_value_is_folded_without_its_part():
    """The sum lacks what was unticked; which of a frame's mutations is told by its place."""
    bill = Bill()
    bill.dbg.run()
    assert bill.dbg.state["total"] == -15
    runs = list(bill.runs)
    first = bill.dbg.without(("discount", 1), 0)
    second = bill.dbg.without(("discount", 1), 1)

    assert first.state["total"] == -15
    assert "discount was here" not in first.state
    assert second.state["total"] == 105
    assert bill.runs == runs


def test_where_the_route_changes_the_line_ends():
    """Conditions see the state as it would have been; nothing is recorded there."""
    bill = Bill()
    bill.dbg.run()
    child = bill.dbg.without(("discount", 1), 1)

    assert child.frames[child.head].node == "ship"
    assert child.position.node == "thanks"
    assert child.status == "paused"
    assert bill.dbg.why(3).winner.target == "end"
    assert child.why(3).winner.target == "thanks"
    assert child.run().reason is R.COMPLETED


def test_without_goes_through_lenses():
    """A write inside a subgraph: the exit lifts what is left."""
    inner = chain(named("one", 1), named("two", 2), name="inner")
    g = GraphBuilder("g").subgraph("sub", inner, lens="part").node("end", note)
    dbg = Debugger(g.edge("sub", "end").start("sub").end("end").build())
    dbg.run()
    child = dbg.without(("sub/one", 1))

    assert child.status == "completed"
    assert child.state == {"part": {"two": 2}, "log": ["end"]}
    assert dbg.state["part"] == {"one": 1, "two": 2}


def test_without_goes_through_joins_and_decisions():
    """Branches are merged again, and barriers decided as they were."""
    dbg = Debugger(fanned())
    finish_debugger(dbg)
    child = dbg.without(("par/a", 1))

    assert child.status == "completed"
    assert sorted(child.state["log"]) == sorted(x for x in dbg.state["log"] if x != "par/a")


def test_without_folds_only_as_far_as_the_head():
    """The head is where the run stands; what was left in the future is not folded."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abcd")]))
    dbg.run()
    dbg.rewind(3)
    child = dbg.without(1)

    assert child.head == 3
    assert child.state == {"b": 1, "c": 2}
    assert child.run().reason is R.COMPLETED


def test_without_passes_over_failures():
    """A failure that was retried committed nothing, and does not shift the fold."""
    broken = [True]

    def b(ctx):
        if broken:
            broken.clear()
            raise ValueError("no")
        return {"b": 1}

    dbg = Debugger(chain(named("a", 0), b, named("c", 2), named("d", 3)))
    dbg.run()
    dbg.run(until="d")
    assert [f.kind for f in dbg.frames] == ["start", "commit", "error", "commit", "commit"]
    dbg.run()
    dbg.rewind(4)
    child = dbg.without(1)

    assert child.state == {"b": 1, "c": 2}
    assert child.position.node == "d"


def test_without_keeps_edits():
    """An edit is part of the log: what a person put is still there."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abc")]))
    dbg.run()
    fork = dbg.fork(2, put={"by hand": True})
    fork.run()
    child = fork.without(1)

    assert child.state == {"b": 1, "c": 2, "by hand": True}


def test_an_edit_can_be_unticked_too():
    """`without` of an edit: its mutations are as good as a node's."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abc")]))
    dbg.run(until="b")
    fork = dbg.fork(1, put={"x": 1, "y": 2})
    fork.run()
    child = fork.without(2, 0)

    assert child.state == {"a": 0, "b": 1, "c": 2, "y": 2}


@pytest.mark.parametrize(
    ("frame", "mutation", "error", "says"),
    [
        (0, 0, DebuggerError, "no mutation"),
        (1, 9, DebuggerError, "it has 2"),
        (1, -1, DebuggerError, "no mutation"),
        (1, True, DebuggerError, "no mutation"),
        (1, "total", DebuggerError, "no mutation"),
        (99, 0, NoSuchFrameError, "frames 0 to"),
        (("prize", 1), 0, NoSuchFrameError, "did not run"),
    ],
)
def test_what_can_not_be_taken_away(frame, mutation, error, says):
    """Bad input: no such mutation, no such frame; no line is made."""
    dbg = Bill().dbg
    dbg.run()
    with pytest.raises(error, match=says):
        dbg.without(frame, mutation)
    assert dbg.lines == ["main"]


def test_what_is_taken_away_may_be_the_mutation_itself():
    """A mutation, or a write that `who` found, says by itself which frame wrote it."""
    bill = Bill()
    bill.dbg.run()
    frame = bill.dbg.at("discount")
    by_place = bill.dbg.without(frame, 1)
    mutation = frame.mutations[1]

    for child in (
        bill.dbg.without(mutation),
        bill.dbg.without(frame, mutation),
        bill.dbg.without(next(w for w in bill.dbg.who("total") if w.frame is frame)),
        bill.dbg.without(Reduce("total", -120, Reducer.SUM)),
    ):
        assert child.state == by_place.state


def test_a_mutation_that_nobody_wrote_or_several_did_is_refused():
    """It is not clear what is meant: the frames are named, and no line is made."""
    dbg = Debugger(chain(named("a", 1), named("b", 2)), {})
    dbg.run()
    dbg.rewind(0)
    again = dbg.fork(at=2, put={"a": 1})

    with pytest.raises(DebuggerError, match=r"Put of 'a': no frame on the way to the head"):
        dbg.without(Put("a", 1))
    with pytest.raises(DebuggerError, match=r"Put of 'a': frames 1, 3 wrote it"):
        again.without(Put("a", 1))
    with pytest.raises(DebuggerError, match=r"Frame 2 \(commit b\) has no such mutation"):
        again.without(2, Put("a", 1))
    assert dbg.lines == ["main", "fork 1"]


def test_without_with_await():
    """`awithout`."""
    dbg = Bill().dbg
    dbg.run()

    assert asyncio.run(dbg.awithout(("discount", 1), 1)).state["total"] == 105


def test_a_reducer_that_refuses_says_so_when_folding():
    """A fold that can't be applied ends there, and the run stands at the failure."""
    rules = ReducerRegistry({"once": Reducer.ERROR})
    g = GraphBuilder("g", reducers=rules)
    g.node("a", lambda ctx: {"once": 1}).node("b", lambda ctx: ctx.delete("once"))
    g.node("c", lambda ctx: {"once": 2}).edge("a", "b").edge("b", "c")
    dbg = Debugger(g.start("a").end("c").build())
    assert dbg.run().reason is R.COMPLETED
    child = dbg.without(("b", 1))

    assert child.status == "failed"
    assert isinstance(child.frames[child.head].error.__cause__, ReducerError)
