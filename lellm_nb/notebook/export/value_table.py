"""Values of a history, each written once: what frames share is found again by its identity."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from lellm_nb.errors.safe_text import has_kind, safe_length, safe_str
from lellm_nb.notebook.values.redaction import place_now, redactor_now
from lellm_nb.notebook.values.rich import is_records, rich_form
from lellm_nb.notebook.values.value_rows import can_open, items_of, long_text, short_text, value_row
from lellm_nb.record.redaction.secret_paths import Path
from lellm_nb.state.compact import COMPACT, Tail, Wide, whole

_CHILDREN = 200
_TEXT = 20_000
_DEEPEST = 12
_SMALL = frozenset({type(None), bool, int})
"""Types of values that are equal where they show the same: each is looked at once."""

_PEEK = 40
"""Items of a long list that are read for its short text."""

_CHAIN = 200
"""States that are told as changes one after the other before one is told whole."""

Entry = list[Any]
"""``[type, text, size, inside]``, empty ends cut off; the type is a place in `words`, and so
is a text that is a number."""


class ValueTable:
    """Values, states and words by place, as JSON-ready rows.

    Example:
        >>> table = ValueTable()
        >>> table.put(1), table.put([1, 2]), table.put(1)
        (0, 1, 0)
        >>> table.words[table.values[1][0]], table.values[1][1:]
        ('list', ['[1, 2]', '2 items', {'k': [['0', 0], ['1', 2]]}])
    """

    def __init__(self) -> None:
        self.values: list[Entry] = []
        self.words: list[str] = []
        self.tapes: list[list[int]] = []
        """Items of lists that grew: every version is so many of the first ones."""

        self.states: list[list[Any]] = []
        """``[state before it or -1, [key, value, …], [keys that are gone]]``, in places."""

        self._places: dict[Any, int] = {}
        self._scalars: dict[tuple[type, Any], int] = {}
        self._keys: dict[str, int] = {}
        self._kept: list[Any] = []
        self._word: dict[str, int] = {}
        self._tape: dict[int, int] = {}
        self._begins: dict[tuple[int, int], tuple[int, bool]] = {}
        self._state: dict[int, int] = {}
        self._depth: list[int] = []

    def word(self, text: str) -> int:
        """Return the place of a word that occurs often."""
        place = self._word.get(text)
        if place is None:
            place = self._word[text] = len(self.words)
            self.words.append(text)
        return place

    def key(self, key: Any) -> int:
        """Return the place of a key's text, which is a word as well."""
        known = self._keys.get(key) if type(key) is str else None
        if known is None:
            known = self.word(short_text(key, 80))
            if type(key) is str:
                self._keys[key] = known
        return known

    # -- values ----------------------------------------------------------------

    def put(self, value: Any, path: Path = (), depth: int = 0) -> int:
        """Put a value into the table and return its place."""
        placed = redactor_now().has_paths
        if type(value) in _SMALL and not placed:
            return self._small(value)
        key: Any = (id(value), place_now(), path) if placed else id(value)
        lasting = has_kind(value, (Mapping, list, tuple, str, bytes, *COMPACT)) or can_open(value)
        if lasting and key in self._places:
            return self._places[key]
        if type(value) is Tail and not redactor_now().hides(path):
            return self._kept_as(key, value, self._grown(value, path))
        if type(value) in COMPACT:
            return self._kept_as(key, value, self.put(whole(value), path, depth))
        row = value_row(value, path)
        opens = row["opens"] and depth < _DEEPEST
        entry: Entry = [self.word(row["type"]), row["text"]]
        if row["size"] or opens:
            entry.append(row["size"])
        if not opens:
            said = (entry[0], row["text"], row["size"])
            place = self._places.get(said)
            if place is None:
                place = self._places[said] = self._add(entry)
            return self._kept_as(key, value, place) if lasting else place
        place = self._kept_as(key, value, self._add(entry))
        entry.append(self._inside(value, path, depth))
        return place

    def _small(self, value: Any) -> int:
        place = self._scalars.get((type(value), value))
        if place is None:
            row = value_row(value)
            place = self._add([self.word(row["type"]), row["text"]])
            self._scalars[type(value), value] = place
        return place

    def _add(self, entry: Entry) -> int:
        self.values.append(entry)
        return len(self.values) - 1

    def _kept_as(self, key: Any, value: Any, place: int) -> int:
        self._places[key] = place
        self._kept.append(value)  # its id stays its own while it is kept
        return place

    def _inside(self, value: Any, path: Path, depth: int) -> dict[str, Any]:
        if has_kind(value, str):
            text = safe_str(value)
            cut = len(text) - _TEXT
            return {"f": long_text(text, _TEXT), **({"c": cut} if cut > 0 else {})}
        records = is_records(value)
        rich = {} if records else rich_form(value, path=path) or {}
        result = {"p" if key == "picture" else "t": form for key, form in rich.items()}
        if records:
            result["r"] = 1
        size = (
            safe_length(value) if has_kind(value, (Mapping, list, tuple, set, frozenset)) else None
        )
        if size is not None:
            result["k"] = [
                [short_text(key, 80), self.put(item, (*path, key), depth + 1)]
                for key, item in islice(items_of(value), _CHILDREN)
            ]
            if size > _CHILDREN:
                result["m"] = size - _CHILDREN
        return result

    def _grown(self, tail: Tail, path: Path) -> int:
        """Put a version of a list that grew: all share one tape of items."""
        number = self._tape.get(tail.buffer_id)
        if number is None:
            number = self._tape[tail.buffer_id] = len(self.tapes)
            self.tapes.append([])
            self._kept.append(tail)  # and so the buffer, whose id stays its own
        tape = self.tapes[number]
        for index in range(len(tape), tail.length):
            tape.append(self.put(tail[index], (*path, index), 1))
        inside: dict[str, Any] = {"g": [number, tail.length]}
        begin = (number, min(tail.length, _PEEK))
        if begin not in self._begins:  # of a long list all versions show the same
            peek = [tail[index] for index in range(begin[1])]
            self._begins[begin] = (self.word(short_text(peek, path=path)), is_records(peek))
        text, records = self._begins[begin]
        if records:
            inside["r"] = 1
        size = f"{tail.length:,} item{'' if tail.length == 1 else 's'}"
        return self._add([self.word("list"), text, size, inside])

    # -- states ----------------------------------------------------------------

    def put_state(self, data: Any, before: Any) -> int:
        """Put a level's kept data, told as what changed since the level's data before it."""
        place = self._state.get(id(data))
        if place is not None:
            return place
        base = -1 if before is None else self._state.get(id(before), -1)
        if base >= 0 and self._depth[base] >= _CHAIN:
            base = -1
        pairs: list[int] = []
        gone: list[int] = []
        changed = data if base < 0 else differing(before, data)
        for key in changed:
            if key in data:
                pairs += (self.key(key), self.put(data[key], (key,)))
            else:
                gone.append(self.key(key))
        place = self._state[id(data)] = len(self.states)
        self.states.append([base, pairs, gone] if gone else [base, pairs])
        self._depth.append(0 if base < 0 else self._depth[base] + 1)
        self._kept.append(data)
        return place


def differing(old: Any, new: Any) -> list[str]:
    """Return the keys of two versions of a state that do not hold the same object.

    Example:
        >>> differing({"a": 1, "b": 2}, {"a": 1, "c": 3})
        ['c', 'b']
    """
    if type(old) is Wide and type(new) is Wide:
        keys = new.differing(old)
        if keys is not None:
            return keys
    found = [key for key, value in new.items() if old.get(key, old) is not value]
    return found + [key for key in old if key not in new]
