"""Forks from the past and from where a run ended or waits."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, Reducer, StopReason
from lellm_nb.errors import DebuggerError
from tests.debug.graphs import looping
from tests.strategies import review, steps

R = StopReason


def test_forking_from_the_past_leaves_the_parent_where_it_is():
    """DESIGN: a line of its own over shared frames."""
    dbg = Debugger(looping(3))
    dbg.run()
    before = list(dbg.frames)
    fork = dbg.fork(1, put={"n": 2}, name="shortcut")
    stop = fork.run()

    assert stop.reason is R.COMPLETED
    assert fork.line == "shortcut"
    assert [f.kind for f in fork.frames] == ["start", "commit", "edit", "commit", "commit"]
    assert fork.frames[1] is dbg.frames[1]
    assert list(dbg.frames) == before
    assert dbg.head == 4
    assert dbg.branch("shortcut") is fork
    assert fork.branch("main").frames[4] is before[4]


def test_forking_with_new_functions():
    """`nodes`: on the new line only."""

    def add(ctx):
        ctx.reduce("n", 10, Reducer.SUM)

    dbg = Debugger(looping(3))
    dbg.step()
    fork = dbg.fork(nodes={"add": add})
    fork.run()
    dbg.run()

    assert fork.state["n"] == 11
    assert dbg.state["n"] == 3


def test_forking_deletes_keys():
    """`delete`: a key, or several."""
    dbg = Debugger(steps("a"), {"x": 1, "y": 2, "z": 3})

    assert dbg.fork(delete="x").state == {"y": 2, "z": 3}
    assert dbg.fork(delete=["x", "z", "absent"]).state == {"y": 2}
    assert dbg.state == {"x": 1, "y": 2, "z": 3}


def test_an_unknown_line_lists_those_that_are():
    """Bad input: `branch`."""
    dbg = Debugger(steps("a"))
    dbg.fork(name="spare")
    with pytest.raises(DebuggerError, match="Did you mean 'spare'"):
        dbg.branch("spar")


def test_a_fork_of_the_end_can_be_written_and_has_ended():
    """DESIGN: any frame can be forked from, the last one too."""
    dbg = Debugger(steps("a"))
    dbg.run()
    fork = dbg.fork(put={"n": 1})

    assert fork.run().reason is R.COMPLETED
    assert fork.state == {"log": ["a"], "n": 1}
    assert fork.stack == []
    assert dbg.state == {"log": ["a"]}


def test_a_fork_of_a_waiting_frame_waits_under_the_same_id():
    """B2: written to or not; each line is decided for itself."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    fork = dbg.fork(put={"topic": "y"})
    fork.reject("no")

    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert dbg.frames[-1].kind == "waiting"
    dbg.approve()
    assert [p.id for p in fork.run().pending] == ["approve#1"]
    assert fork.state["draft"] == "An essay about y"
