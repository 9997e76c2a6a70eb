"""Stops and questions as text on LangGraph graphs: the same language as everywhere (G10)."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from lellm_nb import Debugger, Expression, SqliteStore, StopReason
from lellm_nb.errors import GraphError, NoSuchNodeError
from tests.adapters.langgraph.graphs import chain, map_reduce
from tests.adapters.langgraph.graphs_nesting import issue_8458
from tests.adapters.langgraph.law import debugger

R = StopReason


def agent():
    """Asks for a tool twice, then answers."""

    def model(state: MessagesState) -> dict:
        done = len(state["messages"]) > 4
        call = {"name": "search", "args": {"q": "otters"}, "id": str(len(state["messages"]))}
        said = "done" if done else f"looking {len(state['messages'])}"
        return {"messages": [AIMessage(said, tool_calls=[] if done else [call])]}

    def tools(state: MessagesState) -> dict:
        return {"messages": [HumanMessage("found")]}

    g = StateGraph(MessagesState).add_node("model", model).add_node("tools", tools)
    g.add_edge(START, "model").add_edge("tools", "model")
    g.add_conditional_edges(
        "model", lambda s: "tools" if s["messages"][-1].tool_calls else END, ["tools", END]
    )
    return Debugger(g.compile(), {"messages": [HumanMessage("hi")]})


def test_a_breakpoint_asks_of_messages_as_they_are_written():
    """`messages[-1].content`, the calls of a message, and their arguments."""
    dbg = agent()
    at = dbg.break_at("tools", when="messages[-1].content == 'looking 3'")
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, at)
    assert dbg.bisect("len(messages) > 2").index == 2
    wanted = "any(c.name == 'search' and c.args.q == 'otters' for c in messages[-1].tool_calls)"
    assert dbg.evaluate(wanted)["value"].tolist() == [False, True, False, True]


def test_a_watch_stops_where_the_answer_changes():
    """Forward and going back."""
    dbg = agent()
    dbg.watch("any(m.content == 'found' for m in messages)")
    stop = dbg.run()

    assert (stop.reason, stop.old, stop.new, stop.frame.path) == (R.WATCH, False, True, "tools")
    assert dbg.run().reason is R.COMPLETED
    assert dbg.run_back().reason is R.WATCH


@pytest.mark.parametrize("case", [chain, map_reduce, issue_8458])
def test_run_until_and_the_questions_take_expressions(case):
    """In a chain, side by side, and in a subgraph."""
    dbg = debugger(case())
    stop = dbg.run(until="frame.index == 2 and len(state) >= 0")

    assert (stop.reason, stop.frame.index) == (R.STEP, 2)
    assert list(dbg.evaluate("frame.index * 2")["value"])[:3] == [0, 2, 4]
    assert dbg.run_back(until="frame.index < 2").frame.index == 1
    with pytest.raises(NoSuchNodeError):
        dbg.run(until="nowhere")


def test_they_are_stored_and_come_back_armed(tmp_path):
    """As for native graphs."""
    case = chain()
    store = SqliteStore(tmp_path / "runs.db")
    dbg = Debugger(case.graph, case.input, **case.given(), store=store)
    dbg.break_at("b", when="n == 4")
    dbg.watch("n > 2")
    dbg.close()

    opened = Debugger.open(store, graph=case.graph)

    assert opened.breakpoints[0].when == Expression("n == 4")
    assert opened.run().breakpoint is opened.breakpoints[1]
    assert opened.run().breakpoint is opened.breakpoints[0]
    assert opened.state["n"] == 4


def test_the_condition_of_an_edge_is_a_function_of_langgraphs():
    """No text can be put there: the engine says what to do instead."""
    with pytest.raises(GraphError, match="has no condition to replace"):
        agent().patch(edges={("model", "tools"): "len(messages) > 2"})
