"""A run that is looked at with a graph of another shape: looking never raises (S10, C2)."""

from __future__ import annotations

import itertools

import pytest

from lellm_nb import Debugger, GraphBuilder, GraphHashMode
from lellm_nb.errors import ChangedNodeError, NodeNotFoundError
from lellm_nb.notebook.model.run_summary import head_rows
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.record.redaction.redactor import Redacted

SHAPES = ("parallel", "collect", "branches", "subgraph", "plain", "barrier", "gone")


def fine(ctx):
    ctx.put("a", 1)


def bad(ctx):
    raise ValueError("bad")


def shaped(kind):
    inner = GraphBuilder("in").node("x", fine).node("y", bad).edge("x", "y").start("x").end("y")
    g = GraphBuilder("fan").node("first", fine).start("first")
    if kind == "gone":
        return g.node("last", fine).edge("first", "last").end("last").build()
    if kind == "subgraph":
        g.subgraph("all", inner.build())
    elif kind == "plain":
        g.node("all", fine)
    elif kind == "barrier":
        g.barrier("all")
    else:
        branches = {"good": fine, "other" if kind == "branches" else "bad": inner.build()}
        g.parallel("all", branches, on_error="fail_fast" if kind == "parallel" else "collect_all")
    return g.edge("first", "all").end("all").build()


@pytest.mark.parametrize(("made", "now"), list(itertools.permutations(SHAPES, 2)))
def test_a_graph_of_another_shape_is_looked_at_at_every_frame(made, now, tmp_path, monkeypatch):
    monkeypatch.setattr(Redacted, "met", True)  # else nobody asks which secrets are missing
    dbg = Debugger(shaped(made), store=tmp_path / "runs.db")
    dbg.run()
    count = len(dbg.frames)
    dbg.rewind(0)
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=shaped(now), mode=GraphHashMode.FORCE)

    for index in range(count):
        again.rewind(index)
        assert again.summary.frame.index == index
        assert head_rows(again, Updates(again).outline)
        assert "fan" in repr(again)
        assert again.failed_join is None or now in ("collect", "branches")
        assert again.session.open_levels() or again.status == "completed"
    again.export_html(tmp_path / "page.html")
    again.close()


@pytest.mark.parametrize(
    ("made", "now", "said"),
    [
        ("collect", "subgraph", "inside 'all', which is a subgraph in the graph that it has now"),
        ("subgraph", "collect", "inside 'all', which is a parallel of other branches"),
        ("collect", "branches", "inside 'all', which is a parallel of other branches"),
    ],
)
def test_a_run_inside_a_node_of_another_kind_says_where_it_stands(made, now, said, tmp_path):
    dbg = Debugger(shaped(made), store=tmp_path / "runs.db")
    frame = dbg.run().frame
    dbg.rewind(0)
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=shaped(now), mode=GraphHashMode.FORCE)
    again.rewind(frame.index)

    with pytest.raises(ChangedNodeError, match=said) as told:
        again.session.next_move()
    assert isinstance(told.value, NodeNotFoundError)
    assert (told.value.path, told.value.name) == ("all", "all")
    assert again.rewind(0).frame.index == 0
    again.close()
