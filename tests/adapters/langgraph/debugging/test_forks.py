"""Forks with other values anywhere, other branches of a delta, folding again, sweeps."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph

from lellm_nb import Debugger, StopReason, Variant
from lellm_nb.errors import DebuggerError, StateError
from tests.adapters.langgraph.case import Ran
from tests.adapters.langgraph.graphs import Log, chain, handoff, map_reduce, nested
from tests.adapters.langgraph.graphs_channels import every_channel, remaining_steps
from tests.adapters.langgraph.graphs_interrupts import send_subgraph_interrupt
from tests.adapters.langgraph.graphs_nesting import issue_8458, loop_over_subgraph
from tests.adapters.langgraph.graphs_unkept import DeltaChannel
from tests.adapters.langgraph.law import debugger, finish
from tests.adapters.langgraph.plain import normal

R = StopReason
needs_delta = pytest.mark.skipif(DeltaChannel is None, reason="this version has no delta channel")
LOGS = [chain, nested, handoff, issue_8458, loop_over_subgraph]


def done(make, way="step"):
    """Return a case and its debugger at the end."""
    case = make()
    dbg = debugger(case)
    finish(case, dbg, way)
    return case, dbg


# -- put everywhere ------------------------------------------------------------------------


@pytest.mark.parametrize("make", LOGS)
def test_any_frame_may_be_forked_from_with_another_value_at_its_own_level(make):
    """DESIGN: `put` writes at the frame's level, as one frame of kind edit; it replaces."""
    case, dbg = done(make)
    end, frames = normal(dbg.state), list(dbg.frames)
    for frame in frames[:-1]:
        if "log" not in frame.state:  # a level with other channels
            continue
        fork = dbg.fork(at=frame, put={"log": ["forked"]})
        edit = fork.frames[-1]
        assert (edit.kind, edit.changed_keys) == ("edit", ["log"])
        assert normal(edit.state["log"]) == ["forked"], frame
        finish(case, fork, "run")
        if make is not handoff or "/" not in frame.path:  # its agents leave their log behind
            assert "forked" in str(normal(fork.state["log"])), frame

    assert normal(dbg.state) == end
    assert list(dbg.frames) == frames


@pytest.mark.parametrize("make", LOGS)
def test_a_put_runs_nothing_again_that_was_committed(make):
    """`fork(put)` edits channel values without bumping versions."""
    case, dbg = done(make)
    for frame in list(dbg.frames)[:-1]:
        if "log" not in frame.state:
            continue
        case.ran.clear()
        dbg.rewind(frame)
        finish(case, dbg, "run")
        wanted = {name: n for name, n in case.ran.counts.items() if name not in case.again}
        case.ran.clear()
        fork = dbg.fork(at=frame, put={"log": ["forked"]})
        finish(case, fork, "run")
        ran = {name: n for name, n in case.ran.counts.items() if name not in case.again}
        assert ran == wanted, frame


def test_a_value_put_in_the_middle_of_a_super_step_is_there_for_who_runs_next():
    """What a sibling wrote before is folded onto it at the join."""
    case, dbg = done(map_reduce)
    first = next(f for f in dbg.frames if f.path in ("side", "work"))
    fork = dbg.fork(at=first, put={"out": ["forked"]})
    finish(case, fork, "step")

    assert normal(fork.state["out"]) == ["forked", "side", 10, 20, 30]
    assert fork.state["total"] == 60
    assert normal(dbg.state["out"]) == ["side", 10, 20, 30]


def test_a_value_put_where_the_run_waits_is_seen_by_the_node_that_asked():
    """It runs again from its start, with the answer and the new value."""
    case = nested()
    dbg = debugger(case)
    dbg.run()
    waits = next(frame for frame in dbg.frames if frame.kind == "waiting")
    fork = dbg.fork(at=waits, put={"secret": "FORKED"})
    finish(case, fork, "run")
    finish(case, dbg, "run")

    assert "i2:yes:really:FORKED" in fork.state["log"]
    assert "i2:yes:really:p" in dbg.state["log"]


def test_a_fork_inside_one_of_two_sends_leaves_the_other_as_it_is():
    """Each has a level of its own."""
    case = send_subgraph_interrupt()
    dbg = debugger(case)
    dbg.run()
    w0 = dbg.at("w#2/w0") if "w#2/w0" in [f.path for f in dbg.frames] else dbg.at("w0")
    fork = dbg.fork(at=w0, put={"x": 7})
    asked = set()
    while fork.run().reason is R.BARRIER:
        for one in list(fork.pending):
            asked.add(one.value)
            fork.answer(one.value, one.id)

    assert asked == {"x10?", "x7?"}


