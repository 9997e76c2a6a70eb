"""Functions that are defined again in a cell are run from then on (SEMANTICS G9)."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage

from lellm_nb import Debugger
from lellm_nb.adapters.langgraph.shape import shape_of
from lellm_nb.debug.core.followed_code import FollowedCode
from tests.debug.cells import Cells

CELL = """
import operator
from typing import Annotated, TypedDict
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langchain_core.tools import tool

class Log(TypedDict):
    log: Annotated[list, operator.add]

def work(state):
    return {"log": ["old"]}

def again(state):
    return {"log": ["again"]}

def row(**nodes):
    g, before = StateGraph(Log), START
    for name, function in nodes.items():
        g.add_node(name, function).add_edge(before, name)
        before = name
    return g.compile()

flat = row(again=again, work=work)
deep = row(again=again, sub=row(work=work))

@task
def double(n):
    return 2 * n

@entrypoint()
def flow(n):
    return double(n).result()

@tool
def add(n: int) -> int:
    "Adds."
    return n + 1

def mul(n: int) -> int:
    "Multiplies."
    return n * 2

tools = StateGraph(MessagesState).add_node("tools", ToolNode([add, mul])).add_edge(START, "tools")
tools = tools.compile()
"""

NEW = 'def work(state):\n    return {"log": ["new"]}'


def renewed(shape):
    """The shape with what the names mean now."""
    return shape.recoded(FollowedCode(shape).renewed())


@pytest.mark.parametrize("name", ["flat", "deep"])
def test_a_node_function_that_is_defined_again_is_run_from_then_on(name):
    """At any depth; what ran before stays, and a later version is found as well."""
    cells = Cells(CELL)
    dbg = Debugger(getattr(cells, name), {"log": []})
    dbg.step()
    cells(NEW)
    dbg.run()
    assert dbg.state["log"][-1] == "new"

    cells(NEW.replace("new", "newer"))
    dbg.rewind(0)
    dbg.run()
    assert dbg.state["log"][-1] == "newer"


def test_a_function_with_other_arguments_is_another_function():
    """The old one goes on, and it is said."""
    cells = Cells(CELL)
    dbg = Debugger(cells.flat, {"log": []})
    cells('def work(state, more):\n    return {"log": ["other"]}')
    with pytest.warns(UserWarning, match="work is defined again with other arguments"):
        dbg.run()

    assert dbg.state["log"] == ["again", "old"]


def test_what_was_patched_by_hand_is_followed_by_its_name_afterwards():
    cells = Cells(CELL)
    dbg = Debugger(cells.flat, {"log": []})
    dbg.patch({"work": Cells(NEW).work})
    dbg.run()
    assert dbg.state["log"] == ["again", "new"]


def test_an_entrypoint_that_is_defined_again_gives_its_function():
    """Its name means a graph by now, not the function."""
    cells = Cells(CELL)
    shape = shape_of(cells.flow)
    for factor in (10, 100):
        cells(f"@entrypoint()\ndef flow(n):\n    return double(n).result() * {factor}")
        shape = renewed(shape)
        assert shape.compiled.invoke(1) == 2 * factor


def test_tools_that_are_defined_again_are_called_from_then_on():
    """Decorated or plain, in a copy of the node that holds them."""
    cells = Cells(CELL)
    old = shape_of(cells.tools)
    cells('@tool\ndef add(n: int) -> int:\n    "Adds."\n    return n + 1000')
    cells('def mul(n: int) -> int:\n    "Multiplies."\n    return n * 2000')
    found = FollowedCode(old).renewed()
    made = old.recoded(found)

    assert [str(place) for place in found] == ["tool add of tools", "tool mul of tools"]
    assert said(old) == ["2", "2"]
    assert said(made) == ["1001", "2000"]

    cells('@tool\ndef add(n: int) -> int:\n    "Adds."\n    return n + 5')
    assert said(renewed(made)) == ["6", "2000"]


def said(shape):
    """What the two tools answer for 1."""
    calls = [{"name": name, "args": {"n": 1}, "id": name} for name in ("add", "mul")]
    found = shape.compiled.invoke({"messages": [AIMessage("", tool_calls=calls)]})
    return [message.content for message in found["messages"][1:]]


def test_a_graph_that_a_function_calls_goes_by_what_was_compiled():
    """Nothing in it is followed: it cannot be exchanged from outside, as in plain LangGraph."""
    cells = Cells(
        CELL + "\ndef call(state):\n    return flat.invoke(state)\nouter = row(call=call)\n"
    )
    shape = shape_of(cells.outer)
    cells(NEW)

    assert FollowedCode(shape).renewed() == {}
    cells("def call(state):\n    return {'log': ['called']}")
    assert renewed(shape).compiled.invoke({"log": []})["log"] == ["called"]
