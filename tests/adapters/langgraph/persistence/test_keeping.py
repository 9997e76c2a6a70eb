"""A run that is kept, closed, killed, and gone on with: as of a graph of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError, GraphMismatchError
from lellm_nb.session.protocol import Capability
from tests.adapters.langgraph.graphs import CASES, chain
from tests.adapters.langgraph.graphs_interrupts import send_subgraph_interrupt
from tests.adapters.langgraph.graphs_nesting import issue_8458
from tests.adapters.langgraph.law import debugger, finish, leaves, state_of
from tests.adapters.langgraph.plain import normal, run_plain

R = StopReason
pytestmark = pytest.mark.skipif(
    Capability.STORE not in debugger(chain()).capabilities, reason="it cannot be kept yet"
)


@pytest.mark.parametrize("name", CASES)
def test_a_run_that_was_closed_at_any_frame_goes_on_where_it_stood(name, file):
    """The kernel may die between two steps: the stored position is enough."""
    case = CASES[name]()
    plain = run_plain(CASES[name]())
    dbg = Debugger(case.graph, case.input, store=file, **case.given())
    dbg.step(3)
    before, pending = normal(dbg.state), [one.id for one in dbg.pending]
    dbg.close()
    again = Debugger.open(file, graph=case.graph)

    assert normal(again.state) == before
    assert [one.id for one in again.pending] == pending
    finish(case, again, "run")
    assert state_of(case, again) == plain.values
    assert leaves(case, case.ran.counts) == leaves(case, plain.ran)
    again.close()


def test_what_waits_in_a_stored_run_is_answered_after_it_was_opened(file):
    """With the ids, the questions and the branches that it had."""
    case = send_subgraph_interrupt()
    dbg = Debugger(case.graph, case.input, store=file)
    dbg.run()
    dbg.answer("second", "w#2/w1#0")
    dbg.close()
    again = Debugger.open(file, graph=case.graph)

    assert [(one.id, one.value) for one in again.pending] == [("w/w1#0", "x10?")]
    again.answer("first")
    again.run()
    assert normal(again.state["out"]) == ["first", "w2 of 10", "second", "w2 of 20"]
    again.close()


def test_reading_a_stored_run_needs_no_graph_and_runs_nothing(file):
    """C9: data only; what is shown is what was there."""
    case = issue_8458()
    dbg = Debugger(case.graph, case.input, store=file)
    finish(case, dbg, "run")
    states = [normal(frame.state) for frame in dbg.frames]
    dbg.close()
    case.ran.clear()
    again = Debugger.open(file)

    assert again.reading
    assert [normal(frame.state) for frame in again.frames] == states
    assert case.ran.counts == {}
    again.close()


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_was_saved_is_loaded_frame_by_frame(name, tmp_path):
    """`save` and `load`: rewound to each of them, the run goes on."""
    case = CASES[name]()
    dbg = debugger(case)
    finish(case, dbg, "step")
    dbg.save(tmp_path / "one.lellm")
    again = Debugger.load(tmp_path / "one.lellm", graph=case.graph)

    assert [(f.kind, f.path) for f in again.frames] == [(f.kind, f.path) for f in dbg.frames]
    assert normal(again.state) == normal(dbg.state)
    for frame in list(again.frames)[:: max(1, len(again.frames) // 4)]:
        again.rewind(frame)
        finish(case, again, "run")
        assert normal(again.state) == normal(dbg.state)


def test_a_graph_of_another_shape_is_refused(file):
    """C2: the one that was stored is not this one."""
    case = chain()
    dbg = Debugger(case.graph, case.input, store=file)
    dbg.step()
    dbg.close()
    with pytest.raises(GraphMismatchError):
        Debugger.open(file, graph=issue_8458().graph)


KILLED = """
import os, signal, sys
from lellm_nb import Debugger
from tests.adapters.langgraph.graphs_nesting import issue_8458
case = issue_8458()
dbg = Debugger(case.graph, case.input, store=sys.argv[1])
dbg.step(2)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_is_gone_on_with_after_its_process_was_killed(file):
    """W6: every commit is durable."""
    root = Path(__file__).parents[4]
    env = {**os.environ, "PYTHONPATH": str(root)}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(file)], env=env, cwd=root, timeout=50, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    case = issue_8458()
    dbg = Debugger.open(file, graph=case.graph)

    assert [frame.path for frame in dbg.frames] == ["", "sub/a", "sub/b"]
    assert dbg.run().reason is R.BARRIER
    assert case.ran.counts == {"c": 1, "review": 1}
    dbg.close()


def test_single_checkpoints_of_a_run_are_looked_at_and_not_gone_on_from():
    """A store of checkpoints alone has states, and nothing of what LangGraph needs."""
    store, case = CheckpointsAlone(), chain()
    dbg = Debugger(case.graph, case.input, store=store)
    finish(case, dbg, "run")

    assert normal(Debugger.open(store, run="any").state) == normal(dbg.state)
    with pytest.raises(DebuggerError, match="Single checkpoints"):
        Debugger.open(store, run="any", graph=case.graph)


class CheckpointsAlone:
    """Keeps single checkpoints, as a store of somebody's own may."""

    def __init__(self):
        self.kept = []

    def save(self, trace, checkpoint):
        self.kept.append(checkpoint)

    def load_latest(self, trace):
        return self.kept[-1]

    def load(self, id):
        return next(one for one in self.kept if one.checkpoint_id == id)

    def list(self, trace):
        return [one.checkpoint_id for one in reversed(self.kept)]
