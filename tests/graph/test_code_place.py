"""Where a graph has code: it is followed, and put in by hand, in all of these places (G9)."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.cells import Cells, only, ran, row
from tests.strategies import note

R = StopReason


def test_conditions_of_edges_and_of_condition_nodes():
    """G9: mend the condition, then step again; in graphs inside of nodes, too."""
    cells = Cells("def big(s): return s['n'] > '1'")

    def made(kind):
        g = GraphBuilder(kind).node("a", lambda ctx: {"n": 2}).node("z", note)
        if kind == "edge":
            g.edge_if("a", "z", cells.big)
        else:
            g.condition("c", [("z", cells.big)]).edge("a", "c")
        return g.start("a").end("z").build()

    graphs = [made("edge"), made("case"), row(inner=made("edge")), row(inner=made("case"))]
    runs = [Debugger(graph) for graph in graphs]
    errors = [dbg.run().error for dbg in runs]
    assert all("mend the condition" in str(error) for error in errors)
    cells("def big(s): return s['n'] > 1")

    assert [dbg.run().reason for dbg in runs] == [R.COMPLETED] * 4


def test_a_condition_after_a_barrier():
    """G9: a decision routes by the new condition."""
    cells = Cells("def safe(s): return False")
    g = GraphBuilder("g").barrier("ask").node("yes", note).node("no", note)
    g.edge_if("ask", "yes", cells.safe).edge("ask", "no")
    dbg = Debugger(g.start("ask").end("yes").build())
    dbg.run()
    cells("def safe(s): return True")
    stop = dbg.approve()

    assert (stop.frame.next_node, stop.new_code) == ("yes", ("ask -> yes",))


@pytest.mark.parametrize("inside", [False, True])
def test_a_condition_that_no_name_leads_to_is_patched(inside):
    """G9: `patch(edges=…)` takes cases of a Condition, and edges inside of nodes, by path."""
    g = GraphBuilder("inner").node("a", note).node("b", note).node("z", note)
    g.condition("c", [("z", lambda s: s["no"])]).edge("a", "c").edge_if("z", "b", lambda s: s["no"])
    graph = g.start("a").end("b").build()
    dbg = Debugger(row(inner=graph) if inside else graph)
    before = "inner/" if inside else ""
    for source, target in (("c", "z"), ("z", "b")):
        error = dbg.run().error
        assert error.patch == f"patch(edges={{('{before}{source}', '{target}'): condition}})"
        dbg.patch(edges={(f"{before}{source}", target): lambda s: True})

    assert dbg.run().reason is R.COMPLETED


def test_a_merge_and_what_branches_run():
    """G9: the merge function of a Parallel, its branches, and the graphs among them."""
    cells = Cells(
        "def one(ctx): return {'one': 1}\ndef two(ctx): return {'two': 1}\n"
        "def merge(states): return {'merged': 1}"
    )
    g = GraphBuilder("g")
    g.parallel("par", {"x": cells.one, "y": only(cells.two)}, merge=cells.merge)
    dbg = Debugger(g.start("par").end("par").build())
    assert ran(dbg) == {"merged": 1}
    cells("def one(ctx): return {'one': 2}\ndef two(ctx): return {'two': 2}")
    cells("def merge(states): return {'merged': [states['x']['one'], states['y']['two']]}")
    dbg.rewind(0)
    stop = dbg.run()

    assert dict(dbg.state) == {"merged": [2, 2]}
    assert set(stop.new_code) == {"par/x", "par/y/work", "merge of par"}


def test_lenses_of_functions_and_of_classes():
    """G9: a lens is an object like any other; what is a key has no code."""
    cells = Cells(
        "from types import SimpleNamespace\n"
        "def get(outer): return {'n': outer['n']}\n"
        "def put(outer, inner): return {**outer, 'n': inner['n']}\n"
        "class Lens:\n"
        "    def get(self, outer): return {'n': outer['n']}\n"
        "    def set(self, outer, inner): return {**outer, 'n': inner['n']}\n"
    )
    inner = only(lambda ctx: {"n": ctx.state["n"] + 1})
    functions = cells.SimpleNamespace(get=cells.get, set=cells.put)
    g = GraphBuilder("g").subgraph("a", inner, lens=functions)
    g.subgraph("b", inner, lens=cells.Lens()).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build(), {"n": 0})
    assert ran(dbg) == {"n": 2}
    cells("def put(outer, inner): return {**outer, 'n': inner['n'], 'a': 'new'}")
    assert ran(dbg) == {"n": 2, "a": "new"}
    cells(
        "class Lens:\n"
        "    def get(self, outer): return {'n': outer['n']}\n"
        "    def set(self, outer, inner): return {**outer, 'n': inner['n'], 'b': 'new'}\n"
    )

    assert ran(dbg) == {"n": 2, "a": "new", "b": "new"}
