"""A run that was closed and opened goes on where it stood, and so does its whole tree."""

from __future__ import annotations

import warnings

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer
from lellm_nb.errors import CheckpointNotFoundError
from lellm_nb.store.store_at import store_at
from tests.debug.persist.graphs import paths
from tests.strategies import fanned, finish_debugger, nested, review, steps


def reopened(dbg, file, graph):
    """Close a debugger and open its run again, as another process would."""
    dbg.close()
    return Debugger.open(file, graph=graph)


def test_a_run_goes_on_where_it_stood(file):
    """Every frame is there, and the next node runs next."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.step(2)

    again = reopened(dbg, file, steps("a", "b", "c"))

    assert paths(again) == ["", "a", "b"]
    assert again.status_line == dbg.status_line
    assert again.run().reason.name == "COMPLETED"
    assert again.state["log"] == ["a", "b", "c"]


def test_a_barrier_that_waited_waits_again(file):
    """The card is back, under the same id."""
    dbg = Debugger(review(), {"topic": "otters"}, store=file)
    dbg.run()

    again = reopened(dbg, file, review())

    assert [p.id for p in again.pending] == ["approve#0"]
    assert again.status == "waiting"
    again.reject("too short")
    again.run()
    assert [p.id for p in again.pending] == ["approve#1"]
    assert again.state["drafts"] == 2


def test_a_run_goes_on_in_the_middle_of_a_subgraph(file):
    """The inner level is where it was, counters included."""
    dbg = Debugger(nested(), {}, store=file)
    dbg.step(3)
    dbg.approve() if dbg.pending else dbg.step()

    again = reopened(dbg, file, nested())
    finish_debugger(again)
    whole = Debugger(nested(), {})
    finish_debugger(whole)

    assert paths(again) == paths(whole)
    assert again.state == whole.state


def test_a_run_goes_on_with_branches_in_flight(file):
    """Each branch is where it was; the barrier inside one waits again."""
    dbg = Debugger(fanned(), {}, store=file)
    dbg.step(4)

    again = reopened(dbg, file, fanned())
    assert again.position == dbg.position
    finish_debugger(again)

    assert again.state["log"] is not None
    assert again.status == "completed"


def test_the_head_comes_back_where_it_was_moved(file):
    """A rewind is kept, and what was left is still there."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.run()
    dbg.rewind(1)

    again = reopened(dbg, file, steps("a", "b", "c"))

    assert (again.head, len(again.frames)) == (1, 4)
    again.step()
    assert again.lines == ["main", "fork 1"]


def test_the_whole_tree_comes_back(file):
    """Lines with their names, notes, pins and breakpoints; how nodes run."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.run()
    fork = dbg.fork(at=1, put={"x": 1}, name="what if")
    fork.run()
    empty = dbg.fork(at=2, name="nothing yet")
    dbg.note(2, "look here")
    dbg.note(1, "gone again")
    dbg.note(1, "")
    dbg.pin(1)
    dbg.break_at("b", visit=3)
    dbg.break_at("c").enabled = True
    dbg.break_on(("a", "b"))
    dbg.break_on_error()
    dbg.watch("log")
    dbg.watch(("plan", "steps", 0))
    dbg.break_at("a", when=lambda s: True)
    dbg.breakpoints.disable(1)
    dbg.mode("b", "ask")

    again = reopened(dbg, file, steps("a", "b", "c"))

    assert again.lines == ["main", "what if", "nothing yet"]
    assert again.branch("what if").state == fork.state
    assert again.branch("nothing yet").state == empty.state
    history = again.session.history
    assert {f.index: text for f, text in history.notes.items()} == {2: "look here"}
    assert [f.index for f in history.pins] == [1]
    labels = [stop.label for stop in again.breakpoints]
    assert labels == [stop.label for stop in dbg.breakpoints]
    assert [stop.id for stop in again.breakpoints] == [1, 2, 3, 4, 5, 6, 7]
    assert not again.breakpoints[0].enabled
    assert again.modes == {"b": "ask"}


def test_several_runs_in_one_file_keep_apart(file):
    """The newest is opened by default; others by name, id, or how the id begins."""
    store = store_at(file)
    first = Debugger(steps("a", "b"), {}, store=store, name="first")
    second = Debugger(steps("c", "d"), {}, store=store, name="second")
    first.run()
    second.step()

    assert paths(Debugger.open(file)) == ["", "c"]
    assert paths(Debugger.open(file, "first")) == ["", "a", "b"]
    assert paths(Debugger.open(file, first.trace_id)) == ["", "a", "b"]
    assert paths(Debugger.open(file, first.trace_id[:12])) == ["", "a", "b"]
    with pytest.raises(CheckpointNotFoundError) as caught:
        Debugger.open(file, "third")
    assert "first" in str(caught.value)


def test_a_custom_reducer_comes_from_the_graph(file):
    """Its name is stored, and what it made; going on needs the function."""

    def graph():
        shout = Reducer.custom(lambda old, new: f"{old}{new}!", name="shout")
        g = GraphBuilder("g", reducers={"word": shout})
        g.node("a", lambda ctx: {"word": "hey"}).edge_if("a", "a", lambda s: len(s["word"]) < 12)
        return g.node("z", lambda ctx: None).edge("a", "z").start("a").end("z").build()

    dbg = Debugger(graph(), {"word": ""}, store=file)
    dbg.step(2)
    seen = dbg.state

    assert Debugger.open(file).state == seen
    again = reopened(dbg, file, graph())
    again.run()
    whole = Debugger(graph(), {"word": ""})
    whole.run()
    assert again.state == whole.state


def test_a_fork_has_what_it_had_and_nothing_of_the_line_it_came_from(file):
    """C4: no rule that was made and no function that was given beside it afterwards."""
    dbg = Debugger(review(), {"topic": "otters"}, store=file)
    dbg.step()
    dbg.fork(0)
    dbg.always("approve", "approve", when="topic == 'seals'")
    dbg.patch({"draft": lambda ctx: {"draft": "seals"}})
    dbg.close()

    with pytest.warns(UserWarning, match="draft"):
        again = Debugger.open(file, graph=review())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fork = again.branch("fork 1")

    assert [rule.barrier for rule in again.standing] == ["approve"]
    assert list(fork.standing) == []
    assert fork.run().reason.name == "BARRIER"


def test_a_line_that_another_goes_on_with_has_what_that_one_has(file):
    """Not the rules of who stood there before."""
    dbg = Debugger(review(), {"topic": "otters"}, store=file)
    dbg.step()
    one, two = (dbg.fork(0, put={"n": 1}, name=name) for name in ("one", "two"))
    one.always("approve", "approve")
    frame = one.frames[1]
    one.rewind(0)
    two.rewind(frame)
    assert two.line == "one"
    dbg.close()

    assert list(Debugger.open(file).branch("one").standing) == []
