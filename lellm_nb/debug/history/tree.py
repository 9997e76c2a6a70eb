"""The tree of lines, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors import DebuggerError, nearest
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import printable
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History, Line

if TYPE_CHECKING:
    import pandas

__all__ = ["Branch", "Tree", "no_such_line"]


def no_such_line(name: Any, names: Sequence[str]) -> DebuggerError:
    """Return the error for a name that no line has, with the nearest."""
    near = nearest(str(name), names)
    return DebuggerError(f"There is no line {name!r}.{near} Lines: {', '.join(names)}.")


@dataclass(frozen=True, slots=True)
class Branch:
    """One line.

    Attributes:
        name: Its name.
        base: The line it was forked from; empty for the first.
        at: The index of the last frame it shares with its base, -1 for the first.
        frames: How many frames it has, shared ones included.
        status: ``completed``, ``failed``, ``waiting`` or ``open``, at its last frame.
        current: Whether the head is on it.
        notes: Index and text of the notes on its own frames.
        pins: Indexes of its own frames that are pinned.
    """

    name: str
    base: str
    at: int
    frames: int
    status: str
    current: bool
    notes: tuple[tuple[int, str], ...]
    pins: tuple[int, ...]

    @property
    def marks(self) -> list[str]:
        """What is marked of its own frames, a line each: ``3: a note (pinned)``."""
        notes = dict(self.notes)
        rows = ((i, notes.get(i, ""), "(pinned)" * (i in self.pins)) for i in {*notes, *self.pins})
        return [f"{i}: {' '.join(filter(None, said))}" for i, *said in sorted(rows)]


class Tree:
    """All lines of a history, the first one first."""

    def __init__(self, history: History, line: Line, head: Frame) -> None:
        # copies: a run that goes on makes lines, and another thread notes and pins
        lines, notes, pins = list(history.lines.values()), dict(history.notes), set(history.pins)
        noted, pinned = history.owners(notes), history.owners(pins)
        branches = [
            _branch(
                each,
                each is line,
                tuple((frame.index, notes[frame]) for frame in noted.get(each, ())),
                tuple(frame.index for frame in pinned.get(each, ())),
            )
            for each in lines
        ]
        self._branches = {branch.name: branch for branch in branches}
        self._head = head.index

    def __iter__(self) -> Iterator[Branch]:
        return iter(self._branches.values())

    def __len__(self) -> int:
        return len(self._branches)

    def __getitem__(self, name: str) -> Branch:
        given: Any = name
        branch = self._branches.get(given) if isinstance(given, str) else None
        if branch is None:
            raise no_such_line(name, list(self._branches))
        return branch

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per line: line, base, at, frames, status, current, notes, pins."""
        rows = list(self)
        return table(
            {
                "line": [b.name for b in rows],
                "base": [b.base or None for b in rows],
                "at": [b.at if b.at >= 0 else None for b in rows],
                "frames": [b.frames for b in rows],
                "status": [b.status for b in rows],
                "current": [b.current for b in rows],
                "notes": [len(b.notes) for b in rows],
                "pins": [len(b.pins) for b in rows],
            },
            texts=("line", "base", "status"),
            counts=("frames", "notes", "pins"),
            integers=("at",),
            flags=("current",),
        )

    def __repr__(self) -> str:
        forks: dict[str, list[Branch]] = {}
        for b in self:
            forks.setdefault(b.base, []).append(b)
        lines: list[str] = []
        trail = [(b, 0) for b in reversed(forks.get("", []))]
        while trail:  # without recursion: forks of forks may be deeper than Python's stack
            b, depth = trail.pop()
            margin = "  " * min(depth, DEEPEST)
            fork = f" from frame {b.at}{f' of {b.base}' * (depth > DEEPEST)}" if b.base else ""
            here = f"  <- head at frame {self._head}" if b.current else ""
            lines.append(f"{margin}{b.name}{fork}: {b.frames} frames, {b.status}{here}")
            lines.extend(f"{margin}  {mark}" for mark in b.marks)
            trail += [(below, depth + 1) for below in reversed(forks.get(b.name, []))]
        return printable(without_keys("\n".join(lines)))


DEEPEST = 40
"""Forks are indented so far; from there on each line names the one it was forked from."""


def _branch(
    line: Line, current: bool, notes: tuple[tuple[int, str], ...], pins: tuple[int, ...]
) -> Branch:
    last = line[-1]
    return Branch(
        line.name,
        line.base.name if line.base is not None else "",
        line.first - 1,
        len(line),
        _status(last),
        current,
        notes,
        pins,
    )


def _status(frame: Frame) -> str:
    if frame.position.ended:
        return "completed"
    if frame.failed:
        return "failed"
    return "waiting" if frame.position.waiting else "open"
