"""LangGraph graphs and their calls, debugged as they are (K1, K2, K3, K12, K13)."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy, Send, interrupt

from lellm_nb import Debugger, StopReason
from tests.debug.calls.agents import KEY, aask, aclient, ask, heard, told, user

R = StopReason


class Said(TypedDict, total=False):
    said: Annotated[list[str], operator.add]
    text: str


def model(server: Any) -> ChatOpenAI:
    return ChatOpenAI(model="gpt-4o", api_key=KEY, base_url=f"{server.url}/v1")


def talks(ai: Any, *texts: str) -> Any:
    return lambda state: {"said": [ask(ai, text) for text in texts]}


def atalks(server: Any, *texts: str) -> Any:
    async def node(state):
        async with aclient(server) as ai:
            return {"said": [await aask(ai, text) for text in texts]}

    return node


def line(**nodes: Any) -> Any:
    """A graph of nodes in a row."""
    g, last = StateGraph(Said), START
    for name, node in nodes.items():
        options = node[1] if isinstance(node, tuple) else {}
        g.add_node(name, node[0] if isinstance(node, tuple) else node, **options)
        g.add_edge(last, name)
        last = name
    return g.compile()


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"18 C in {city}"


def agent(server: Any, **options: Any) -> Any:
    return create_agent(model(server), [weather], **options)


ASKED = {"messages": [("user", "Paris?")]}


# -- agents ----------------------------------------------------------------------------------


def test_an_agent_shows_what_its_model_saw(server):
    """K1: `create_agent` as it is, each of its model's calls with the frame of its step."""
    dbg = Debugger(agent(server, system_prompt="Be brief."), ASKED)
    assert dbg.run().reason is R.COMPLETED
    first, second = dbg.calls

    assert server.count == 2
    assert (first.path, second.path) == ("model", "model")
    assert (first.visit, second.visit) == (1, 2)
    assert first.messages[0] == {"role": "system", "content": "Be brief."}
    assert first.tools[0]["function"]["name"] == "weather"
    assert first.tool_calls[0]["name"] == "weather"
    assert second.messages[-1]["content"] == "18 C in Paris"
    assert second.before is first
    assert dbg.state["messages"][-1].content == "answer 2!"


def test_an_agent_is_stepped_call_by_call(server):
    """K12: whatever nodes there are in between."""
    dbg = Debugger(agent(server), ASKED)
    stops = [dbg.step_call() for _ in range(3)]

    assert [stop.reason for stop in stops] == [R.STEP, R.STEP, R.COMPLETED]
    assert [stop.call.number for stop in stops[:2]] == [0, 0]
    assert server.count == 2


def test_an_agent_is_stopped_where_its_model_asks_for_a_tool(server):
    """K12: before anybody runs it, and before the model's step is committed."""
    dbg = Debugger(agent(server), ASKED)
    dbg.break_on_call(tool="weather")
    stop = dbg.run()

    assert (stop.reason, stop.call.tool_calls[0]["name"]) == (R.BREAKPOINT, "weather")
    assert len(dbg.state["messages"]) == 1
    assert dbg.run().reason is R.COMPLETED
    assert server.count == 2


def test_an_agent_is_rerun_from_any_call_with_another_answer(server):
    """K12: a fork; what comes after the step is live."""
    dbg = Debugger(agent(server), ASKED)
    dbg.run()
    frame = next(frame for frame in dbg.frames if frame.calls)
    fork = dbg.rerun(frame, answer={0: "It rains."})

    assert fork.last_stop.reason is R.COMPLETED
    assert fork.state["messages"][-1].content == "It rains."
    assert server.count == 2


def test_an_agents_step_is_rerun_with_edited_messages(server):
    """K12: by what its model sends."""
    dbg = Debugger(agent(server), ASKED)
    dbg.run()
    frame = [frame for frame in dbg.frames if frame.calls][1]
    messages = frame.calls[0].messages
    messages[-1]["content"] = "25 C in Paris"
    fork = dbg.rerun(frame, calls=0, edit={0: messages})

    assert fork.last_stop.reason is R.COMPLETED
    assert server.asked[-1].json["messages"][-1]["content"] == "25 C in Paris"
    assert (server.count, fork.state["messages"][-1].content) == (3, "answer 3!")


def test_an_agent_that_asks_a_person_pays_nothing_twice(server):
    """K13: the question is asked in a node of its own; the model's step is over."""
    made = agent(server, middleware=[HumanInTheLoopMiddleware(interrupt_on={"weather": True})])
    dbg = Debugger(made, ASKED)
    held = dbg.run().reason, server.count
    dbg.answer({"decisions": [{"type": "approve"}]})

    assert held == (R.BARRIER, 1)
    assert dbg.run().reason is R.COMPLETED
    assert server.count == 2


