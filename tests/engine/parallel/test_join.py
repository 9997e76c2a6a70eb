"""N4, P2: what barriers inside branches and subgraphs were decided, where the level is left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lellm_nb import (
    Approve,
    Debugger,
    GraphBuilder,
    MockBarrierSink,
    Reducer,
    Reject,
    StopReason,
)
from lellm_nb.errors import MergeConflictError, ParallelError
from tests.strategies import note

R = StopReason


def asking(name="ok", **options):
    """A graph with a barrier; what it was decided leads to one of two nodes."""
    g = GraphBuilder("asking").node("draft", note).barrier(name, **options)
    g.node("send", note).node("drop", note).node("done", note)
    reason = options.get("reject_key", f"{name}.reject_reason")
    g.edge_if(name, "drop", lambda s: reason in s).edge(name, "send").edge("draft", name)
    return g.edge("send", "done").edge("drop", "done").start("draft").end("done").build()


def twice(branch=None, **options):
    """One graph in two branches."""
    inner = branch or asking(**options)
    g = GraphBuilder("g").parallel("par", {"l": inner, "r": inner}).node("last", note)
    return g.edge("par", "last").start("par").end("last").build()


DECIDED = {
    ("yes", "yes"): {"ok.approved": True},
    ("yes", "no"): {"ok.reject_reason": "no"},
    ("no", "yes"): {"ok.reject_reason": "no"},
    ("no", "never"): {"ok.reject_reason": "no"},
    ("no", "no"): {"ok.reject_reason": "no"},
}


def answer(dbg, id, what):
    """Approve for yes, else reject with that reason."""
    return dbg.approve(id) if what == "yes" else dbg.reject(what, id=id)


@pytest.mark.parametrize("by", ["run", "step"])
@pytest.mark.parametrize("decided", DECIDED)
def test_a_graph_in_two_branches_is_decided_in_each(decided, by):
    """N4: each goes its own way, they join, and one rejection stands for all: the first one."""
    dbg = Debugger(twice(), {"ok.approved": True})

    def on():
        while by == "step" and dbg.step().reason is R.STEP:
            pass
        return dbg.run()

    on()
    for side, what in zip("lr", decided, strict=True):
        answer(dbg, f"par/{side}/ok#0", what)
    assert on().reason is R.COMPLETED

    went = {f.path for f in dbg.frames if f.node in ("send", "drop")}
    ways = {"yes": "send"}
    assert went == {f"par/{s}/{ways.get(w, 'drop')}" for s, w in zip("lr", decided, strict=True)}
    bookkeeping = {key: value for key, value in dbg.state.items() if key.startswith("ok.")}
    assert bookkeeping == DECIDED[decided]


@pytest.mark.parametrize("order", ["lr", "rl"])
def test_the_order_of_the_decisions_does_not_matter(order):
    """N4, P1: only that of the branches does."""
    dbg = Debugger(twice())
    dbg.run()
    for side in order:
        answer(dbg, f"par/{side}/ok#0", {"l": "no", "r": "never"}[side])
    dbg.run()

    assert dbg.state["ok.reject_reason"] == "no"


def test_decisions_are_joined_alike_after_the_run_was_reopened(tmp_path):
    """N4, R10: what the position holds is enough; replayed, and by a sink too."""
    graph = twice()
    dbg = Debugger(graph, store=tmp_path / "runs.db")
    dbg.run()
    dbg.approve("par/l/ok#0")
    dbg.reject("no", id="par/r/ok#0")
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=graph)
    assert again.run().reason is R.COMPLETED
    again.rewind(0)
    again.run()
    again.approve("par/r/ok#0")
    again.reject("no", id="par/l/ok#0")
    again.run()

    assert again.state["ok.reject_reason"] == again.branch("main").state["ok.reject_reason"] == "no"
    sink = MockBarrierSink({"par/l/ok#0": Approve(), "par/r/ok#0": Reject("no")})
    assert graph.run({}, barrier=sink).state["ok.reject_reason"] == "no"


@pytest.mark.parametrize("kind", ["pause", "deep", "keyed"])
def test_decisions_are_known_wherever_they_were_lifted_to(kind):
    """N4: of a pause, of a graph in the branch's graph, under the key of a lens."""
    if kind == "pause":
        branch = note_and_pause
    else:
        g = GraphBuilder("deep").subgraph("sub", asking(), lens="k" if kind == "keyed" else None)
        branch = g.start("sub").end("sub").build()
    dbg = Debugger(twice(branch), {"k": {}})
    dbg.run()
    left, right = (waits.id for waits in dbg.pending)
    dbg.approve(left)
    dbg.reject("no", id=right)
    assert dbg.run().reason is R.COMPLETED

    state = dbg.state["k"] if kind == "keyed" else dbg.state
    assert state["ok.reject_reason"] == "no"
    assert "ok.approved" not in state


def note_and_pause(ctx):
    """A task that waits after it has run."""
    ctx.pause("ok")


