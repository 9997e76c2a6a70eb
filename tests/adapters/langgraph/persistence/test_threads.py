"""Threads that a person has already, turns, and what an entrypoint saves (L2)."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError
from tests.adapters.langgraph.case import Ran
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.graphs import CASES as FIRST
from tests.adapters.langgraph.graphs import nested
from tests.adapters.langgraph.graphs_interrupts import send_subgraph_interrupt
from tests.adapters.langgraph.graphs_nesting import issue_8458, line
from tests.adapters.langgraph.law import finish, state_of
from tests.adapters.langgraph.plain import normal, run_plain

R = StopReason
MINE = {"configurable": {"thread_id": "mine"}}


def with_saver(case):
    """Return the case's graph with a saver in memory, as its owner has it."""
    return case.graph.copy(update={"checkpointer": InMemorySaver()})


def written(saver):
    """Return all that a saver holds, to compare with later."""
    return copy.deepcopy((dict(saver.storage), dict(saver.writes), dict(saver.blobs)))


def opened(graph, config=MINE):
    """Open a thread, and return a debugger and a check that the saver was only read."""
    before = written(graph.checkpointer)
    dbg = Debugger.open_thread(graph, config)
    return dbg, lambda: written(graph.checkpointer) == before


# -- opening -------------------------------------------------------------------------------


def test_a_thread_that_waits_is_opened_where_it_waits_and_goes_on_here():
    """The user's own thread and saver are read when asked, never written."""
    case = issue_8458()
    graph = with_saver(case)
    graph.invoke(case.input, MINE)
    case.ran.clear()
    dbg, only_read = opened(graph)

    assert dbg.status == "waiting"
    assert [(one.id, one.value) for one in dbg.pending] == [("review#0", "approve?")]
    assert dbg.state["log"] == ["a", "b", "c"]
    dbg.answer("yes")
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", "b", "c", "yes"]
    assert case.ran.counts == {"review": 1}
    assert only_read()


@pytest.mark.parametrize("make", [nested, send_subgraph_interrupt])
def test_a_thread_that_waits_inside_subgraphs_is_opened_there(make):
    """What had run in them does not run again."""
    case = make()
    wanted = run_plain(make()).values
    graph = with_saver(case)
    graph.invoke(case.input, MINE)
    case.ran.clear()
    dbg, only_read = opened(graph)

    assert dbg.pending
    finish(case, dbg, "run")
    assert normal(dbg.state) == wanted
    leaves = {name for name in case.ran.counts if name not in case.again}
    assert leaves <= {"i3", "m2", "post", "w2"}
    assert only_read()


@pytest.mark.parametrize("name", FIRST)
def test_a_thread_in_any_state_comes_to_the_end_that_plain_langgraph_comes_to(name):
    """After each `invoke` that LangGraph's owner makes, opened and gone on with here."""
    case = CASES[name]()
    wanted = run_plain(CASES[name]()).values
    graph = with_saver(case)
    asyncio.run(graph.ainvoke(case.input, MINE))
    dbg, only_read = opened(graph)
    if dbg.status != "completed":
        finish(case, dbg, "step")

    assert state_of(case, dbg) == wanted
    assert only_read()


def test_a_thread_that_has_ended_stands_at_its_end():
    """There is nothing to do, and everything to look at."""
    graph = line(Ran(), "a", "b").compile(checkpointer=InMemorySaver())
    graph.invoke({"log": ["in"]}, MINE)
    dbg, only_read = opened(graph)

    assert (dbg.status, dbg.state["log"]) == ("completed", ["in", "a", "b"])
    assert dbg.run().reason is R.COMPLETED
    assert only_read()


def test_a_thread_can_be_opened_at_a_checkpoint_of_its_past():
    """The config of a snapshot names it; what came later is not there."""
    ran = Ran()
    graph = line(ran, "a", "b", "c").compile(checkpointer=InMemorySaver())
    graph.invoke({"log": []}, MINE)
    past = next(one for one in graph.get_state_history(MINE) if one.next == ("b",))
    ran.clear()
    dbg, only_read = opened(graph, past.config)

    assert dbg.state["log"] == ["a"]
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", "b", "c"]
    assert ran.counts == {"b": 1, "c": 1}
    assert only_read()


def test_a_checkpoint_of_the_past_waits_for_what_it_waited_for():
    """What was answered later is not there; what had been answered before is."""

    def ask(state: Any) -> dict:
        return {"log": [interrupt("first?"), interrupt("second?")]}

    g = line(Ran(), "a").add_node("ask", ask).add_edge("a", "ask")
    graph = g.compile(checkpointer=InMemorySaver())
    for given in ({"log": []}, Command(resume="one"), Command(resume="two")):
        graph.invoke(given, MINE)
    past = next(one for one in graph.get_state_history(MINE) if one.next == ("ask",))
    dbg, only_read = opened(graph, past.config)

    assert (dbg.status, dbg.state["log"]) == ("waiting", ["a"])
    assert dbg.pending[0].value == "second?"
    dbg.answer("other")
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", "one", "other"]
    assert only_read()


