"""Texts of a run that are kept once, however often they come: what calls said (CALLS.md, K10)."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.values import Codec, to_bytes
from lellm_nb.store.rows import RunRows
from lellm_nb.store.run.large_values import LargeValueWriter

__all__ = ["TextPieceReader", "TextPieceWriter"]

_REMEMBERED = 100_000
"""So many texts are known to be written."""

_KEPT = 4096
"""So many texts are kept read."""


class TextPieceWriter:
    """Puts texts aside as large values, each once by its content."""

    def __init__(self, large: LargeValueWriter) -> None:
        self._large = large
        self._known: OrderedDict[bytes, int] = OrderedDict()

    def put(self, text: str) -> int:
        """Return the number of a text; one that is new is written with the next write."""
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        number = self._known.get(digest)
        if number is None:
            number = self._known[digest] = self._large.put(to_bytes(text))
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return number


class TextPieceReader:
    """Reads them."""

    def __init__(self, rows: RunRows, codec: Codec) -> None:
        self._rows = rows
        self._codec = codec
        self._read: OrderedDict[int, str] = OrderedDict()

    def get(self, number: Any) -> str:
        """Return the text of a number.

        Raises:
            CorruptedCheckpointError: There is none.
        """
        if type(number) is not int:
            raise CorruptedCheckpointError("A reference to a text names nothing.")
        text = self._read.get(number)
        if text is None:
            text = self._codec.parse(self._rows.value(number))
            if not isinstance(text, str):
                raise CorruptedCheckpointError(f"What is kept as {number} is no text.")
            self._read[number] = text
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return text
