"""The debuggers of one run: whoever stands on a line is found, without a look at the others."""

from __future__ import annotations

import gc

from benchmarks.workloads.lines import forked
from lellm_nb import Debugger
from tests.strategies import steps
from tests.work import operations


def test_a_debugger_that_went_over_to_another_line_is_found_there():
    """By rewinding to a frame of it, and by going on from the middle of its own."""
    dbg = Debugger(steps("a", "b", "c"))
    dbg.run()
    fork = dbg.fork(1, name="side")
    fork.step()
    dbg.rewind(fork.frames[-1])

    assert dbg.line == "side"
    assert dbg.branch("side") is dbg
    assert fork.branch("main").line == "main"
    assert fork.branch("main") is dbg.branch("main")

    fork.rewind(0)
    fork.step()
    assert fork.line not in ("main", "side")
    assert dbg.branch(fork.line) is fork


def test_a_debugger_that_is_gone_leaves_its_line_to_another_one():
    """Who is not held any more is not found; the line is opened anew."""
    dbg = Debugger(steps("a", "b"))
    fork = dbg.fork(0, name="side")
    fork.step()
    dbg.rewind(fork.frames[-1])
    del dbg
    gc.collect()

    assert fork.branch("side") is fork
    assert fork.branch("main").branch("main").line == "main"


def test_a_line_is_opened_with_as_much_work_among_many_as_among_few(tmp_path):
    """No other debugger is asked where it stands."""

    def work(lines):
        forked(lines, store=None, frames=3).save(tmp_path / "run.lellm")
        dbg = Debugger.load(tmp_path / "run.lellm")
        for name in dbg.lines[:-1]:
            dbg.branch(name)
        return operations(lambda: dbg.branch(dbg.lines[-1]))

    work(3)  # what is imported late is imported now
    assert work(300) < 1.2 * work(20)
