"""Going past a node without running it: nothing is written, and it is routed as ever."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import DebuggerError, NotWaitingError
from lellm_nb.session.protocol import Controls
from tests.debug.graphs import looping
from tests.strategies import fanned, finish_debugger, nested, review, steps


def test_a_node_is_passed_and_the_run_goes_on():
    """Its visit and its step count, and its frame says that it did not run."""
    dbg = Debugger(steps("a", "b", "c"))

    stop = dbg.skip()

    assert (stop.reason.name, stop.frame.path, stop.frame.kind) == ("STEP", "a", "commit")
    assert (stop.frame.skipped, stop.frame.mutations, stop.frame.step) == (True, (), 1)
    dbg.run()
    assert dbg.state["log"] == ["b", "c"]
    assert dbg.skip().reason.name == "COMPLETED"


def test_the_table_of_frames_says_which_steps_did_not_run():
    """In a column that is there where it has something to say."""
    dbg = Debugger(steps("a", "b", "c"))
    dbg.step()
    assert "instead" not in dbg.frames.to_pandas()

    dbg.skip()
    dbg.mock("c", {"log": ["mocked"]})
    dbg.run()

    told = dbg.frames.to_pandas()["instead"]
    assert told.fillna("").tolist() == ["", "", "skipped", "mocked"]


def test_conditions_decide_the_way_on():
    """Of the state as it is."""
    dbg = Debugger(looping(), {"n": 4})

    assert dbg.skip().frame.next_node == "add"
    dbg.step()
    assert dbg.state["n"] == 5
    assert dbg.frames[-1].visit == 2


def test_a_node_that_failed_is_passed():
    """Its failure stays in the record."""
    g = GraphBuilder("g").node("bad", lambda ctx: 1 / 0).node("good", lambda ctx: {"ok": 1})
    dbg = Debugger(g.edge("bad", "good").start("bad").end("good").build())
    dbg.run()

    assert dbg.skip().frame.skipped
    assert dbg.run().reason.name == "COMPLETED"
    assert [f.kind for f in dbg.frames] == ["start", "error", "commit", "commit"]


def failing_branches():
    """Two branches in a Parallel, of which the second fails."""
    g = GraphBuilder("g")
    g.parallel("par", {"a": lambda ctx: {"a": 1}, "b": lambda ctx: 1 / 0}, on_error="collect_all")
    return g.start("par").end("par").build()


def test_of_branches_it_is_the_one_that_failed():
    """Whichever has its turn."""
    dbg = Debugger(failing_branches())
    dbg.run()
    assert dbg.status == "failed"

    stop = dbg.skip()

    assert (stop.frame.path, stop.frame.skipped) == ("par/b", True)
    assert dbg.run().reason.name == "COMPLETED"
    assert dbg.state == {"a": 1}


def test_nothing_else_runs_meanwhile():
    """The branches beside it stay where they are."""
    dbg = Debugger(fanned())
    dbg.step(3)  # first, a, look

    passed = [dbg.skip().frame.path for _ in range(2)]

    assert passed == ["par/deep", "par/check/ok"]
    assert sorted(dbg.state["log"]) == ["first"]


@pytest.mark.parametrize(
    ("graph", "composite", "kind"), [(nested, "agent", "exit"), (fanned, "par", "join")]
)
def test_a_composite_that_is_not_entered_is_passed_as_a_whole(graph, composite, kind):
    """By the frame by which it would have been left."""
    dbg = Debugger(graph())
    dbg.step()

    stop = dbg.skip()

    assert (stop.frame.path, stop.frame.kind, stop.frame.skipped) == (composite, kind, True)
    assert stop.frame.mutations == ()
    finish_debugger(dbg)
    assert dbg.status == "completed"


def test_inside_a_composite_the_node_is_passed():
    """It is entered, so what is next is inside."""
    dbg = Debugger(nested())
    dbg.step(2)

    dbg.skip()
    stop = dbg.skip()

    assert (stop.frame.path, stop.frame.kind) == ("agent/tool", "commit")
    with pytest.raises(DebuggerError, match=r"ended inside.*step\(\)"):
        dbg.skip()
    assert dbg.step().frame.kind == "exit"


@pytest.mark.parametrize("waits", [False, True])
def test_a_barrier_is_passed_with_nothing_written(waits):
    """It waits, and is decided by the default action `skip`."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.step()
    if waits:
        dbg.run()

    stop = dbg.skip()

    assert [f.kind for f in dbg.frames] == ["start", "commit", "waiting", "decision"]
    assert (stop.frame.decision.decision, stop.frame.mutations) == ("skip", ())
    assert dbg.run().reason.name == "COMPLETED"
    assert "approve.approved" not in dbg.state


