"""Watches on what is inside: of a subgraph, of a branch, and the root's view of them."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from tests.debug.breakpoints.graphs import R, met, twice_inside
from tests.strategies import fanned


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("agent:n", [(1, 0, 1), (2, 1, 2), (4, 2, 3), (5, 3, 4)]),
        (("part", "n"), [(3, 0, 2), (6, 2, 4)]),
        ("n", []),
    ],
)
def test_a_watch_on_a_level(what, changes):
    """`"agent:n"` is the level's own key, at every step inside; the root sees the exit."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}, "n": 7})
    dbg.watch(what)

    assert met(dbg) == changes


def test_a_watch_on_a_level_going_back():
    """The same steps in reverse."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.run()
    dbg.watch("agent:n")

    assert met(dbg, "run_back") == [(4, 3, 4), (3, 2, 3), (1, 1, 2), (0, 0, 1)]


def test_a_watch_on_a_branch():
    """A branch of a Parallel is a level as well; the root sees the join."""
    dbg = Debugger(fanned())
    dbg.watch("par/deep:log")
    stop = dbg.run()

    assert (stop.reason, stop.frame.path) == (R.WATCH, "par/deep/one")
    assert (stop.old, stop.new) == (["first"], ["first", "par/deep/one"])
    assert dbg.run().frame.path == "par/deep/two"


def test_a_watch_on_the_root_sees_the_join():
    """What branches wrote reaches the root's key when they have joined."""
    dbg = Debugger(fanned())
    dbg.step()
    dbg.watch("log")
    stop = dbg.run()
    while stop.reason is R.BARRIER:
        dbg.approve()
        stop = dbg.run()

    assert (stop.reason, stop.frame.kind) == (R.WATCH, "join")
    assert stop.old == ["first"]
    assert len(stop.new) == 6
