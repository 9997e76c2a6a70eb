"""Turns, writes on the way and fixed outcomes in a graph of LangGraph (R12, L1-L15)."""

from __future__ import annotations

import operator
import threading
from typing import Annotated, TypedDict

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

from lellm_nb import Debugger
from lellm_nb.errors import DebuggerError, StateError


class State(TypedDict):
    topic: str
    log: Annotated[list, operator.add]


def noted(name):
    def node(state):
        return {"log": [f"{name}:{state.get('topic', '')}"]}

    return node


def app(*, sides=False, checkpointer=None):
    """a, b (and c beside it), then a graph with one node."""
    inner = StateGraph(State)
    inner.add_node("i", noted("i"))
    inner.add_edge(START, "i")
    inner.add_edge("i", END)
    g = StateGraph(State)
    for name in ("a", "b", *(["c"] if sides else [])):
        g.add_node(name, noted(name))
    g.add_node("sub", inner.compile())
    g.add_edge(START, "a")
    for name in ("b", *(["c"] if sides else [])):
        g.add_edge("a", name)
        g.add_edge(name, "sub")
    g.add_edge("sub", END)
    return g.compile(checkpointer=checkpointer)


def chat():
    g = StateGraph(MessagesState)
    g.add_node("answer", lambda s: {"messages": [AIMessage(s["messages"][-1].content.upper())]})
    g.add_edge(START, "answer")
    g.add_edge("answer", END)
    return g.compile()


def said(dbg):
    return [message.content for message in dbg.state["messages"]]


def to_end(dbg, by):
    while dbg.status != "completed":
        getattr(dbg, by)()


def invoked(sides, *topics):
    """What plain LangGraph comes to, invoked once for each input of a thread."""
    config = {"configurable": {"thread_id": "1"}}
    graph = app(sides=sides, checkpointer=InMemorySaver())
    for topic in topics:
        state = graph.invoke({"topic": topic}, config)
    return state["log"]


# -- send -----------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["run", "step"])
@pytest.mark.parametrize("sides", [False, True])
def test_the_state_is_kept_and_the_graph_begins_anew(by, sides):
    """As `invoke` on a thread that has ended does."""
    dbg = Debugger(app(sides=sides), {"topic": "x"})
    to_end(dbg, by)
    first = list(dbg.state["log"])

    stop = dbg.send({"topic": "y"})

    assert (stop.frame.kind, stop.frame.next_node, dbg.status) == ("input", "a", "ready")
    assert (dbg.state["topic"], dbg.state["log"]) == ("y", first)
    to_end(dbg, by)
    assert dbg.state["log"] == invoked(sides, "x", "y")
    assert dbg.at("a", 2).index > stop.frame.index
    assert "sent as input 1: Put('topic', 'y')" in repr(dbg.who("topic"))


def test_every_frame_of_both_turns_can_be_gone_on_from():
    """To the end of its own turn, and on to the next one."""
    dbg = Debugger(app(sides=True), {"topic": "x"})
    dbg.run()
    dbg.send({"topic": "y"}, then_run=True)
    log = list(dbg.state["log"])

    for frame in list(dbg.frames):
        dbg.rewind(frame)
        dbg.run()
        if len(dbg.state["log"]) < len(log):
            dbg.send({"topic": "y"}, then_run=True)
        assert dbg.state["log"] == log


def test_text_is_a_message_and_the_turns_are_kept(tmp_path):
    """Opened again it stands before the third answer."""
    dbg = Debugger(chat(), {"messages": [("user", "hi")]}, store=tmp_path / "runs.db")
    dbg.run()
    dbg.send("bye", then_run=True)
    dbg.send("so")
    dbg.close()

    again = Debugger.open(tmp_path / "runs.db", graph=chat())

    assert (again.status, [f.kind for f in again.frames]) == (
        "ready",
        ["start", "commit", "input", "commit", "input"],
    )
    assert again.run().reason.name == "COMPLETED"
    assert said(again) == ["hi", "HI", "bye", "BYE", "so", "SO"]


def test_the_recursion_limit_is_for_one_turn():
    """The super-steps of turns before are not counted against it."""
    dbg = Debugger(app(), {"topic": "x"}, config={"recursion_limit": 4})
    for _ in range(4):
        assert dbg.run().reason.name == "COMPLETED"
        dbg.send({"topic": "y"})


