"""Where each row of a run stands in its file."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable

from lellm_nb.store.folder.commit import CommitLine, Span
from lellm_nb.store.packing import JSON_STRING
from lellm_nb.store.rows import LineRow

__all__ = ["RunIndex"]

_FRAME = re.compile(rb'\["frame",(\d{1,9}),(\d{1,9}),\[')
_ONE = re.compile(rb'\["(?:template|value)",(\d{1,18}),')
_TWO = re.compile(rb'\["(?:anchor|items)",(\d{1,18}),(\d{1,18}),')
_MARK = re.compile(rb'\["(mark|unmark)",(' + JSON_STRING + rb"),(" + JSON_STRING + rb")(?:,|$)")


class FrameIndex:
    """Where the frames of one line stand: they follow one another."""

    __slots__ = ("_at", "_size", "first")

    def __init__(self, first: int) -> None:
        self.first = first
        self._at = array("Q")
        self._size = array("L")

    def __len__(self) -> int:
        return len(self._at)

    def add(self, index: int, line: CommitLine) -> None:
        """Take the next frame in."""
        if index != self.first + len(self._at):
            raise ValueError(f"frame {index} does not follow the one before")
        self._at.append(line.at)
        self._size.append(len(line.text))

    def spans(self, start: int, stop: int) -> list[Span]:
        """Return where some frames stand: as many of them as there are."""
        low = max(start - self.first, 0)
        high = max(stop - self.first, 0)
        return list(map(Span, self._at[low:high], self._size[low:high]))


class RunIndex:
    """Where the rows of a run stand.

    Attributes:
        lines: The lines by their numbers.
        frames: The frames of each line.
        templates, values: By their numbers.
        anchors: By line and index.
        items: By list and start.
        marks: By kind and key.
    """

    def __init__(self) -> None:
        self.lines: dict[int, LineRow] = {}
        self.frames: dict[int, FrameIndex] = {}
        self.templates: dict[int, Span] = {}
        self.values: dict[int, Span] = {}
        self.anchors: dict[int, dict[int, Span]] = {}
        self._orders: dict[int, list[int]] = {}
        self.items: dict[int, dict[int, Span]] = {}
        self.marks: dict[tuple[str, str], Span] = {}

    def add(self, line: CommitLine) -> None:
        """Take a row in.

        Raises:
            ValueError: It is none.
        """
        text = line.text
        kind = text[2 : text.find(b'"', 2)]
        take = _TAKES.get(kind)
        if take is None:
            raise ValueError(f"an unknown row {text[:40]!r}")
        take(self, line)

    def _frame(self, line: CommitLine) -> None:
        number, index = _numbers(_FRAME, line)
        frames = self.frames.get(number)
        if frames is None:
            frames = self.frames[number] = FrameIndex(index)
        frames.add(index, line)

    def _one(self, line: CommitLine) -> None:
        found = _found(_ONE, line)
        table = self.templates if line.text.startswith(b'["template"') else self.values
        number = int(found[1])
        if number in table:
            raise ValueError("it is there twice")
        table[number] = _rest(found, line)

    def _anchor(self, line: CommitLine) -> None:
        found = _found(_TWO, line)
        number, index = int(found[1]), int(found[2])
        self.anchors.setdefault(number, {})[index] = _rest(found, line)

    def anchored(self, number: int) -> list[int]:
        """Return the indexes at which a line has anchors, in order."""
        known = self.anchors.get(number, {})
        order = self._orders.get(number, [])
        if len(order) != len(known):
            order = self._orders[number] = sorted(known)
        return order

    def _items(self, line: CommitLine) -> None:
        found = _found(_TWO, line)
        pieces = self.items.setdefault(int(found[1]), {})
        start = int(found[2])
        if start in pieces:
            raise ValueError("it is there twice")
        pieces[start] = _rest(found, line)

    def _line(self, line: CommitLine) -> None:
        _, number, name, base, first = json.loads(line.text + b"]")
        if not (type(number) is type(base) is type(first) is int and type(name) is str):
            raise ValueError("a line is a number, a name, a base and a first frame")
        self.lines[number] = LineRow(number, name, base, first)

    def _mark(self, line: CommitLine) -> None:
        found = _found(_MARK, line)
        key = (str(json.loads(found[2])), str(json.loads(found[3])))
        if found[1] == b"mark":
            self.marks[key] = _rest(found, line)
        else:
            self.marks.pop(key, None)


_TAKES: dict[bytes, Callable[[RunIndex, CommitLine], None]] = {
    b"frame": RunIndex._frame,
    b"template": RunIndex._one,
    b"value": RunIndex._one,
    b"anchor": RunIndex._anchor,
    b"items": RunIndex._items,
    b"line": RunIndex._line,
    b"mark": RunIndex._mark,
    b"unmark": RunIndex._mark,
}


def _found(pattern: re.Pattern[bytes], line: CommitLine) -> re.Match[bytes]:
    found = pattern.match(line.text)
    if found is None:
        raise ValueError(f"a damaged row {line.text[:40]!r}")
    return found


def _numbers(pattern: re.Pattern[bytes], line: CommitLine) -> tuple[int, int]:
    found = _found(pattern, line)
    return int(found[1]), int(found[2])


def _rest(found: re.Match[bytes], line: CommitLine) -> Span:
    """Return where the body stands: behind what was found."""
    return Span(line.at + found.end(), len(line.text) - found.end())
