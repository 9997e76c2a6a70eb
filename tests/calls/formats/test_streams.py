"""A stream means what the same answer in one piece would mean (CALLS.md, K8)."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from copy import deepcopy
from itertools import pairwise
from types import ModuleType

import pytest
from anthropic.types import Message
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from lellm_nb.calls.call import Call
from tests.calls.formats.samples import ANSWERED, TALKS, TEXT, answered, exchange, streamed
from tests.calls.formats.streams import TAKEN_APART, stream, written

SAID = ("text", "tool_calls", "tokens_in", "tokens_out", "cached", "reasoning", "finish", "model")


def saying(kind: str, text: str) -> dict:
    """A whole answer of a family with another text."""
    return json.loads(json.dumps(ANSWERED[kind]).replace(json.dumps(TEXT), json.dumps(text)))


@given(
    kind=st.sampled_from(TALKS),
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    size=st.integers(1, 9),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_stream_is_folded_into_the_whole_answer(kind, text, size, end):
    """However its texts and arguments were taken apart."""
    whole = saying(kind, text)
    one = streamed(kind, stream(kind, whole, size, end))

    assert one.response == whole
    assert one.text == text
    assert one.streamed


@given(kind=st.sampled_from(TALKS), data=st.data())
def test_bytes_may_be_cut_anywhere(kind, data):
    """A chunk ends in the middle of a line, and in the middle of a letter."""
    body = stream(kind, ANSWERED[kind], 5)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    one = streamed(kind, b"")
    edges = [0, *cuts, len(body)]
    one.last.chunks = [(0.1 * i, body[a:b]) for i, (a, b) in enumerate(pairwise(edges))]

    assert one.response == ANSWERED[kind]


@given(kind=st.sampled_from(TALKS), data=st.data())
def test_a_stream_that_broke_midway_gives_the_text_so_far(kind, data):
    """Each byte more says as much or more, and never anything else."""
    body = stream(kind, ANSWERED[kind], 3)
    at = data.draw(st.integers(0, len(body)))
    one = streamed(kind, body[:at])

    assert TEXT.startswith(one.text)
    assert one.kind == kind
    assert str(one)


@pytest.mark.parametrize(
    ("kind", "shape"), [("chat", ChatCompletion), ("anthropic", Message), ("responses", Response)]
)
def test_a_folded_stream_has_the_shape_of_a_whole_answer(kind, shape):
    """The clients' own types take it."""
    one = streamed(kind, stream(kind, ANSWERED[kind], 4))

    assert shape.model_validate(one.response)


@pytest.mark.parametrize("kind", TALKS)
def test_a_stream_says_what_the_whole_says(kind):
    """Texts, calls, counts and reasons are read by the same rules."""
    one, whole = streamed(kind, stream(kind, ANSWERED[kind], 7)), streamed(kind, b"")
    whole.exchanges = [answered(exchange(kind), json.dumps(ANSWERED[kind]).encode())]

    assert [getattr(one, name) for name in SAID] == [getattr(whole, name) for name in SAID]


def test_ttft_is_of_streams():
    """An answer in one piece has no first token."""
    whole = Call(0, [answered(exchange("chat"), b"{}")])
    one = streamed("chat", stream("chat", ANSWERED["chat"], 9))

    assert (one.ttft, one.latency) == (0.5, 1.5)
    assert (whole.ttft, whole.latency) == (None, 1.5)


def test_a_stream_of_anthropics_that_was_cut_does_not_know_its_output():
    """The count at its beginning is of the first piece; a wrong count is worse than none (K6)."""
    events = TAKEN_APART["anthropic"](ANSWERED["anthropic"], 9)
    one = streamed("anthropic", written(events[:-2], named=True))

    assert (one.text, one.tokens_in, one.tokens_out, one.cost) == (TEXT, 812, None, None)


def test_arguments_that_were_cut_are_text():
    """What was to be JSON is shown as far as it came."""
    events = TAKEN_APART["anthropic"](ANSWERED["anthropic"], 9)
    at = next(i for i, e in enumerate(events) if "partial_json" in e.get("delta", ()))
    one = streamed("anthropic", written(events[: at + 1], named=True))

    assert one.tool_calls[0]["arguments"] == '{"city": '


