"""What rows of a run refer to: large values, long lists, and containers that were made again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.values import Codec
from lellm_nb.state.compact import COMPACT, EditedDict, EditedList, Tail, most_edits
from lellm_nb.store.rows import RunRows

__all__ = ["SharedValues"]

VALUES = 2048
"""So many large values are kept read."""

ITEMS = 5_000_000
"""A container that was made again has at most so many items in all, at every depth."""


class SharedValues:
    """Reads what is referred to, each thing once.

    Args:
        rows: Where it is.
        codec: Reads the values.
    """

    def __init__(self, rows: RunRows, codec: Codec) -> None:
        self.rows = rows
        self.codec = codec
        self._values: OrderedDict[tuple[str, int], Any] = OrderedDict()
        self._lists: dict[tuple[str, int], tuple[list[Any], int]] = {}
        self._being_read: set[int] = set()

    def resolve(self, form: dict[str, Any]) -> Any:
        """Return what JSON data refers to, as a frame keeps it.

        Raises:
            CorruptedCheckpointError: It refers to nothing, or to what cannot be.
        """
        if "log" in form:
            try:
                return self._edited(form)
            except DAMAGE as error:
                raise CorruptedCheckpointError(
                    f"A damaged container: {error_text(error)}."
                ) from error
        number, length = _number(form.get("v")), form.get("n")
        if length is None:
            return self._value("", number, self.codec.value)
        write = form.get("mutations")
        kind, read = ("", self.codec.value) if write is None else ("wrote", write)
        return self._list(kind, number, length, read)

    def _value(self, kind: str, number: int, read: Callable[[Any], Any]) -> Any:
        name = kind, number
        if name in self._values:
            self._values.move_to_end(name)
            return self._values[name]
        with self._reading(number):
            made = read(self.codec.parse(self.rows.value(number)))
        self._values[name] = made
        if len(self._values) > VALUES:
            self._values.popitem(last=False)
        return made

    def _list(self, kind: str, number: int, length: Any, read: Callable[[Any], Any]) -> Tail:
        if type(length) is not int or length < 0:
            raise CorruptedCheckpointError("A list has no length.")
        name = kind, number
        items, loaded = self._lists.get(name, ([], 0))
        if loaded < length:
            if len(items) != loaded:  # a run has gone on in it: leave that one alone
                items = items[:loaded]
            with self._reading(number):
                for start, body in self.rows.items(number, length):
                    piece = self.codec.parse(body)
                    if not isinstance(piece, list):
                        raise CorruptedCheckpointError(f"A piece of list {number} is none.")
                    if start + len(piece) <= loaded:
                        continue
                    if start > loaded:
                        raise CorruptedCheckpointError(f"A piece of list {number} is missing.")
                    items.extend([read(form) for form in piece[loaded - start :]])
                    loaded = len(items)
            self._lists[name] = (items, loaded)
        if loaded < length:
            raise CorruptedCheckpointError(f"List {number} has {loaded} items of {length}.")
        return Tail(items, length)

    @contextmanager
    def _reading(self, number: int) -> Iterator[None]:
        if number in self._being_read:
            raise CorruptedCheckpointError(f"What is shared as {number} refers to itself.")
        self._being_read.add(number)
        try:
            yield
        finally:
            self._being_read.discard(number)

    # -- containers that were made again ---------------------------------------------

    def _edited(self, form: dict[str, Any]) -> EditedList | EditedDict:
        length = form.get("n")
        kind = "list" if "list" in form else "dict"
        read = self._edit_of_dict if kind == "dict" else self._edit_of_list
        told: Any = form["log"]
        if told == []:
            log = Tail.of(())
        elif isinstance(told, dict):
            log = self._list(kind, _number(told.get("v")), told.get("n"), read)
        else:
            raise CorruptedCheckpointError("A container that was made again has no edits.")
        made: EditedList | EditedDict
        if kind == "list":
            base = self.codec.value(form["list"], resolve=self.resolve)
            known = _length_of_list(base, log)
            made = EditedList(base, log, known, sum(1 + len(edit[2]) for edit in log.since(0)))
        else:
            base = self._base_of_dict(form)
            keys = dict.fromkeys(base)
            for key, *values in log.since(0):
                if values:
                    keys[key] = None
                else:
                    keys.pop(key, None)
            made = EditedDict(base, log, len(keys), len(log))
            known = len(keys)
        if length != known or made.weight > most_edits(max(known, len(base))):
            raise CorruptedCheckpointError("A container that was made again is not what it says.")
        if _items_in(made, {}) > ITEMS:
            raise CorruptedCheckpointError(f"A container has more than {ITEMS:,} items in all.")
        return made

    def _base_of_dict(self, form: dict[str, Any]) -> dict[Any, Any]:
        told = form.get("pairs")
        if isinstance(told, list):
            return self._dict(told)
        if told is not None:
            made: Any = self._value("pairs", _number(told.get("v")), self._dict)
        else:
            made = self.codec.value(form["dict"], resolve=self.resolve)
        if not isinstance(made, dict):
            raise CorruptedCheckpointError("A dict that was made again is of none.")
        return made

    def _dict(self, form: Any) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for pair in form:
            key, value = self._edit_of_dict(pair)
            made[key] = value
        return made

    def _edit_of_dict(self, form: Any) -> tuple[Any, ...]:
        key, *values = form
        key = self.codec.value(key)
        hash(key)
        return (key, *(self.codec.value(value, resolve=self.resolve) for value in values[:1]))

    def _edit_of_list(self, form: Any) -> tuple[Any, ...]:
        start, stop, items = form
        if type(start) is not int or type(stop) is not int or not isinstance(items, list):
            raise CorruptedCheckpointError("An edit of a list is none.")
        return start, stop, tuple(self.codec.value(items))


def _number(given: Any) -> int:
    if type(given) is not int:
        raise CorruptedCheckpointError("A reference names nothing.")
    return given


def _length_of_list(base: Any, log: Tail) -> int:
    if not isinstance(base, (list, Tail)):
        raise CorruptedCheckpointError("A list that was made again is of none.")
    length = len(base)
    for start, stop, items in log.since(0):
        if not 0 <= start <= stop <= length:
            raise CorruptedCheckpointError("An edit of a list is of items that it has not.")
        length += len(items) - (stop - start)
    return length


def _items_in(value: Any, known: dict[int, int]) -> int:
    """Count what a compact value is once it is made whole: shared things count each time."""
    if type(value) is not EditedDict:
        return len(value)
    total = known.get(id(value))
    if total is None:
        held = [*value.base.values(), *(v for _, *vs in value.log.since(0) for v in vs)]
        total = len(held) + sum(_items_in(v, known) for v in held if type(v) in COMPACT)
        known[id(value)] = total
    return total
