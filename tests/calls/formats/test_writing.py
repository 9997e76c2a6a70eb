"""Requests and answers written anew: each in the format that the client speaks (CALLS.md, K12)."""

from __future__ import annotations

import importlib
import json

import anthropic
import openai
import pytest

from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.formats.writing import answer_of, with_messages, with_model
from lellm_nb.errors import DebuggerError
from tests.calls.formats.samples import (
    ANSWERED,
    ASKED,
    TALKS,
    TEXT,
    answered,
    call,
    exchange,
    streamed,
)
from tests.calls.formats.streams import stream


def asked(body: bytes, like: Exchange) -> Call:
    """The call that a body would be."""
    return Call(0, [Exchange(like.method, like.url, like.headers, body)])


# -- requests ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*TALKS, "embeddings", "mcp"])
def test_messages_put_back_as_they_are_change_nothing(kind):
    """What was normalized for reading is undone for sending."""
    sent = exchange(kind)

    assert json.loads(with_messages(sent, Call(0, [sent]).messages)) == json.loads(sent.body)


@pytest.mark.parametrize("kind", TALKS)
def test_edited_messages_stand_where_the_api_has_them(kind):
    """A text is a text in every format; the system's words go where they belong."""
    sent = exchange(kind)
    messages = [
        {"role": "system", "content": "Be long."},
        {"role": "user", "content": "How is Rome?"},
    ]
    body = with_messages(sent, messages)

    assert asked(body, sent).messages == messages
    told = json.loads(body)
    assert told == {**told, **_others(kind)}


def _others(kind: str) -> dict:
    talk = ("messages", "input", "contents", "instructions", "system", "systemInstruction")
    return {name: value for name, value in ASKED[kind].items() if name not in talk}


def test_each_api_has_its_own_place_for_the_system():
    """And none is left where the messages have none."""
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    bodies = {kind: json.loads(with_messages(exchange(kind), messages)) for kind in TALKS}
    without = {kind: json.loads(with_messages(exchange(kind), messages[1:])) for kind in TALKS}

    assert bodies["anthropic"]["system"] == "S"
    assert bodies["responses"]["instructions"] == "S"
    assert bodies["gemini"]["systemInstruction"] == {"role": "user", "parts": [{"text": "S"}]}
    assert bodies["gemini"]["contents"] == [{"role": "user", "parts": [{"text": "U"}]}]
    assert not {"system", "instructions", "systemInstruction"} & set().union(*without.values())


def test_a_system_that_stood_among_the_items_stays_there():
    """Responses take both; nothing is moved that was not asked for."""
    body = {"model": "m", "input": [{"role": "system", "content": "S"}]}
    sent = Exchange("POST", "https://api.openai.com/v1/responses", (), json.dumps(body).encode())

    assert json.loads(with_messages(sent, Call(0, [sent]).messages)) == body


def test_an_input_of_one_text_stays_one():
    """A request that is not edited is the same request, and found as such (K3)."""
    sent = exchange("responses", input="Hi")
    body = with_messages(sent, Call(0, [sent]).messages)

    assert json.loads(body)["input"] == "Hi"


def test_several_system_messages_are_one_for_anthropic():
    """It takes them as blocks."""
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": []}).encode()
    sent = Exchange("POST", "https://api.anthropic.com/v1/messages", (), body)
    told = [{"role": "system", "content": "A"}, {"role": "system", "content": "B"}]

    system = json.loads(with_messages(sent, told))["system"]
    assert system == [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]


def test_an_assistant_is_geminis_model():
    """Messages may be written as OpenAI has them."""
    body = with_messages(exchange("gemini"), [{"role": "assistant", "content": "Yes"}])

    assert json.loads(body)["contents"] == [{"role": "model", "parts": [{"text": "Yes"}]}]


@pytest.mark.parametrize("kind", ["chat", "responses", "anthropic", "embeddings"])
def test_another_model_stands_in_the_body(kind):
    """Where the request goes stays."""
    sent = exchange(kind)
    url, body = with_model(sent, "other")

    assert (url, asked(body, sent).model) == (sent.url, "other")


def test_gemini_has_the_model_in_the_url():
    """Its body says nothing of it."""
    sent = exchange("gemini", stream=True)
    url, body = with_model(sent, "gemini-2.5-pro")

    assert url == sent.url.replace("gemini-2.5-flash", "gemini-2.5-pro")
    assert json.loads(body) == json.loads(sent.body)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ("Hi", "Messages are a list of dicts with role and content, not str."),
        ([{"content": "Hi"}], "Message 0 is a dict with role and content, not dict."),
        ([{"role": "user", "content": {1}}], "The messages can't be written as JSON"),
    ],
)
def test_what_are_no_messages_is_refused(messages, words):
    """Before anything is sent."""
    with pytest.raises(DebuggerError, match=words):
        with_messages(exchange("chat"), messages)