@pytest.mark.parametrize("where", ["own key", "node"])
def test_a_state_that_says_so_conflicts(where):
    """N4: a key that the user chose is the state's, and so is what a node writes."""
    if where == "own key":
        graph = twice(approve_key="yes", reject_key="no")
    else:
        puts = {"l": lambda ctx: ctx.put("ok.approved", True), "r": asking()}
        g = GraphBuilder("g").parallel("par", puts).start("par")
        graph = g.end("par").build()
    dbg = Debugger(graph)
    dbg.run()
    for waits in dbg.pending:
        answer(dbg, waits.id, "no" if waits.id.startswith("par/r") else "yes")
    stop = dbg.run()

    assert isinstance(stop.error, MergeConflictError)
    assert stop.error.key in ("yes", "no", "ok.approved")


@pytest.mark.parametrize("inner", ["subgraph", "branch"])
def test_a_barrier_keeps_its_decision_where_one_inside_has_its_name(inner):
    """N4: each level has its own; what was decided inside is seen inside, and stays there."""
    g = GraphBuilder("outer").barrier("ok").node("last", note)
    if inner == "subgraph":
        g.subgraph("in", asking())
    else:
        g.parallel("in", {"a": asking(), "b": note})
    g.edge("ok", "in").edge("in", "last")
    dbg = Debugger(g.start("ok").end("last").build())
    dbg.run()
    dbg.approve()
    dbg.run()
    dbg.reject("no")
    assert dbg.run().reason is R.COMPLETED

    assert dbg.state["ok.approved"] is True
    assert "ok.reject_reason" not in dbg.state
    assert any(f.node == "drop" for f in dbg.frames)
    assert "last" in dbg.state["log"]


def test_a_graph_that_is_used_twice_is_decided_twice():
    """N4: one after the other: what was decided last is what the state says."""
    g = GraphBuilder("g").subgraph("one", asking()).subgraph("two", asking())
    dbg = Debugger(g.edge("one", "two").start("one").end("two").build())
    dbg.run()
    dbg.reject("no")
    dbg.run()
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED

    assert dbg.state["ok.approved"] is True
    assert "ok.reject_reason" not in dbg.state


# -- what cannot be compared by == ------------------------------------------------------------

VALUES = {
    "array": (lambda: np.arange(3), lambda: np.ones(3)),
    "objects": (lambda: np.array([[1], None], dtype=object), lambda: np.array([[2], None], object)),
    "table": (lambda: pd.DataFrame({"a": [1]}), lambda: pd.DataFrame({"a": [2]})),
    "series": (lambda: pd.Series([1.0, None]), lambda: pd.Series([1.0, 2.0])),
    "NaN": (lambda: float("inf") - float("inf"), lambda: 0.0),
    "inside": (lambda: {"a": [np.arange(2)]}, lambda: {"a": [np.arange(1, 3)]}),
}


def written(how, value):
    """A node that writes a value under one key in some way."""
    return lambda ctx: (
        ctx.put("k", value)
        if how == "put"
        else ctx.put(("d", "k"), value)
        if how == "path"
        else ctx.reduce("d", {"k": value}, Reducer.MERGE_OBJECT)
        if how == "merge_object"
        else ctx.reduce("k", value, getattr(Reducer, how))
    )


@pytest.mark.parametrize("how", ["put", "path", "merge_object", "REPLACE"])
@pytest.mark.parametrize("what", VALUES)
def test_branches_agree_or_disagree_on_values_of_any_kind(what, how):
    """P2, S10: the same content joins, and other content is a conflict that names it."""
    make, other = VALUES[what]

    def joined(one, two):
        g = GraphBuilder("g").parallel("par", {"l": written(how, one), "r": written(how, two)})
        return g.start("par").end("par").build().run({"d": {}}).state

    assert "k" in (joined(make(), make())["d"] or {"k"})
    with pytest.raises(MergeConflictError) as caught:
        joined(make(), other())
    assert set(caught.value.values) == {"l", "r"}


@pytest.mark.parametrize("how", ["MAX", "MIN", "SUM"])
@pytest.mark.parametrize("pair", [(np.arange(2), "text"), (pd.Series(["a"]), 5), ([1], 1)])
def test_what_a_reducer_cannot_join_is_a_conflict(pair, how):
    """S4, P2: named like any other, and not the error of an operator."""
    one, two = pair
    g = GraphBuilder("g").parallel("par", {"l": written(how, one), "r": written(how, two)})
    with pytest.raises(MergeConflictError) as caught:
        g.start("par").end("par").build().run({})

    assert (caught.value.key, set(caught.value.values)) == ("k", {"l", "r"})


def test_a_failure_is_told_where_the_good_branches_cannot_be_merged():
    """P3: the merge is the user's and wants them all; what failed is what is raised."""

    def bad(ctx):
        raise ValueError

    def merge(states):
        return {"n": states["bad"]["n"]}

    branches = {"good": note, "bad": bad}
    g = GraphBuilder("g").parallel("par", branches, merge=merge, on_error="collect_all")
    with pytest.raises(ParallelError) as caught:
        g.start("par").end("par").build().run({"n": 1})

    assert [error.path for error in caught.value.exceptions] == ["par/bad"]
    assert caught.value.state == {"n": 1}
