"""Which format an exchange is in, and what it means: looked at late, and never trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.calls.exchange import FUNCTION, Exchange
from lellm_nb.calls.formats.answer_error import answer_error
from lellm_nb.calls.formats.anthropic import AnthropicFormat
from lellm_nb.calls.formats.content_encoding import unpacked
from lellm_nb.calls.formats.embeddings import EmbeddingsFormat, GeminiEmbeddingsFormat
from lellm_nb.calls.formats.format import Body, Format, ReadAnswer, ReadRequest
from lellm_nb.calls.formats.gemini import GeminiFormat
from lellm_nb.calls.formats.json_data import json_of, text_of
from lellm_nb.calls.formats.mcp import McpFormat
from lellm_nb.calls.formats.openai_chat import ChatFormat
from lellm_nb.calls.formats.openai_responses import ResponsesFormat
from lellm_nb.calls.formats.plain_http import FunctionFormat, HttpFormat
from lellm_nb.calls.formats.providers import provider_of
from lellm_nb.calls.formats.sse import is_event_stream

__all__ = ["FORMATS", "Reading", "answer_body", "format_of", "read"]

FORMATS: tuple[Format, ...] = (
    ChatFormat(),
    AnthropicFormat(),
    ResponsesFormat(),
    GeminiFormat(),
    EmbeddingsFormat(),
    GeminiEmbeddingsFormat(),
    McpFormat(),
)
"""The families that are known; the first that a request matches reads it."""

_PLAIN, _FUNCTION = HttpFormat(), FunctionFormat()


@dataclass(frozen=True, slots=True)
class Reading:
    """An exchange as its format means it.

    Attributes:
        response: The whole answer as JSON data, a stream folded; of a function what it returned.
        error: What went wrong, in words.
        streamed: Whether the answer was asked for, or came, in pieces.
    """

    kind: str
    provider: str
    request: ReadRequest
    answer: ReadAnswer
    response: Any = None
    error: str | None = None
    streamed: bool = False


def format_of(exchange: Exchange) -> tuple[Format, Body]:
    """Return the format of a request, and its body as JSON data.

    Example:
        >>> body = b'{"model": "m", "messages": []}'
        >>> found, data = format_of(Exchange("POST", "http://h/v1/chat/completions", (), body))
        >>> found.kind, data["model"]
        ('chat', 'm')
    """
    data = json_of(exchange.body) if exchange.body else None
    body = data if isinstance(data, dict) else {}
    if exchange.method == FUNCTION:
        return _FUNCTION, body
    path = exchange.url.partition("?")[0]
    return next((one for one in FORMATS if body and one.matches(path, body)), _PLAIN), body


def answer_body(exchange: Exchange) -> bytes:
    """Return the body of an answer so far, unpacked."""
    content = exchange.content
    encoding = exchange.header("content-encoding")
    return unpacked(content, encoding) if encoding and content else content


def read(exchange: Exchange) -> Reading:
    """Return what an exchange means; of what is not understood no more than that it was one."""
    kind, body = format_of(exchange)
    try:
        request = kind.read_request(exchange.url, body)
    except Exception:  # a body that only looks like one of the family
        kind, request = _PLAIN, ReadRequest(params=body, name=exchange.url)
    if kind is _FUNCTION:
        value = exchange.value
        said = ReadAnswer(text=text_of(value))
        return Reading(kind.kind, "", request, said, value, exchange.error or None)
    content, content_type = answer_body(exchange), exchange.header("content-type")
    try:
        response = kind.parse(content, content_type) if content else None
        answer = kind.read_answer(response) if isinstance(response, dict) else ReadAnswer()
    except Exception:  # whoever answers in another way than the family does
        response, answer = json_of(content), ReadAnswer()
    plain = "" if response is not None else content[:4000].decode("utf-8", "replace")
    said_wrong = answer_error(exchange.status, exchange.error, response, plain)
    return Reading(
        kind.kind,
        kind.provider and (provider_of(exchange.url) or kind.provider),
        request,
        answer,
        response,
        said_wrong or answer.error or None,
        exchange.stream or is_event_stream(content_type, content),
    )
