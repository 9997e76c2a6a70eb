"""The token streams of running nodes, told piece by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.values.displayed import stream_text
from lellm_nb.notebook.values.redaction import redactor_of
from lellm_nb.notebook.values.value_rows import clean_text

TAIL = 4_000
"""Characters of a stream that a view is told at first, and that travel at once."""


class StreamTails:
    """What was told of each stream, so that only what is new travels.

    Example:
        >>> from lellm_nb.graph.drawing.outline import Outline
        >>> tails = StreamTails(Outline("g", by_path={"llm": 0}))
        >>> tails.news({"llm": ["hel"]}), tails.news({"llm": ["hel", "lo"]}), tails.news({})
        ([[0, True, 'hel']], [[0, False, 'lo']], [[0, True, None]])
    """

    def __init__(self, outline: Outline, debugger: DebuggerLike | None = None) -> None:
        self._outline = outline
        self._debugger = debugger
        self._told: dict[int, tuple[int, int, str, int]] = {}
        """Node to the identity of its chunks, how many of them were heard, the end of their
        text, and how much of that end was told."""

    def whole(self, streaming: Mapping[str, Sequence[Any]]) -> list[list[Any]]:
        """Return the end of every stream, as a view starts from."""
        self._told = {}
        return self.news(streaming)

    def news(self, streaming: Mapping[str, Sequence[Any]]) -> list[list[Any]]:
        """Return ``[node, whether it begins anew, text]``; no text says that it ended."""
        rows: list[list[Any]] = []
        seen = set()
        for path, chunks in streaming.items():
            number = self._outline.find(path)
            if number < 0:
                continue
            seen.add(number)
            same, heard, end, told = self._told.get(number, (0, 0, "", 0))
            anew = same != id(chunks)
            count = len(chunks)
            if not anew and count == heard:
                continue
            if anew:
                heard, end, told = 0, "", 0
            text, end, told = redactor_of(self._debugger).split(
                end + stream_text(chunks[heard:count]), told
            )
            self._told[number] = (id(chunks), count, end, told)
            if anew or text:
                rows.append([number, anew, clean_text(text[-TAIL:])])
        for number in [n for n in self._told if n not in seen]:
            del self._told[number]
            rows.append([number, True, None])
        return rows
