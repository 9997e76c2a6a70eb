"""R13: with a seed a step draws the same numbers whenever it runs."""

from __future__ import annotations

import random

import numpy
import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import DebuggerError
from tests.debug.graphs_blocked import LIMIT
from tests.debug.graphs_sweep import swept


def drawing(nodes="abc"):
    def draw(ctx):
        ctx.append("drawn", (random.random(), float(numpy.random.random())))

    inner = GraphBuilder("in").node("x", draw).node("y", draw).edge("x", "y").start("x").end("y")
    g = GraphBuilder("g").subgraph("sub", inner.build())
    for name in nodes:
        g.node(name, draw)
    g.edge("a", "sub").edge("sub", "b").edge("b", "c").edge_if(
        "c", "a", lambda s: len(s["drawn"]) < 8
    )
    return g.node("end", draw).edge("c", "end").start("a").end("end").build()


def test_every_way_of_running_draws_the_same():
    whole = Debugger(drawing(), seed=7)
    whole.run()
    drawn = whole.state["drawn"]
    stepped = Debugger(drawing(), seed=7)
    while stepped.post("step").result(LIMIT).reason.name == "STEP":
        pass

    assert len(set(drawn)) == len(drawn) == 11
    assert stepped.state["drawn"] == drawn
    for index in range(len(whole.frames)):
        fork = whole.fork(at=index)
        fork.run()
        assert fork.state["drawn"] == drawn
        whole.rewind(index)
        whole.run()
        assert whole.state["drawn"] == drawn
    assert Debugger(drawing(), seed="7").run().frame.state["drawn"] != drawn


def test_a_reopened_run_draws_the_same(tmp_path):
    first = Debugger(drawing(), seed=7, store=tmp_path / "runs.db")
    first.run()
    drawn = first.state["drawn"]
    first.rewind(0)
    first.save(tmp_path / "run.lellm")
    first.close()
    for again in (
        Debugger.open(tmp_path / "runs.db", graph=drawing()),
        Debugger.load(tmp_path / "run.lellm", graph=drawing()),
    ):
        again.run()
        assert again.state["drawn"] == drawn
        again.close()


def test_the_cell_draws_as_if_no_node_had():
    random.seed(1)
    numpy.random.seed(1)
    expected = (random.random(), numpy.random.random())
    random.seed(1)
    numpy.random.seed(1)
    Debugger(drawing(), seed=7).run()

    assert (random.random(), numpy.random.random()) == expected


def once(ctx):
    return {"x": random.random()}


@pytest.mark.parametrize("place", ["here", "processes"])
def test_repeats_of_a_sweep_differ_and_are_the_same_in_the_next(place):
    """R13: the first draws what the run drew."""
    dbg = Debugger(GraphBuilder("g").node("a", once).start("a").end("a").build(), seed=7)
    dbg.run()
    tables = [swept(dbg, 0, [{}, {"k": 1}], place=place, n=3) for _ in range(2)]
    drawn = [list(table["x"]) for table in tables]

    assert drawn[0] == drawn[1]
    assert drawn[0][0] == dbg.state["x"]
    assert drawn[0][:3] == drawn[0][3:]
    assert len(set(drawn[0])) == 3


def test_the_line_of_a_repeat_draws_again_what_it_drew(tmp_path):
    """R13: rewound, forked, and opened again."""
    graph = GraphBuilder("g").node("a", once).start("a").end("a").build()
    dbg = Debugger(graph, seed=7, store=tmp_path / "runs.db")
    name, drawn = dbg.sweep(0, [{}], 2, progress=False)[["line", "x"]].to_numpy()[1]
    dbg.save(tmp_path / "run.lellm")
    dbg.close()
    for again in (
        Debugger.open(tmp_path / "runs.db", graph=graph),
        Debugger.load(tmp_path / "run.lellm", graph=graph),
    ):
        line = again.branch(name)
        fork = line.fork(0)
        for one in (line, fork):
            one.rewind(0)
            one.run()
            assert one.state["x"] == drawn
        again.close()


@pytest.mark.parametrize("seed", [1.5, True, b"x", [1]])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(DebuggerError, match="seed is a whole number or text"):
        Debugger(drawing(), seed=seed)
