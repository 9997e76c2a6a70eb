"""Calls as rows, and a call in words; what is shown has no keys in it (CALLS.md, K5, K14)."""

from __future__ import annotations

import json

import pytest

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_table import calls_table
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.message_parts import message_parts
from tests.calls.formats.samples import (
    ANSWERED,
    TALKS,
    TEXT,
    answered,
    call,
    exchange,
)

KEY = "sk-" + "a1B2" * 8
DTYPES = {
    "node": "string",
    "visit": "Int64",
    "frame": "Int64",
    "number": "Int64",
    "tokens_in": "Int64",
    "cost": "Float64",
    "paid": "Float64",
    "ttft": "Float64",
    "served": "boolean",
    "error": "string",
    "started": "datetime64[ns, UTC]",
}


def failed(status: int, body: bytes) -> Call:
    """A call that an API refused."""
    return Call(1, [answered(exchange("chat"), body, status=status)])


# -- rows ----------------------------------------------------------------------------------


def test_a_row_tells_what_a_call_took():
    """Where it was made, how much went in and out, what it cost, how long it took."""
    one = call("chat")
    one.path, one.visit = "agent/ask", 2
    [row] = calls_table([one], frames=[7]).to_dict("records")

    told = ("node", "visit", "frame", "number", "kind", "model", "tokens_in", "tokens_out")
    assert [row[name] for name in told] == [*("agent/ask", 2, 7, 2, "chat", "gpt-4o-mini", 812, 40)]
    assert row["cost"] == row["paid"] == one.cost
    assert (row["latency"], row["attempts"], row["served"]) == (1.5, 1, False)


def test_columns_have_their_types_also_without_rows():
    """A table that is empty is still one that can be worked with."""
    for table in (calls_table([]), calls_table([call("chat"), Call(0, [exchange("mcp")])])):
        assert {name: str(table.dtypes[name]) for name in DTYPES} == DTYPES


def test_what_was_served_is_not_paid():
    """It costs what it would; it was paid once (K6)."""
    one = call("chat")
    one.last.served = True
    [row] = calls_table([one]).to_dict("records")

    assert (row["paid"], row["served"]) == (0.0, True)
    assert row["cost"] > 0


def test_what_is_not_known_is_missing():
    """And no zero."""
    table = calls_table([Call(0, [exchange("mcp")])], frames=[None])

    assert table[["frame", "node", "tokens_in", "cost", "paid", "error"]].isna().all(axis=None)


def test_counts_that_are_none_do_not_break_a_table():
    """A server may say anything."""
    body = json.dumps({"usage": {"prompt_tokens": 10**40, "completion_tokens": "4"}}).encode()

    assert calls_table([failed(200, body)])["tokens_in"].isna().all()


def test_errors_are_rows_without_keys():
    """OpenAI repeats a wrong key in its answer."""
    one = failed(401, json.dumps({"error": {"message": f"Incorrect API key: {KEY}"}}).encode())
    [row] = calls_table([one]).to_dict("records")

    assert (row["status"], row["error"]) == (
        401,
        "HTTP 401: Incorrect API key: [redacted: OpenAI key]",
    )


# -- errors in words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, b'{"error": {"message": "bad schema"}}', "HTTP 400: bad schema"),
        (529, b'{"type": "error", "error": {"message": "Overloaded"}}', "HTTP 529: Overloaded"),
        (400, b'[{"error": {"code": 400, "message": "bad"}}]', "HTTP 400: bad"),
        (404, b'{"error": "model not found"}', "HTTP 404: model not found"),
        (422, b'{"detail": "no"}', "HTTP 422: no"),
        (502, b"<html>\n  Bad gateway </html>", "HTTP 502: <html> Bad gateway </html>"),
        (500, b"", "HTTP 500"),
        (200, b"{}", None),
    ],
)
def test_an_error_is_told_as_the_api_says_it(status, body, words):
    """With its status."""
    assert failed(status, body).error == words


def test_an_error_without_an_answer_is_the_clients():
    """As the exchange has it."""
    sent = exchange("chat")
    sent.error, sent.duration = "ConnectError: refused", 0.1
    one = Call(0, [sent])

    assert (one.error, one.status) == ("ConnectError: refused", None)
    assert repr(one) == "<Call 0 gpt-4o-mini ConnectError>"


def test_a_tool_that_failed_is_an_error():
    """MCP answers with 200 then."""
    result = {"content": [{"type": "text", "text": "no such city"}], "isError": True}
    for body in ({"result": result}, {"error": {"code": -32602, "message": "no such city"}}):
        made = answered(exchange("mcp"), json.dumps({"jsonrpc": "2.0", "id": 3, **body}).encode())

        assert (Call(0, [made]).error or "").endswith("no such city")


