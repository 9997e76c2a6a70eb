"""The Responses API: items in, items out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.calls.formats.format import Body, Format, Messages, ReadAnswer, ReadRequest
from lellm_nb.calls.formats.json_data import (
    count_of,
    dicts,
    json_bytes,
    pick,
    text_of,
    without,
)
from lellm_nb.calls.formats.sse import event_bytes

__all__ = ["ResponsesFormat"]

_NO_PARAMS = ("input", "instructions", "tools", "model", "stream")


class ResponsesFormat(Format):
    """The format of ``/responses``."""

    kind = "responses"
    provider = "openai"

    def matches(self, path: str, body: Body) -> bool:
        """Tell it by the end of the path."""
        return path.endswith("/responses") and isinstance(body.get("input"), str | list)

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was asked, with the instructions as the first message.

        An item that is no message has a role all the same: a call is the assistant's, and what
        it gave is a tool's, with its output as content.
        """
        given, first = body["input"], body.get("instructions")
        messages = [{"role": "user", "content": given}] if isinstance(given, str) else dicts(given)
        system: Messages = [] if first is None else [{"role": "system", "content": first}]
        return ReadRequest(
            model=text_of(body.get("model")),
            messages=[*system, *map(_message_of, messages)],
            tools=dicts(body.get("tools")),
            params=without(body, _NO_PARAMS),
        )

    def read_answer(self, data: Body) -> ReadAnswer:
        """Return the texts of all messages, and all calls of functions."""
        usage, items = data.get("usage"), dicts(data.get("output"))
        parts = [
            part
            for item in items
            if item.get("type") == "message"
            for part in dicts(item.get("content"))
        ]
        why = pick(data, "incomplete_details", "reason")
        return ReadAnswer(
            text="".join(text_of(p.get("text")) or text_of(p.get("refusal")) for p in parts),
            tool_calls=[
                {
                    "id": text_of(item.get("call_id")),
                    "name": text_of(item.get("name")),
                    "arguments": text_of(item.get("arguments") or item.get("input")),
                }
                for item in items
                if item.get("type") in ("function_call", "custom_tool_call")
            ],
            finish=text_of(why) or text_of(data.get("status")),
            model=text_of(data.get("model")),
            tokens_in=count_of(pick(usage, "input_tokens")),
            tokens_out=count_of(pick(usage, "output_tokens")),
            cached=count_of(pick(usage, "input_tokens_details", "cached_tokens")),
            written=count_of(pick(usage, "input_tokens_details", "cache_write_tokens")),
            reasoning=count_of(pick(usage, "output_tokens_details", "reasoning_tokens")),
        )

    def fold(self, found: list[Body]) -> Body:
        """Return the response that the last event holds; before it, what the items are so far."""
        out: Body = {}
        items: dict[int, Body] = {}
        for event in found:
            kind = text_of(event.get("type"))
            if isinstance(event.get("response"), dict):
                out = event["response"]
            elif kind.startswith("response.output_item.") and isinstance(event.get("item"), dict):
                items[count_of(event.get("output_index")) or 0] = event["item"]
            elif kind.endswith(".delta") and isinstance(event.get("delta"), str):
                _join(items.get(count_of(event.get("output_index")) or 0), kind, event)
        if items and not out.get("output"):
            out = {**out, "output": [items[at] for at in sorted(items)]}
        return out

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """Put the first message back as instructions, where there were some.

        Elsewhere what the system says stays among the items, where the API takes it too.
        """
        out = dict(body)
        if body.get("instructions") is not None:
            del out["instructions"]
            if messages and messages[0].get("role") == "system":
                out["instructions"], messages = messages[0].get("content"), messages[1:]
        only = messages[0].get("content") if len(messages) == 1 else None
        if isinstance(body.get("input"), str) and isinstance(only, str):
            return {**out, "input": only}
        return {**out, "input": [_item_of(message) for message in messages]}

    def put_model(self, url: str, body: Body, model: str) -> tuple[str, Body]:
        """It stands in the body."""
        return url, {**body, "model": model}

    def made_answer(
        self, url: str, body: Body, text: str, tool_calls: Sequence[dict[str, Any]]
    ) -> tuple[str, bytes]:
        """Return a response, or the events that make it up to ``response.completed``."""
        items = [_text_item(text)] if text or not tool_calls else []
        items += [
            {
                "type": "function_call",
                "id": f"fc_answered_{at}",
                "call_id": one["id"],
                "name": one["name"],
                "arguments": one["arguments"],
                "status": "completed",
            }
            for at, one in enumerate(tool_calls)
        ]
        whole = {
            "id": "resp_answered",
            "object": "response",
            "created_at": 0,
            "status": "completed",
            "model": text_of(body.get("model")),
            "output": items,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": dicts(body.get("tools")),
        }
        if not self.streams(url, body):
            return "application/json", json_bytes(whole)
        made = [{"type": kind, **event} for kind, event in _events_of(whole, items)]
        numbered = [{**event, "sequence_number": i} for i, event in enumerate(made)]
        return "text/event-stream", event_bytes(numbered, named=True)


