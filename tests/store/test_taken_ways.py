"""Which ways the runs of a store went: `paths(store)` and `graph.analyze(runs=store)`."""

from __future__ import annotations

import gzip
import os
import sqlite3
import tracemalloc

import pytest

from lellm_nb import (
    Debugger,
    DiskSink,
    FolderStore,
    GraphBuilder,
    InMemoryStore,
    Reroute,
    SqliteStore,
    paths,
)
from lellm_nb.errors import CheckpointStoreError, DebuggerError
from lellm_nb.store.run import taken_ways
from tests.debug.breakpoints.graphs import routed
from tests.debug.graphs import looping
from tests.strategies import finish_debugger, nested, note, review


@pytest.fixture(params=["memory", "file", "folder"])
def store(request, tmp_path):
    """A store of each kind, in which there is nothing yet."""
    if request.param == "memory":
        return InMemoryStore()
    if request.param == "file":
        return SqliteStore(tmp_path / "runs.db")
    return FolderStore(tmp_path / "runs")


def ways(table):
    """The rows as text: where from, where to, how, how often, in how many runs."""
    shown = table.fillna("(end)").itertuples(index=False)
    return [f"{row[1]} -> {row[2]} {row.kind} {row.taken} {row.runs}" for row in shown]


def test_each_way_is_counted_over_all_runs(store):
    """Contract: how often, in how many runs, and what never."""
    for times in (1, 4):
        Debugger(looping(times), store=store).run()
    table = paths(store)

    assert ways(table) == [
        "add -> add conditional 3 1",
        "add -> done normal 2 2",
        "done -> (end) end 2 2",
    ]
    assert set(table["graph"]) == {"loop"}
    assert table["taken"].dtype == table["runs"].dtype == "int64"


def test_ways_of_every_kind_and_those_never_taken(store):
    """Cases, gotos, error routes and fallbacks; never taken is what its outline has beside them."""
    Debugger(routed(), store=store).run()

    assert ways(paths(store)) == [
        "pick -> ask normal 2 1",
        "ask -> pick conditional 1 1",
        "ask -> jump conditional 1 1",
        "jump -> breaks goto 1 1",
        "breaks -> done normal 0 0",
        "breaks -> mend error 1 1",
        "mend -> done fallback 1 1",
        "done -> (end) end 1 1",
    ]


def test_levels_branches_and_decisions(store):
    """Inside of composites by path; a branch that is one node leads nowhere by itself."""
    inner = looping(2)
    g = GraphBuilder("o").subgraph("sub", inner).parallel("both", {"deep": inner, "t": note})
    g.barrier("ok").node("no", note).node("yes", note).edge("sub", "both").edge("both", "ok")
    g.edge_on("ok", "yes", "approve").edge_on("ok", "no", "reject").edge("no", "yes")
    dbg = Debugger(g.start("sub").end("yes").build(), {"n": 0}, store=store)
    dbg.run()
    dbg.approve()
    dbg.run()
    found = ways(paths(store))

    assert "sub/add -> sub/add conditional 1 1" in found
    assert "sub/add -> sub/done normal 1 1" in found
    assert "both/deep/add -> both/deep/done normal 1 1" in found
    assert "ok -> yes approve 1 1" in found
    assert "ok -> no reject 0 0" in found
    assert not [row for row in found if row.startswith("both/t")]


def test_all_lines_count_and_what_they_share_once(store):
    """A fork is another way that was gone; its edit took none, nor did one that is rewound to."""
    dbg = Debugger(looping(3), store=store)
    dbg.run()
    dbg.fork(at=1, put={"n": 50}).run()
    dbg.rewind(0)

    assert ways(paths(store))[:2] == ["add -> add conditional 2 1", "add -> done normal 2 1"]


def test_a_jump_by_decision_is_no_edge(store):
    """A reroute takes none of the edges that there are."""
    dbg = Debugger(review(), {"topic": "x"}, store=store)
    dbg.run()
    dbg.reroute("publish")
    dbg.run()
    found = ways(paths(store))

    assert "approve -> publish normal 0 0" in found
    assert "approve -> publish goto 1 1" in found
    assert Reroute("publish").target == "publish"


def test_runs_of_a_graph_and_its_own_ways(store):
    """With a graph only runs of that name count, and its ways are as they are now."""
    Debugger(looping(2), store=store).run()
    Debugger(routed(), store=store).run()
    g = GraphBuilder("loop").node("add", note).node("done", note).node("new", note)
    now = g.edge("add", "new").edge("new", "done").start("add").end("done").build()

    assert set(paths(store)["graph"]) == {"loop", "routed"}
    assert ways(paths(store, now)) == [
        "add -> new normal 0 0",
        "add -> add conditional 1 1",
        "add -> done normal 1 1",
        "new -> done normal 0 0",
        "done -> (end) end 1 1",
    ]
    other = GraphBuilder("nobody").node("a", note).start("a").end("a").build()
    assert len(paths(store, other)) == 0


