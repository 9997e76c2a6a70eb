"""Tools over MCP's HTTP: JSON-RPC, answered at once or as an event of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.calls.formats.format import Body, Format, Messages, ReadAnswer, ReadRequest
from lellm_nb.calls.formats.json_data import (
    dicts,
    json_bytes,
    object_of,
    pick,
    text_of,
    without,
)

__all__ = ["McpFormat"]


class McpFormat(Format):
    """The format of MCP's requests; one message, whose role is the method."""

    kind = "mcp"
    provider = "mcp"

    def matches(self, path: str, body: Body) -> bool:
        """Tell it by its body; it goes to any address."""
        return body.get("jsonrpc") == "2.0" and isinstance(body.get("method"), str)

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return which method was called, and of a tool what it was given."""
        method, given = body["method"], object_of(body.get("params"))
        tool = text_of(given.get("name"))
        said = object_of(given.get("arguments")) if "arguments" in given else given
        return ReadRequest(
            name=f"{method} {tool}".strip(),
            messages=[{"role": method, "content": said}],
            params=without(given, ("arguments",)) if "arguments" in given else {},
        )

    def read_answer(self, data: Body) -> ReadAnswer:
        """Return what a tool said, also where it says that it failed."""
        result = data.get("result")
        said = "\n".join(
            text_of(part.get("text"))
            for part in dicts(pick(result, "content"))
            if part.get("type") == "text"
        )
        failed = pick(result, "isError") is True
        return ReadAnswer(text=said, error=f"the tool failed: {said}" if failed else "")

    def fold(self, found: list[Body]) -> Body:
        """Return the answer; what comes before it are notes about its progress."""
        answers = [event for event in found if "result" in event or "error" in event]
        return answers[-1] if answers else {}

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """Put what a tool is given back."""
        if len(messages) != 1:
            return super().put_messages(body, messages)
        given, said = object_of(body.get("params")), messages[0].get("content")
        return {**body, "params": {**given, "arguments": said} if "arguments" in given else said}

    def made_answer(
        self, url: str, body: Body, text: str, tool_calls: Sequence[dict[str, Any]]
    ) -> tuple[str, bytes]:
        """Return what a tool answers with a text."""
        if body["method"] != "tools/call":
            return super().made_answer(url, body, text, tool_calls)
        result = {"content": [{"type": "text", "text": text}], "isError": False}
        whole = {"jsonrpc": "2.0", "id": body.get("id"), "result": result}
        return "application/json", json_bytes(whole)
