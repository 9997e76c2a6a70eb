"""Calls as JSON data: by themselves and with their frames, without secrets (CALLS.md, K10, K14)."""

from __future__ import annotations

import json

import httpx

from lellm_nb import Debugger, GraphBuilder, from_json, to_json

KEY = "sk-" + "a1" * 20


def ran() -> Debugger:
    """A run of one node that says a key to a model, and calls a function."""
    said = {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"not {KEY}"}}]}
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=said)))

    def node(ctx):
        body = {"model": "m", "messages": [{"role": "user", "content": f"Is it {KEY}?"}]}
        client.post("http://model.test/v1/chat/completions", json=body)
        ctx.call(max, 1, 2)

    graph = GraphBuilder("g").node("node", node).start("node").end("node").build()
    dbg = Debugger(graph, {})
    assert dbg.run().reason.name == "COMPLETED"
    return dbg


def test_a_frame_comes_back_with_its_calls():
    """K10: what was asked and answered, in order, and what a function returned."""
    there = from_json(json.loads(json.dumps(to_json(ran().frames[1]))))

    assert [call.kind for call in there.calls] == ["chat", "function"]
    assert there.calls[0].messages[0]["content"] == "Is it [redacted: OpenAI key]?"
    assert there.calls[1].response == 2


def test_a_call_is_a_record():
    """It comes back as it is, but for what is secret in it."""
    call = ran().frames[1].calls[0]

    there = from_json(to_json(call))

    assert (there.path, there.visit, there.number, there.status) == ("node", 1, 0, 200)
    assert there.text == "not [redacted: OpenAI key]"
    assert call.text == f"not {KEY}"


def test_no_secret_is_in_the_data():
    """K14: in memory a call holds what was sent, and nothing that leaves has it."""
    frame = ran().frames[1]

    assert KEY not in json.dumps([to_json(frame), to_json(frame.calls[0])])
