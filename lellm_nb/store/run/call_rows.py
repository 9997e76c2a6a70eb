"""Calls of a run in a store: with their frames, and before these as each ends (CALLS.md, K1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lellm_nb.calls.call import Call, CallTerms
from lellm_nb.calls.call_form import StoredCalls, call_forms
from lellm_nb.calls.redacting import without_secrets
from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.limits import DAMAGE
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import is_within
from lellm_nb.store.rows import RunRows
from lellm_nb.store.run.large_values import LargeValueWriter
from lellm_nb.store.run.text_pieces import TextPieceReader, TextPieceWriter

__all__ = ["CallReader", "CallWriter", "UnfiledCall"]

_KIND = "call"
"""The kind of marks of calls whose frames have not come."""


class CallWriter:
    """Writes calls into a run.

    Args:
        codec: Writes values, and knows what is secret.
        large: Where texts are put aside.
        mark: Writes a mark of the run, or takes it away.
    """

    def __init__(
        self,
        codec: Codec,
        large: LargeValueWriter,
        mark: Callable[[str, str, bytes | None], None],
    ) -> None:
        self._codec = codec
        self._pieces = TextPieceWriter(large)
        self._mark = mark
        self._unfiled: dict[tuple[int, str, int], dict[int, str]] = {}

    def forms(self, calls: Sequence[Call]) -> list[Any]:
        """Return calls as the JSON data of their frame."""
        return call_forms(
            calls,
            write=lambda value, name: self._codec.plain(value, None, (name,)),
            clean=lambda value: without_secrets(self._codec.redactor, value),
            put=self._pieces.put,
        )

    def ended(self, line: int, index: int, call: Call) -> None:
        """Write a call as it ends; its frame may never come.

        Args:
            line, index: Where the run stands.
        """
        key = f"{line}/{index}/{call.visit}/{call.number}/{call.path}"
        known = self._unfiled.setdefault((line, call.path, call.visit), {})
        if known.get(call.number, key) != key:  # siblings have committed since it was asked first
            self._drop([known[call.number]])
        known[call.number] = key
        self._mark(_KIND, key, self._codec.written(lambda: self.forms([call]))[0])

    def resume(self, keys: Sequence[tuple[str, str]]) -> None:
        """Take over the marks that are there: a kind and a key each."""
        for kind, key in keys:
            if kind == _KIND and (found := _place(key)) is not None:
                line, _, visit, number, path = found
                self._unfiled.setdefault((line, path, visit), {})[number] = key

    def filed(self, line: int, frame: Frame) -> None:
        """Hear that a frame is written: it has the calls of its step."""
        if self._unfiled:
            self._drop(self._unfiled.pop((line, frame.path, frame.visit), {}).values())

    def left(self, line: int, node: str = "") -> bool:
        """Drop what is unfinished on a line, of one node or of all; tell whether there was."""
        gone = [at for at in self._unfiled if at[0] == line and is_within(at[1], node)]
        for at in gone:
            self._drop(self._unfiled.pop(at).values())
        return bool(gone)

    def _drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._mark(_KIND, key, None)


@dataclass(frozen=True, slots=True)
class UnfiledCall:
    """A call of a node that had not ended when its process did.

    Attributes:
        line, index: Where the run stood.
        path, visit: Of the node.
    """

    line: int
    index: int
    path: str
    visit: int
    call: Call


class CallReader:
    """Reads calls of a run.

    Attributes:
        terms: What the calls of the run have in common; `None` where nobody has said.
    """

    def __init__(self, rows: RunRows, codec: Codec) -> None:
        self.terms: CallTerms | None = None
        self._codec = codec
        self._pieces = TextPieceReader(rows, codec)

    def read(self, forms: Any) -> StoredCalls:
        """Return the calls of a frame."""
        return self._stored(forms, self._codec.value)

    def _stored(self, forms: Any, read: Callable[[Any], Any]) -> StoredCalls:
        return StoredCalls(forms, read=read, get=self._pieces.get, told=self._told)

    def unfiled(self, marks: dict[tuple[str, str], Any]) -> Iterator[UnfiledCall]:
        """Walk the calls that have no frame, of the marks of a run; damaged ones are left out."""
        for kind, key in sorted(marks):
            found = _place(key) if kind == _KIND else None
            if found is None:
                continue
            line, index, visit, _, path = found
            try:
                # the values of marks are read already
                call = self._stored(marks[kind, key], lambda value: value)[0]
            except (*DAMAGE, CorruptedCheckpointError):
                continue
            yield UnfiledCall(line, index, path, visit, call)

    def _told(self, call: Call) -> None:
        if self.terms is not None:
            call.belongs_to(self.terms)


def _place(key: str) -> tuple[int, int, int, int, str] | None:
    *numbers, path = key.split("/", 4)
    if len(numbers) != 4 or not all(one.isdecimal() for one in numbers):
        return None
    line, index, visit, number = map(int, numbers)
    return line, index, visit, number, path