def test_of_several_barriers_it_is_the_one_that_is_next():
    """The others go on waiting."""
    check = GraphBuilder("c").barrier("ok").start("ok").end("ok").build()
    g = GraphBuilder("g").parallel("par", {"a": check, "b": check}).start("par").end("par")
    dbg = Debugger(g.build())
    dbg.run()
    assert len(dbg.pending) == 2

    dbg.skip()

    assert [p.id for p in dbg.pending] == ["par/b/ok#0"]
    dbg.step()
    dbg.skip()
    assert not dbg.pending


def test_a_node_that_asks_first_is_passed_without_an_answer():
    """Mode ask is about running it."""
    dbg = Debugger(steps("a", "b"))
    dbg.mode("a", "ask")

    assert dbg.skip().frame.skipped
    assert not dbg.pending


@pytest.mark.parametrize("graph", [nested, fanned])
def test_what_was_passed_is_passed_again_in_a_replay(graph):
    """Recorded outcomes lead to the same end (R10)."""
    dbg = Debugger(graph())
    for turn in range(100):
        if dbg.status == "completed":
            break
        if turn % 3 == 1:
            try:
                dbg.skip()
                continue
            except (DebuggerError, NotWaitingError):
                pass
        if dbg.pending:
            dbg.approve(dbg.pending[0].id)
        dbg.step()
    assert dbg.status == "completed"

    for at in range(dbg.head):
        again = dbg.fork(at=at).session
        asyncio.run(again.advance(Controls.replay(dbg.session.recorded(dbg.session.line))))
        assert again.position.ended
        assert again.state == dbg.state


def test_it_is_kept_and_read_as_it_was(tmp_path):
    """The mark is in the store, a composite passed as a whole as well."""
    dbg = Debugger(nested(), {}, store=tmp_path / "runs.db")
    dbg.skip()
    dbg.skip()
    finish_debugger(dbg)
    dbg.close()

    again = Debugger.open(tmp_path / "runs.db", graph=nested())

    assert [(f.path, f.kind, f.skipped) for f in again.frames] == [
        (f.path, f.kind, f.skipped) for f in dbg.frames
    ]
    for mine, theirs in zip(dbg.frames, again.frames, strict=True):
        assert mine.position == theirs.position


def test_a_node_whose_way_out_failed_is_committed_already():
    """There is nothing to go past."""
    g = GraphBuilder("g").node("a", lambda ctx: None).node("b", lambda ctx: None)
    g.edge_if("a", "b", lambda s: False).start("a").end("b")
    dbg = Debugger(g.build())
    dbg.run()

    with pytest.raises(DebuggerError, match="is committed"):
        dbg.skip()


def test_askip_waits_without_blocking():
    """The twin for await."""

    async def go():
        dbg = Debugger(steps("a", "b"))
        return (await dbg.askip()).frame.skipped

    assert asyncio.run(go())


def test_a_graph_that_begins_with_a_barrier_is_passed_as_a_whole():
    """What is next inside of it does not matter."""
    inner = GraphBuilder("i").barrier("ok").start("ok").end("ok").build()
    g = GraphBuilder("g").subgraph("sub", inner).start("sub").end("sub")
    dbg = Debugger(g.build())

    assert dbg.skip().reason.name == "COMPLETED"
    assert [f.kind for f in dbg.frames] == ["start", "exit"]
