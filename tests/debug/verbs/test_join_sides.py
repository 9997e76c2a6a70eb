"""P8: branches that disagree, or a merge that raised: which side is kept, and merging anew."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from lellm_nb import Debugger, GraphBuilder, KeyLens, LastWriteWins, Reducer, StopReason
from lellm_nb.errors import DebuggerError, MergeConflictError
from tests.debug.graphs_changing import fails
from tests.strategies import finish_debugger, note

R = StopReason


def fan(merge=None, on_error="fail_fast", **branches):
    """A graph with a node before and one after a Parallel."""
    g = GraphBuilder("g").node("first", note).node("last", note)
    g.parallel("par", branches, merge=merge, on_error=on_error)
    return g.edge("first", "par").edge("par", "last").start("first").end("last").build()


def puts(**content):
    """A node that puts some keys."""
    return lambda ctx: content


def quarrel(**options):
    """Two branches that disagree on one key, and have one of their own each."""
    return fan(left=puts(n=1, x=1), right=puts(n=2, y=2), **options)


def failed(graph, **options):
    """A debugger that stands at a join that failed."""
    dbg = Debugger(graph, **options)
    assert dbg.run().reason is R.FAILED
    return dbg


@pytest.mark.parametrize(
    ("how", "n"), [("left", 1), ("right", 2), ({"n": "left"}, 1), ({"n": "right"}, 2)]
)
@pytest.mark.parametrize("on_error", ["fail_fast", "collect_all"])
def test_one_side_of_a_conflict_is_kept(how, n, on_error):
    """P8: of what they disagree on; the rest of both is joined, and nothing runs again."""
    dbg = failed(quarrel(on_error=on_error))
    stop = dbg.resolve_join(how)

    assert (stop.reason, stop.frame.kind, stop.frame.path) == (R.STEP, "join", "par")
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state == {"log": ["first", "last"], "n": n, "x": 1, "y": 2}
    assert [f.path for f in dbg.frames if f.kind == "commit"].count("par/left") == 1


def test_the_frame_of_the_join_says_who_decided_what():
    """B7: and another choice can be made from the failure: a line of its own."""
    dbg = failed(quarrel())
    at = dbg.head
    frame = dbg.resolve_join("right").frame

    assert str(frame.decision) == "side of right"
    assert (frame.decision.barrier_id, frame.decision.by) == ("par#0", dbg.user)
    assert frame.decision.at == frame.started
    dbg.rewind(at)
    assert dbg.failed_join.sides == ("left", "right")
    dbg.resolve_join("left")
    assert (dbg.state["n"], dbg.branch("main").state["n"], len(dbg.lines)) == (1, 2, 2)


def test_the_error_says_how_to_go_on():
    """P8: each side, and the merge by its path."""
    told = str(failed(quarrel()).frames[-1].error)

    assert told.startswith("Key 'n' has conflicting writes: left wrote 1; right wrote 2.")
    assert "resolve_join('left')" in told
    assert "resolve_join('right')" in told
    assert "patch({'par': merge})" in told


@pytest.mark.parametrize("again", [Debugger.retry, lambda dbg: dbg.resolve_join("retry")])
@pytest.mark.parametrize(
    "merge", [lambda states: {"n": sum(s["n"] for s in states.values())}, LastWriteWins()]
)
def test_a_new_merge_is_patched_in_and_merges_what_is_there(again, merge):
    """P8: no branch runs again."""
    dbg = failed(quarrel())
    dbg.patch({"par": merge})
    stop = again(dbg)

    assert stop.frame.kind == "join"
    assert dbg.state["n"] == (2 if isinstance(merge, LastWriteWins) else 3)
    assert len(dbg.lines) == 1
    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize("again", [Debugger.retry, lambda dbg: dbg.resolve_join("retry")])
@pytest.mark.parametrize("last", ["left", "right"])
def test_a_branch_with_new_code_runs_again(again, last):
    """P8: from before it ran, on a line of its own, as far as the join; the others stay.

    Whichever of them was committed first.
    """
    runs = []

    def branch(name, n):
        async def node(ctx):
            for _ in range(3 if name == last else 0):
                await asyncio.sleep(0)
            runs.append(name)
            return {"n": n}

        return node

    dbg = failed(fan(left=branch("left", 1), right=branch("right", 2)))
    assert [f.node for f in dbg.frames if f.kind == "commit"][-1] == last
    dbg.patch({"par/right": branch("right again", 1)})
    stop = again(dbg)

    assert (stop.frame.kind, dbg.state["n"]) == ("join", 1)
    assert sorted(runs) == ["left", "right", "right again"]
    assert dbg.branch("main").status == "failed"
    assert dbg.run().reason is R.COMPLETED


def test_what_was_decided_in_a_branch_that_stays_is_not_asked_again():
    """P8: nor is a decision that was made after the other branch ran."""
    asks = GraphBuilder("asks").barrier("ok").node("put", puts(n=1)).edge("ok", "put")
    dbg = Debugger(fan(left=asks.start("ok").end("put").build(), right=puts(n=2)))
    assert dbg.run().reason is R.BARRIER
    dbg.approve()
    assert dbg.run().reason is R.FAILED
    dbg.patch({"par/right": puts(n=1)})
    stop = dbg.retry()

    assert (stop.frame.kind, dbg.state["n"]) == ("join", 1)
    assert [f.kind for f in dbg.frames].count("decision") == 1


def test_a_join_that_still_disagrees_fails_again():
    """P8: then the offer stands again."""
    dbg = failed(quarrel())

    assert dbg.retry().reason is R.FAILED
    assert asyncio.run(dbg.aresolve_join("retry")).reason is R.FAILED
    assert asyncio.run(dbg.aresolve_join("left")).reason is R.STEP


def test_none_of_the_sides_may_be_joined():
    """P8: `drop`; the frame says so."""
    dbg = failed(quarrel())
    frame = dbg.resolve_join("drop").frame

    assert (dbg.state, str(frame.decision)) == ({"log": ["first"]}, "drop")


def test_each_key_may_have_a_side_of_its_own():
    """P8: no branch takes part in all conflicts, or one is right here and another there."""
    dbg = failed(fan(a=puts(n=1), b=puts(n=2, m=1), c=puts(m=2)))
    at = dbg.head

    assert dbg.failed_join.conflicts == (("n", ("a", "b")), ("m", ("b", "c")))
    with pytest.raises(DebuggerError, match=r"leaves open .* m \(b or c\)"):
        dbg.resolve_join("a")
    dbg.resolve_join({"n": "a", "m": "c"})
    assert (dbg.state["n"], dbg.state["m"]) == (1, 2)
    dbg.rewind(at)
    dbg.resolve_join("b")
    assert (dbg.state["n"], dbg.state["m"]) == (2, 1)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("keep", "the name of a branch .'left', 'right'."),
        ("nobody", "the name of a branch"),
        (5, "not 5"),
        (None, "not None"),
        ({}, r"n \(left or right\)"),
        ({"n": "nobody"}, r"n \(left or right\)"),
        ({"m": "left"}, "Nobody disagrees on 'm'"),
    ],
)
def test_a_side_that_is_none_is_refused(how, says):
    """Bad input: says what there is, and the run stays where it is."""
    dbg = failed(quarrel())
    frames = len(dbg.frames)
    with pytest.raises(DebuggerError, match=says):
        dbg.resolve_join(how)
    assert len(dbg.frames) == frames


@pytest.mark.parametrize(
    ("one", "two", "state"),
    [
        (lambda ctx: ctx.put("k", 5), lambda ctx: ctx.reduce("k", 2, Reducer.SUM), {"k": 2}),
        (lambda ctx: ctx.delete("old"), lambda ctx: ctx.put("old", 2), {"old": 2}),
        (lambda ctx: ctx.put("d", 1), lambda ctx: ctx.put(("d", "x"), 2), {"d": {"x": 2}}),
        (lambda ctx: ctx.put(("d", "x"), 2), lambda ctx: ctx.put("d", 1), {"d": 1}),
        (
            lambda ctx: ctx.reduce("d", {"x": 1, "z": 1}, Reducer.MERGE_OBJECT),
            lambda ctx: ctx.reduce("d", {"x": 2}, Reducer.MERGE_OBJECT),
            {"d": {"z": 1, "x": 2}},
        ),
        (
            lambda ctx: ctx.reduce("k", np.arange(2), Reducer.MAX),
            lambda ctx: ctx.reduce("k", "b", Reducer.MAX),
            {"k": "b"},
        ),
    ],
)
def test_conflicts_of_every_kind_have_sides(one, two, state):
    """P2, P8: a write and a reduce, a path and its prefix, parts, a reducer that refuses."""
    before = {"old": 1, "d": {}}
    dbg = failed(fan(one=one, two=two), state=before)

    assert isinstance(dbg.frames[-1].error, MergeConflictError)
    assert dbg.failed_join.sides == ("one", "two")
    dbg.resolve_join("two")
    assert dbg.state == {**before, "log": ["first"], **state}


@pytest.mark.parametrize("where", ["in a subgraph", "in a branch", "beside a branch that fails"])
def test_a_conflict_further_inside_is_found(where):
    """P8, N2: at whatever level; the way out of the outer ones is free then."""
    inner = quarrel()
    g = GraphBuilder("outer")
    if where == "in a subgraph":
        g.subgraph("top", inner, lens="k")
    elif where == "in a branch":
        g.parallel("top", {"deep": inner, "good": note})
    else:
        g.parallel("top", {"deep": inner, "bad": fails}, on_error="collect_all")
    dbg = failed(g.start("top").end("top").build())
    dbg.run()

    assert dbg.failed_join.sides == ("left", "right")
    frame = dbg.resolve_join("right").frame
    assert (frame.kind, frame.node, frame.state["n"]) == ("join", "par", 2)


def test_a_merge_of_the_users_that_raises_may_be_mended_or_passed_by():
    """P8: patched, or one branch is joined alone."""

    def merge(states):
        raise ZeroDivisionError

    dbg = failed(quarrel(merge=merge))
    at = dbg.head

    assert (dbg.failed_join.sides, dbg.failed_join.conflicts) == (("left", "right"), ())
    dbg.resolve_join("left")
    assert dbg.state == {"log": ["first"], "n": 1, "x": 1}
    dbg.rewind(at)
    dbg.patch({"par": lambda states: {"n": len(states)}})
    assert dbg.retry().frame.kind == "join"
    assert dbg.state["n"] == 2


def test_a_lens_that_refuses_may_be_mended():
    """N1: patched by the name of the subgraph, and its exit is tried again; nothing runs twice."""
    runs = []

    class Lossy(KeyLens):
        def set(self, outer, inner):
            return {**outer, self.key: {}}

        lift = None

    inner = GraphBuilder("i").node("in", lambda ctx: runs.append(1) or {"n": 1})
    lens = type("Plain", (), {"get": Lossy.get, "set": Lossy.set, "key": "k"})()
    g = GraphBuilder("g").subgraph("sub", inner.start("in").end("in").build(), lens=lens)
    dbg = failed(g.start("sub").end("sub").build())
    dbg.patch({"sub": KeyLens("k")})

    assert dbg.retry().reason is R.COMPLETED
    assert (dbg.state, runs) == ({"k": {"n": 1}}, [1])


def test_the_choice_is_kept_in_a_store_and_can_be_made_there(tmp_path):
    """P8, R10: reopened at the failure, resolved, saved, and replayed as it was decided."""
    graph = fan(left=puts(n=1, d=[1]), right=lambda ctx: ctx.put("n", 2))
    dbg = failed(graph, store=tmp_path / "runs.db")
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=graph)
    assert again.failed_join.conflicts == (("n", ("left", "right")),)
    again.resolve_join({"n": "right"})
    again.run()
    again.save(tmp_path / "run.lellm")
    again.close()
    read = Debugger.load(tmp_path / "run.lellm", graph=graph)
    assert [str(f.decision) for f in read.frames if f.decision] == ["side of right for n"]

    read.rewind(1)
    for node in ("par/left", "par/right"):
        read.mode(node, "recorded")
    assert finish_debugger(read).reason is R.COMPLETED
    assert read.state == again.state
    assert all(f.recorded for f in read.frames if f.path.startswith("par/"))


def test_a_history_that_is_folded_again_decides_again():
    """R10: without a write before it, the join is made by the same choice."""
    dbg = failed(quarrel(), state={"log": []})
    dbg.resolve_join("right")
    dbg.run()
    child = dbg.without(1)

    assert child.state == {"log": ["last"], "n": 2, "x": 1, "y": 2}
