"""A kernel restarted in the middle of a barrier: the card is back, and nothing ran twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lellm_nb import Debugger
from tests.faults.victim import graph

ROOT = Path(__file__).parents[2]

CELL = """
import asyncio, sys
from lellm_nb import Debugger
from tests.faults.victim import graph

dbg = Debugger(graph({kind!r}), {{"log": [], "count": 0}}, store={file!r})
dbg.break_on_error()
dbg.run()
{decide}
print(dbg.pending[0].id if dbg.pending else "-", dbg.head, len(dbg.state["log"]), flush=True)
{wait}
"""

WAITS = {
    "the cell is over": "sys.stdin.read()",
    "a cell waits for a click": "asyncio.run(dbg.arun(through_barriers=True))",
    "it waits in the background": "handle = dbg.start(through_barriers=True); sys.stdin.read()",
}


def kernel_dies(file, kind, wait, decide=""):
    """Run a cell in another process up to a barrier, and kill that; return what it said."""
    code = CELL.format(kind=kind, file=str(file), decide=decide, wait=WAITS[wait])
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    try:
        said = child.stdout.readline().decode().split()
    finally:
        child.send_signal(signal.SIGKILL)
        _, failure = child.communicate()
    assert said, failure.decode()
    barrier, head, logged = said
    return barrier, int(head), int(logged)


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("kind", ["chain", "nest", "fan"])
def test_a_barrier_waits_again_after_a_restart(kind, wait, file):
    """Under its id, at the same frame; the decision goes on with the node after it."""
    barrier, head, logged = kernel_dies(file, kind, wait)

    dbg = Debugger.open(file, graph=graph(kind))

    assert [p.id for p in dbg.pending] == [barrier]
    assert (dbg.status, dbg.head, len(dbg.state["log"])) == ("waiting", head, logged)
    assert [stop.label for stop in dbg.breakpoints] == ["on any error"]
    assert dbg.run().reason.name == "BARRIER"
    assert dbg.head == head
    decided = dbg.approve(barrier)
    assert decided.frame.kind == "decision"
    before = [frame.path for frame in dbg.frames]
    after = dbg.step()
    assert after.error is None
    assert [frame.path for frame in dbg.frames][: len(before)] == before
    counted = [f.root_state["count"] for f in dbg.frames if f.level is f.position]
    assert counted == sorted(counted)


def test_a_decision_that_was_given_before_the_restart_counts(tmp_path):
    """It was reported, so it is on disk; the run stands behind the barrier."""
    decide = "dbg.approve()"
    _, head, _ = kernel_dies(tmp_path / "runs.db", "chain", "the cell is over", decide)

    dbg = Debugger.open(tmp_path / "runs.db", graph=graph("chain"))

    assert dbg.pending == []
    assert (dbg.head, dbg.frames[-1].kind) == (head, "decision")
    assert dbg.step().frame.path == "a"
