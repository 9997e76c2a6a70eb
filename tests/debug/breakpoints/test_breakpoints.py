"""Breakpoints as people set them: with conditions, inside composites, in branches and by visits."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from tests.debug.graphs import looping
from tests.strategies import nested, note, review, steps

R = StopReason


def test_a_breakpoint_stops_before_its_node_every_time():
    """P5: going on ignores the breakpoint just reported."""
    dbg = Debugger(looping(3))
    mark = dbg.break_at("add")
    stops = [dbg.run() for _ in range(4)]

    assert [s.reason for s in stops] == [R.BREAKPOINT] * 3 + [R.COMPLETED]
    assert [s.frame.index for s in stops] == [0, 1, 2, 4]
    assert all(s.breakpoint is mark for s in stops[:3])
    assert mark.hits == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"visit": 3}, [2]),
        ({"ignore": 2}, [2, 3, 4]),
        ({"when": lambda s: s.get("n", 0) % 2 == 1}, [1, 3]),
        ({"after": True}, [1, 2, 3, 4, 5]),
        ({"after": True, "visit": 2}, [2]),
        ({"after": True, "when": lambda s: s["n"] == 4}, [4]),
        ({"when": lambda s: s.get("n", 0) > 0, "ignore": 1}, [2, 3, 4]),
    ],
)
def test_breakpoints_with_conditions(options, expected):
    """`when`, `visit`, `ignore`, `after`; `when` gets the state of the node's level."""
    dbg = Debugger(looping(5))
    dbg.break_at("add", **options)
    heads = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        heads.append(stop.frame.index)

    assert heads == expected
    assert stop.reason is R.COMPLETED


def test_a_breakpoint_condition_that_raises_stops_there_and_is_shown():
    """A stop never raises for user code."""
    dbg = Debugger(looping())
    dbg.break_at("done", when=lambda s: s["missing"])
    stop = dbg.run()

    assert stop.reason is R.BREAKPOINT
    assert isinstance(stop.error, KeyError)
    assert dbg.position.node == "done"


def test_a_breakpoint_inside_a_composite_holds_for_every_entry():
    """N2: kept by path without visits; a bare name works where it is unique."""
    dbg = Debugger(nested())
    mark = dbg.break_at("tool", when=lambda s: "agent/llm" in s["log"])
    paths = []
    for _ in range(2):
        dbg.run()
        dbg.approve()
        assert dbg.run().breakpoint is mark
        paths.append(dbg.stack[-1])

    assert mark.path == "agent/tool"
    assert paths == ["agent/tool", "agent#2/tool"]


def test_a_bare_name_that_is_not_unique_lists_the_paths():
    """DESIGN: else the error lists the paths."""
    g = GraphBuilder("g").subgraph("one", steps("x")).subgraph("two", steps("x"))
    dbg = Debugger(g.edge("one", "two").start("one").end("two").build())
    with pytest.raises(NoSuchNodeError, match="one/x, two/x"):
        dbg.break_at("x")

    assert dbg.break_at("two/x").path == "two/x"


def test_breakpoints_are_listed_switched_off_and_removed():
    """DESIGN: `breakpoints` lists, enables, removes."""
    dbg = Debugger(steps("a", "b", "c"))
    one, two = dbg.break_at("b"), dbg.break_at("c")
    dbg.breakpoints.disable(one)
    dbg.breakpoints.remove("c")

    assert list(dbg.breakpoints) == [one]
    assert dbg.run().reason is R.COMPLETED
    dbg.rewind(0)
    dbg.breakpoints.enable(one.id)
    assert dbg.run().reason is R.BREAKPOINT
    with pytest.raises(DebuggerError, match="no breakpoint"):
        dbg.breakpoints.remove(two)


def test_breakpoints_survive_fork_and_rewind():
    """DESIGN: they survive; the fork's are its own."""
    dbg = Debugger(steps("a", "b", "c"))
    dbg.break_at("c")
    dbg.run()
    fork = dbg.fork(0)

    assert fork.run().reason is R.BREAKPOINT
    fork.breakpoints.clear()
    assert fork.run().reason is R.COMPLETED
    dbg.rewind(0)
    assert dbg.run().reason is R.BREAKPOINT


def test_a_barrier_and_its_breakpoint():
    """A breakpoint at a barrier stops before it waits."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.break_at("approve")

    assert dbg.run().reason is R.BREAKPOINT
    assert dbg.pending == []
    assert dbg.run().reason is R.BARRIER


def test_breakpoints_in_branches_are_each_reported_once():
    """P5: on a hit no new node starts; going on ignores the ones just reported, and no others."""
    g = GraphBuilder("g")
    g.parallel("par", {"a": steps("x", "y"), "b": steps("x", "y"), "c": note})
    dbg = Debugger(g.start("par").end("par").build())
    for path in ("par/a/y", "par/b/y", "par/c"):
        dbg.break_at(path)
    hits = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        hits.append(stop.breakpoint.path)
        assert not [f for f in dbg.frames if f.path in {"par/a/y", "par/b/y", "par/c"} - set(hits)]

    assert sorted(hits) == ["par/a/y", "par/b/y", "par/c"]
    assert stop.reason is R.COMPLETED
    assert dbg.state["log"] == ["par/a/x", "par/a/y", "par/b/x", "par/b/y", "par/c"]


def test_breakpoints_count_visits_of_the_line_they_are_on():
    """B2: after a rewind, `visit` means the visit on the new line."""
    dbg = Debugger(looping(5))
    dbg.run()
    dbg.rewind(1)
    dbg.break_at("add", visit=3)
    stop = dbg.run()

    assert (stop.reason, stop.frame.index) == (R.BREAKPOINT, 2)
    assert dbg.line == "fork 1"