def _message_of(item: Body) -> Body:
    kind = text_of(item.get("type"))
    if "role" in item:
        return item
    if kind.endswith("_output") and "output" in item:
        return {"role": "tool", "content": item["output"], **without(item, ("output",))}
    return {"role": "assistant", "content": "", **item}


def _item_of(message: Body) -> Body:
    """Return what `_message_of` made a message of."""
    kind = text_of(message.get("type"))
    if kind in ("", "message"):
        return message
    item = without(message, ("role", "content"))
    if kind.endswith("_output") and message.get("role") == "tool":
        return {**item, "output": message.get("content")}
    return {**item, "content": message["content"]} if message.get("content") != "" else item


def _join(item: Body | None, kind: str, event: Body) -> None:
    """Put a piece of a text, or of a call's arguments, to the item that it belongs to."""
    if item is None:
        return
    if kind.endswith(("function_call_arguments.delta", "custom_tool_call_input.delta")):
        name = "arguments" if "function" in kind else "input"
        item[name] = text_of(item.get(name)) + event["delta"]
        return
    for ends, name, part, said in _TEXTS:
        if kind.endswith(ends):
            parts = item.setdefault(name, [])
            at = count_of(event.get("content_index"), event.get("summary_index")) or 0
            while len(parts) <= at:
                parts.append({"type": part, said: ""})
            parts[at][said] = text_of(parts[at].get(said)) + event["delta"]


_TEXTS = (
    ("output_text.delta", "content", "output_text", "text"),
    ("refusal.delta", "content", "refusal", "refusal"),
    ("reasoning_text.delta", "content", "reasoning_text", "text"),
    ("reasoning_summary_text.delta", "summary", "summary_text", "text"),
)
"""Of which events a text is made: the end of their name, where it goes, and as what."""


def _text_item(text: str) -> Body:
    part = {"type": "output_text", "text": text, "annotations": []}
    head = {"type": "message", "id": "msg_answered", "role": "assistant", "status": "completed"}
    return {**head, "content": [part]}


def _events_of(whole: Body, items: list[Body]) -> list[tuple[str, Body]]:
    begun = {**whole, "status": "in_progress", "output": []}
    made: list[tuple[str, Body]] = [("response.created", {"response": begun})]
    for at, item in enumerate(items):
        place = {"output_index": at, "item_id": item["id"]}
        blank: Body = {"content": []} if item["type"] == "message" else {"arguments": ""}
        new = {**item, **blank, "status": "in_progress"}
        made.append(("response.output_item.added", {"output_index": at, "item": new}))
        if item["type"] == "message":
            part, place = item["content"][0], {**place, "content_index": 0}
            text = {"delta": part["text"], "logprobs": []}
            made += [
                ("response.content_part.added", {**place, "part": {**part, "text": ""}}),
                ("response.output_text.delta", {**place, **text}),
                ("response.output_text.done", {**place, "text": part["text"], "logprobs": []}),
                ("response.content_part.done", {**place, "part": part}),
            ]
        else:
            said = item["arguments"]
            name = {"arguments": said, "name": item["name"]}
            made += [
                ("response.function_call_arguments.delta", {**place, "delta": said}),
                ("response.function_call_arguments.done", {**place, **name}),
            ]
        made.append(("response.output_item.done", {"output_index": at, "item": item}))
    return [*made, ("response.completed", {"response": whole})]
