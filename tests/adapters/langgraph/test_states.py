"""What frames show at each moment is what LangGraph itself has there."""

from __future__ import annotations

import pytest

from lellm_nb import StopReason
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.graphs import CASES as FIRST
from tests.adapters.langgraph.law import debugger, finish
from tests.adapters.langgraph.plain import normal, plain_states, without_repeats

R = StopReason
STATES = {
    name: make
    for name, make in CASES.items()
    if (case := make()).right is None
    and not isinstance(case.graph.stream_channels, str)
    and not name.startswith("untracked")
}
"""Those whose state is channels by name, and that plain LangGraph keeps, and does rightly."""


@pytest.mark.parametrize("way", ["step", "run"])
@pytest.mark.parametrize("name", STATES)
def test_root_states_are_those_of_the_history_that_langgraph_keeps(name, way):
    """L4: a frame inside an open super-step shows the state before its join, the join the new."""
    wanted = plain_states(STATES[name]())
    case = STATES[name]()
    dbg = debugger(case)
    finish(case, dbg, way)

    assert without_repeats(normal(frame.root_state) for frame in dbg.frames) == wanted


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_the_one_before_it_with_the_mutations_folded_in(name):
    """SEMANTICS S3: nothing else changes a state; joins fold what all their tasks wrote."""
    case = STATES[name]()
    dbg = debugger(case)
    finish(case, dbg, "step")
    before = normal(dbg.frames[0].state)
    for frame in dbg.frames[1:]:
        if "/" in frame.path or frame.kind in ("decision", "edit"):
            continue
        after = normal(frame.state)
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert changed <= set(frame.changed_keys), frame
        before = after


@pytest.mark.parametrize("name", FIRST)
def test_looking_at_every_frame_runs_nothing_and_moves_nothing(name):
    """DESIGN: looking is not moving."""
    case = FIRST[name]()
    dbg = debugger(case)
    finish(case, dbg, "run")
    ran, head = case.ran.counts, dbg.head
    for frame in dbg.frames:
        assert repr(frame)
        assert frame.to_pandas() is not None
        assert dbg.state_at(frame) is not None
        assert dbg.diff(0, frame) is not None

    assert len(dbg.frames.to_pandas()) == len(dbg.frames)
    assert (case.ran.counts, dbg.head) == (ran, head)


@pytest.mark.parametrize("name", FIRST)
def test_a_frame_never_changes_while_the_run_goes_on(name):
    """DESIGN: nothing that happened is ever lost, or altered."""
    case = FIRST[name]()
    dbg = debugger(case)
    seen = []
    finish(case, dbg, "step", lambda: seen.append((dbg.frames[-1], normal(dbg.frames[-1].state))))
    dbg.rewind(1)
    finish(case, dbg, "run")

    assert [normal(frame.state) for frame, _ in seen] == [state for _, state in seen]