# -- in words ------------------------------------------------------------------------------


def test_a_repr_is_one_line():
    """Who was asked, and how much; never what was said."""
    assert repr(call("chat")) == "<Call 2 gpt-4o-mini 812 in, 40 out>"
    assert repr(call("mcp")) == "<Call 2 tools/call weather>"
    assert repr(Call(0, [exchange("chat")])) == "<Call 0 gpt-4o-mini …>"
    assert repr(failed(400, b'{"error": {"message": "secret"}}')) == "<Call 1 gpt-4o-mini 400>"
    plain = answered(Exchange("GET", "http://h/x", (), b""), b"{}")
    assert repr(Call(0, [plain])) == "<Call 0 GET http://h/x 200>"
    again = Call(4, [exchange("chat"), call("chat").last])
    again.last.served = True
    assert repr(again) == "<Call 4 gpt-4o-mini 812 in, 40 out (2 attempts) served>"


@pytest.mark.parametrize("kind", TALKS)
def test_a_conversation_reads_the_same_in_every_format(kind):
    """A tool's result stands with its call; the answer comes last."""
    lines = str(call(kind)).splitlines()

    assert lines[0].startswith("Call 2 ")
    assert lines[1:3] == ["system: Be brief.", "user: How is Paris?"]
    assert lines[3].startswith(("assistant: weather(", "model: weather("))
    assert "Paris" in lines[3]
    assert "21 degrees" in lines[3]
    assert lines[4] == f"answer: {TEXT.splitlines()[0]}"
    assert lines[6] == '  weather({"city": "Paris"})'


def test_geminis_results_are_paired_in_their_order():
    """The same tool called twice has one name and no id."""
    cities = ("Paris", "Rome")
    calls = [{"functionCall": {"name": "weather", "args": {"city": c}}} for c in cities]
    results = [
        {"functionResponse": {"name": "weather", "response": {"is": f"{c}'s"}}} for c in cities
    ]
    contents = [{"role": "model", "parts": calls}, {"role": "user", "parts": results}]
    lines = str(Call(0, [exchange("gemini", contents=contents)])).splitlines()

    assert lines[2:] == [
        'model: weather({"city": "Paris"}) = {"is": "Paris\'s"}',
        '  weather({"city": "Rome"}) = {"is": "Rome\'s"}',
    ]


def test_a_conversation_has_no_keys_and_steers_no_terminal():
    """And of what is long only the beginning."""
    told = [{"role": "user", "content": f"use {KEY} \x1b[2J " + "x" * 5000}]
    text = str(Call(0, [exchange("chat", messages=told)]))

    assert KEY not in text
    assert "\x1b" not in text
    assert text.endswith("characters)")
    assert len(text) < 1000


def test_a_key_at_the_edge_of_what_is_shown_is_hidden():
    """Half a key looks like none, so that all of it is looked for before the text is cut."""
    told = [{"role": "user", "content": "x" * 590 + " " + KEY}]

    assert KEY[:8] not in str(Call(0, [exchange("chat", messages=told)]))


def test_what_is_not_understood_is_shown_as_data():
    """Params and response."""
    sent = Exchange("POST", "http://h/rank", (), b'{"query": "otters"}')
    text = str(Call(0, [answered(sent, b'{"hits": [1]}')]))

    assert text.splitlines() == [
        "Call 0 POST http://h/rank 200",
        'asked: {"query": "otters"}',
        "answer: {'hits': [1]}",
    ]


@pytest.mark.parametrize(
    ("part", "url"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}, None),
        ({"type": "input_image", "image_url": "data:image/png;base64,AA"}, None),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "AA"},
            },
            None,
        ),
        ({"inlineData": {"mimeType": "image/png", "data": "AA"}}, None),
        ({"type": "image", "source": {"type": "url", "url": "https://h/a.png"}}, "https://h/a.png"),
    ],
)
def test_images_are_images_in_every_format(part, url):
    """By their address, which may hold all of them."""
    [found] = message_parts({"role": "user", "content": [part]})

    assert (found.kind, found.text) == ("image", url or "data:image/png;base64,AA")


def test_thoughts_are_told_apart():
    """They are no answer."""
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    item = {"type": "reasoning", "role": "assistant", "content": "", "summary": [{"text": "Hm."}]}
    for message in ({"role": "assistant", "content": [thought]}, item):
        [found] = message_parts(message)

        assert (found.kind, found.text) == ("thought", "Hm.")


def test_a_response_keeps_what_is_not_read():
    """Whatever an API adds is there to be looked at."""
    body = json.dumps({**ANSWERED["chat"], "new_field": [1]}).encode()

    assert failed(200, body).response["new_field"] == [1]
