"""A call is understood from its bytes alone, whatever API they belong to (CALLS.md, K1)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange
from tests.calls.formats.samples import (
    ANSWERED,
    ARGUMENTS,
    ASKED,
    TALKS,
    TEXT,
    URLS,
    answered,
    call,
    exchange,
)

LOOKED_AT = [name for name in dir(Call) if not name.startswith("_") and name != "diff"]
METHODS = {"changed", "cost_with"}


def look(one: Call) -> None:
    """Look at everything that there is to see."""
    for name in LOOKED_AT:
        if name not in METHODS:
            getattr(one, name)
    assert repr(one)
    assert str(one)


@pytest.mark.parametrize("kind", TALKS)
def test_a_model_is_understood_in_every_format(kind):
    """The same question and answer is the same, whichever API was asked."""
    one = call(kind)

    assert one.kind == kind
    assert one.messages[0]["role"] == "system"
    assert len(one.messages) == 4 + (kind == "responses")  # its reasoning is an item too
    assert one.tools == ASKED[kind]["tools"]
    assert one.text == TEXT
    assert [(t["name"], json.loads(t["arguments"])) for t in one.tool_calls] == [
        ("weather", {"city": "Paris"})
    ]
    assert (one.tokens_in, one.tokens_out, one.cached, one.reasoning) == (812, 40, 512, 8)
    assert one.response == ANSWERED[kind]
    assert json.loads(one.raw) == ANSWERED[kind]
    assert (one.status, one.error, one.attempts, one.streamed) == (200, None, 1, False)


@pytest.mark.parametrize(
    ("kind", "provider", "model", "params", "finish"),
    [
        ("chat", "openai", "gpt-4o-mini", {"temperature": 0.2}, "tool_calls"),
        ("responses", "openai", "gpt-5-mini", {"reasoning": {"effort": "low"}}, "completed"),
        ("anthropic", "anthropic", "claude-sonnet-4-5", {"max_tokens": 500}, "tool_use"),
        (
            "gemini",
            "google",
            "gemini-2.5-flash",
            {"generationConfig": {"temperature": 0.2}},
            "STOP",
        ),
    ],
)
def test_what_else_was_sent_are_params(kind, provider, model, params, finish):
    """The model is the one that was asked for; what is not talk and no tool is a parameter."""
    one = call(kind)

    assert (one.provider, one.model, one.params, one.finish) == (provider, model, params, finish)


def test_what_the_system_says_comes_first():
    """It is a message like the others, with its content as the API has it."""
    assert call("anthropic").messages[0]["content"] == ASKED["anthropic"]["system"]
    assert call("responses").messages[0] == {"role": "system", "content": "Be brief."}
    assert call("gemini").messages[0]["content"] == "Be brief."


def test_items_that_are_no_messages_have_a_role():
    """What the model wanted called is the assistant's, what came of it a tool's."""
    reasoning, called, gave = call("responses").messages[2:]

    assert (reasoning["role"], called["role"]) == ("assistant", "assistant")
    assert (gave["role"], gave["content"]) == ("tool", "21 degrees")


def test_embeddings_have_texts_and_counts():
    """Each text that goes in is a message; nothing is said."""
    one = call("embeddings")

    assert (one.kind, one.model, one.text) == ("embeddings", "text-embedding-3-small", "")
    assert [message["content"] for message in one.messages] == ["one", "two"]
    assert (one.tokens_in, one.tokens_out, one.params) == (812, 0, {"dimensions": 2})


def test_tokens_are_one_input():
    """A list of numbers is a text in tokens, a list of such lists several."""
    one = Call(0, [exchange("embeddings", input=[1, 2])])
    two = Call(0, [exchange("embeddings", input=[[1], [2]])])

    assert [message["content"] for message in one.messages] == [[1, 2]]
    assert [message["content"] for message in two.messages] == [[1], [2]]


def test_a_tool_over_mcp_is_understood():
    """The method, what the tool was given, and what it said."""
    one = call("mcp")

    assert (one.kind, one.provider, one.name) == ("mcp", "mcp", "tools/call weather")
    assert one.messages == [{"role": "tools/call", "content": {"city": "Paris"}}]
    assert (one.text, one.tool_calls, one.model) == (TEXT, [], None)


def test_an_mcp_answer_may_be_an_event_after_notes_of_progress():
    """A server may answer at once, or by a stream; only the answer is one."""
    note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
    body = "".join(
        f"event: message\r\ndata: {json.dumps(one)}\r\n\r\n" for one in (note, ANSWERED["mcp"])
    )
    made = answered(exchange("mcp"), body.encode(), content_type="text/event-stream")
    one = Call(0, [made])

    assert one.text == TEXT
    assert one.response == ANSWERED["mcp"]
    assert one.streamed


@pytest.mark.parametrize(
    ("url", "kind", "provider"),
    [
        (
            "https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
            "chat",
            "azure",
        ),
        ("https://openrouter.ai/api/v1/chat/completions", "chat", "openrouter"),
        ("http://localhost:11434/v1/chat/completions", "chat", "openai"),
        ("http://gateway.test/anthropic/v1/messages?beta=true", "anthropic", "anthropic"),
        (
            "https://eu-aiplatform.googleapis.com/v1/projects/p/locations/eu/publishers/anthropic"
            "/models/claude-sonnet-4@20250514:streamRawPredict",
            "anthropic",
            "google",
        ),
        (
            "https://us-aiplatform.googleapis.com/v1/projects/p/locations/us/publishers/google"
            "/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            "gemini",
            "google",
        ),
        (f"{URLS['gemini']}?key=hidden", "gemini", "google"),
    ],
)
def test_an_api_is_known_wherever_it_is_served(url, kind, provider):
    """By the end of its path; the host says who serves it, and else whose API it is."""
    one = Call(0, [Exchange("POST", url, (), json.dumps(ASKED[kind]).encode())])

    assert (one.kind, one.provider) == (kind, provider)


def test_vertex_names_the_model_in_the_url():
    """So it does for its own models, and for Anthropic's."""
    body = {k: v for k, v in ASKED["anthropic"].items() if k != "model"}
    base = "https://aiplatform.googleapis.com/v1/projects/p/locations/l/publishers"
    claude = f"{base}/anthropic/models/claude-sonnet-4@20250514:rawPredict"
    gemini = f"{base}/google/models/gemini-2.5-pro:generateContent"

    asked = Call(0, [Exchange("POST", claude, (), json.dumps(body).encode())])
    assert asked.model == "claude-sonnet-4@20250514"
    asked = Call(0, [Exchange("POST", gemini, (), json.dumps(ASKED["gemini"]).encode())])
    assert asked.model == "gemini-2.5-pro"


