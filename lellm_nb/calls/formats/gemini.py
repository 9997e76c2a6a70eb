"""Gemini's ``generateContent``: of AI Studio and of Vertex."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from json import JSONDecoder
from typing import Any

from lellm_nb.calls.formats.format import Body, Format, Messages, ReadAnswer, ReadRequest
from lellm_nb.calls.formats.json_data import (
    count_of,
    dicts,
    json_bytes,
    json_of,
    json_text,
    pick,
    text_of,
    without,
)
from lellm_nb.calls.formats.sse import event_bytes

__all__ = ["GeminiFormat", "model_in"]

_ENDS = (":generateContent", ":streamGenerateContent")
_SYSTEM = ("systemInstruction", "system_instruction")  # both spellings are taken by the API
_NO_PARAMS = ("contents", *_SYSTEM, "tools")
_MODEL = re.compile(r"(?<=/)(?:models|tunedModels|endpoints)/([^/:?]+)(?=:)")


def model_in(url: str) -> str:
    """Return the model that an address names.

    Example:
        >>> model_in("https://host/v1beta/models/gemini-2.5-flash:generateContent")
        'gemini-2.5-flash'
    """
    found = _MODEL.search(url)
    return found[1] if found else ""


class GeminiFormat(Format):
    """The format of ``:generateContent`` and ``:streamGenerateContent``."""

    kind = "gemini"
    provider = "google"

    def matches(self, path: str, body: Body) -> bool:
        """Tell it by the method that the path ends with."""
        return path.endswith(_ENDS) and isinstance(body.get("contents"), list)

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was asked, with the system's words as the first message.

        A content of one text is that text, any other the list of its parts.
        """
        system = next((body[name] for name in _SYSTEM if isinstance(body.get(name), dict)), None)
        first = [] if system is None else [{**_message_of(system), "role": "system"}]
        return ReadRequest(
            model=model_in(url),
            messages=[*first, *map(_message_of, dicts(body["contents"]))],
            tools=dicts(body.get("tools")),
            params=without(body, _NO_PARAMS),
        )

    def read_answer(self, data: Body) -> ReadAnswer:
        """Return what the first candidate says, without its thoughts."""
        candidate, usage = pick(data, "candidates", 0), data.get("usageMetadata")
        parts = dicts(pick(candidate, "content", "parts"))
        thought = count_of(pick(usage, "thoughtsTokenCount"))
        told = count_of(pick(usage, "candidatesTokenCount"))
        prompt = count_of(pick(usage, "promptTokenCount"))
        tools = count_of(pick(usage, "toolUsePromptTokenCount"))
        out = (told or 0) + (thought or 0)
        return ReadAnswer(
            text="".join(text_of(part.get("text")) for part in parts if not part.get("thought")),
            tool_calls=[
                {
                    "id": text_of(called.get("id")),
                    "name": text_of(called.get("name")),
                    "arguments": json_text(called.get("args") or {}),
                }
                for part in parts
                if isinstance(called := part.get("functionCall"), dict)
            ],
            finish=text_of(pick(candidate, "finishReason"))
            or text_of(pick(data, "promptFeedback", "blockReason")),
            model=text_of(data.get("modelVersion")),
            tokens_in=None if prompt is None else prompt + (tools or 0),
            # a count of nothing is left out
            tokens_out=None if prompt is None and told is None else out,
            cached=count_of(pick(usage, "cachedContentTokenCount")),
            reasoning=thought,
        )

    def parse(self, body: bytes, content_type: str) -> Any:
        """Without ``alt=sse`` a stream is one list, which may have been cut."""
        data = super().parse(body, content_type)
        if data is None and body.lstrip()[:1] == b"[":
            data = list(_begun_list(body.decode("utf-8", "replace")))
        return self.folded(dicts(data)) if isinstance(data, list) else data

    def fold(self, found: list[Body]) -> Body:
        """Join the parts of each candidate; counts are those of the last piece."""
        out: Body = {}
        candidates: dict[int, Body] = {}
        for piece in found:
            for name, value in piece.items():
                if name != "candidates":
                    out[name] = value
            for candidate in dicts(piece.get("candidates")):
                at = count_of(candidate.get("index")) or 0
                whole = candidates.setdefault(at, {})
                content, there = candidate.get("content"), whole.get("content")
                whole |= candidate
                if isinstance(there, dict):
                    whole["content"] = _joined(there, content)
        if candidates:
            out = {"candidates": [candidates[at] for at in sorted(candidates)], **out}
        return out

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """Put what the system says first back in its own place, and texts into parts."""
        named = next((name for name in _SYSTEM if name in body), _SYSTEM[0])
        out = without(body, _SYSTEM)
        if messages and messages[0].get("role") == "system":
            as_it_was = pick(body, named, "role")
            role = {"role": as_it_was} if as_it_was else {}
            out[named] = {**without(_content_of(messages[0]), ("role",)), **role}
            messages = messages[1:]
        return {**out, "contents": [_content_of(message) for message in messages]}

    def put_model(self, url: str, body: Body, model: str) -> tuple[str, Body]:
        """It stands in the URL alone."""
        found = _MODEL.search(url)
        if found is None:
            return super().put_model(url, body, model)
        return url[: found.start(1)] + model + url[found.end(1) :], body

    def streams(self, url: str, body: Body) -> bool:
        """The URL says it."""
        return ":streamGenerateContent" in url

    def made_answer(
        self, url: str, body: Body, text: str, tool_calls: Sequence[dict[str, Any]]
    ) -> tuple[str, bytes]:
        """Return a response; a stream is one piece, as none of them is an end mark."""
        parts: list[Body] = [{"text": text}] if text or not tool_calls else []
        for one in tool_calls:
            said = json_of(one["arguments"])
            args = said if isinstance(said, dict) else {}
            name = {"id": one["id"]} if one["id"] else {}
            parts.append({"functionCall": {**name, "name": one["name"], "args": args}})
        content = {"role": "model", "parts": parts}
        whole = {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "modelVersion": model_in(url),
        }
        if not self.streams(url, body):
            return "application/json", json_bytes(whole)
        if "alt=sse" in url:
            return "text/event-stream", event_bytes([whole])
        return "application/json", json_bytes([whole])


def _message_of(content: Body) -> Body:
    parts = content.get("parts")
    said = pick(parts, 0, "text") if _is_one_text(parts) else parts
    return {"role": content.get("role") or "user", "content": said, **_others(content)}


def _content_of(message: Body) -> Body:
    said, role = message.get("content"), message.get("role")
    parts = [{"text": said}] if isinstance(said, str) else said
    return {"role": "model" if role == "assistant" else role, "parts": parts, **_others(message)}


def _others(data: Body) -> Body:
    return without(data, ("role", "parts", "content"))


def _is_one_text(parts: Any) -> bool:
    one = dicts(parts)
    return len(one) == 1 == len(parts) and one[0].keys() == {"text"}


def _joined(there: Body, more: Any) -> Body:
    parts = dicts(there.get("parts"))
    for part in dicts(pick(more, "parts")):
        last = parts[-1] if parts else {}
        if _is_plain(last) and _is_plain(part) and last.get("thought") == part.get("thought"):
            parts[-1] = {**last, "text": text_of(last["text"]) + text_of(part["text"])}
        else:
            parts.append(part)
    return {**there, "parts": parts}


def _is_plain(part: Body) -> bool:
    return "text" in part and part.keys() <= {"text", "thought"}


def _begun_list(text: str) -> Iterator[Any]:
    """Yield the items of a list whose end is missing, as far as they are whole."""
    decoder, at = JSONDecoder(), text.index("[") + 1
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield item
