"""Frames as a sequence and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex, overload

from lellm_nb.debug.history.frame_table import COLUMNS, frame_table, frames_html, line_names
from lellm_nb.errors import DebuggerError, NoSuchFrameError, nearest
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.record.frame import RAN, Frame
from lellm_nb.record.history import History, Line

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.history.hide import Hide  # loaded where a place is secret

__all__ = ["COLUMNS", "Frames", "find_frame"]


Evaluate = Callable[[Sequence[Frame], Any], dict[str, list[Any]]]
"""Makes columns of frames, of expressions by the names of the columns."""


def no_columns(frames: Sequence[Frame], wanted: Any) -> dict[str, list[Any]]:
    """Refuse expressions, where there is nobody who can read one.

    Raises:
        DebuggerError: Always.
    """
    raise DebuggerError("evaluate: ask the frames of a Debugger, `dbg.frames`.")


def no_places() -> Hide | None:
    """Return what is secret by its place, for frames of which nobody says so: nothing."""
    return None


class Frames(Sequence[Frame]):
    """The frames of one line, as it stood when it was asked for; a slice is one as well.

    It is asked with an index, a slice, a `Frame` of it, or ``(node, visit)``.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
        >>> dbg = Debugger(g.build()); dbg.run()
        Stop(COMPLETED, frame 1 a)
        >>> dbg.frames[1].state
        State({'n': 1})
        >>> dbg.frames["a", 1]
        <Frame 1 commit a: n>
        >>> dbg.frames[1:].to_pandas(keys=["n"])[["index", "path", "changed_keys", "n"]]
           index path changed_keys  n
        0      1    a            n  1
    """

    __slots__ = ("_evaluate", "_hide", "_line", "_range")

    def __init__(
        self,
        line: Line,
        places: range | None = None,
        hide: Callable[[], Hide | None] = no_places,
        evaluate: Evaluate = no_columns,
    ) -> None:
        self._hide = hide
        self._evaluate = evaluate
        self._line = line
        self._range = range(len(line)) if places is None else places

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, index: int | Frame | tuple[str, int]) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Frames: ...

    def __getitem__(self, index: Any) -> Frame | Frames:
        # what is asked most goes first: isinstance of a protocol takes longer than all the rest
        if type(index) is not int and not isinstance(index, slice | SupportsIndex):
            return self._named(index)
        try:
            place: Any = self._range[index]
        except IndexError:
            raise NoSuchFrameError(index, self._known()) from None
        if type(place) is range:
            return Frames(self._line, place, self._hide, self._evaluate)
        found: Frame = self._line[place]
        return found

    def _named(self, which: Any) -> Frame:
        """Return the frame of ``(node, visit)``, or a frame that is one of these.

        Raises:
            NoSuchFrameError: It is neither, or there is none; says what there is.
        """
        if isinstance(which, Frame):
            if which.index in self._range and self._line[which.index] is which:
                return which
            raise NoSuchFrameError(which, f"it is not one of these; {self._known()}")
        if isinstance(which, tuple) and len(which) == 2 and isinstance(which[0], str):
            return _at(self, *which)
        hint = f" Did you mean ({which!r}, 1)?" if isinstance(which, str) else ""
        raise NoSuchFrameError(which, f"ask with an index, a Frame, or (node, visit).{hint}")

    def _known(self) -> str:
        places = self._range
        if not places:
            return "the selection is empty."
        return f"there are frames 0 to {len(places) - 1}."

    def __iter__(self) -> Iterator[Frame]:
        places = self._range
        if places.step == 1:
            return islice(self._line, places.start, places.stop)
        return map(self._line.__getitem__, places)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Frames, list)):
            return NotImplemented
        pairs = zip(self, other, strict=False)
        return len(self) == len(other) and all(a is b for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]  # equal to a list, so unhashable like one

    def to_pandas(
        self,
        keys: bool | str | Sequence[str] | None = None,
        evaluate: Mapping[str, str | Callable[[Frame], Any]] | None = None,
    ) -> pandas.DataFrame:
        """Return one row per frame, with typed columns; see `COLUMNS`.

        Args:
            keys: Names of root keys that get a column each, or `True` for all of them. What
                is big is shortened to its beginning and its size; a key that is named like
                another column gets the name ``state_<key>``.
            evaluate: Expressions by the names of their columns, as for `Debugger.evaluate`; at a
                frame at which one raises its column says what.

        Raises:
            MissingKeyError: No frame has a key of that name; names the nearest.
            DebuggerError: An expression cannot be read, or the name of its column is taken.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
            >>> dbg = Debugger(g.build(), {"n": 0}); stop = dbg.run()
            >>> dbg.frames.to_pandas(evaluate={"twice": "n * 2"})[["path", "twice"]]
              path  twice
            0           0
            1    a      2
        """
        frames = list(self)
        more = {} if evaluate is None else self._evaluate(frames, evaluate)
        return frame_table(frames, line_names(self._line), keys, more)

    @property
    def df(self) -> pandas.DataFrame:
        """Short for `to_pandas()`."""
        return self.to_pandas()

    def _repr_html_(self) -> str:
        return frames_html(self, self._hide())

    def __repr__(self) -> str:
        size = len(self)
        if size <= SHOWN:
            return without_keys("\n".join(map(repr, self))) or "(no frames)"
        head, tail = self[: SHOWN // 2], self[-SHOWN // 2 :]
        lines = [*map(repr, head), f"… {size - SHOWN:,} more", *map(repr, tail)]
        return without_keys("\n".join(lines))


SHOWN = 20
"""So many frames are shown in text."""


def find_frame(frames: Frames, history: History, which: Any) -> Frame:
    """Return the frame that an index, a `Frame` or ``(node, visit)`` means.

    Raises:
        NoSuchFrameError: There is none; says what there is.
    """
    if isinstance(which, Frame):
        own = history.own(which)
        here = own.index < len(frames) and frames[own.index] is own
        if not here and history.line_of(own) is None:
            raise NoSuchFrameError(which, "it belongs to another run's history.")
        return own
    if isinstance(which, bool | slice):
        return frames._named(which)
    found: Frame = frames[which]
    return found


def _at(frames: Frames, node: str, visit: Any) -> Frame:
    """Return the frame of a node's visit; a whole path goes before all that are like it.

    ``("city/season", 1)`` is inside of the task ``city``, also where ``city#2`` was quicker.
    """
    alike: Frame | None = None
    failed: Frame | None = None
    ran: dict[tuple[str, int], None] = {}
    for frame in frames:
        if frame.kind == "error" and frame.visit == visit and node in (frame.path, frame.node):
            failed = frame
        if node in (frame.path, frame.node, frame.static_path) and frame.kind in RAN:
            if frame.visit == visit:
                if frame.path == node:
                    return frame
                alike = alike or frame
            ran[frame.path, frame.visit] = None
    if alike is not None or failed is not None:
        return alike or failed  # type: ignore[return-value]  # one of them is one
    if ran:
        known = [repr(one) for one in ran]
        times = "once" if len(known) == 1 else f"{len(known):,} times"
        said = ", ".join(known[:_NAMED]) + (" …" if len(known) > _NAMED else "")
        raise NoSuchFrameError((node, visit), f"{node!r} was visited {times}: {said}.")
    _unknown(frames, node, visit)


_NAMED = 6
"""So many visits are named where one is not there."""


def _unknown(frames: Frames, node: str, visit: Any) -> NoReturn:
    ran = list(dict.fromkeys(f.path for f in frames if f.path))
    hint = f"{nearest(node, ran)} Ran: {', '.join(ran) or 'none yet'}."
    problem = "did not run on this line"
    if any(frame.gap for frame in frames):
        problem += ", or was not captured"
    raise NoSuchFrameError((node, visit), f"{node!r} {problem}.{hint}")
