"""What the tests of kept runs share."""

from __future__ import annotations

from tests.strategies import steps


def paths(dbg):
    """The paths of a line's frames."""
    return [frame.path for frame in dbg.frames]


def abc():
    """A line of three nodes, each of which writes its name into a log."""
    return steps("a", "b", "c")
