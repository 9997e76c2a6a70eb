"""Messages in a state, of whatever library, as a conversation."""

from __future__ import annotations

import json

from lellm_nb import Debugger, GraphBuilder, Redactor
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.chat_value import is_chat
from tests.strategies_messages import AIMessage, HumanMessage, ToolMessage


def opened(value, **question):
    g = GraphBuilder("g").node("a", lambda ctx: {"said": value}).start("a").end("a")
    dbg = Debugger(g.build(), {}, redact=Redactor(paths=["said[0].content"]))
    dbg.run()
    asked = {"ask": "inside", "frame": 1, "steps": [0], "start": 0, **question}
    return answer(Updates(dbg), asked)


PLAIN = [
    {"role": "user", "content": "the password"},
    {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": ""}}]},
    {"role": "tool", "tool_call_id": "a", "content": "42"},
]
LANGCHAIN = [
    HumanMessage("the password"),
    AIMessage("", tool_calls=[{"name": "f", "args": {"x": 1}, "id": "a"}]),
    ToolMessage("42", tool_call_id="a"),
]


def test_messages_of_every_kind_are_told_alike():
    """Roles, texts, and results beside the calls that they are of."""
    for said in (PLAIN, LANGCHAIN):
        rows = opened(said)["chat"]["rows"]

        assert [row["role"] for row in rows] == ["user", "assistant"]
        assert rows[1]["parts"][-1]["results"][0]["text"] == "42"


def test_what_is_secret_by_its_place_is_hidden_there():
    """In the conversation, in a whole text of it and in its JSON."""
    for said in (PLAIN, LANGCHAIN):
        shown = [opened(said), opened(said, ask="said", at=0, part=0)]
        shown.append(opened(said, ask="said", json=True))

        assert all("the password" not in json.dumps(one) for one in shown)


def test_other_lists_are_no_conversation():
    """Records with a role have something else in mind than to be said."""
    assert not is_chat([{"role": "cook", "name": "Ann"}])
    assert not is_chat([{"role": "user", "content": "Hi"}, 3])
    assert not is_chat("Hi")
    assert "chat" not in opened([1, 2])
