"""Chat completions: OpenAI's, and those of all who speak as it does (Azure, OpenRouter, vLLM)."""

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

__all__ = ["ChatFormat"]

_ENDS = ("/chat/completions", "/invocations")  # the second is Databricks'
_NO_PARAMS = ("messages", "tools", "model", "stream")
_SET_ONCE = frozenset({"id", "role", "type"})
"""What some servers repeat in every piece of a message, where all else is to be joined."""


class ChatFormat(Format):
    """The format of ``/chat/completions``."""

    kind = "chat"
    provider = "openai"

    def matches(self, path: str, body: Body) -> bool:
        """Tell it by the end of the path; what stands before differs."""
        return path.endswith(_ENDS) and isinstance(body.get("messages"), list)

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was asked; the messages are as the API has them."""
        return ReadRequest(
            model=text_of(body.get("model")),
            messages=dicts(body["messages"]),
            tools=dicts(body.get("tools")),
            params=without(body, _NO_PARAMS),
        )

    def read_answer(self, data: Body) -> ReadAnswer:
        """Return what the first choice says."""
        choice, usage = pick(data, "choices", 0), data.get("usage")
        message = pick(choice, "message")
        return ReadAnswer(
            text=_content_text(pick(message, "content")) or text_of(pick(message, "refusal")),
            tool_calls=[
                {
                    "id": text_of(one.get("id")),
                    "name": text_of(pick(one, "function", "name") or pick(one, "custom", "name")),
                    "arguments": text_of(
                        pick(one, "function", "arguments") or pick(one, "custom", "input")
                    ),
                }
                for one in dicts(pick(message, "tool_calls"))
            ],
            finish=text_of(pick(choice, "finish_reason")),
            model=text_of(data.get("model")),
            tokens_in=count_of(pick(usage, "prompt_tokens")),
            tokens_out=count_of(pick(usage, "completion_tokens")),
            cached=count_of(
                pick(usage, "prompt_tokens_details", "cached_tokens"),
                pick(usage, "prompt_cache_hit_tokens"),  # DeepSeek's
            ),
            written=count_of(pick(usage, "prompt_tokens_details", "cache_write_tokens")),
            reasoning=count_of(pick(usage, "completion_tokens_details", "reasoning_tokens")),
        )

    def fold(self, found: list[Body]) -> Body:
        """Join the deltas of each choice."""
        out: Body = {}
        choices: dict[int, Body] = {}
        for event in found:
            for name, value in event.items():
                if name not in ("choices", "obfuscation") and value is not None:
                    out[name] = value
            for piece in dicts(event.get("choices")):
                at = count_of(piece.get("index")) or 0
                blank: Body = {"index": at, "message": {}, "finish_reason": None}
                _join_choice(choices.setdefault(at, blank), piece)
        if out.get("object") == "chat.completion.chunk":
            out["object"] = "chat.completion"
        for choice in choices.values():
            message = choice["message"]
            if "tool_calls" in message:
                message["tool_calls"] = [without(one, ("index",)) for one in message["tool_calls"]]
        if choices:
            out["choices"] = [choices[at] for at in sorted(choices)]
        return out

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """They are taken as they are."""
        return {**body, "messages": messages}

    def put_model(self, url: str, body: Body, model: str) -> tuple[str, Body]:
        """It stands in the body; a deployment in the URL (Azure's) stays."""
        return url, {**body, "model": model}

    def made_answer(
        self, url: str, body: Body, text: str, tool_calls: Sequence[dict[str, Any]]
    ) -> tuple[str, bytes]:
        """Return a completion, or its pieces up to the end mark."""
        calls = [
            {
                "id": one["id"],
                "type": "function",
                "function": {"name": one["name"], "arguments": one["arguments"]},
            }
            for one in tool_calls
        ]
        head = {"id": "chatcmpl-answered", "created": 0, "model": text_of(body.get("model"))}
        finish = "tool_calls" if calls else "stop"
        message: Body = {"role": "assistant", "content": text or (None if calls else "")}
        if not self.streams(url, body):
            message |= {"tool_calls": calls} if calls else {}
            choice: Body = {"index": 0, "message": message, "finish_reason": finish}
            whole = {**head, "object": "chat.completion", "choices": [choice]}
            return "application/json", json_bytes(whole)
        deltas: list[tuple[Body, str | None]] = [(message, None)]
        if calls:
            deltas.append(({"tool_calls": [{"index": i, **c} for i, c in enumerate(calls)]}, None))
        deltas.append(({}, finish))
        head["object"] = "chat.completion.chunk"
        pieces: list[Body] = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            for delta, end in deltas
        ]
        return "text/event-stream", event_bytes(pieces, done=True)


def _content_text(content: Any) -> str:
    """Return what a content says, be it a text or parts, of which some are texts."""
    if isinstance(content, str):
        return content
    return "".join(text_of(part.get("text")) for part in dicts(content))


def _join_choice(choice: Body, piece: Body) -> None:
    _join(choice["message"], piece.get("delta"))
    choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
    if isinstance(piece.get("logprobs"), dict):
        _join(choice.setdefault("logprobs", {}), piece["logprobs"])


def _join(whole: Body, delta: Any) -> None:
    """Put a piece of a message to what there is of it: texts and lists go on."""
    if not isinstance(delta, dict):
        return
    for name, value in delta.items():
        there = whole.get(name)
        if name == "tool_calls":
            _join_tool_calls(whole, dicts(value))
        elif isinstance(value, dict):
            if not isinstance(there, dict):
                there = whole[name] = {}
            _join(there, value)
        elif isinstance(value, list) and isinstance(there, list):
            there.extend(value)
        elif isinstance(value, str) and isinstance(there, str) and name not in _SET_ONCE:
            whole[name] = there + value
        elif value is not None or name not in whole:
            whole[name] = value


def _join_tool_calls(message: Body, pieces: list[Body]) -> None:
    """Find the call that each piece goes on with: by its index, and where there is none its id."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        calls = message["tool_calls"] = []
    for piece in pieces:
        name, at = piece.get("id"), piece.get("index")
        call = next((one for one in reversed(calls) if at is None or one["index"] == at), None)
        if call is None or (name and call.get("id") and call["id"] != name):
            call = {"index": at}
            calls.append(call)
        _join(call, without(piece, ("index",)))
