"""The token streams of running nodes, told piece by piece."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.values.displayed import chunk_form, form_text, piece_text
from lellm_nb.notebook.values.redaction import DisplayRedactor, redactor_of
from lellm_nb.notebook.values.value_rows import clean_text
from lellm_nb.record.redaction.streams import pieces_of, with_pieces

TAIL = 4_000
"""Characters of a stream that a view is told at first, and that travel at once."""


class StreamTails:
    """What was told of each stream, so that only what is new travels.

    Example:
        >>> from lellm_nb.graph.drawing.outline import Outline
        >>> tails = StreamTails(Outline("g", by_path={"llm": 0}))
        >>> chunks = ["hel"]
        >>> tails.news({"llm": chunks}), chunks.append("lo")
        ([[0, True, 'hel']], None)
        >>> tails.news({"llm": chunks}), tails.news({})
        ([[0, False, 'lo']], [[0, True, None]])
    """

    def __init__(self, outline: Outline, debugger: DebuggerLike | None = None) -> None:
        self._outline = outline
        self._debugger = debugger
        self._told: dict[int, _Told] = {}

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
            known = self._told.get(number)
            anew = known is None or known.chunks is not chunks
            if known is None or anew:
                known = self._told[number] = _Told(chunks)
            new = chunks[known.heard : len(chunks)]
            if not anew and not new:
                continue
            text = known.news(new, redactor_of(self._debugger))
            if anew or text:
                rows.append([number, anew, clean_text(text[-TAIL:])])
        for number in [n for n in self._told if n not in seen]:
            del self._told[number]
            rows.append([number, True, None])
        return rows


class _Told:
    """What was told of one stream.

    Attributes:
        chunks: The stream.
        heard: How many of its chunks were looked at.
    """

    def __init__(self, chunks: Sequence[Any]) -> None:
        self.chunks = chunks
        self.heard = 0
        self._ends: dict[Hashable, tuple[str, int]] = {}
        """By channel: the end of its text, and how much of that end was told."""

    def news(self, chunks: Sequence[Any], redactor: DisplayRedactor) -> str:
        """Return what is to be told of more chunks: what may be half a secret waits."""
        self.heard += len(chunks)
        texts: list[str] = []
        run: list[str] = []
        channel: Hashable = None
        for chunk in chunks:
            form = chunk_form(chunk)
            pieces = pieces_of(form)
            if len(pieces) == 1 and pieces[0].read:
                if pieces[0].channel != channel:
                    texts.append(self._told_of(channel, run, redactor))
                    channel, run = pieces[0].channel, []
                run.append(pieces[0].text)
                continue
            texts.append(self._told_of(channel, run, redactor))
            run = []
            shown = {p.way: self._told_of(p.channel, [p.text], redactor) for p in pieces}
            changed = any(shown[p.way] != p.text for p in pieces)
            texts.append(form_text(with_pieces(form, shown)) if changed else piece_text(chunk))
        texts.append(self._told_of(channel, run, redactor))
        return "".join(texts)

    def _told_of(self, channel: Hashable, pieces: list[str], redactor: DisplayRedactor) -> str:
        if not pieces:
            return ""
        end, told = self._ends.get(channel, ("", 0))
        text, end, told = redactor.split(end + "".join(pieces), told)
        self._ends[channel] = (end, told)
        return text