def test_several_keys_of_several_kinds_of_channels():
    """A reduced channel, messages, a plain one: what is put is what is there."""
    case, dbg = done(every_channel)
    other = [AIMessage("other", id="m1")]
    put = {"added": [9], "best": 100, "words": {"w"}, "any_one": "put", "messages": other}
    fork = dbg.fork(at=1, put=put)
    edited = fork.frames[-1].state

    assert {key: normal(edited[key]) for key in put} == normal(put)
    finish(case, fork, "run")
    assert [m.content for m in fork.state["messages"]] == ["c of two"]
    assert normal(fork.state["added"]) == [9, "b", "c"]
    assert fork.state["best"] == 100
    assert normal(dbg.state["added"]) == [0, 1, "b", "c"]


def test_a_key_that_is_no_channel_is_refused_and_nothing_is_made():
    """Bad input: LangGraph would drop it in silence."""
    _, dbg = done(chain)
    with pytest.raises(StateError, match="colour"):
        dbg.fork(at=1, put={"colour": "red"})

    assert dbg.lines == ["main"]


def test_a_fork_of_a_graph_that_counts_its_steps_goes_on_counting():
    """L10: the steps that remain are those of an uninterrupted run."""
    case, dbg = done(remaining_steps)
    fork = dbg.fork(at=2, put={"log": []})
    finish(case, fork, "run")

    assert normal(fork.state["log"])[-1] == normal(dbg.state["log"])[-1]


# -- delta channels ------------------------------------------------------------------------


@needs_delta
def test_branches_of_a_delta_channel_do_not_leak_into_each_other():
    """#8443, #8551: three lines of one past, read in any order and again."""
    from tests.adapters.langgraph.graphs_unkept import Delta

    ran = Ran()

    def node(name):
        def run(state: Delta) -> dict:
            ran(name)
            return {"log": [f"{state['tag']}{name}{len(state['log'])}"]}

        return run

    g = StateGraph(Delta).add_node("a", node("a")).add_node("b", node("b")).add_node("c", node("c"))
    graph = g.add_edge(START, "a").add_edge("a", "b").add_edge("b", "c").compile()
    dbg = Debugger(graph, {"log": ["in"], "tag": "1"})
    dbg.run()
    two, three = dbg.fork(at=1, put={"tag": "2"}), dbg.fork(at=2, put={"tag": "3"})
    three.run()
    two.run()
    wanted = {
        dbg: ["in", "1a1", "1b2", "1c3"],
        two: ["in", "1a1", "2b2", "2c3"],
        three: ["in", "1a1", "1b2", "3c3"],
    }
    for _ in range(2):
        for line, log in wanted.items():
            assert normal(line.state["log"]) == log
            line.rewind(-2)
            assert normal(line.state["log"]) == log[:3]
            line.run()
            assert normal(line.state["log"]) == log


@needs_delta
def test_a_delta_channel_takes_what_is_put_and_goes_on_from_it():
    """#8551: an edit is of its own line."""
    from tests.adapters.langgraph.graphs_unkept import delta

    case, dbg = done(delta)
    fork = dbg.fork(at=1, put={"log": ["forked"]})
    assert normal(fork.state["log"]) == ["forked"]
    finish(case, fork, "run")

    assert normal(fork.state["log"])[:3] == ["forked", "p1", "q1"]
    assert normal(dbg.state["log"])[:2] == ["in", "f1"]


# -- folding again, and many at once -------------------------------------------------------


def test_folding_without_one_write_is_refused_by_capability():
    """Only LangGraph knows what its ways out would have been without a write."""
    case, dbg = done(chain)
    case.ran.clear()
    with pytest.raises(DebuggerError, match="refold"):
        dbg.without(dbg.at("b"), 0)

    assert case.ran.counts == {}


def test_a_sweep_runs_each_variant_from_one_frame():
    """One row for each; the lines stay to be looked at."""
    _, dbg = done(chain)
    table = dbg.sweep(1, {"low": {"n": 0}, "high": {"n": 9}}, progress=False)

    assert list(table["variant"]) == ["low", "high"]
    assert list(table["reason"].astype(str)) == ["COMPLETED"] * 2 or table["reason"].notna().all()
    assert [len(dbg.branch(name).state["log"]) for name in table["line"]] == [9, 3]


def test_a_graph_of_a_user_is_not_changed_by_its_forks():
    """The fork has the same graph, and the graph has no idea."""
    case, dbg = done(chain)
    nodes = dict(case.graph.nodes)
    fork = dbg.fork(at=1, put={"n": 4})
    fork.run()

    assert dict(case.graph.nodes) == nodes
    assert case.graph.checkpointer is None
    assert case.graph.invoke(case.input)["n"] == 6
    assert Log.__annotations__


def test_a_sweep_over_functions_of_a_node():
    """A variant runs its own function where the app has another; the run keeps the app's."""
    dbg = debugger(chain())
    dbg.run()
    last = Variant(nodes={"c": lambda state: {"n": 100}}, name="last")
    table = dbg.sweep(1, [last, {"n": 50}], progress=False)

    assert list(table["n"]) == [100, 52]
    assert list(table["node_c"].fillna("")) == ["function", ""]
    assert dbg.run().frame.state["n"] == 6