def test_a_store_without_runs_and_one_that_is_at_a_path(tmp_path):
    """A path of a database, of a folder and of a saved file will do; nothing is left open."""
    assert len(paths(InMemoryStore())) == 0
    dbg = Debugger(looping(2), store=tmp_path / "runs.db")
    dbg.run()
    dbg.save(tmp_path / "one.lellm")
    expected = ways(paths(tmp_path / "runs.db"))
    Debugger(looping(2), store=f"{tmp_path}/runs/").run()

    assert ways(paths(str(tmp_path / "one.lellm"))) == expected
    assert ways(paths(tmp_path / "runs")) == expected
    with gzip.open(tmp_path / "one.lellm") as file:
        assert b'"lellm_nb"' in file.readline()
    dbg.close()
    os.rename(tmp_path / "runs.db", tmp_path / "moved.db")
    assert ways(paths(tmp_path / "moved.db")) == expected


# -- analyze -----------------------------------------------------------------------------


def test_edges_that_no_run_took_are_infos(store):
    """G4: beside what the shape says; inner levels by path."""
    dbg = Debugger(review(), {"topic": "x"}, store=store)
    dbg.run()
    first = review().analyze(runs=store)
    assert [info.message for info in first.infos] == [
        "conditional edge approve -> draft was not taken in the one run",
        "edge approve -> publish was not taken in the one run",
    ]
    assert first.infos[0].code == "never_taken"
    assert first.infos[0].nodes == ("approve", "draft")
    assert first.warnings == review().analyze().warnings
    dbg.approve()
    finish_debugger(Debugger(nested(), {"topic": "x"}, store=store))
    Debugger(review(), {"topic": "x"}, store=store).run()

    said = [str(info) for info in review().analyze(runs=store).infos]
    assert said == ["info: conditional edge approve -> draft was not taken in any of 2 runs"]
    assert not nested().analyze(runs=store).infos


def test_a_graph_of_which_there_is_no_run(store):
    """Said as one info, and not as every edge never taken."""
    [info] = [one for one in looping(2).analyze(runs=store).infos if one.code == "no_runs"]

    assert info.message == "the store has no run of loop"
    assert not [one for one in looping(2).analyze(runs=store).infos if one.code == "never_taken"]


def test_an_opened_run_has_its_outline_for_a_graph(tmp_path):
    """`dbg.graph.analyze` of a run that is only read asks a store as well."""
    Debugger(looping(1), store=tmp_path / "runs.db").run()
    opened = Debugger.open(tmp_path / "runs.db")

    assert [one.nodes for one in opened.graph.analyze(runs=tmp_path / "runs.db").infos] == [
        ("add", "add")
    ]


# -- damage and size ---------------------------------------------------------------------


def test_a_damaged_run_is_left_out_with_a_warning(tmp_path):
    """One bad run hides no other; `analyze` counts those that can be read."""
    file = tmp_path / "runs.db"
    for _ in range(2):
        dbg = Debugger(looping(2), store=file)
        dbg.run()
        dbg.close()
    with sqlite3.connect(file) as raw:
        raw.execute("update templates set body = x'00' where run = 1 and number = 1")
    raw.close()
    with pytest.warns(UserWarning, match="is damaged, and left out"):
        found = ways(paths(file))

    assert "add -> done normal 1 1" in found
    assert not looping(2).analyze(runs=file).infos


def test_memory_does_not_grow_with_the_frames(store, monkeypatch):
    """Rows are read some at a time, and no position is folded."""
    monkeypatch.setattr(taken_ways, "CHUNK", 50)
    dbg = Debugger(looping(3000), store=store, max_steps=5000)
    dbg.run()
    paths(store)
    tracemalloc.start()
    found = ways(paths(store))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found[0] == "add -> add conditional 2999 1"
    assert most < 1_500_000


@pytest.mark.parametrize("given", [None, 3, object(), InMemoryStore, b"x", ""])
def test_what_is_no_store(given):
    """Bad input names the argument."""
    with pytest.raises(CheckpointStoreError, match="store is a path"):
        paths(given)
    if given is not None:
        with pytest.raises(CheckpointStoreError, match="store is a path"):
            looping(1).analyze(runs=given)


def test_what_is_no_graph_and_no_store_of_runs(tmp_path):
    """Bad input; a folder of snapshots has checkpoints, and no frames to count."""
    with pytest.raises(DebuggerError, match="graph is a graph"):
        paths(InMemoryStore(), "loop")
    looping(2).run({}, checkpoint=DiskSink(tmp_path))
    with pytest.raises(CheckpointStoreError, match="store is a store of whole runs"):
        paths(tmp_path)