def test_where_no_model_was_asked_for_the_one_that_answered_is_told():
    """A deployment of Azure has its model in no body."""
    body = {k: v for k, v in ASKED["chat"].items() if k != "model"}
    sent = Exchange("POST", URLS["chat"], (), json.dumps(body).encode())
    one = Call(0, [answered(sent, json.dumps(ANSWERED["chat"]).encode())])

    assert one.model == "gpt-4o-mini-2024-07-18"


def test_what_is_not_understood_is_still_a_call():
    """Method, address, status and sizes."""
    made = answered(
        Exchange("GET", "https://api.test/weather?city=Paris", (), b""),
        b"\x00\xff\x10",
        content_type="image/png",
    )
    one = Call(0, [made])

    assert (one.kind, one.provider, one.model) == ("http", "", None)
    assert (one.method, one.url, one.status) == ("GET", "https://api.test/weather?city=Paris", 200)
    assert (one.bytes_sent, one.bytes_received, one.raw) == (0, 3, b"\x00\xff\x10")
    assert (one.messages, one.text, one.tokens_in, one.cost) == ([], "", None, None)


def test_a_function_is_a_call():
    """What it was given are its params, what it returned its response (K4)."""
    made = Exchange("CALL", "tools.search", (), b'{"args": ["otters"], "kwargs": {}}')
    made.value, made.status, made.duration = ["a", "b"], 200, 0.1
    one = Call(1, [made])

    assert (one.kind, one.name, one.response) == ("function", "tools.search", ["a", "b"])
    assert one.params == {"args": ["otters"], "kwargs": {}}
    assert repr(one) == "<Call 1 tools.search>"


def test_no_answer_yet_is_nothing():
    """A request that is under way is looked at anew each time."""
    sent = exchange("chat")
    one = Call(0, [sent])

    assert (one.text, one.status, one.response, one.error, one.latency) == (
        "",
        None,
        None,
        None,
        None,
    )
    answered(sent, json.dumps(ANSWERED["chat"]).encode())
    assert one.text == TEXT


def test_what_was_read_is_kept_until_more_comes_in():
    """One look costs one parse; `changed` has it read anew."""
    one = call("chat")
    read = one.reading

    assert one.reading is read
    one.exchanges.append(answered(exchange("chat"), b'{"choices": []}'))
    one.changed()
    assert (one.text, one.attempts) == ("", 2)


@pytest.mark.parametrize("name", ["messages", "tools", "params", "tool_calls", "response"])
def test_what_is_read_may_be_edited(name):
    """To ask again, say; the record stays."""
    one = call("chat")
    before = json.dumps(getattr(one, name))
    given = getattr(one, name)
    (given if isinstance(given, dict) else given[0]).clear()

    assert json.dumps(getattr(one, name)) == before


@given(st.sampled_from(sorted(URLS)), st.binary(max_size=40), st.binary(max_size=40))
def test_bytes_that_mean_nothing_are_looked_at_without_an_error(kind, sent, came):
    """Whoever records anything must show anything."""
    made = Exchange("POST", URLS[kind], (), sent)
    look(Call(0, [answered(made, came)]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def crossed(whole: object, data: st.DataObject) -> object:
    """The same JSON data with something else somewhere in it."""
    if isinstance(whole, (dict, list)) and whole and data.draw(st.integers(0, 4)) != 0:
        keys = list(whole) if isinstance(whole, dict) else list(range(len(whole)))
        at = data.draw(st.sampled_from(keys))
        other = crossed(whole[at], data)
        if isinstance(whole, dict):
            return {**whole, at: other}
        return [*whole[:at], other, *whole[at + 1 :]]
    return data.draw(JSON)


@given(st.data(), st.sampled_from(sorted(URLS)))
def test_answers_that_are_not_as_they_should_be_are_looked_at_without_an_error(data, kind):
    """A server may say anything, anywhere in what it says."""
    sent = json.dumps(crossed(ASKED[kind], data)).encode()
    came = json.dumps(crossed(ANSWERED[kind], data)).encode()
    events = b"data: " + came + b"\n\n"
    for body, content_type in ((came, "application/json"), (events, "text/event-stream")):
        made = Exchange("POST", URLS[kind], (), sent)
        look(Call(0, [answered(made, body, content_type=content_type)]))


def test_arguments_are_text_as_the_model_wrote_them():
    """They need not be JSON: a model may have been cut."""
    assert call("chat").tool_calls == [{"id": "call_2", "name": "weather", "arguments": ARGUMENTS}]
