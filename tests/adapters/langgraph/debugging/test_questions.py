"""Questions over the history of a LangGraph run: who, why, what differs, where, since when."""

from __future__ import annotations

import pytest

from lellm_nb import StopReason
from lellm_nb.errors import DebuggerError
from tests.adapters.langgraph.graphs import CASES, chain, handoff, map_reduce, nested
from tests.adapters.langgraph.graphs_interrupts import two_interrupts
from tests.adapters.langgraph.graphs_nesting import goto_send, issue_8458, loop_over_subgraph
from tests.adapters.langgraph.law import debugger, finish

R = StopReason


def done(make, way="step"):
    """Return a debugger of a case at its end."""
    case = make()
    dbg = debugger(case)
    finish(case, dbg, way)
    return dbg


# -- who wrote it --------------------------------------------------------------------------


def test_who_wrote_a_value_newest_first():
    """A plain channel is a Put of each node."""
    dbg = done(chain)
    writes = dbg.who("n")

    assert [write.frame.path for write in writes] == ["c", "b", "a", "c", "b", "a"]
    assert [write.value for write in writes] == [6, 5, 4, 3, 2, 1]
    assert list(writes.to_pandas()["mutation"].unique()) == ["Put"]


def test_who_wrote_a_reduced_channel_names_the_tasks_behind_the_join():
    """A ChannelUpdate has what its task gave the channel."""
    dbg = done(map_reduce)
    paths = [write.frame.path for write in dbg.who("out")]

    assert {"side", "work", "work#2", "work#3"} <= set(paths)
    assert dbg.who("total")[0].frame.path == "sum"


def test_who_looks_into_subgraphs():
    """Where an exit brought out a value, the steps inside that made it are told after it."""
    dbg = done(issue_8458)
    paths = [write.frame.path for write in dbg.who("log")]
    inside = dbg.who("sub:log")

    assert paths[0] == "review"
    assert "sub" in paths
    assert [write.frame.path for write in inside] == ["sub/c", "sub/b", "sub/a"]


def test_the_history_of_a_value():
    """One row for each change: by whom, from what, to what."""
    table = done(chain).history("n")

    assert list(table["old"]) == [0, 1, 2, 3, 4, 5]
    assert list(table["new"]) == [1, 2, 3, 4, 5, 6]
    assert list(table["path"]) == ["a", "b", "c"] * 2


# -- why it went that way ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "at", "target"),
    [
        (chain, ("c", 1), "a"),
        (chain, ("a", 1), "b"),
        (handoff, ("alice", 1), "bob"),
        (goto_send, ("plan", 1), "work"),
        (two_interrupts, ("a", 1), "ask"),
    ],
)
def test_why_a_step_went_where_it_went(make, at, target):
    """`branch:` writes are the route."""
    dbg = done(make)
    frame = dbg.at(*at)

    assert target in str(frame.next_node)
    assert target in dbg.why(frame).said


def test_the_end_has_no_next_node():
    """The last step of a level leads nowhere."""
    dbg = done(chain)

    assert dbg.frames[-1].next_node is None
    assert dbg.position.node is None


# -- what differs --------------------------------------------------------------------------


def test_what_differs_between_two_frames():
    """As a tree of paths; inside of a subgraph under its level."""
    dbg = done(chain)
    assert set(dbg.diff(0, 2).keys) == {"log", "n"}
    dbg = done(issue_8458)
    a, b = dbg.at("a"), dbg.at("b")
    assert any("sub" in str(change) for change in dbg.diff(a, b))
    assert not list(dbg.diff(a, a))


def test_two_lines_are_compared_by_path_and_visit():
    """A fork that went otherwise says where it first did."""
    dbg = done(chain)
    fork = dbg.fork(at=1, put={"n": 4})
    fork.run()

    assert fork.state["n"] == 6
    assert set(fork.compare(dbg).diff.keys) == {"log"}
    assert "first difference" in repr(dbg.compare(fork))


# -- where and when ------------------------------------------------------------------------


def test_find_evaluate_and_bisect_over_all_frames():
    """After the fact, over what was recorded."""
    dbg = done(chain)

    assert dbg.find("b4")[0].frame.index == 5
    assert list(dbg.evaluate("n * 2")["value"]) == [0, 2, 4, 6, 8, 10, 12]
    assert dbg.bisect(lambda frame: frame.state["n"] >= 4).index == 4


def test_loops_and_timing():
    """How often a cycle went round, and how long each node took."""
    dbg = done(chain)
    timing, loops = dbg.timing().set_index("path"), dbg.loops()

    assert list(loops["cycle"]) == ["a -> b -> c"] * 2
    assert dict(timing["visits"]) == {"a": 2, "b": 2, "c": 2}
    assert not timing["failures"].any()


def test_at_and_the_visits_of_a_node():
    """(node, visit) names a frame; a composite's visit counts its entries."""
    dbg = done(loop_over_subgraph)

    assert [dbg.at("count", n).index for n in (1, 2, 3)] == [4, 8, 12]
    assert dbg.at("sub", 3).kind == "exit"
    with pytest.raises(DebuggerError, match="count"):
        dbg.at("count", 4)


# -- tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_table_is_there_for_every_kind_of_graph(name):
    """What a panel shows: none of it fails, whatever the engine."""
    dbg = done(CASES[name], "run")

    assert len(dbg.frames.to_pandas()) == len(dbg.frames)
    assert list(dbg.stack) == list(dbg.stack.to_pandas()["path"]) == []
    assert dbg.timing() is not None
    assert dbg.loops() is not None
    assert dbg.tree is not None
    assert repr(dbg.summary)
    assert dbg.paths
    for frame in dbg.frames[1:]:
        assert dbg.why(frame).said


def test_the_stack_shows_every_open_level_of_every_task():
    """L4: a super-step adds no segment to paths."""
    case = nested()
    dbg = debugger(case)
    dbg.run()
    paths = list(dbg.stack)

    assert "sub/deep/i2" in paths
    assert {"sub", "sub/deep"} <= {path.rpartition("/")[0] for path in paths} | set(paths)
    assert not any(path.startswith("call_other/") for path in paths)
