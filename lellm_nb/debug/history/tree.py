"""The tree of lines, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lellm_nb.errors import DebuggerError, nearest
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
        self._branches = [_branch(history, each, line) for each in history.lines.values()]
        self._head = head.index

    def __iter__(self) -> Iterator[Branch]:
        return iter(self._branches)

    def __len__(self) -> int:
        return len(self._branches)

    def __getitem__(self, name: str) -> Branch:
        for branch in self._branches:
            if branch.name == name:
                return branch
        raise no_such_line(name, [branch.name for branch in self._branches])

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per line."""
        import pandas

        return pandas.DataFrame(
            [
                {
                    "line": b.name,
                    "base": b.base or None,
                    "at": b.at if b.at >= 0 else None,
                    "frames": b.frames,
                    "status": b.status,
                    "current": b.current,
                    "notes": len(b.notes),
                    "pins": len(b.pins),
                }
                for b in self._branches
            ]
        )

    def __repr__(self) -> str:
        lines: list[str] = []

        def draw(base: str, depth: int) -> None:
            for b in self._branches:
                if b.base != base:
                    continue
                fork = f" from frame {b.at}" if b.base else ""
                here = f"  <- head at frame {self._head}" if b.current else ""
                lines.append(f"{'  ' * depth}{b.name}{fork}: {b.frames} frames, {b.status}{here}")
                lines.extend(f"{'  ' * depth}  {mark}" for mark in b.marks)
                draw(b.name, depth + 1)

        draw("", 0)
        return "\n".join(lines)


def _branch(history: History, line: Line, current: Line) -> Branch:
    last = line[-1]
    return Branch(
        line.name,
        line.base.name if line.base is not None else "",
        line.first - 1,
        len(line),
        _status(last),
        line is current,
        tuple((frame.index, history.notes[frame]) for frame in _own(line, history.notes)),
        tuple(frame.index for frame in _own(line, history.pins)),
    )


def _own(line: Line, marked: Iterable[Frame]) -> list[Frame]:
    """Return the marked frames that are a line's own, in order; few are marked of many."""
    mine = (f for f in list(marked) if line.first <= f.index < len(line) and line[f.index] is f)
    return sorted(mine, key=lambda frame: frame.index)


def _status(frame: Frame) -> str:
    if frame.position.ended:
        return "completed"
    if frame.failed:
        return "failed"
    return "waiting" if frame.position.waiting else "open"
