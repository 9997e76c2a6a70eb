"""Anthropic's messages: its own API, and the same through Vertex and Bedrock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

from lellm_nb.calls.formats.format import Body, Format, Messages, ReadAnswer, ReadRequest
from lellm_nb.calls.formats.json_data import (
    count_of,
    dicts,
    json_bytes,
    json_of,
    json_text,
    object_of,
    pick,
    text_of,
    without,
)
from lellm_nb.calls.formats.sse import event_bytes

__all__ = ["AnthropicFormat"]

_ENDS = ("/messages", ":rawPredict", ":streamRawPredict", "/invoke")
_NO_PARAMS = ("messages", "system", "tools", "model", "stream")
_IN_URL = re.compile(r"(?<=/models/)[^/:?]+(?=:)|(?<=/model/)[^/?]+(?=/invoke)")
"""Where Vertex and Bedrock have the model."""

_GROWING = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "input"),
}
"""The pieces of a block: under which name they come, and what of the block they make."""


class AnthropicFormat(Format):
    """The format of ``/messages``."""

    kind = "anthropic"
    provider = "anthropic"

    def matches(self, path: str, body: Body) -> bool:
        """Tell it by the end of the path, and by what it can't do without."""
        return (
            path.endswith(_ENDS)
            and isinstance(body.get("messages"), list)
            and ("max_tokens" in body or "anthropic_version" in body)
        )

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was asked, with the system's words as the first message."""
        system, named = body.get("system"), _IN_URL.search(url)
        first: Messages = [] if system is None else [{"role": "system", "content": system}]
        return ReadRequest(
            model=text_of(body.get("model")) or (unquote(named[0]) if named else ""),
            messages=[*first, *dicts(body["messages"])],
            tools=dicts(body.get("tools")),
            params=without(body, _NO_PARAMS),
        )

    def read_answer(self, data: Body) -> ReadAnswer:
        """Return the texts of all blocks, and the tools that are to be used."""
        usage, blocks = data.get("usage"), dicts(data.get("content"))
        fresh = count_of(pick(usage, "input_tokens"))
        cached = count_of(pick(usage, "cache_read_input_tokens"))
        written = count_of(pick(usage, "cache_creation_input_tokens"))
        return ReadAnswer(
            text="".join(text_of(b.get("text")) for b in blocks if b.get("type") == "text"),
            tool_calls=[
                {
                    "id": text_of(block.get("id")),
                    "name": text_of(block.get("name")),
                    "arguments": _arguments(block.get("input")),
                }
                for block in blocks
                if block.get("type") == "tool_use"
            ],
            finish=text_of(data.get("stop_reason")),
            model=text_of(data.get("model")),
            # the API counts what was cached apart from the rest
            tokens_in=None if fresh is None else fresh + (cached or 0) + (written or 0),
            tokens_out=count_of(pick(usage, "output_tokens")),
            cached=cached,
            written=written,
            reasoning=count_of(pick(usage, "output_tokens_details", "thinking_tokens")),
        )

    def fold(self, found: list[Body]) -> Body:
        """Put the blocks together.

        Of a stream that has not come to its ``message_delta`` nobody knows how much the output
        was: the count that it begins with is of the first piece.
        """
        out: Body = {}
        blocks: dict[int, Body] = {}
        for event in found:
            kind = event.get("type")
            at = count_of(event.get("index")) or 0
            if kind == "message_start" and isinstance(event.get("message"), dict):
                out = event["message"]
                if isinstance(out.get("usage"), dict):
                    out["usage"] = without(out["usage"], ("output_tokens",))
            elif kind == "content_block_start" and isinstance(event.get("content_block"), dict):
                blocks[at] = event["content_block"]
            elif kind == "content_block_delta" and at in blocks:
                _grow(blocks[at], event.get("delta"))
            elif kind == "content_block_stop" and at in blocks:
                _end(blocks[at])
            elif kind == "message_delta":
                out |= object_of(event.get("delta"))
                told = object_of(event.get("usage")).items()
                counts = {name: count for name, count in told if count is not None}
                out["usage"] = {**object_of(out.get("usage")), **counts}
        if out or blocks:
            out["content"] = [blocks[at] for at in sorted(blocks)]
        return out

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """Put what the system says first back in its own place."""
        out, said = without(body, ("system",)), []
        while messages and messages[0].get("role") == "system":
            said.append(messages[0].get("content"))
            messages = messages[1:]
            if "system" in body:
                break  # whatever follows was among the messages
        if said:
            out["system"] = said[0] if len(said) == 1 else _blocks(said)
        return {**out, "messages": messages}

    def put_model(self, url: str, body: Body, model: str) -> tuple[str, Body]:
        """It stands in the body, or in the URL."""
        if "model" in body or not _IN_URL.search(url):
            return url, {**body, "model": model}
        return _IN_URL.sub(lambda _: quote(model, safe="@"), url), body

    def streams(self, url: str, body: Body) -> bool:
        """Vertex says it in the URL too."""
        return super().streams(url, body) or ":streamRawPredict" in url

    def made_answer(
        self, url: str, body: Body, text: str, tool_calls: Sequence[dict[str, Any]]
    ) -> tuple[str, bytes]:
        """Return a message, or the events that make it up to ``message_stop``."""
        blocks: list[Body] = [{"type": "text", "text": text}] if text or not tool_calls else []
        for one in tool_calls:
            said = json_of(one["arguments"])
            whole = said if isinstance(said, dict) else {}
            blocks.append(
                {"type": "tool_use", "id": one["id"], "name": one["name"], "input": whole}
            )
        head: Body = {"id": "msg_answered", "type": "message", "role": "assistant"}
        head["model"] = self.read_request(url, body).model
        # clients read the counts without asking whether they are there
        usage = {"input_tokens": 0, "output_tokens": 0}
        stop = {"stop_reason": "tool_use" if tool_calls else "end_turn", "stop_sequence": None}
        if not self.streams(url, body):
            whole = {**head, "content": blocks, **stop, "usage": usage}
            return "application/json", json_bytes(whole)
        nothing: Body = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
        made: list[Body] = [{"type": "message_start", "message": {**head, **nothing}}]
        for at, block in enumerate(blocks):
            made += _block_events(at, block)
        made.append({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 0}})
        return "text/event-stream", event_bytes([*made, {"type": "message_stop"}], named=True)


