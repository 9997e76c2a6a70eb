"""`create_agent` with human-in-the-loop middleware: its requests are forms (LANGGRAPH.md L1)."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import LellmError
from tests.adapters.langgraph.case import Ran
from tests.adapters.langgraph.graphs_interrupts import HAS_PER_CALL
from tests.adapters.langgraph.models import Scripted, arithmetic, by_tools, call

R = StopReason
BOTH = [call("add", "t1", a=1, b=2), call("mul", "t2", a=3, b=4)]


def agent(**options):
    """Return a debugger of an agent that wants two tools, standing where it asks; and its count."""
    ran = Ran()
    script = by_tools(AIMessage("", id="ai1", tool_calls=BOTH), AIMessage("done", id="ai2"))
    asks = HumanInTheLoopMiddleware(interrupt_on={"add": True, "mul": True}, **options)
    graph = create_agent(Scripted(script=script, ran=ran), tools=arithmetic(ran), middleware=[asks])
    dbg = Debugger(graph, {"messages": [HumanMessage("hi", id="h1")]})
    assert dbg.run().reason is R.BARRIER
    return dbg, ran


def results(dbg):
    """Return what the tools said, by call."""
    said = [m for m in dbg.state["messages"] if isinstance(m, ToolMessage)]
    return {message.tool_call_id: message.content for message in said}


def test_a_request_waits_with_the_actions_it_is_about():
    """One interrupt for both calls, in the middleware's own node."""
    dbg, ran = agent()
    waits = dbg.pending[0]

    assert waits.id == "HumanInTheLoopMiddleware.after_model#0"
    assert [action["name"] for action in waits.value["action_requests"]] == ["add", "mul"]
    assert ran.counts == {"llm": 1}


def test_approve_is_approve_for_each_action():
    """L1: two actions, two decisions."""
    dbg, ran = agent()
    dbg.approve()

    assert dbg.run().reason is R.COMPLETED
    assert results(dbg) == {"t1": "3", "t2": "12"}
    assert ran.counts == {"llm": 2, "tool:add": 1, "tool:mul": 1}


def test_reject_is_reject_for_each_action_and_says_why():
    """L1: no tool runs, and the model hears the reason."""
    dbg, ran = agent()
    dbg.reject("not today")

    assert dbg.run().reason is R.COMPLETED
    assert all("not today" in said for said in results(dbg).values())
    assert set(results(dbg)) == {"t1", "t2"}
    assert ran.counts == {"llm": 2}


def test_an_answer_decides_action_by_action():
    """L1: approve, edit and reject, as LangChain has them."""
    dbg, ran = agent()
    edited = {"name": "add", "args": {"a": 10, "b": 20}}
    decisions = [
        {"type": "edit", "edited_action": edited},
        {"type": "reject", "message": "no product"},
    ]
    dbg.answer({"decisions": decisions})

    assert dbg.run().reason is R.COMPLETED
    assert results(dbg)["t1"].endswith("30")
    assert "no product" in results(dbg)["t2"]
    assert ran.counts == {"llm": 2, "tool:add": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"decisions": [{"type": "approve"}]},
        {"decisions": [{"type": "shrug"}, {"type": "approve"}]},
        {"decisions": []},
        "yes",
    ],
    ids=["too few", "unknown", "none", "text"],
)
def test_an_answer_that_does_not_fit_the_request_is_refused(wrong):
    """L1: refused at the decision, which goes on waiting."""
    dbg, ran = agent()
    frames = len(dbg.frames)
    with pytest.raises(LellmError):
        dbg.answer(wrong)

    assert (len(dbg.frames), len(dbg.pending), ran.counts) == (frames, 1, {"llm": 1})
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED


def test_a_rewound_agent_is_asked_again_and_decided_otherwise():
    """The model is not asked again; what it said is in the frame."""
    dbg, ran = agent()
    dbg.approve()
    dbg.run()
    dbg.rewind(next(f for f in dbg.frames if f.kind == "waiting"))
    dbg.reject("never mind")
    dbg.run()

    assert ran.counts == {"llm": 3, "tool:add": 1, "tool:mul": 1}
    assert all("never mind" in said for said in results(dbg).values())
    assert dbg.compare("main").diff.keys == ["messages"]


@pytest.mark.skipif(not HAS_PER_CALL, reason="the middleware of this version asks in batches only")
def test_calls_that_ask_one_by_one_wait_side_by_side():
    """Each tool is a Send with an id of its own; what is decided runs on."""
    dbg, ran = agent(interrupt_mode="per_call")

    assert [one.id for one in dbg.pending] == ["tools#0", "tools#2#0"]
    assert [one.value["name"] for one in dbg.pending] == ["add", "mul"]
    dbg.approve("tools#2#0")
    assert dbg.run().reason is R.BARRIER
    assert ran.counts == {"llm": 1, "tool:mul": 1}
    dbg.reject("not this", "tools#0")
    assert dbg.run().reason is R.COMPLETED
    assert results(dbg)["t2"] == "12"
    assert "not this" in results(dbg)["t1"]
    assert ran.counts == {"llm": 2, "tool:mul": 1}
