"""Secrets in what only LangGraph reads: what was sent to a node, what is asked and answered."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from lellm_nb import Debugger, Redactor, StopReason
from lellm_nb.errors import DebuggerError

KEY = "sk-proj-" + "a1B2c3D4e5F6g7H8i9J0" * 3
SECRETS = {"by its look": (KEY, None), "by its place": ("hunter2!", Redactor(paths=["login.key"]))}


class State(TypedDict, total=False):
    out: Annotated[list, operator.add]
    login: dict


def sends() -> Any:
    """Return a graph that sends a secret to a node."""

    def work(sent: dict) -> dict:
        return {"out": [len(sent["login"]["key"])]}

    def each(state: State) -> list[Send]:
        return [Send("work", {"login": state["login"]}), Send("work", {"login": {"key": ""}})]

    g = StateGraph(State).add_node("plan", lambda state: {"out": ["planned"]})
    g.add_node("work", work).add_edge(START, "plan")
    return g.add_conditional_edges("plan", each, ["work"]).add_edge("work", END).compile()


def everything_in(folder: Path) -> bytes:
    """Return all bytes that were written anywhere in a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("how", SECRETS)
def test_no_secret_leaves_in_what_was_sent(how, tmp_path):
    """Not in a row, not in a position; the run opens, and says what is missing."""
    secret, redact = SECRETS[how]
    given = {"out": [], "login": {"key": secret}}
    (tmp_path / "runs").mkdir()
    dbg = Debugger(sends(), given, store=tmp_path / "runs", redact=redact)
    dbg.step(2)
    dbg.save(tmp_path / "one.lellm")
    dbg.close()
    again = Debugger.open(tmp_path / "runs", graph=sends())

    assert secret.encode() not in everything_in(tmp_path)
    assert [frame.path for frame in again.frames] == ["", "plan", "work"]
    with pytest.raises(DebuggerError, match="__pregel_tasks in the graph was hidden as a secret"):
        again.run()
    again.rewind(0)
    assert again.lacking == [("login", "key")]
    again.supply({("login", "key"): secret})
    assert again.run().reason is StopReason.COMPLETED
    assert again.state["out"] == ["planned", len(secret), 0]
    again.close()


def test_no_secret_leaves_in_a_question_or_in_an_answer(tmp_path):
    """An interrupt has what the node asked; a resume value what a person said."""

    def ask(state: State) -> dict:
        first, second = interrupt({"login": KEY}), interrupt("and?")
        return {"out": [first, second]}

    g = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile()
    (tmp_path / "runs").mkdir()
    dbg = Debugger(g, {"out": []}, store=tmp_path / "runs")
    dbg.run()
    dbg.answer(f"it is {KEY}")
    dbg.run()
    dbg.close()
    again = Debugger.open(tmp_path / "runs", graph=g)

    assert KEY.encode() not in everything_in(tmp_path)
    assert [one.id for one in again.pending] == ["ask#1"]
    with pytest.raises(DebuggerError, match="was hidden as a secret"):
        again.answer("nothing")
    again.close()
