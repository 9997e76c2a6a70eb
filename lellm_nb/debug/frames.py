"""Frames as a sequence and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.errors import NoSuchFrameError
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History, Line

if TYPE_CHECKING:
    import pandas

__all__ = ["COLUMNS", "Frames", "find_frame"]

COLUMNS = (
    *("index", "line", "path", "node", "visit", "step", "kind", "changed_keys", "next_node"),
    *("duration", "cost", "decision", "error"),
)


class Frames(Sequence[Frame]):
    """The frames of one line, as it stood when it was asked for.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
        >>> dbg = Debugger(g.build()); dbg.run()
        Stop(COMPLETED, frame 1 a)
        >>> dbg.frames[1].state
        State({'n': 1})
    """

    def __init__(self, history: History, line: Line) -> None:
        self._history = history
        self._line = line
        self._length = len(line)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> list[Frame]: ...

    def __getitem__(self, index: int | slice) -> Frame | list[Frame]:
        if isinstance(index, slice):
            return [self._line[i] for i in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise NoSuchFrameError(index, f"there are frames 0 to {self._length - 1}.")
        return self._line[index + self._length if index < 0 else index]

    def __iter__(self) -> Iterator[Frame]:
        return islice(self._line, self._length)

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per frame; see `COLUMNS`."""
        import pandas

        names = _line_names(self._line)
        rows = [_row(frame, names(frame.index)) for frame in self]
        return pandas.DataFrame(rows, columns=list(COLUMNS))

    def _repr_html_(self) -> str:
        html: str = self.to_pandas().to_html(index=False, max_rows=60, escape=True)
        return html

    def __repr__(self) -> str:
        shown = [repr(frame) for frame in self[: min(20, self._length)]]
        more = f"\n… {self._length - 20} more" if self._length > 20 else ""
        return "\n".join(shown) + more


def _line_names(line: Line) -> Callable[[int], str]:
    def name(index: int) -> str:
        at = line
        while index < at.first and at.base is not None:
            at = at.base
        return at.name

    return name


def _row(frame: Frame, line: str) -> tuple[Any, ...]:
    return (
        frame.index,
        line,
        frame.path,
        frame.node,
        frame.visit,
        frame.cursor,
        frame.kind,
        ", ".join(frame.changed_keys),
        frame.next_node,
        frame.duration,
        frame.cost,
        None if frame.decision is None else str(frame.decision),
        None if frame.error is None else f"{type(frame.error).__name__}: {frame.error}",
    )


def find_frame(frames: Frames, history: History, which: Any) -> Frame:
    """Return the frame that an index, a `Frame` or ``(node, visit)`` means.

    Raises:
        NoSuchFrameError: There is none; says what there is.
    """
    if isinstance(which, Frame):
        if history.line_of(which) is None:
            raise NoSuchFrameError(which, "it belongs to another run's history.")
        return which
    if isinstance(which, int) and not isinstance(which, bool):
        return frames[which]
    if isinstance(which, tuple) and len(which) == 2 and isinstance(which[0], str):
        return _at(frames, *which)
    raise NoSuchFrameError(which, "ask with an index, a Frame, or (node, visit).")


def _at(frames: Frames, node: str, visit: Any) -> Frame:
    visits: list[int] = []
    for frame in frames:
        if node in (frame.path, frame.node, frame.static_path) and frame.kind in _FIRST:
            if frame.visit == visit:
                return frame
            visits.append(frame.visit)
    if visits:
        raise NoSuchFrameError((node, visit), f"{node!r} was visited {len(visits)} times.")
    known = ", ".join(dict.fromkeys(f.path for f in frames if f.path)) or "none yet"
    raise NoSuchFrameError((node, visit), f"{node!r} did not run on this line. Ran: {known}.")


_FIRST = frozenset({"commit", "waiting", "exit", "join"})