def test_a_checkpoint_of_the_past_waits_inside_of_a_subgraph():
    """The inner level is that of then."""
    case = nested()
    graph = with_saver(case)
    for given in (case.input, Command(resume="one"), Command(resume="two")):
        graph.invoke(given, MINE)
    asked = [one for one in graph.get_state_history(MINE) if one.interrupts]
    dbg, only_read = opened(graph, asked[0].config)

    assert [one.value for one in dbg.pending] == [{"ask": "sure?"}]
    dbg.answer("other")
    assert dbg.run().reason is R.COMPLETED
    assert only_read()


def test_a_thread_that_failed_is_opened_before_what_failed():
    """Its siblings' commits are there; mended, it goes on."""
    ran, broken = Ran(), [True]

    def bad(state: Any) -> dict:
        ran("bad")
        if broken:
            raise ValueError("boom")
        return {"log": ["bad"]}

    g = line(ran, "a").add_node("bad", bad).add_edge("a", "bad")
    graph = g.compile(checkpointer=InMemorySaver())
    with pytest.raises(ValueError, match="boom"):
        graph.invoke({"log": []}, MINE)
    broken.clear()
    ran.clear()
    dbg, only_read = opened(graph)

    assert dbg.state["log"] == ["a"]
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", "bad"]
    assert ran.counts == {"bad": 1}
    assert only_read()


def test_a_stateful_subgraph_remembers_what_the_thread_had():
    """`checkpointer=True`: its own level is part of the thread."""
    ran = Ran()
    inner = line(ran, "x").compile(checkpointer=True)

    def call_it(state: Any) -> dict:
        return {"log": [len(inner.invoke({"log": ["in"]})["log"])]}

    g = line(ran, "a").add_node("call_it", call_it).add_edge("a", "call_it")
    graph = g.compile(checkpointer=InMemorySaver(), interrupt_before=["a"])
    for given in ({"log": []}, None, {"log": []}):
        graph.invoke(given, MINE)
    dbg, only_read = opened(graph)
    dbg.approve()
    dbg.run()
    theirs = graph.copy(update={"checkpointer": copy.deepcopy(graph.checkpointer)})

    assert only_read()
    assert dbg.state["log"] == theirs.invoke(None, MINE)["log"] == ["a", 2, "a", 4]


def test_what_cannot_be_opened_is_named():
    """Bad input: no saver, no thread, no such thread."""
    graph = line(Ran(), "a").compile()
    with pytest.raises(DebuggerError, match="checkpointer"):
        Debugger.open_thread(graph, MINE)
    graph = graph.copy(update={"checkpointer": InMemorySaver()})
    with pytest.raises(DebuggerError, match="thread_id"):
        Debugger.open_thread(graph, {})
    with pytest.raises(DebuggerError, match="mine"):
        Debugger.open_thread(graph, MINE)
    with pytest.raises(DebuggerError, match="compile"):
        Debugger.open_thread(line(Ran(), "a"), MINE)


# -- turns ---------------------------------------------------------------------------------


def chat():
    """Return a graph that answers with how many messages it has seen."""

    def llm(state: MessagesState) -> dict:
        count = len(state["messages"])
        return {"messages": [AIMessage(f"{count} so far", id=f"ai{count}")]}

    return StateGraph(MessagesState).add_node("llm", llm).add_edge(START, "llm")


def flow():
    """Return an entrypoint that adds what it is given to what it saved."""

    @task
    def add(a: int, b: int) -> int:
        return a + b

    @entrypoint(checkpointer=InMemorySaver())
    def adds(x: int, *, previous: Any = None) -> Any:
        found = add(previous or 0, x).result()
        return entrypoint.final(value=f"it is {found}", save=found)

    return adds


def test_the_state_of_an_entrypoint_is_what_it_returned_and_what_it_saved():
    """L2: the two keys of its own."""
    dbg = Debugger(flow(), 3)
    dbg.run()

    assert normal(dbg.state) == {"__end__": "it is 3", "__previous__": 3}


def test_an_entrypoints_thread_is_opened_with_what_it_saved():
    """`previous` is what their last turn saved."""
    graph = flow()
    graph.invoke(3, MINE)
    dbg, only_read = opened(graph)

    assert dbg.state["__previous__"] == 3
    assert only_read()


def test_the_owner_goes_on_with_their_thread_as_if_nobody_had_looked():
    """Two lines of one past: theirs and ours."""
    case = issue_8458()
    graph = with_saver(case)
    graph.invoke(case.input, MINE)
    dbg, _ = opened(graph)
    dbg.answer("ours")
    dbg.run()
    theirs = graph.invoke(Command(resume="theirs"), MINE)

    assert dbg.state["log"][-1] == "ours"
    assert theirs["log"] == ["a", "b", "c", "theirs"]