def test_an_error_in_the_middle_of_a_stream_is_told():
    """What came before it stays."""
    broke = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    events = TAKEN_APART["anthropic"](ANSWERED["anthropic"], 9)[:8]
    one = streamed("anthropic", written([*events, broke], named=True))

    assert one.error == "Overloaded"
    assert one.response["id"] == "msg_1"


def test_tool_calls_without_indexes_are_told_apart_by_their_ids():
    """Some servers give each call whole, all with the same index or none."""
    for at in (0, None):
        calls = [
            {"id": name, "index": at, "function": {"name": name, "arguments": "{}"}}
            for name in ("a", "b")
        ]
        events = [{"choices": [{"index": 0, "delta": {"tool_calls": [one]}}]} for one in calls]
        one = streamed("chat", written(events, named=False))

        assert [t["name"] for t in one.tool_calls] == ["a", "b"]


def test_every_choice_is_folded():
    """The first one is the text; the others are in the response."""
    events = [
        {"choices": [{"index": at, "delta": {"content": text}}]}
        for at, text in [(1, "b"), (0, "a"), (1, "B"), (0, "A")]
    ]
    one = streamed("chat", written(events, named=False, done=True))

    assert one.text == "aA"
    assert [c["message"]["content"] for c in one.response["choices"]] == ["aA", "bB"]


@pytest.mark.parametrize("cut", [0, 1, 30])
def test_gemini_without_sse_streams_a_list(cut):
    """Which may end before its end: what is whole of it counts."""
    pieces = TAKEN_APART["gemini"](ANSWERED["gemini"], 9)
    body = json.dumps(pieces, indent=1).encode()
    one = Call(0, [answered(exchange("gemini", stream=True), body[: len(body) - cut])])

    assert one.text == TEXT
    assert one.response["candidates"][0]["content"]["role"] == "model"


def test_a_compatible_servers_last_event_may_have_no_output():
    """Then it is what the items were."""
    events = TAKEN_APART["responses"](deepcopy(ANSWERED["responses"]), 9)
    events[-1] = {**events[-1], "response": {**ANSWERED["responses"], "output": []}}

    assert streamed("responses", written(events, named=True)).response == ANSWERED["responses"]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("identity", bytes),
        ("deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
    ],
    ids=["gzip", "deflate", "raw deflate", "identity", "both"],
)
def test_packed_bodies_are_unpacked(encoding, pack):
    """Bytes are recorded as they came over the wire."""
    body = pack(json.dumps(ANSWERED["chat"]).encode())
    one = Call(0, [answered(exchange("chat"), body, encoding=encoding)])

    assert one.text == TEXT
    assert json.loads(one.raw) == ANSWERED["chat"]


def test_a_body_that_was_unpacked_by_the_client_stays_as_it_is():
    """The header may still say that it is packed."""
    for encoding in ("gzip", "deflate", "br", "zstd"):
        made = answered(exchange("chat"), json.dumps(ANSWERED["chat"]).encode(), encoding=encoding)

        assert Call(0, [made]).text == TEXT


def test_a_packed_stream_that_was_cut_gives_what_there_is():
    """As far as the bytes go."""
    body = stream("chat", ANSWERED["chat"], 1)
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(body) + packer.flush(zlib.Z_SYNC_FLUSH)
    made = answered(
        exchange("chat", stream=True), packed, content_type="text/event-stream", encoding="gzip"
    )

    assert Call(0, [made]).text == TEXT


def test_other_packers_are_those_that_the_client_used(monkeypatch):
    """A client asks for brotli where the package is there; without it the bytes stay."""
    made = answered(exchange("chat"), json.dumps(ANSWERED["chat"]).encode()[::-1], encoding="br")
    one = Call(0, [made])
    monkeypatch.setitem(sys.modules, "brotli", None)
    monkeypatch.setitem(sys.modules, "brotlicffi", None)
    assert (one.text, one.kind) == ("", "chat")

    brotli = ModuleType("brotli")
    brotli.Decompressor = type("Decompressor", (), {"process": lambda self, body: body[::-1]})
    monkeypatch.setitem(sys.modules, "brotli", brotli)
    one.changed()
    assert one.text == TEXT
