"""What a family of APIs means by its bodies: each reads its own, and writes them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.calls.formats.json_data import json_of
from lellm_nb.calls.formats.sse import events, is_event_stream
from lellm_nb.errors import DebuggerError

__all__ = ["Body", "Format", "Messages", "ReadAnswer", "ReadRequest"]

Body = dict[str, Any]
"""A JSON object that was sent, or came."""

Messages = list[dict[str, Any]]
"""Objects with a role and content, the content as the API has it."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What was asked.

    Attributes:
        name: What was called where that is no model: a tool, a function, an address.
        params: Whatever else was sent.
    """

    model: str = ""
    messages: Messages = field(default_factory=list)
    tools: list[Any] = field(default_factory=list)
    params: Body = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What was answered; counts are `None` where the API did not tell them.

    Attributes:
        tool_calls: What the model wants called: id, name, and arguments as text of JSON.
        tokens_in: All of the input, cached or not.
        tokens_out: All of the output, with what was thought.
        cached, written: Of the input: what was read from the API's cache, and put into it.
        reasoning: Of the output: what was thought.
        model: Which one answered, as it calls itself.
        error: What the API says went wrong.
    """

    text: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    finish: str = ""
    model: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: int | None = None
    written: int | None = None
    reasoning: int | None = None
    error: str = ""


class Format:
    """One family of APIs.

    Attributes:
        kind: What a call to it is called.
        provider: Who answers, where the host does not say.
    """

    kind = "http"
    provider = ""

    def matches(self, path: str, body: Body) -> bool:
        """Tell whether a request is one of this family.

        Args:
            path: Of the URL, without the query.
        """
        raise NotImplementedError

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was asked."""
        raise NotImplementedError

    def read_answer(self, data: Body) -> ReadAnswer:
        """Return what was answered, of an answer that is whole or folded."""
        raise NotImplementedError

    def fold(self, found: list[Body]) -> Body:
        """Return the events of a stream, or of the beginning of one, as one answer."""
        raise NotImplementedError

    def parse(self, body: bytes, content_type: str) -> Any:
        """Return an answer as JSON data, `None` where it is none."""
        found = events(body) if is_event_stream(content_type, body) else []
        return self.folded(found) if found else json_of(body)

    def folded(self, found: list[Body]) -> Body:
        """Fold events; what one says went wrong midway is told as an answer would."""
        data = self.fold(found)
        if not data.get("error"):
            for event in found:
                if event.get("error") or event.get("type") == "error":
                    return {**data, "error": event.get("error") or event}
        return data

    # -- writing ---------------------------------------------------------------------------

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """Return a request with other messages, each part where this API has it."""
        raise DebuggerError(f"{self._a_call()} has no messages that could be edited.")

    def put_model(self, url: str, body: Body, model: str) -> tuple[str, Body]:
        """Return where a request goes, and its body, with another model."""
        raise DebuggerError(f"{self._a_call()} asks no model, so there is none to replace.")

    def streams(self, url: str, body: Body) -> bool:
        """Tell whether the answer is asked for in pieces."""
        return bool(body.get("stream"))

    def made_answer(
        self, url: str, body: Body, text: str, tool_calls: Sequence[dict[str, Any]]
    ) -> tuple[str, bytes]:
        """Return an answer that was never given: its content type, and its body."""
        raise DebuggerError(
            f"{self._a_call()} is not answered with a text. Give a recorded call in its place."
        )

    def _a_call(self) -> str:
        return f"A call of kind {self.kind!r}"
