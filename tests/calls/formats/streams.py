"""A whole answer, taken apart as its API streams it: into pieces of any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Pieces = list[dict[str, Any]]


def cut(text: str, size: int) -> Iterator[str]:
    """A text in pieces."""
    yield from (text[at : at + size] for at in range(0, len(text), size))


def written(events: Pieces, *, named: bool, done: bool = False, end: str = "\n") -> bytes:
    """Events as a server writes them, its comments too."""
    text = f": keep-alive{end}{end}"
    for event in events:
        text += f"event: {event['type']}{end}" if named else ""
        text += f"data: {json.dumps(event, ensure_ascii=False)}{end}{end}"
    return (text + (f"data: [DONE]{end}{end}" if done else "")).encode()


def chat(whole: dict[str, Any], size: int) -> Pieces:
    """Chunks: the role, the text, the calls with their arguments, the end, the counts."""
    head = {**whole, "object": "chat.completion.chunk"}
    usage = head.pop("usage")
    [choice] = head.pop("choices")
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in cut(message["content"], size)]
    for at, one in enumerate(message["tool_calls"]):
        called = one["function"]
        blank = {**one, "function": {"name": called["name"], "arguments": ""}}
        deltas.append({"tool_calls": [{"index": at, **blank}]})
        for piece in cut(called["arguments"], size):
            deltas.append({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})
    made = [
        {**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}], "usage": None}
        for d in deltas
    ]
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    return [
        *made,
        {**head, "choices": [end], "usage": None},
        {**head, "choices": [], "usage": usage},
    ]


def responses(whole: dict[str, Any], size: int) -> Pieces:
    """The items one after another, each with its deltas, and the response at last."""
    made: Pieces = [{"type": "response.created", "response": {**whole, "output": []}}]
    for at, item in enumerate(whole["output"]):
        place = {"output_index": at, "item_id": item["id"]}
        blank, name, said = _item(item)
        made.append({"type": "response.output_item.added", **place, "item": {**item, **blank}})
        for piece in cut(said, size):
            made.append({"type": f"response.{name}.delta", **place, "delta": piece})
        made.append({"type": "response.output_item.done", **place, "item": item})
    return [*made, {"type": "response.completed", "response": whole}]


def _item(item: dict[str, Any]) -> tuple[dict[str, Any], str, str]:
    """What an item begins with, the name of its deltas, and what they say."""
    if item["type"] == "message":
        return {"content": []}, "output_text", item["content"][0]["text"]
    if item["type"] == "function_call":
        return {"arguments": ""}, "function_call_arguments", item["arguments"]
    return {"summary": []}, "reasoning_summary_text", item["summary"][0]["text"]


def anthropic(whole: dict[str, Any], size: int) -> Pieces:
    """The blocks one after another; the counts of what comes in first, of what goes out last."""
    usage = whole["usage"]
    begins = {**usage, "output_tokens": 1}
    begins.pop("output_tokens_details")
    nothing = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": begins}
    made: Pieces = [{"type": "message_start", "message": {**whole, **nothing}}, {"type": "ping"}]
    for at, block in enumerate(whole["content"]):
        blank, deltas = _block(block, size)
        start = {"type": "content_block_start", "index": at, "content_block": {**block, **blank}}
        made.append(start)
        made += [{"type": "content_block_delta", "index": at, "delta": delta} for delta in deltas]
        made.append({"type": "content_block_stop", "index": at})
    end = {name: whole[name] for name in ("stop_reason", "stop_sequence")}
    counts = {name: usage[name] for name in ("output_tokens", "output_tokens_details")}
    made.append({"type": "message_delta", "delta": end, "usage": counts})
    return [*made, {"type": "message_stop"}]


def _block(block: dict[str, Any], size: int) -> tuple[dict[str, Any], Pieces]:
    if block["type"] == "text":
        pieces = cut(block["text"], size)
        return {"text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
    if block["type"] == "thinking":
        pieces = cut(block["thinking"], size)
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {"thinking": "", "signature": ""}, deltas
    pieces = cut(json.dumps(block["input"]), size)
    return {"input": {}}, [{"type": "input_json_delta", "partial_json": p} for p in pieces]


def gemini(whole: dict[str, Any], size: int) -> Pieces:
    """Each piece a response of its own, with the counts so far."""
    head = {**whole}
    [candidate] = head.pop("candidates")
    made: Pieces = []
    for part in candidate["content"]["parts"]:
        texts = cut(part["text"], size) if "text" in part else [None]
        for text in texts:
            said = part if text is None else {**part, "text": text}
            content = {"role": "model", "parts": [said]}
            counts = {**head["usageMetadata"], "candidatesTokenCount": len(made)}
            made.append(
                {"candidates": [{"content": content, "index": 0}], **head, "usageMetadata": counts}
            )
    made[-1] = {**made[-1], "usageMetadata": head["usageMetadata"]}
    made[-1]["candidates"][0]["finishReason"] = candidate["finishReason"]
    return made


TAKEN_APART = {"chat": chat, "responses": responses, "anthropic": anthropic, "gemini": gemini}


def stream(kind: str, whole: dict[str, Any], size: int, end: str = "\n") -> bytes:
    """The body of a stream of a family."""
    pieces = TAKEN_APART[kind](whole, size)
    named = kind in ("responses", "anthropic")
    return written(pieces, named=named, done=kind == "chat", end=end)
