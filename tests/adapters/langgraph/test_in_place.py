"""Nodes that change what they are given, and people who change what they look at (L3)."""

from __future__ import annotations

import operator
from contextlib import suppress
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from typing_extensions import TypedDict

from lellm_nb import Debugger, StopReason
from tests.adapters.langgraph.plain import normal

R = StopReason


class Things(TypedDict, total=False):
    items: list
    plan: dict
    added: Annotated[list, operator.add]
    log: Annotated[list, operator.add]


def given():
    return {"items": ["i"], "plan": {"steps": ["a"], "deep": {"n": 1}}, "added": ["x"], "log": []}


def change_list(state: Things) -> dict:
    state["items"].append("CHANGED")
    return {"log": [list(state["items"])]}


def change_nested(state: Things) -> dict:
    state["plan"]["deep"]["n"] = 99
    del state["plan"]["steps"][0]
    return {"log": [dict(state["plan"]["deep"])]}


def change_reduced(state: Things) -> dict:
    state["added"].sort(reverse=True)
    state["added"].append("CHANGED")
    return {"log": [list(state["added"])]}


def change_top(state: Things) -> dict:
    state["items"] = ["CHANGED"]
    return {"log": [state["items"]]}


CHANGES = [change_list, change_nested, change_reduced, change_top]


def debugging(change):
    """Return a debugger of a node that changes its input, beside and before ones that read it."""

    def reads(state: Things) -> dict:
        return {"log": [normal({key: state[key] for key in ("items", "plan", "added")})]}

    g = StateGraph(Things).add_node("first", change).add_node("beside", reads)
    g.add_node("after", reads).add_edge(START, "first").add_edge(START, "beside")
    g.add_edge(["first", "beside"], "after")
    return Debugger(g.compile(), given())


@pytest.mark.parametrize("way", ["step", "run"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_node_may_change_its_input_and_nothing_else_sees_it(change, way):
    """#8314: it works as on plain LangGraph for itself; siblings, later nodes and frames don't."""
    dbg = debugging(change)
    while (dbg.step() if way == "step" else dbg.run()).reason is R.STEP:
        pass
    before = {key: given()[key] for key in ("items", "plan", "added")}
    log = [normal(one) for one in dbg.state["log"]]
    read = [one for one in log if isinstance(one, dict) and "items" in one]
    (own,) = (one for one in log if one not in read)

    assert dbg.status == "completed"
    assert own not in before.values()
    assert read == [before, before]
    for frame in dbg.frames:
        assert {key: normal(frame.root_state[key]) for key in before} == before


@pytest.mark.parametrize("change", CHANGES[:3])
def test_the_change_is_named_in_its_frame_and_not_applied(change):
    """L3: a person hears that the node changes in place what LangGraph would not keep."""
    dbg = debugging(change)
    dbg.run()
    frame = dbg.at("first")
    key = {"change_list": "items", "change_nested": "plan", "change_reduced": "added"}

    assert frame.changed_keys == ["log"]
    assert key[change.__name__] in frame.output
    assert dbg.at("beside").output == dbg.at("after").output == ""


def test_a_message_that_a_node_changes_is_the_same_for_everybody_else():
    """#8748: messages are objects that LangGraph hands around."""

    def change(state: MessagesState) -> dict:
        state["messages"][0].content = "CHANGED"
        state["messages"][0].additional_kwargs["x"] = 1
        return {"messages": [AIMessage(state["messages"][0].content, id="m2")]}

    def read(state: MessagesState) -> dict:
        return {"messages": [AIMessage(f"read {state['messages'][0].content}", id="m3")]}

    g = StateGraph(MessagesState).add_node("change", change).add_node("read", read)
    graph = g.add_edge(START, "change").add_edge("change", "read").compile()
    mine = HumanMessage("as it was", id="m1")
    dbg = Debugger(graph, {"messages": [mine]})
    dbg.run()

    assert [m.content for m in dbg.state["messages"]] == ["as it was", "CHANGED", "read as it was"]
    assert mine.content == "as it was"
    assert all(frame.state["messages"][0].content == "as it was" for frame in dbg.frames)
    assert dbg.frames[0].state["messages"][0].additional_kwargs == {}


def test_the_objects_of_a_caller_and_of_a_node_are_not_those_of_the_frames():
    """#8314: what went in, and what a node returned, may change later."""
    kept: list[Any] = []

    def node(state: Things) -> dict:
        kept.append({"items": ["from the node"], "plan": {"steps": []}})
        return kept[0]

    graph = StateGraph(Things).add_node("node", node).add_edge(START, "node").compile()
    mine = given()
    dbg = Debugger(graph, mine)
    mine["items"].append("LATER")
    mine["plan"]["deep"]["n"] = "LATER"
    first = normal(dbg.state)
    dbg.run()
    kept[0]["items"].append("LATER")
    kept[0]["plan"]["steps"].append("LATER")

    assert first == given()
    assert normal(dbg.frames[0].state) == given()
    assert normal(dbg.state) == {**given(), "items": ["from the node"], "plan": {"steps": []}}
    assert mine["items"] == ["i", "LATER"]


def test_a_tool_or_node_that_keeps_the_state_and_changes_it_later_changes_nothing():
    """A node's input is its own for good."""
    kept: list[Any] = []

    def keeps(state: Things) -> dict:
        kept.append(state["items"])
        return {}

    def changes(state: Things) -> dict:
        kept[0].append("CHANGED")
        return {"log": [list(state["items"])]}

    g = StateGraph(Things).add_node("keeps", keeps).add_node("changes", changes)
    dbg = Debugger(g.add_edge(START, "keeps").add_edge("keeps", "changes").compile(), given())
    dbg.run()

    assert normal(dbg.state["log"]) == [["i"]]
    assert normal(dbg.state["items"]) == ["i"]


@pytest.mark.parametrize("frame", [0, -1])
def test_what_a_person_reads_from_a_frame_changes_no_frame(frame):
    """L3: it is frozen, or a copy; messages too."""

    class All(MessagesState):
        items: list

    graph = StateGraph(All).add_node("node", lambda s: {}).add_edge(START, "node").compile()
    dbg = Debugger(graph, {"items": [[1]], "messages": [HumanMessage("as it was", id="m1")]})
    dbg.run()
    state = dbg.frames[frame].state
    message = state["messages"][0]
    for change in (
        lambda: state["items"].append(2),
        lambda: state["items"][0].append(2),
        lambda: setattr(message, "content", "CHANGED"),
        lambda: message.additional_kwargs.update(x=1),
        lambda: state.update(items=[]),
    ):
        with suppress(Exception):  # frozen: it says so
            change()
    again = dbg.frames[frame].state

    assert normal(again["items"]) == [[1]]
    assert again["messages"][0].content == "as it was"
    assert again["messages"][0].additional_kwargs == {}


def test_a_rewound_node_is_given_what_it_was_given_the_first_time():
    """The change of a run that was left is not there."""
    dbg = debugging(change_list)
    dbg.run()
    first = normal(dbg.state)
    for frame in list(dbg.frames):
        dbg.rewind(frame)
        dbg.run()
        assert normal(dbg.state) == first