def test_an_agent_in_mode_calls_is_served_whole(server):
    """K3: its tools run, its model is looked up."""
    dbg = Debugger(agent(server), ASKED)
    dbg.run()
    dbg.mode("model", "calls")
    dbg.rewind(0)

    assert dbg.run().reason is R.COMPLETED
    assert (server.count, [call.served for call in dbg.calls]) == (2, [True, True])


# -- nodes of every kind ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sync", "async", "retried", "sub", "called"])
def test_a_stop_inside_of_a_node_pays_nothing_twice(server, ai, kind):
    """K2: the step is not committed, fails nothing and is tried again by nobody."""
    node = atalks(server, *"abc") if kind == "async" else talks(ai, *"abc")
    graph: Any = line(llm=(node, {"retry_policy": RetryPolicy(max_attempts=3)}))
    if kind != "retried":
        graph = line(llm=node)
    if kind == "sub":
        graph = line(sub=graph, end=lambda state: {"said": ["end"]})
    if kind == "called":
        inner = graph
        graph = line(sub=lambda state: {"said": inner.invoke({"said": []})["said"]})
    dbg = Debugger(graph, {"said": []})
    point = dbg.break_on_call(nth=1)
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint, stop.call.messages) == (R.BREAKPOINT, point, user("b"))
    assert (heard(server), dbg.state["said"]) == (["a"], [])
    assert told(dbg.calls) == [("a", False)]
    assert dbg.run().reason is R.COMPLETED
    assert (heard(server), dbg.state["said"][:3]) == (list("abc"), [f"answer {n}" for n in "123"])
    assert told(dbg.calls) == [("a", True), ("b", False), ("c", False)]


def test_a_bare_except_commits_nothing(server, ai):
    """K2: whatever the node returned, its tape is asked."""

    def node(state):
        try:
            return {"said": [ask(ai, "a")]}
        except BaseException:
            return {"said": ["swallowed"]}

    dbg = Debugger(line(llm=node), {"said": []})
    dbg.break_on_call()

    assert (dbg.run().reason, dbg.state["said"], server.count) == (R.BREAKPOINT, [], 0)
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["said"] == ["answer 1"]


def test_what_a_retry_policy_tries_again_is_one_frames_calls(server, ai):
    """K13: a node's own retries ask live; the frame has all of it."""
    tries: list[str] = []

    def node(state):
        tries.append(ask(ai, "a"))
        if len(tries) == 1:
            raise ConnectionError("once")
        return {"said": tries}

    policy = RetryPolicy(max_attempts=3, initial_interval=0.001, jitter=False)
    dbg = Debugger(line(llm=(node, {"retry_policy": policy})), {"said": []})

    assert dbg.run().reason is R.COMPLETED
    assert (server.count, tries) == (2, ["answer 1", "answer 2"])
    assert len(dbg.calls) == 2


