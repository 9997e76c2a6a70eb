"""The seed's stack of frames (SEMANTICS C1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import refusal
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.record.frame import Frame

if TYPE_CHECKING:
    import pandas

__all__ = ["FrameStack"]


class FrameStack:
    """The seed's stack of frames.

    Example:
        >>> from lellm_nb.record.frame import Frame
        >>> stack = FrameStack()
        >>> stack.push(Frame("g", "a", {}, 1))
        >>> stack.depth(), stack.current().node_id
        (1, 'a')
    """

    def __init__(self, frames: Any = ()) -> None:
        if not isinstance(frames, Iterable) or isinstance(frames, str):
            raise refusal(frames, "frames", "a list of frames", CheckpointStoreError)
        self._frames: list[Frame] = [_checked(frame) for frame in frames]

    def push(self, frame: Frame) -> None:
        """Put a frame on top."""
        self._frames.append(_checked(frame))

    def pop(self) -> Frame | None:
        """Take the top frame off; `None` where there is none."""
        return self._frames.pop() if self._frames else None

    def current(self) -> Frame | None:
        """Return the top frame."""
        return self._frames[-1] if self._frames else None

    def depth(self) -> int:
        """Return how many frames there are."""
        return len(self._frames)

    def is_empty(self) -> bool:
        """Tell whether there is none."""
        return not self._frames

    @property
    def frames(self) -> list[Frame]:
        """The frames, oldest first."""
        return list(self._frames)

    def to_pandas(self, keys: Any = None) -> pandas.DataFrame:
        """Return one row per frame, as `Debugger.frames` does.

        Args:
            keys: Names of keys that get a column each, or `True` for all of them.

        Raises:
            MissingKeyError: No frame has a key of that name; names the nearest.

        Example:
            >>> from lellm_nb.record.frame import Frame
            >>> stack = FrameStack([Frame("g", "a", {"n": 1}, 1)])
            >>> stack.to_pandas(keys=["n"])[["path", "kind", "n"]]
              path    kind  n
            0    a  commit  1
        """
        from lellm_nb.debug.history.frame_table import frame_table

        return frame_table(self._frames, lambda _: "", keys)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    def __getitem__(self, index: int) -> Frame:
        return self._frames[index]

    def __repr__(self) -> str:
        return f"FrameStack({len(self._frames)} frames)"


def _checked(frame: Any) -> Frame:
    if not isinstance(frame, Frame):
        raise refusal(frame, "frame", "a Frame", CheckpointStoreError)
    return frame
