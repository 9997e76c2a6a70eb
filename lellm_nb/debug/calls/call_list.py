"""The calls of a line, in the order of their frames (CALLS.md, K1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.calls.call import Call
from lellm_nb.errors import NoSuchNodeError
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import without_visits

if TYPE_CHECKING:
    import pandas

__all__ = ["CallList", "last_call"]


class CallList(Sequence[Call]):
    """Calls in the order of their frames; those of nodes that are not done yet come last.

    Attributes:
        frames: Of each call, the index of its frame; `None` where it has none yet, or never.

    Example:
        >>> from lellm_nb import Debugger
        >>> Debugger.of(max, [1, 2]).calls
        (no calls)
    """

    def __init__(
        self,
        calls: Sequence[tuple[Call, int | None]],
        line: Callable[[int], str] = lambda index: "",
    ) -> None:
        self._line = line
        self._calls = [call for call, _ in calls]
        self.frames = [frame for _, frame in calls]

    def __len__(self) -> int:
        return len(self._calls)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> CallList: ...
    @overload
    def __getitem__(self, index: tuple[str, int]) -> CallList: ...
    def __getitem__(self, index: int | slice | tuple[str, int]) -> Call | CallList:
        if isinstance(index, tuple) and len(index) == 2:
            return self.of(*index)
        if isinstance(index, slice):
            pairs = list(zip(self._calls[index], self.frames[index], strict=True))
            return CallList(pairs, self._line)
        return self._calls[index]

    def of(self, node: str, visit: int | None = None) -> CallList:
        """Return the calls of one node, named by its path or its last segment.

        Args:
            visit: Those of one visit alone.

        Raises:
            NoSuchNodeError: No node of that name has made any.
        """
        pairs = list(zip(self._calls, self.frames, strict=True))
        found = [(call, frame) for call, frame in pairs if _is_of(call, node)]
        if not found:
            raise NoSuchNodeError(node, dict.fromkeys(call.path for call in self._calls))
        at = [one for one in found if visit is None or one[0].visit == visit]
        return CallList(at, self._line)

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row for each call: node, visit, model, tokens, cost, times, errors."""
        from lellm_nb.calls.call_table import calls_table

        return calls_table(self._calls, self.frames, self._line)

    @property
    def df(self) -> Any:
        """Short for `to_pandas()`."""
        return self.to_pandas()

    def __repr__(self) -> str:
        pairs = zip(self._calls, self.frames, strict=True)
        shown = [_told(call, frame) for call, frame in islice(pairs, _SHOWN)]
        left = len(self) - _SHOWN
        more = [f"… {left:,} more; to_pandas() has all of them"] if left > 0 else []
        return "\n".join([*shown, *more]) or "(no calls)"


_SHOWN = 40


def _told(call: Call, frame: int | None) -> str:
    """Say where a call belongs, as numbers begin anew in each frame."""
    return f"{'' if frame is None else f'frame {frame} '}{call!r}"


def _is_of(call: Call, node: str) -> bool:
    path = without_visits(call.path)
    return node in (call.path, path, path.rpartition("/")[2])


def last_call(frame: Frame | None, path: str, place: tuple[str, str]) -> Call | None:
    """Return the last call to a place by a node, at a frame or not far before it.

    Args:
        path: Of the node; with another visit of it or of what it is in will do.
        place: See `Call.place`.
    """
    node = without_visits(path)
    for _ in range(_BACK):
        if frame is None:
            return None
        if len(frame.calls) and without_visits(frame.path) == node:
            found: list[Call] = [call for call in frame.calls if call.place == place]
            if found:
                return found[-1]
        frame = frame.parent
    return None


_BACK = 1000
"""So many frames back a visit before is looked for."""