def _arguments(given: Any) -> str:
    """Return a tool's input as text; one that was cut is a text already."""
    return given if isinstance(given, str) else json_text({} if given is None else given)


def _grow(block: Body, delta: Any) -> None:
    come, name = _GROWING.get(text_of(pick(delta, "type")), ("", ""))
    if name:
        block[name] = text_of(block.get(name)) + text_of(pick(delta, come))
    elif pick(delta, "type") == "citations_delta":
        block["citations"] = [*(block.get("citations") or []), delta.get("citation")]


def _end(block: Body) -> None:
    """Take the input of a tool for what its text means."""
    given = block.get("input")
    if isinstance(given, str):
        meant = json_of(given)
        block["input"] = given if meant is None else meant


def _blocks(contents: list[Any]) -> list[Any]:
    return [
        block
        for content in contents
        for block in ([{"type": "text", "text": content}] if isinstance(content, str) else content)
    ]


def _block_events(at: int, block: Body) -> list[Body]:
    if block["type"] == "text":
        blank: Body = {"text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        blank = {"input": {}}
        delta = {"type": "input_json_delta", "partial_json": json_text(block["input"])}
    return [
        {"type": "content_block_start", "index": at, "content_block": {**block, **blank}},
        {"type": "content_block_delta", "index": at, "delta": delta},
        {"type": "content_block_stop", "index": at},
    ]
