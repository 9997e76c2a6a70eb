"""Large values and long lists: written once, referred to from then on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from lellm_nb.record.codec.values import Codec, Problem
from lellm_nb.state.compact import COMPACT, EditedDict, Tail
from lellm_nb.store.rows import Batch

__all__ = ["LargeValueWriter"]

LARGE = 512
"""Values of so many bytes are written once, and referred to."""

REMEMBERED = 4096
"""So many large values and long lists are known to be written."""


Problems = list[Problem]


class LargeValueWriter:
    """Puts large values and long lists aside once, and refers to them."""

    def __init__(self, codec: Codec, batch: Batch) -> None:
        self.codec = codec
        self.batch = batch
        self.first = 0
        self._values: OrderedDict[int, tuple[Any, int]] = OrderedDict()
        self._lists: OrderedDict[int, list[Any]] = OrderedDict()

    def _next(self) -> int:
        self.first += 1
        return self.first

    def put(self, body: bytes) -> int:
        """Write something in a form of its own, and return its number."""
        number = self._next()
        self.batch.values.append((number, body))
        return number

    def value(self, value: Any, problems: list[Problem], path: tuple[Any, ...]) -> Any:
        """Return the JSON data of a value, or of a reference to it."""
        known = self._known(value)
        if known is not None:
            return known
        if type(value) is str and len(value) < LARGE // 4:
            return self.codec.plain(value, problems, path)
        return self._once(value, lambda: self.codec.plain(value, problems, path), path)

    def _known(self, value: Any) -> Any:
        known = self._values.get(id(value))
        if known is None or known[0] is not value:
            return None
        self._values.move_to_end(id(value))
        return {"$": "&", "v": known[1]}

    def _once(self, value: Any, make_form: Callable[[], Any], path: tuple[Any, ...]) -> Any:
        form: Any = None

        def make() -> Any:
            nonlocal form
            form = make_form()
            return form

        body, _ = self.codec.written(make, path)
        if len(body) < LARGE:
            return form
        number = self._next()
        self.batch.values.append((number, body))
        self._values[id(value)] = (value, number)
        if len(self._values) > REMEMBERED:
            self._values.popitem(last=False)
        return {"$": "&", "v": number}

    def list(self, tail: Tail, write: Callable[[Any, int], Any], path: tuple[Any, ...] = ()) -> Any:
        """Return the JSON data of a reference to a list; what it grew by is written.

        Args:
            path: Where it stands, if it is a value.
        """
        known = self._lists.get(tail.buffer_id)
        if known is None:
            known = self._lists[tail.buffer_id] = [tail, self._next(), 0]
            if len(self._lists) > REMEMBERED:
                self._lists.popitem(last=False)
        else:
            self._lists.move_to_end(tail.buffer_id)
        _, number, done = known
        if done < len(tail):
            new = tail.since(done)
            body, _ = self.codec.written(
                lambda: [write(m, i) for i, m in enumerate(new, done)], path
            )
            self.batch.items.append((number, done, body))
            known[2] = len(tail)
        return {"$": "&", "v": number, "n": len(tail)}

    # -- containers that were made again -----------------------------------------------

    def compact(self, value: Any, problems: Problems, path: tuple[Any, ...]) -> Any:
        """Return the JSON data of a reference to what a compact value shares with others."""

        def plain(item: Any, part: Any) -> Any:
            inside = (*path, part)
            if type(item) in COMPACT:
                return self.compact(item, problems, inside)
            return self.codec.plain(item, problems, inside)

        def edit(edit: tuple[Any, ...], _: int) -> Any:
            start, stop, items = edit
            return [start, stop, [plain(item, i) for i, item in enumerate(items, start)]]

        def pair(pair: tuple[Any, ...], _: int = 0) -> Any:
            key, *values = pair
            return [self.codec.plain(key), *(plain(item, key) for item in values)]

        if type(value) is Tail:
            return self.list(value, plain, path)
        base, log = value.base, value.log
        word, write = ("dict", pair) if type(value) is EditedDict else ("list", edit)
        if type(base) is dict:  # some of its values are compact themselves
            known = self._known(base)
            held = known or self._once(base, lambda: [pair(item) for item in base.items()], path)
            word = "pairs"
        elif type(base) is Tail:
            held = self.compact(base, problems, path)
        else:
            held = self.value(base, problems, path)
        edits = self.list(log, write, path) if log else []
        return {"$": "&", word: held, "log": edits, "n": len(value)}