def test_a_failed_node_is_tried_again_over_what_worked(server, ai):
    """K13."""
    bad = [True]

    def node(state):
        said = [ask(ai, "a")]
        if bad:
            bad.clear()
            raise ValueError("no")
        return {"said": [*said, ask(ai, "b")]}

    dbg = Debugger(line(llm=node), {"said": []})
    reasons = [dbg.run().reason, dbg.retry().reason]

    assert reasons[0] is R.FAILED
    assert dbg.run().reason is R.COMPLETED
    assert heard(server) == ["a", "b"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_calls_before_a_question_are_paid_once(server, ai, kind):
    """K13: LangGraph begins the node anew with the answer."""

    def node(state):
        first = ask(ai, "a")
        answer = interrupt(f"go on after {first}?")
        return {"said": [first, answer, ask(ai, "b")]}

    async def anode(state):
        async with aclient(server) as made:
            first = await aask(made, "a")
            answer = interrupt(f"go on after {first}?")
            return {"said": [first, answer, await aask(made, "b")]}

    dbg = Debugger(line(llm=anode if kind == "async" else node), {"said": []})
    held = dbg.run().reason, heard(server)
    dbg.answer("yes")

    assert held == (R.BARRIER, ["a"])
    assert dbg.run().reason is R.COMPLETED
    assert heard(server) == ["a", "b"]
    assert dbg.state["said"] == ["answer 1", "yes", "answer 2"]


def test_a_stop_before_and_a_question_after_a_call(server, ai):
    """K2, K13: one after the other, and each call once."""

    def node(state):
        first = ask(ai, "a")
        answers = [interrupt("one?"), ask(ai, "b"), interrupt("two?")]
        return {"said": [first, *answers, ask(ai, "c")]}

    dbg = Debugger(line(llm=node), {"said": []})
    dbg.break_on_call()
    reasons = []
    for _ in range(12):
        reasons.append(dbg.run().reason)
        if reasons[-1] is R.BARRIER:
            dbg.answer("yes")
        if reasons[-1] is R.COMPLETED:
            break

    assert reasons[-1] is R.COMPLETED
    assert reasons.count(R.BREAKPOINT) == 3
    assert heard(server) == ["a", "b", "c"]


# -- side by side ------------------------------------------------------------------------------


def sends(node: Any) -> Any:
    g = StateGraph(Said).add_node("llm", node)
    g.add_conditional_edges(START, lambda state: [Send("llm", {"text": text}) for text in "abc"])
    return g.compile()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_tasks_side_by_side_have_their_own_calls(server, ai, kind):
    """K1: of one node, sent several times at once."""

    async def anode(state):
        async with aclient(server) as made:
            return {"said": [await aask(made, state["text"] + n) for n in "12"]}

    def node(state):
        return {"said": [ask(ai, state["text"] + n) for n in "12"]}

    dbg = Debugger(sends(anode if kind == "async" else node), {"said": []})
    dbg.run()
    found = [told(frame.calls) for frame in dbg.frames if frame.calls]

    assert sorted(found) == [[(f"{text}1", False), (f"{text}2", False)] for text in "abc"]
    assert server.count == 6


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_stop_in_one_of_them_loses_nothing_of_the_others(server, ai, kind):
    """K2, P5: what is in flight commits; each call is paid once."""

    async def anode(state):
        async with aclient(server) as made:
            return {"said": [await aask(made, state["text"] + n) for n in "12"]}

    def node(state):
        return {"said": [ask(ai, state["text"] + n) for n in "12"]}

    dbg = Debugger(sends(anode if kind == "async" else node), {"said": []})
    dbg.break_on_call(when=lambda call: call.messages[0]["content"] == "b2")
    stop = dbg.run()

    assert (stop.reason, stop.call.messages) == (R.BREAKPOINT, user("b2"))
    assert dbg.run().reason is R.COMPLETED
    assert sorted(heard(server)) == [text + n for text in "abc" for n in "12"]
    assert len(dbg.state["said"]) == 6


def test_a_budget_holds_tasks_side_by_side(server, ai):
    """K7: whichever comes first; going on is over what is recorded."""
    node = lambda state: {"said": [ask(ai, state["text"] + n) for n in "12"]}  # noqa: E731
    dbg = Debugger(sends(node), {"said": []})
    dbg.budget(calls=2)
    counts = []
    while (stop := dbg.run()).reason is R.BUDGET:
        counts.append(server.count)
        assert len(counts) < 9

    assert stop.reason is R.COMPLETED
    assert counts[0] == 2
    assert sorted(heard(server)) == [text + n for text in "abc" for n in "12"]


# -- rerun and modes -----------------------------------------------------------------------------


def test_a_node_inside_of_a_subgraph_is_run_again_there(server, ai):
    """K12: with an edit; what follows it is live."""
    dbg = Debugger(line(sub=line(llm=talks(ai, "a", "b"), out=talks(ai, "z"))), {"said": []})
    dbg.run()
    fork = dbg.rerun(("sub/llm", 1), calls=1, edit={1: user("B!")})

    assert fork.last_stop.reason is R.COMPLETED
    assert heard(server)[3:] == ["B!", "z"]


def test_a_failure_is_run_again_in_a_fork(server, ai):
    """K12."""
    bad = [True]

    def node(state):
        said = [ask(ai, "a")]
        if bad:
            raise ValueError("no")
        return {"said": said}

    dbg = Debugger(line(llm=node), {"said": []})
    stop = dbg.run()
    bad.clear()
    fork = dbg.rerun(stop.frame)

    assert fork.last_stop.reason is R.COMPLETED
    assert heard(server) == ["a"]


def test_a_mode_of_a_subgraph_counts_for_what_is_inside(server, ai):
    """R10: with what becomes of its misses."""
    words = ["a"]
    inner = line(llm=lambda state: {"said": [ask(ai, words[0])]})
    dbg = Debugger(line(sub=inner), {"said": []})
    dbg.run()
    dbg.mode("sub", "calls", miss="live")
    dbg.rewind(0)
    served = dbg.run().reason, server.count
    words[0] = "b"
    dbg.rewind(0)

    assert served == (R.COMPLETED, 1)
    assert (dbg.run().reason, heard(server)) == (R.COMPLETED, ["a", "b"])