def test_what_does_not_fit_is_refused_and_nothing_is_written():
    """A key that the graph does not have, no messages for a text, and the middle of a turn."""
    dbg = Debugger(app(), {"topic": "x"})
    dbg.step()
    with pytest.raises(DebuggerError, match="in the middle of a turn"):
        dbg.send({"topic": "y"})
    dbg.run()
    with pytest.raises(StateError, match=r"'topc'.*'topic'"):
        dbg.send({"topc": "y"})
    with pytest.raises(StateError, match=r"send\(\{'log': 'hello'\}\)"):
        dbg.send("hello")

    assert "input" not in [f.kind for f in dbg.frames]


def test_a_function_is_called_with_whatever_is_sent():
    """An `@entrypoint` has no keys; what it returned before is there."""

    @entrypoint()
    def flow(given, *, previous=None):
        return (previous or 0) + given["x"]

    dbg = Debugger(flow, {"x": 2})
    dbg.run()
    dbg.send({"x": 5}, then_run=True)

    assert dbg.state["__end__"] == 7


def test_interrupts_of_a_later_turn_have_ids_of_their_own():
    """And it is answered as ever; what waits takes no input."""

    def ask(state):
        return {"log": [interrupt(state["topic"])]}

    g = StateGraph(State)
    g.add_node("ask", ask)
    g.add_edge(START, "ask")
    g.add_edge("ask", END)
    dbg = Debugger(g.compile(), {"topic": "x"})
    dbg.run()
    with pytest.raises(DebuggerError, match="waits at ask"):
        dbg.send({"topic": "y"})
    dbg.answer("one", then_run=True)
    dbg.send({"topic": "y"})

    assert dbg.run().pending[0].id == "ask#1"
    dbg.answer("two", then_run=True)
    assert dbg.state["log"] == ["one", "two"]


# -- steer ----------------------------------------------------------------------------


def test_a_run_that_is_going_on_is_written_into():
    """Between two super-steps, by whoever moves it."""
    here, on = threading.Event(), threading.Event()

    def a(state):
        here.set()
        assert on.wait(20)
        return {"log": ["a"]}

    g = StateGraph(State)
    g.add_node("a", a)
    g.add_node("b", noted("b"))
    g.add_edge(START, "a")
    g.add_edge("a", "b")
    g.add_edge("b", END)
    dbg = Debugger(g.compile(), {"topic": "x"})
    handle = dbg.start()
    assert here.wait(20)

    with pytest.raises(StateError, match=r"'topc'.*'topic'"):
        dbg.steer(put={"topc": "y"})
    dbg.steer(put={"topic": "y"})
    on.set()

    assert handle.result(20).reason.name == "COMPLETED"
    assert dbg.state["log"] == ["a", "b:y"]
    assert [f.kind for f in dbg.frames] == ["start", "commit", "edit", "commit"]


# -- mock and skip ----------------------------------------------------------------------


@pytest.mark.parametrize("by", ["run", "step"])
def test_an_outcome_is_fixed_for_a_node_and_for_a_graph_inside(by):
    """It is the node's return; LangGraph finds the way on."""
    dbg = Debugger(app(), {"topic": "x"})
    dbg.mock("a", {"log": ["fixed"]})
    dbg.mock("sub", {"log": ["whole"]}, visit=1)

    to_end(dbg, by)

    assert dbg.state["log"] == ["fixed", "b:x", "whole"]
    assert [(f.path, f.mocked) for f in dbg.frames[1:]] == [
        *(("a", True), ("b", False), ("sub", True)),
    ]


def test_a_function_and_an_unknown_key_are_refused():
    """The words name what may be done."""
    dbg = Debugger(app(), {"topic": "x"})

    with pytest.raises(DebuggerError, match=r"patch\("):
        dbg.mock("a", lambda state: {})
    with pytest.raises(StateError, match=r"'lg'.*'log'"):
        dbg.mock("a", {"lg": []})

    assert dbg.mocks == {}


def test_a_node_and_a_graph_inside_are_passed():
    """Nothing is written, and LangGraph finds the way on."""
    dbg = Debugger(app(), {"topic": "x"})
    dbg.skip()
    dbg.step()

    stop = dbg.skip()

    assert (stop.frame.path, stop.frame.skipped, stop.reason.name) == ("sub", True, "COMPLETED")
    assert dbg.state["log"] == ["b:x"]
