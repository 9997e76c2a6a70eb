"""One record on its way into JSON data, or out of it: the codec, and what is shared inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.ids import TraceId
from lellm_nb.record.codec.limits import TAG, Limits, ValueReader
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec, Problem, to_bytes
from lellm_nb.record.redaction.redactor import Redacted, Redactor
from lellm_nb.state.compact import COMPACT
from lellm_nb.state.state import State, keep
from lellm_nb.state.structs.nested import is_read_only
from lellm_nb.state.typed import is_typed
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.rows import Batch
from lellm_nb.store.run.large_values import LargeValueWriter
from lellm_nb.store.run.shared_values import SharedValues

__all__ = ["OURS", "Reader", "Writer", "tagged"]

OURS = "lellm_nb."
"""How the tag of a record begins; what follows is its name."""

SHARED = "shared"
"""What holds the values that several frames of a record have, each once."""


def tagged(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON data of a record: its fields, under its name."""
    return {TAG: OURS + name, **fields}


class _Codec(Codec):
    """The codec, to which records are values as well."""

    def __init__(self, writer: Writer, redactor: Redactor) -> None:
        super().__init__(redactor=redactor)
        self.writer = writer

    def _tagged(self, value: Any, problems: list[Problem], path: tuple[Any, ...]) -> Any:
        made = self.writer.record(value, path)
        return super()._tagged(value, problems, path) if made is None else made


class Writer:
    """Writes one record.

    Args:
        redactor: Takes secrets out of it.
        find: Returns what writes a value that is a record, `None` where it is none.
    """

    def __init__(self, redactor: Redactor, find: Callable[[Any], Any]) -> None:
        self.codec = _Codec(self, redactor)
        self._find = find
        self._begin(shares=False)

    def _begin(self, shares: bool) -> None:
        self.problems: list[Problem] = []
        self._batch = Batch()
        large = LargeValueWriter(self.codec, self._batch) if shares else None
        self.positions = PositionWriter(self.codec, large)
        self.positions.problems = self.problems

    def document(self, record: Any, shares: bool) -> Any:
        """Return the JSON data of a whole record.

        Args:
            shares: Whether it has many frames, whose states have most in common.
        """

        def make() -> Any:
            self._begin(shares)
            state = self._find(record) is None and (is_read_only(record) or is_typed(record))
            made = self.state(record) if state or type(record) is State else self.value(record, ())
            batch = self._batch
            if batch.values or batch.items:
                values = [[number, json.loads(body)] for number, body in batch.values]
                items = [[number, at, json.loads(body)] for number, at, body in batch.items]
                made[SHARED] = {"values": values, "items": items}
            return made

        return json.loads(self.codec.written(make)[0])

    def value(self, value: Any, at: tuple[Any, ...]) -> Any:
        """Return the JSON data of a value; of what can't be written a marker."""
        return self.codec.plain(value, self.problems, at)

    def kept(self, value: Any, at: tuple[Any, ...]) -> Any:
        """Return the JSON data of a value as frames keep it; what it shares is written once."""
        if type(value) in COMPACT:
            return self.positions.compact(value, at)
        return self.value(value, at)

    @property
    def is_looking(self) -> bool:
        """Whether secrets are looked for closely."""
        redactor = self.codec.redactor
        return redactor is not None and redactor.is_looking

    def text(self, text: str | Redacted) -> str:
        """Return a text without its secrets."""
        return text.shown if isinstance(text, Redacted) else self.codec.name(text)

    def record(self, value: Any, at: tuple[Any, ...]) -> Any:
        """Return the JSON data of a record; `None` where it is none."""
        write = self._find(value)
        return None if write is None else write(self, value, at)

    def is_state(self, value: Any) -> bool:
        """Tell whether a value can be a state."""
        return isinstance(value, Mapping) or is_read_only(value) or is_typed(value)

    def state(self, value: Any) -> dict[str, Any]:
        """Return the JSON data of a state: a mapping, or an object of the user's."""
        return tagged("State", self.positions.data(keep(value)))


class _ValueReader(ValueReader):
    """Reads values, and records among them."""

    def __init__(self, reader: Reader, limits: Limits, resolve: Callable[..., Any]) -> None:
        super().__init__(limits, resolve)
        self.reader = reader

    def _known(self, form: dict[str, Any], key: str, depth: int) -> Any:
        name = form[TAG]
        if type(name) is str and name.startswith(OURS):
            return self.reader.record(name, form, depth)
        return super()._known(form, key, depth)


class _ReadingCodec(Codec):
    """The codec, to which tagged records are values as well."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def value(self, form: Any, *, key: str = "", resolve: Any = None) -> Any:
        """Return the value of JSON data."""
        return self.reader.value(form, key)


class Reader:
    """Reads one record.

    Args:
        find: Returns what reads a record, by its tag; `None` where there is no such record.
        shared: The values that its frames refer to.
    """

    def __init__(self, find: Callable[[str], Any], shared: Any = None) -> None:
        self._find = find
        self.codec = _ReadingCodec(self)
        self._shared = SharedValues(_rows_of(shared), self.codec)
        self._depth = 0
        self._reader = _ValueReader(self, Limits(), self._shared.resolve)
        self.positions = PositionReader(self.codec, self._shared.resolve)

    def value(self, form: Any, key: str = "") -> Any:
        """Return the value of JSON data, frozen where it is a container."""
        return self._reader.value(form, key, self._depth)

    def record(self, name: str, form: dict[str, Any], depth: int) -> Any:
        """Return the record of JSON data.

        Raises:
            CorruptedCheckpointError: There is none of that name, or it nests too deeply.
        """
        read = self._find(name)
        if read is None:
            raise CorruptedCheckpointError(f"There is no record {name.removeprefix(OURS)!r}.")
        outside, self._depth = self._depth, depth + 1
        try:
            return read(self, form)
        finally:
            self._depth = outside


def _rows_of(shared: Any) -> MemoryRows:
    """Return what the frames of a record refer to, as a store would have it."""
    rows, batch = MemoryRows(TraceId(""), {}), Batch()
    found = shared if isinstance(shared, dict) else {}
    for number, form in found.get("values", ()):
        batch.values.append((_whole(number), to_bytes(form)))
    for number, at, piece in found.get("items", ()):
        batch.items.append((_whole(number), _whole(at), to_bytes(piece)))
    rows.write(batch)
    return rows


def _whole(given: Any) -> int:
    if type(given) is not int:
        raise TypeError("what is shared has a number")
    return given
