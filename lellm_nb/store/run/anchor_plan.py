"""Where in a run whole positions are written: a fetch folds from the last one before it."""

from __future__ import annotations

import bisect
from collections.abc import Callable

from lellm_nb.record.history import Line
from lellm_nb.record.rows.frame_row import FrameRow

__all__ = ["AnchorPlan"]

OFTEN = 64
"""An anchor is not worth writing before so many frames."""

SELDOM = 128
"""But after so many one is written, whatever it costs: a fetch folds at most these."""

ROW = 40
"""So many bytes a row takes beside its body."""


class AnchorPlan:
    """Knows where there are anchors, and tells when the next one is due.

    Args:
        number_of: Returns the number of a line.

    Attributes:
        places: By the number of a line: at which frames it has anchors.
    """

    def __init__(self, number_of: Callable[[Line], int]) -> None:
        self.places: dict[int, list[int]] = {}
        self._number_of = number_of
        self._since: dict[int, tuple[int, int]] = {}
        self._size = 0

    def goes_without(self, number: int, row: FrameRow) -> bool:
        """Count one more frame of a known line, if no anchor is due with it; tell whether."""
        known = self._since.get(number)
        if known is None:
            return False
        since, sizes = known[0] + 1, known[1] + len(row.body) + ROW
        if since >= SELDOM or (since >= OFTEN and 2 * sizes >= self._size):
            return False
        self._since[number] = since, sizes
        return True

    def is_due(self, line: Line, number: int, size: int) -> bool:
        """Count one more frame of a line; tell whether an anchor is to be written with it."""
        since, sizes = self._since.get(number) or self._inherited(line, number)
        since, sizes = since + 1, sizes + size + ROW
        self._since[number] = since, sizes
        return since >= SELDOM or (since >= OFTEN and 2 * sizes >= self._size)

    def placed(self, number: int, index: int, size: int) -> None:
        """Take note of an anchor, and of how many bytes it took."""
        self._size = size
        self._since[number] = 0, 0
        self.places.setdefault(number, []).append(index)

    def _inherited(self, line: Line, number: int) -> tuple[int, int]:
        """How far a new line's first frame is from the last anchor, on the line below."""
        at, index = line, line.first - 1
        known = self.places.setdefault(number, [])
        if known:
            far = line.tip - known[-1]
            return far, far * 60
        while at.base is not None:
            at = at.base
            known = self.places.get(self._number_of(at), [])
            found = bisect.bisect_right(known, index)
            if found:
                far = index - known[found - 1]
                return far, far * 60
            index = at.first - 1
        return 0, 0
