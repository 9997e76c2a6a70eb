"""Every exchange of code is told in the next stop, and marked on the frames that are older (G9)."""

from __future__ import annotations

import warnings

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.stop_text import stop_text
from lellm_nb.notebook.model.updates import Updates
from tests.debug.cells import Cells, only, ran, row
from tests.strategies import note

R = StopReason
CELL = "def a(ctx): return {{'a': {0}}}\ndef b(ctx): return {{'b': {0}}}\ndef go(s): return {0} > 0"


def story():
    """A notebook, and a debugger of a graph of its functions that has run."""
    cells = Cells(CELL.format(1))
    g = GraphBuilder("g").node("a", cells.a).node("b", cells.b).edge_if("a", "b", cells.go)
    dbg = Debugger(g.start("a").end("b").build())
    dbg.run()
    return cells, dbg


def test_the_next_stop_tells_what_is_new_and_the_one_after_does_not():
    """G9: `new_code` has paths and conditions; the text of the stop and the view say it too."""
    cells, dbg = story()
    cells(CELL.format(2))
    dbg.rewind(0)
    stop = dbg.step()

    assert stop.new_code == ("a", "b", "a -> b")
    assert "new code: a, b, a -> b" in repr(stop)
    assert stop_text(dbg.summary) == "new code: a, b, a -> b"
    assert dbg.run().new_code == ()
    assert stop_text(dbg.summary) == ""


def test_a_stop_of_several_steps_tells_what_the_first_of_them_took():
    """G9: nothing is told only in a stop that nobody gets."""
    cells, dbg = story()
    dbg.rewind(0)
    cells("def a(ctx): return {'a': 2}")

    assert dbg.step(2).new_code == ("a",)


def test_what_is_put_in_by_hand_is_no_news():
    """G9: who calls `patch` or `fork(nodes=…)` knows it; the frames are marked all the same."""
    _, dbg = story()
    dbg.patch({"b": note}, {("a", "b"): lambda s: True})
    fork = dbg.fork(at=0, nodes={"a": note})

    assert fork.run().new_code == dbg.run().new_code == ()
    assert [dbg.has_old_code(i) for i in range(3)] == [False, True, True]


def test_frames_that_are_older_are_marked():
    """G9: of the node, and of the node that a condition leads away from; new ones are not."""
    cells, dbg = story()
    cells("def go(s): return True")
    dbg.rewind(1)
    dbg.run()
    marks = [dbg.has_old_code(i) for i in range(len(dbg.frames))]

    assert marks == [False, True, False]
    assert "replaced" not in dbg.to_test(1)  # its function is the same
    cells("def b(ctx): return {'b': 2}")
    dbg.rewind(0)
    dbg.run()
    assert [dbg.has_old_code(i) for i in range(3)] == [False, False, False]
    assert dbg.branch("main").has_old_code(2) is True


@pytest.mark.parametrize(("frame", "old"), [(1, True), (2, False)])
def test_the_view_marks_them(frame, old):
    """G9: in the heading of the frame, and in the list of a node's visits."""
    cells, dbg = story()
    cells("def a(ctx): return {'a': 2}")
    dbg.rewind(1)
    dbg.run()
    updates = Updates(dbg)
    title = answer(updates, {"ask": "detail", "frame": frame, "tab": "state"})["title"]
    visit = answer(updates, {"ask": "node", "node": frame - 1, "frame": 2})["visits"][0]

    assert title["old_code"] is visit["old_code"] is old


def test_a_recorded_node_is_looked_up_and_a_live_one_has_the_new_code():
    """G9, R10: what is looked up did not run, whatever its code is now."""
    cells, dbg = story()
    dbg.mode("a", "recorded")
    cells(CELL.format(2))

    assert ran(dbg) == {"a": 1, "b": 2}


def test_new_code_goes_into_sweeps_and_forks():
    """G9: every line of a run looks for itself."""
    cells, dbg = story()
    fork = dbg.fork(at=0)
    cells("def b(ctx): return {'b': ctx.state['a'] + ctx.state['x']}")
    table = dbg.sweep(at=1, variants=[{"x": 1}, {"x": 2}])
    fork.patch({"a": lambda ctx: {"a": 5, "x": 1}})

    assert list(table["b"]) == [2, 3]
    assert fork.run().reason is R.COMPLETED
    assert fork.state["b"] == 6


def test_a_run_is_reopened_with_its_graph(tmp_path):
    """G9: what was defined again since the graph was built is taken, and nothing is missing."""
    cells = Cells("def work(ctx): return {'n': 1}")
    graph = only(cells.work)
    dbg = Debugger(graph, {}, store=tmp_path / "runs.db")
    cells("def work(ctx): return {'n': 2}")
    dbg.run()
    dbg.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = Debugger.open(tmp_path / "runs.db", graph=graph)

    assert again.state["n"] == 2
    assert ran(again) == {"n": 2}


def test_folding_again_asks_the_mended_condition():
    """G9: `without` runs no node, but the way is chosen anew."""
    cells = Cells("def go(s): return s.get('m') == 1")
    first = {"n": 1, "m": 1}
    g = GraphBuilder("g").node("a", lambda ctx: first).node("b", note).node("c", note)
    g.edge_if("a", "b", cells.go).edge("a", "c").edge("b", "c")
    dbg = Debugger(g.start("a").end("c").build())
    dbg.run()
    cells("def go(s): return 'm' in s")

    assert [f.node for f in dbg.without(1, 0).frames[1:]] == ["a", "b", "c"]


def test_a_function_put_in_by_hand_stays_until_it_is_defined_again():
    """G9: also where the name meant the next version already; by `fork` as by `patch`."""
    cells = Cells("def work(ctx): return {'n': 1}")
    old = cells.work
    dbg = Debugger(row(work=old))
    cells("def work(ctx): return {'n': 2}")
    assert ran(dbg) == {"n": 2}
    fork = dbg.fork(at=0, nodes={"work": old})
    assert ran(fork) == {"n": 1}
    cells("def work(ctx): return {'n': 3}")

    assert ran(fork) == ran(dbg) == {"n": 3}
