"""The Route tab in words."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.tabs.route import route_rows
from tests.strategies import note


@pytest.mark.parametrize("text", ["no", "no.", "why?", ""])
def test_a_step_that_went_nowhere_is_told_in_one_sentence(text):
    """It ends in one stop, whether what was raised had one or not."""

    def fails(ctx):
        raise ValueError(text)

    g = GraphBuilder("g").node("a", fails).node("b", note).edge("a", "b").start("a").end("b")
    dbg = Debugger(g.build(), {})
    said = route_rows(dbg, dbg.run().frame)["said"]

    assert "mend the function and retry. No name leads to it" in said
    assert said.endswith(".")
    assert ".." not in said
    assert "?." not in said
