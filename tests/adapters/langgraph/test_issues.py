"""What LangGraph's own time travel gets wrong, and this does not: an issue each.

The page is LANGGRAPH.md; numbers are those of langchain-ai/langgraph. Where plain LangGraph still
gets it wrong, a test says so, so that one that is mended upstream is noticed.
"""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from lellm_nb import Debugger, StopReason
from tests.adapters.langgraph.case import Ran
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.graphs_interrupts import (
    asked_in_a_function,
    tools_ask_each_sent,
    tools_ask_in_one_node,
)
from tests.adapters.langgraph.graphs_nesting import issue_8458
from tests.adapters.langgraph.graphs_unkept import DeltaChannel
from tests.adapters.langgraph.law import debugger, finish
from tests.adapters.langgraph.plain import normal

R = StopReason
needs_delta = pytest.mark.skipif(DeltaChannel is None, reason="this version has no delta channel")


def test_8458_going_back_into_a_subgraph_runs_only_what_comes_after():
    """Plain LangGraph runs the whole subgraph again from its start."""
    case = issue_8458()
    dbg = debugger(case)
    dbg.run()
    ran = {}
    for path in ("sub/a", "sub/b", "sub/c", "sub"):
        dbg.rewind(next(f for f in dbg.branch("main").frames if f.path == path))
        case.ran.clear()
        assert dbg.run().reason is R.BARRIER
        ran[path] = sorted(name for name in case.ran.counts if name != "review")

    assert ran == {"sub/a": ["b", "c"], "sub/b": ["c"], "sub/c": [], "sub": []}


def test_7256_an_interrupt_is_asked_again_after_going_back_and_its_answer_goes_on():
    """There the answer that came after a replay ended the run, or was the old one."""
    ran = Ran()

    def ask(name: str) -> Any:
        def node(state: Log) -> dict:
            ran(name)
            return {"log": [f"{name}:{interrupt(f'{name}?')}"]}

        return node

    inner = StateGraph(Log).add_node("one", ask("one")).add_node("two", ask("two"))
    sub = inner.add_edge(START, "one").add_edge("one", "two").compile()
    g = StateGraph(Log).add_node("sub", sub).add_node("last", ask("last"))
    dbg = Debugger(g.add_edge(START, "sub").add_edge("sub", "last").compile(), {"log": []})
    for answer in ("1", "2", "3"):
        assert dbg.run().reason is R.BARRIER
        dbg.answer(answer)
    assert dbg.run().reason is R.COMPLETED
    dbg.rewind(0)
    again = []
    for answer in ("x", "y", "z"):
        assert dbg.run().reason is R.BARRIER
        again.append(dbg.pending[0].value)
        dbg.answer(answer)

    assert dbg.run().reason is R.COMPLETED
    assert again == ["one?", "two?", "last?"]
    assert normal(dbg.state["log"]) == ["one:x", "two:y", "last:z"]


@pytest.mark.parametrize("way", ["step", "run"])
def test_2870_one_answer_is_for_one_question_of_a_graph_that_a_function_calls(way):
    """There the first answer was the second one's as well."""
    case = asked_in_a_function()
    dbg = debugger(case)
    asked = []
    for answer in ("1st", "2nd"):
        while (stop := dbg.step() if way == "step" else dbg.run()).reason is R.STEP:
            pass
        assert stop.reason is R.BARRIER
        asked += [one.value for one in dbg.pending]
        dbg.answer(answer)
    finish(case, dbg, way)

    assert asked == ["first?", "second?"]
    assert normal(dbg.state["log"]) == ["one:1st", "two:2nd", "end"]


@pytest.mark.parametrize("order", [("circle?", "box?"), ("box?", "circle?")])
def test_6533_tools_that_ask_in_parallel_hear_what_they_were_answered(order):
    """There one tool heard the other's answer."""
    case = tools_ask_each_sent()
    dbg = debugger(case)
    dbg.run()
    by_question = {one.value: one.id for one in dbg.pending}
    for question in order:
        dbg.answer(f"for {question}", by_question[question])
    dbg.run()
    said = [m.content for m in dbg.state["messages"] if m.type == "tool"]

    assert said == ["circle in for circle?", "box in for box?"]


