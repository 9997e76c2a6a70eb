"""What the tests of kept runs share."""

from __future__ import annotations


def paths(dbg):
    """The paths of a line's frames."""
    return [frame.path for frame in dbg.frames]
