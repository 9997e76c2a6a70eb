"""A call as rows: its header, and what was said in it; bodies only where somebody opens one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lellm_nb.calls.call import Call
from lellm_nb.calls.formats.json_data import json_of
from lellm_nb.calls.message_parts import MessagePart
from lellm_nb.calls.redacting import without_secrets
from lellm_nb.notebook.values.conversation import (
    TEXT,
    Conversation,
    changed_messages,
    part_row,
    text_row,
)
from lellm_nb.notebook.values.redaction import redactor_now
from lellm_nb.notebook.values.value_rows import clean_text, long_text, short_text, tail_text

__all__ = ["VALUES", "answer_row", "body_row", "head_row", "speaks", "value_of"]
__all__ += ["who_of"]

_CHAT = frozenset({"chat", "responses", "anthropic", "gemini"})
_WORDS = ("edited", "stale", "cut", "late")
_LIVE = 4_000
"""Letters of an answer that is still coming, at each look."""

VALUES = ("params", "tools", "request", "response")
"""What of a call is looked into as a value."""


def head_row(call: Call, stopped: str = "") -> dict[str, Any]:
    """Return what is told of a call without opening it.

    Args:
        stopped: Where the run stopped inside of its node at this call: that, in words.
    """
    cost, last = call.cost, call.last
    return {
        "key": f"{call.path}#{call.visit}/{call.number}{'!' if stopped else ''}",
        "number": call.number,
        "who": who_of(call),
        "kind": call.kind,
        "in": call.tokens_in,
        "out": call.tokens_out,
        "cached": call.cached,
        "reasoning": call.reasoning,
        "cost": cost,
        "ms": None if call.latency is None else round(call.latency * 1e3, 3),
        "ttft": None if call.ttft is None else round(call.ttft * 1e3, 3),
        "attempts": call.attempts,
        "served": call.served,
        "source": call.source,
        "marks": [name for name in _WORDS if getattr(call, name)],
        "error": short_text(call.error or "", 300),
        "status": call.status,
        "live": not last.ended and not stopped,
        "stopped": short_text(stopped, 400),
        # what it is drawn from: when this differs, an open one is drawn anew
        "state": f"{len(call.exchanges)} {len(last.chunks)} {last.ended}",
    }


def who_of(call: Call) -> str:
    """Return whom a call asked: a model, a function, or a host."""
    if call.kind == "function":
        return short_text(call.name or "function", 80)
    return short_text(call.model or urlsplit(call.url).netloc or call.url, 80)


def speaks(call: Call) -> bool:
    """Say whether a call is a conversation with a model."""
    return call.kind in _CHAT and bool(call.messages)


def body_row(call: Call, after: Call | None, most_letters: int = TEXT) -> dict[str, Any]:
    """Return what was said in a call; what was in the call before it is only counted.

    Args:
        after: The call that came next, which has the results of the tools that this one asks for.
    """
    row: dict[str, Any] = {
        "error": long_text(call.error or "", 4_000),
        "finish": short_text(call.finish or "", 40),
        "method": short_text(call.method, 20),
        "url": short_text(call.url, 400),
        "values": [name for name in VALUES if _has(call, name)],
        "tools": len(call.tools),
    }
    if not speaks(call):
        return {**row, "chat": False, "items": [], "answer": None}
    messages = call.messages
    talk = Conversation(messages, most_letters)
    before = call.before.messages if call.before is not None and speaks(call.before) else []
    stretches = changed_messages(before, messages)
    items: list[dict[str, Any]] = []
    for what, start, end, of in stretches:
        if what == "new":
            items.append({"what": "new", "start": start, "rows": talk.rows(start, end)})
        else:
            items.append({"what": what, "start": start, "count": end - start, "of": of})
    return {**row, "chat": True, "items": items, "answer": answer_row(call, after, most_letters)}


def _has(call: Call, name: str) -> bool:
    if name == "response" and not call.last.ended:
        return False
    return _raw(call, name) not in (None, {}, [], "")


def answer_row(
    call: Call, after: Call | None = None, most_letters: int = TEXT
) -> dict[str, Any] | None:
    """Return what was answered, `None` where nothing came so far."""
    live = not call.last.ended
    if live:
        told = redactor_now().split(call.text)[0]  # a secret may come in pieces
        parts = [{"kind": "text", "text": tail_text(told, _LIVE), "cut": 0}] if told else []
    else:
        parts = [{"kind": "text", **text_row(call.text, most_letters)}] if call.text else []
        results = Conversation(after.messages) if after is not None and call.tool_calls else None
        for asked in call.tool_calls:
            part = MessagePart("call", asked["arguments"], asked["id"], asked["name"])
            found = results.results_of(part.id) if results is not None else []
            row = part_row(part, most_letters)
            row["results"] = [{**text_row(text, most_letters), "next": True} for text in found[:1]]
            parts.append(row)
    return {"live": live, "parts": parts} if parts or live else None


def value_of(call: Call, name: str) -> Any:
    """Return a part of a call as data, without secrets: one of `VALUES`."""
    return without_secrets(redactor_now().redactor, _raw(call, name))


def _raw(call: Call, name: str) -> Any:
    chat = speaks(call)
    if name == "params":
        return call.params if chat else None
    if name == "tools":
        return call.tools
    if name == "request":
        return None if chat else _body(call.last.body)
    return call.response if call.response is not None or chat else call.raw


def _body(body: bytes) -> Any:
    data = json_of(body) if body else None
    return data if data is not None else clean_text(body.decode("utf-8", "replace"))
