"""The panel shows a LangGraph run as any other: it asks the debugger, never the engine."""

from __future__ import annotations

import pytest

from lellm_nb.notebook.model.updates import Updates
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.graphs import CASES as FIRST
from tests.adapters.langgraph.graphs_interrupts import parallel_interrupts
from tests.adapters.langgraph.graphs_nesting import issue_8458
from tests.adapters.langgraph.law import debugger, finish


@pytest.mark.parametrize("name", CASES)
def test_every_case_can_be_shown_before_during_and_after(name):
    """A snapshot at each frame: no kind of graph is beyond the view."""
    case = CASES[name]()
    dbg = debugger(case)
    feed = Updates(dbg)
    assert feed.snapshot()["head"]["line_text"].endswith("· main")
    finish(case, dbg, "step", lambda: feed.snapshot())

    assert feed.snapshot()["head"]["line_text"].startswith("completed")
    assert feed.outline.nodes


def test_the_graph_is_drawn_with_its_subgraphs():
    """Composites before what is in them, by path."""
    dbg = debugger(issue_8458())
    feed = Updates(dbg)

    assert [node.path for node in feed.outline.nodes] == [
        "sub",
        "review",
        "sub/a",
        "sub/b",
        "sub/c",
    ]
    assert dbg.paths == ["sub", "sub/a", "sub/b", "sub/c", "review"]


def test_everything_that_waits_is_told():
    """A card for each."""
    dbg = debugger(parallel_interrupts())
    feed = Updates(dbg)
    dbg.run()
    told = str(feed.snapshot())

    assert "a#0" in told
    assert "b#0" in told


@pytest.mark.parametrize("name", FIRST)
def test_a_run_is_exported_as_one_file(name, tmp_path):
    """Scrubbable without a kernel."""
    case = CASES[name]()
    dbg = debugger(case)
    finish(case, dbg, "run")

    assert dbg.export_html(tmp_path / "run.html").stat().st_size > 10_000
