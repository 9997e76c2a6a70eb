"""What failed, as a person wants to read it: their own lines first."""

from __future__ import annotations

from pathlib import Path

import lellm_nb
from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.tabs.error import TAB, is_library


def test_lines_of_the_engine_are_none_of_the_users():
    """Wherever a module of ours lies: of a failure only the user's lines are shown at first."""
    g = GraphBuilder("g").node("a", lambda ctx: ctx.state["gone"]).start("a").end("a")
    dbg = Debugger(g.build())
    frame = dbg.run().frame
    rows = TAB.rows(dbg, frame, {})

    ours = sorted(Path(lellm_nb.__file__).parent.rglob("*.py"))
    assert all(is_library(str(file)) for file in ours)
    assert not is_library(__file__)
    assert [Path(step["file"]).name for step in rows["mine"]] == ["test_error.py"]


def test_the_context_of_a_node_says_whose_it_is():
    """Among the values of a failing line it stands with its node, not with its address."""

    def a(ctx):
        raise ValueError("no")

    g = GraphBuilder("g").node("a", a).start("a").end("a")
    dbg = Debugger(g.build())
    frame = dbg.run().frame

    (held,) = [row for row in TAB.rows(dbg, frame, {})["mine"][0]["locals"] if row["key"] == "ctx"]
    assert held["text"] == "<Context of a>"
