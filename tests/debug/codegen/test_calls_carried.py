"""A test of a step carries what it asked: it runs without a key and without a network (K10)."""

from __future__ import annotations

import httpx
import openai
import pytest

from lellm_nb import Debugger, GraphBuilder, run_step
from lellm_nb.errors import CallDiffersError


def asked(question: str, client: httpx.Client) -> str:
    """What a model is asked here: one text."""
    body = {"model": "m", "messages": [{"role": "user", "content": question}]}
    said = client.post("http://model.test/v1/chat/completions", json=body).json()
    return said["choices"][0]["message"]["content"]


def answering(texts: list[str]) -> httpx.Client:
    """A client whose server says these texts, one after the other, and then nothing more."""
    left = list(texts)

    def answer(_: httpx.Request) -> httpx.Response:
        message = {"role": "assistant", "content": left.pop(0)}
        return httpx.Response(200, json={"choices": [{"index": 0, "message": message}]})

    return httpx.Client(transport=httpx.MockTransport(answer))


def ran(function) -> Debugger:
    """A run of one node that is called `node`."""
    graph = GraphBuilder("g").node("node", function).start("node").end("node").build()
    dbg = Debugger(graph, {})
    assert dbg.run().reason.name == "COMPLETED"
    return dbg


def carried(dbg: Debugger) -> list:
    """The calls that the written test of the node's step carries."""
    return eval(f"{dbg.to_test(1).partition('CALLS = ')[2].partition(_END)[0]}{_END}")


_END = "\n]"


def test_a_written_test_is_answered_by_what_was_recorded():
    """K10: both answers are there, and nobody is asked."""
    client = answering(["one", "two"])

    def node(ctx):
        return {"said": [asked("first", client), asked("second", client)]}

    done = run_step(node, {}, calls=carried(ran(node)))

    assert [m.value for m in done.mutations] == [["one", "two"]]


def test_a_step_that_asks_something_else_says_what_differs():
    """K3: the words tell the call and what was changed, and nothing is sent."""
    client = answering(["one"])
    calls = carried(ran(lambda ctx: {"said": asked("first", client)}))

    with pytest.raises(CallDiffersError, match="'first' -> 'last'"):
        run_step(lambda ctx: {"said": asked("last", client)}, {}, calls=calls)


def test_a_client_of_a_written_test_needs_no_key():
    """K5, K10: the client that the node names is made anew, and its key is nowhere in the text."""
    secret = "sk-" + "a1" * 20
    client = openai.OpenAI(api_key=secret, http_client=answering(["yes"]))

    def node(ctx):
        said = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Is it so?"}]
        )
        return {"said": said.choices[0].message.content}

    text = ran(node).to_test(1)

    assert 'client = openai.OpenAI(api_key="offline"' in text
    assert "skip" not in text
    assert secret not in text


def test_a_table_of_tools_is_written_out():
    """The functions of a dict stand before it, under their names."""

    def find(what):
        return f"found {what}"

    tools = {"find": find, "all": [find]}

    text = ran(lambda ctx: {"said": tools["find"]("it")}).to_test(1)

    assert "tools = {'find': find, 'all': [find]}" in text
    assert "def find(what):" in text
    assert "skip" not in text
