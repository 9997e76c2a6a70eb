"""Other functions in a compiled graph: a new graph runs them, the old one is as it was."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.pregel import Pregel

from lellm_nb import Debugger
from lellm_nb.adapters.langgraph.shape import shape_of
from lellm_nb.errors import GraphError, InvalidNodeError, NoSuchNodeError
from tests.adapters.langgraph.compiled.shaped import (
    Log,
    NodeError,
    agent,
    chain,
    first,
    flow,
    handlers,
    loop,
    nested,
    timeouts,
)


def other(state):
    return {"log": ["other"]}


def log(graph, **state):
    return graph.invoke({"log": [], **state})["log"]


def test_another_function_runs_in_a_new_graph_and_the_old_one_stays():
    """The functions of the old graph, and all its objects, are the same as before."""
    graph = chain("a", "b")
    kept = dict(graph.nodes)
    made = shape_of(graph).patched({"b": other})

    assert log(made.compiled) == ["first", "other"]
    assert log(graph) == ["first", "first"]
    assert graph.nodes == kept
    assert made.nodes["b"].fn is other
    assert made.compiled.nodes["a"] is graph.nodes["a"]


def test_a_node_at_any_depth_is_replaced_by_its_path():
    """The graphs around it are made anew, those beside it are shared."""
    graph = nested()
    made = shape_of(graph).patched({"sub/agent/llm": other, "prep": other})

    assert "other" not in log(graph)
    assert log(made.compiled).count("other") > 1
    assert made.level("sub/agent") is not shape_of(graph).level("sub/agent")
    assert made.level("call") is shape_of(graph).level("call")


@pytest.mark.parametrize("code", [other, RunnableLambda(other), chain(x=other)])
def test_whatever_langgraph_takes_for_a_node_may_replace_one(code):
    """A function, a Runnable, another compiled graph."""
    made = shape_of(chain("a", "b")).patched({"b": code})

    assert log(made.compiled)[-1] == "other"
    assert made.level("b") is (code if isinstance(code, Pregel) else None)


def test_an_async_function_and_what_a_node_is_given_beside_the_state():
    """What LangGraph hands to a function by the names of its arguments it hands to the new one."""

    async def asks(state, config, *, store=None):
        return {"log": [config["metadata"]["langgraph_node"]]}

    made = shape_of(chain("a")).patched({"a": asks})

    assert asyncio.run(made.compiled.ainvoke({"log": []}))["log"] == ["a"]


def test_the_function_of_an_entrypoint_is_replaced():
    def shouts(topic, *, previous=None):
        return f"{topic}!{previous}"

    made = shape_of(flow).patched({"flow": shouts})

    assert (made.compiled.invoke("cats"), flow.invoke("cats")) == ("cats!None", "about cats")


@handlers
def test_an_error_handler_is_replaced_by_its_path():
    def bad(state):
        raise ValueError("bad")

    def mend(state, error: NodeError):
        return {"log": ["mended"]}

    def better(state, error: NodeError):
        return {"log": [f"better than {error.node}"]}

    graph = StateGraph(Log).add_node("a", bad, error_handler=mend).add_edge(START, "a").compile()
    made = shape_of(graph).patched({"a.error": better})

    assert (log(graph), log(made.compiled)) == (["mended"], ["better than a"])


def test_a_function_that_calls_a_graph_is_replaced_and_what_it_calls_is_not():
    """From outside, nothing in that graph can be reached; the advice says what can."""
    shape = shape_of(nested())

    assert shape.patched({"call": other}).nodes["call"].kind == "task"
    with pytest.raises(
        GraphError, match="call/llm is in a graph that the function of 'call' calls"
    ):
        shape.patched({"call/llm": other})


@pytest.mark.parametrize(
    ("nodes", "error", "said"),
    [
        ({"sub/aftr": other}, NoSuchNodeError, "Did you mean 'sub/after'?"),
        ({"nowhere": other}, NoSuchNodeError, "There is no node 'nowhere'"),
        ({"prep/x": other}, NoSuchNodeError, "Node 'prep' has nothing inside"),
        ({"prep": 3}, InvalidNodeError, "Node 'prep': 3 cannot run"),
        ({"prep": dict}, InvalidNodeError, "the class dict cannot run"),
    ],
)
def test_what_cannot_be_is_said(nodes, error, said):
    with pytest.raises(error, match=said.replace("?", r"\?")):
        shape_of(nested()).patched(nodes)


@timeouts
def test_a_plain_function_in_the_place_of_one_with_a_timeout_is_refused():
    """LangGraph can only cancel async ones; it is said now, not when the node runs."""

    async def later(state):
        return {}

    graph = StateGraph(Log).add_node("a", later, timeout=5).add_edge(START, "a").compile()
    with pytest.raises(GraphError, match="LangGraph does not take the new code"):
        shape_of(graph).patched({"a": first})


def test_edges_have_no_condition_that_could_be_exchanged():
    with pytest.raises(GraphError, match="patch node 'llm', or reroute at a barrier"):
        shape_of(loop()).patched({}, {("llm", "tools"): lambda state: True})


# -- by a debugger -----------------------------------------------------------------------


def test_a_patch_counts_from_the_next_step_on():
    """What ran stays what it was."""
    dbg = Debugger(chain("a", "b", "c"), {"log": []})
    dbg.step()
    dbg.patch({"b": other})
    dbg.run()

    assert dbg.state["log"] == ["first", "other", "first"]
    assert dbg.graph.nodes["b"].fn is other


def test_a_patch_inside_and_of_a_function_that_calls_a_graph():
    dbg = Debugger(nested(), {"log": [], "n": 0})
    dbg.patch({"sub/after": lambda state: {"log": ["after"]}, "call": other})
    dbg.run()

    assert dbg.state["log"][-1:] == ["other"]
    assert "after" in dbg.state["log"]


def test_the_tools_of_an_agent_are_patched_as_one_node():
    """What is put in is a function of the state, as any node is."""

    def tools(state):
        return {"messages": [AIMessage("no tools today")]}

    made = shape_of(agent()).patched({"tools": tools})

    assert made.nodes["tools"].fn is tools
    assert made.compiled.nodes["tools"].bound.invoke({})["messages"][0].content == "no tools today"
