"""What is written, as mutations: a Put for a plain channel, a ChannelUpdate for every other."""

from __future__ import annotations

import operator
from typing import Annotated

import pytest
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from lellm_nb import Debugger, StopReason
from tests.adapters.langgraph.graphs import chain, map_reduce
from tests.adapters.langgraph.graphs_channels import (
    Overwrite,
    defer,
    every_channel,
    join_edges,
    pydantic_state,
    raw_pregel,
    remaining_steps,
    schemas,
)
from tests.adapters.langgraph.graphs_unkept import DeltaChannel, untracked
from tests.adapters.langgraph.law import debugger, finish
from tests.adapters.langgraph.plain import normal, run_plain

R = StopReason
MANAGED = {"left", "is_last"}


def done(make, way="step"):
    case = make()
    dbg = debugger(case)
    finish(case, dbg, way)
    return case, dbg


def written(frame):
    """Return the mutations of a frame as kind, key and value."""
    return [(type(m).__name__, m.key, normal(m.value)) for m in frame.mutations]


def test_a_plain_channel_is_put_and_a_reduced_one_updated():
    """spec: LastValue is a Put; every other is all values of one task for it."""
    _, dbg = done(chain)

    assert sorted(written(dbg.frames[1])) == [("ChannelUpdate", "log", [["a0"]]), ("Put", "n", 1)]
    assert sorted(dbg.frames[1].changed_keys) == ["log", "n"]


def test_a_join_has_the_writes_of_its_super_step_in_the_order_of_its_tasks():
    """Folded per channel, whatever the order in which the tasks came back."""
    for way in ("step", "run"):
        _, dbg = done(map_reduce, way)
        join = next(f for f in dbg.frames if f.kind == "join")
        tasks = {f.path: written(f) for f in dbg.frames if f.path in ("side", "work#2")}

        assert written(join) == [("ChannelUpdate", "out", [["side"], [10], [20], [30]])]
        assert tasks["side"] == [("ChannelUpdate", "out", [["side"]])]
        assert tasks["work#2"] == [("ChannelUpdate", "out", [[20]])]


def test_branch_and_other_inner_channels_are_the_route_and_no_writes():
    """`branch:` and `__` writes are no keys of the state."""
    for make in (chain, map_reduce, join_edges, defer, schemas, raw_pregel):
        _, dbg = done(make)
        for frame in dbg.frames:
            assert not [key for key in frame.changed_keys if key.startswith(("branch:", "__"))]
            assert not [key for key in frame.state if key.startswith(("branch:", "__", "join:"))]


def test_every_class_of_channel_comes_to_what_langgraph_has():
    """By each channel's own `update`: also those that forget."""
    for way in ("step", "run"):
        _, dbg = done(every_channel, way)

        assert normal(dbg.state) == run_plain(every_channel()).values
        assert dbg.frames[1].state["now"] == "now"
        assert "now" not in dbg.state
        assert normal(dbg.frames[1].state["heard"]) == ["h1"]


@pytest.mark.skipif(Overwrite is None, reason="this version has no Overwrite")
def test_an_overwrite_goes_past_the_reducer():
    """Alone and beside another write of the same super-step."""
    from tests.adapters.langgraph.graphs_channels import overwrite

    _, dbg = done(overwrite)
    logs = [normal(frame.state["log"]) for frame in dbg.frames if frame.kind != "start"]

    assert logs[1] == ["alone of 2"]
    assert logs[-1] == run_plain(overwrite()).values["log"]


@pytest.mark.skipif(DeltaChannel is None, reason="this version has no delta channel")
def test_a_delta_channel_shows_its_whole_value_in_every_frame():
    """What a checkpoint only refers to is there to be read."""
    from tests.adapters.langgraph.graphs_unkept import delta

    _, dbg = done(delta)
    assert normal(dbg.frames[0].state["log"]) == ["in"]
    assert normal(dbg.frames[1].state["log"]) == ["in", "f1"]
    assert normal(dbg.state["log"])[-3:] == ["f7", "p8", "q8"]


def test_managed_values_are_no_part_of_the_state():
    """They are what a level counts, and are given to nodes only."""
    _, dbg = done(remaining_steps)

    assert not MANAGED & set(dbg.state)
    assert "a:11:False" in dbg.state["log"]


def test_an_untracked_value_goes_from_frame_to_frame_and_back_with_them():
    """L14: also after a rewind, by step and by run."""
    case, dbg = done(untracked)
    for frame in list(dbg.frames)[1:-1]:
        dbg.rewind(frame)
        finish(case, dbg, "run")
        assert normal(dbg.state["log"]) == ["connect", "work with c1 ", "end with c1"]


def test_a_pydantic_state_is_shown_by_its_fields_that_are_set():
    """As `get_state(config).values` has them."""
    _, dbg = done(pydantic_state)

    assert normal(dbg.frames[0].state) == {"log": [], "n": 1}
    assert normal(dbg.state) == {"log": ["a1", "b2"], "n": 3}


def test_a_join_edge_waits_for_all_and_plain_edges_for_none():
    """Two plain edges of ways of different length run their target twice."""
    case, dbg = done(join_edges)

    assert (case.ran.counts["join"], case.ran.counts["twice"]) == (1, 2)
    assert dbg.at("twice", 2).visit == 2
    case, dbg = done(defer)
    assert [frame.path for frame in dbg.frames][-1] == "last"
    assert case.ran.counts["last"] == 1


class Failing(TypedDict, total=False):
    total: Annotated[int, operator.add]


def test_a_reducer_that_raises_fails_the_step_and_nothing_is_lost():
    """It is the user's code: a Stop, and the state as it was."""
    graph = StateGraph(Failing).add_node("a", lambda state: {"total": "text"})
    dbg = Debugger(graph.add_edge(START, "a").compile(), {"total": 1})
    stop = dbg.run()

    assert stop.reason is R.FAILED
    assert "TypeError" in str(stop.error)
    assert dbg.state == {"total": 1}
    assert not dbg.busy