def test_what_a_kind_has_not_is_refused():
    """And named."""
    plain = Exchange("GET", "https://api.test/", (), b"")

    with pytest.raises(DebuggerError, match="kind 'http' has no messages"):
        with_messages(plain, [{"role": "user", "content": "Hi"}])
    with pytest.raises(DebuggerError, match="kind 'mcp' asks no model"):
        with_model(exchange("mcp"), "gpt-4o")
    with pytest.raises(DebuggerError, match="kind 'embeddings' is not answered with a text"):
        answer_of(exchange("embeddings"), "Hi")


# -- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", [*TALKS, "mcp"])
def test_an_answer_says_the_text(kind, streams):
    """In pieces where pieces were asked for."""
    made = answer_of(exchange(kind, stream=streams and kind != "mcp"), TEXT)
    one = Call(0, [made])

    assert (one.text, one.status, one.error, one.tool_calls) == (TEXT, 200, None, [])
    assert one.cost is None
    assert one.last.ended


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", TALKS)
@pytest.mark.parametrize("other", TALKS)
def test_another_calls_answer_is_written_anew_in_this_format(kind, other, streams):
    """With the tools that it wants called."""
    one = Call(0, [answer_of(exchange(kind, stream=streams), call(other))])

    assert one.text == TEXT
    assert [(t["name"], json.loads(t["arguments"])) for t in one.tool_calls] == [
        ("weather", {"city": "Paris"})
    ]


@pytest.mark.parametrize("kind", TALKS)
def test_an_answer_in_the_same_format_is_taken_as_it_came(kind):
    """To the byte."""
    one, pieces = call(kind), streamed(kind, stream(kind, ANSWERED[kind], 5))

    assert answer_of(exchange(kind), one).content == one.last.content
    assert answer_of(exchange(kind, stream=True), pieces).chunks == pieces.last.chunks


def test_a_failure_is_an_answer():
    """It is what the node is to meet."""
    failed = Call(0, [answered(exchange("chat"), b'{"error": "busy"}', status=429)])

    assert answer_of(exchange("anthropic"), failed).status == 429


def test_an_answer_that_is_not_there_is_refused():
    """One that has not come, and one that was taken apart for its secrets (K5)."""
    hidden = call("chat")
    hidden.last.hidden = True

    with pytest.raises(DebuggerError, match="there were secrets in it"):
        answer_of(exchange("chat"), hidden)
    with pytest.raises(DebuggerError, match="has not come"):
        answer_of(exchange("chat"), Call(0, [exchange("chat")]))


def test_a_function_is_answered_with_a_value():
    """It has no bytes."""
    made = answer_of(Exchange("CALL", "search", (), b"{}"), "nothing")

    assert (made.value, made.status, made.content) == ("nothing", 200, b"")


# -- what the clients make of them -----------------------------------------------------------


def transport(library: object, streams: bool, kind: str) -> dict:
    """What a client needs that is answered by `answer_of` alone."""
    http = next(
        found
        for name in ("httpx2", "httpx")
        if issubclass(library.DefaultHttpxClient, (found := importlib.import_module(name)).Client)
    )

    def answer(request: object) -> object:
        sent = Exchange("POST", str(request.url), (), request.read(), stream=streams)
        made = answer_of(sent, call(kind))
        return http.Response(made.status, headers=made.response_headers, content=made.content)

    client = library.DefaultHttpxClient(transport=http.MockTransport(answer))
    return {"api_key": "none", "http_client": client, "max_retries": 0}


def test_openais_client_reads_made_completions():
    """Whole, and piece by piece to the end mark."""
    for streams in (False, True):
        client = openai.OpenAI(**transport(openai, streams, "anthropic"))
        if streams:
            with client.chat.completions.stream(model="m", messages=[]) as pieces:
                message = pieces.get_final_completion().choices[0].message
        else:
            made = client.chat.completions.create(model="m", messages=[])
            message = made.choices[0].message

        assert message.content == TEXT
        assert message.tool_calls[0].function.name == "weather"


def test_openais_client_reads_made_responses():
    """With the events that its helper needs to put a response together."""
    for streams in (False, True):
        client = openai.OpenAI(**transport(openai, streams, "chat"))
        if streams:
            with client.responses.stream(model="m", input="Hi") as pieces:
                made = pieces.get_final_response()
        else:
            made = client.responses.create(model="m", input="Hi")

        assert made.output_text == TEXT
        assert made.output[1].arguments == '{"city": "Paris"}'


def test_anthropics_client_reads_made_messages():
    """With the counts that it expects, which are none."""
    given = {"model": "m", "max_tokens": 9, "messages": []}
    for streams in (False, True):
        client = anthropic.Anthropic(**transport(anthropic, streams, "chat"))
        if streams:
            with client.messages.stream(**given) as pieces:
                made = pieces.get_final_message()
        else:
            made = client.messages.create(**given)

        assert made.content[0].text == TEXT
        assert made.content[1].input == {"city": "Paris"}
        assert made.stop_reason == "tool_use"