def test_6533_tools_of_one_node_are_asked_one_after_the_other():
    """One task, so LangGraph's own counter says which is which: no answer goes astray."""
    case = tools_ask_in_one_node()
    dbg = debugger(case)
    finish(case, dbg, "run")
    said = [m.content for m in dbg.state["messages"] if m.type == "tool"]

    assert said == ["circle in blue", "box in red"]


def test_6626_interrupts_in_parallel_have_ids_that_differ():
    """There all of one node's had the same."""
    case = tools_ask_each_sent()
    dbg = debugger(case)
    dbg.run()
    ids = [one.id for one in dbg.pending]

    assert ids == ["tools#0", "tools#2#0"]


@needs_delta
def test_8443_a_fork_of_a_delta_channel_has_nothing_of_the_branch_it_left():
    """Plain LangGraph reads the abandoned branch's writes back into the fork."""
    dbg = _delta()
    dbg.run()
    fork = dbg.fork(at=1, put={"tag": "fork"})
    fork.run()

    assert normal(fork.state["log"]) == ["in", "main-a", "fork-b"]
    assert normal(dbg.state["log"]) == ["in", "main-a", "main-b"]
    fork.rewind(-1)
    assert normal(fork.state["log"]) == ["in", "main-a", "fork-b"]


@needs_delta
def test_8551_an_edit_of_an_older_moment_stays_in_its_own_line():
    """Plain LangGraph writes it into the branch that was there already."""
    dbg = _delta()
    dbg.run()
    fork = dbg.fork(at=1, put={"log": ["edited"]})
    before = normal(dbg.state["log"])
    fork.run()
    dbg.rewind(-2)
    dbg.rewind(-1)

    assert normal(fork.state["log"]) == ["edited", "main-b"]
    assert normal(dbg.state["log"]) == before == ["in", "main-a", "main-b"]


def _delta():
    from tests.adapters.langgraph.graphs_unkept import Delta

    def node(name: str) -> Any:
        def run(state: Delta) -> dict:
            return {"log": [f"{state['tag']}-{name}"]}

        return run

    g = StateGraph(Delta).add_node("a", node("a")).add_node("b", node("b"))
    graph = g.add_edge(START, "a").add_edge("a", "b").compile()
    return Debugger(graph, {"log": ["in"], "tag": "main"})


class Items(TypedDict, total=False):
    items: list


def _changing():
    """Return a graph whose node and whose router change what they are given."""

    def change(state: Items) -> dict:
        state["items"].append("in place")
        return {}

    def way(state: Items) -> str:
        state["items"].append("by the router")
        return "last"

    g = StateGraph(Items).add_node("change", change).add_node("last", lambda state: {})
    return g.add_edge(START, "change").add_conditional_edges("change", way, ["last"]).compile()


def test_8314_a_channel_is_not_the_object_that_its_caller_holds():
    """There the caller's list is the state, and a node's change is the caller's."""
    mine = {"items": ["x"]}
    dbg = Debugger(_changing(), mine)
    dbg.run()
    mine["items"].append("by the caller")
    plain = {"items": ["x"]}
    _changing().invoke(plain)

    assert mine == {"items": ["x", "by the caller"]}
    assert normal(dbg.state) == {"items": ["x"]}
    assert len(plain["items"]) > 1, "upstream was mended: the page can say so"


def test_8748_a_change_in_place_is_in_no_moment_of_the_past_or_the_future():
    """There what is changed in place is in every checkpoint that shares it, or in none."""
    dbg = Debugger(_changing(), {"items": ["x"]})
    dbg.run()

    assert [normal(frame.state["items"]) for frame in dbg.frames] == [["x"]] * 3
    dbg.rewind(1)
    dbg.run()
    assert normal(dbg.state["items"]) == ["x"]


def test_8458_is_still_so_upstream():
    """Where it is mended, the page and these tests can say so."""
    case = issue_8458()
    graph = case.graph.copy(update={"checkpointer": InMemorySaver()})
    mine, at = {"configurable": {"thread_id": "1"}}, None
    for ns, event in graph.stream(case.input, mine, stream_mode="checkpoints", subgraphs=True):
        if ns and event["next"] == ["c"]:
            at = event["config"]
    case.ran.clear()
    graph.invoke(None, at)
    again = case.ran.counts
    graph.invoke(Command(resume="yes"), mine)

    assert again == {"a": 1, "b": 1, "c": 1, "review": 1}
