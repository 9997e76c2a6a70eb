"""What a node may send on the stream plane (SEMANTICS R7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from lellm_nb.errors.safe_text import fields_text

__all__ = [
    "RoundStarted",
    "StreamChunk",
    "StreamSink",
    "TextDelta",
    "ThinkingDelta",
    "ToolFinished",
    "ToolOutput",
    "ToolQueued",
    "ToolStarted",
    "chunk_text",
]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the text that a model is writing."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of what a model is thinking; `redacted` is a part that must not be shown."""

    text: str
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class RoundStarted:
    """A model is asked for the n-th time, from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class ToolQueued:
    """A tool call was asked for."""

    call_id: str
    name: str
    arguments: Any = None

    __repr__ = fields_text


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool call runs."""

    call_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A piece of what a tool prints while it runs."""

    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool call came back."""

    call_id: str
    name: str
    ok: bool = True
    result: Any = None

    __repr__ = fields_text


StreamChunk = (
    TextDelta | ThinkingDelta | RoundStarted | ToolQueued | ToolStarted | ToolOutput | ToolFinished
)


@runtime_checkable
class StreamSink(Protocol):
    """Given every chunk as it comes; it must return at once."""

    def emit(self, chunk: Any) -> None:
        """Take one chunk: a `StreamChunk`, or whatever the node emitted."""


def chunk_text(chunk: Any) -> str:
    """Return a chunk as people read it; a redacted part stays hidden.

    Example:
        >>> chunk_text(TextDelta("hel")), chunk_text(ThinkingDelta("secret", redacted=True))
        ('hel', '[redacted]')
    """
    if isinstance(chunk, ThinkingDelta) and chunk.redacted:
        return "[redacted]"
    if isinstance(chunk, (TextDelta, ThinkingDelta, ToolOutput)):
        return chunk.text
    return chunk if isinstance(chunk, str) else str(chunk)
