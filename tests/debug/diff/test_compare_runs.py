"""Two lines compared: where they part, and what each has in its own way."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder, Reducer
from tests.strategies import chain, fanned, finish_debugger, nested, note, priced


def test_equal_runs_have_no_difference():
    """What is equal is folded away."""
    one, two = Debugger(nested()), Debugger(nested())
    finish_debugger(one)
    finish_debugger(two)
    told = one.compare(two)

    assert told.first_difference is told.first_key is told.first_route is None
    assert len(told.to_pandas()) == len(one.frames)
    assert len(told.to_pandas(equal=False)) == 0
    assert "no difference" in repr(told)


def test_the_table_of_a_comparison_has_every_step():
    """Which are the same, and which are the very same frame, are columns to choose by."""
    dbg = priced()
    fork = dbg.fork(6, put={"total": 0})
    fork.run()
    told = dbg.compare(fork)
    table = told.to_pandas()

    assert len(table) == len(told.pairs) == 15
    assert table["shared"].sum() == 7
    assert table[~table["same"]]["path"].tolist() == told.to_pandas(equal=False)["path"].tolist()
    assert table[table["same"] & ~table["shared"]]["path"].tolist() == []
    assert [str(table[name].dtype) for name in ("same", "shared")] == ["boolean"] * 2


def test_a_difference_inside_a_level_names_the_level():
    """The line above it says ``agent:total``, and so does the difference."""
    dbg = priced()
    fork = dbg.fork(6, put={"total": 0})
    fork.run()
    told = repr(dbg.compare(fork)).splitlines()

    at = next(i for i, line in enumerate(told) if line.startswith("first different key"))
    assert told[at].startswith("first different key: agent:total, after agent/discount")
    assert told[at + 1] == "  ~ agent:total: 50 -> -30"
    assert str(told[-2]) == "  ~ job.total: 50 -> -30"


def test_comparing_a_line_with_itself_says_so():
    """Also where the other side is a debugger that stands somewhere else."""
    dbg = priced()
    fork = dbg.fork(2, name="other")

    assert repr(dbg.compare("main")).endswith("no difference; both are the line 'main'")
    assert "both are" not in repr(dbg.compare(fork))
    assert "both are" not in repr(dbg.compare(priced()))


def test_the_first_different_key_is_found_inside_a_level():
    """Issue 4: aligned by path, node and visit."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    fork = dbg.fork(("agent#2/llm", 1), put={"extra": "<b>"})
    finish_debugger(fork)
    pair, key = dbg.compare(fork).first_key

    assert (pair.path, key) == ("agent#2/approve", "agent#2:extra")
    assert "<b>" not in dbg.compare(fork)._repr_html_()


def test_branches_that_finished_in_another_order_are_still_paired():
    """P: the order of branches changes nothing."""
    one, two = Debugger(fanned()), Debugger(fanned())
    finish_debugger(one)
    while two.run().pending or not two.position.ended:
        two.step() if not two.pending else two.approve()
    told = one.compare(two)

    assert all(p.left is not None and p.right is not None for p in told.pairs)
    assert not told.diff


def test_lists_that_grow_are_compared_as_they_grow():
    """A difference comes, and goes where a later write takes it back."""

    def build(extra):
        def node(ctx):
            ctx.append("log", "odd" if ctx.visit == extra else ctx.visit)
            if ctx.visit == 6:
                ctx.put("log", [])
            if ctx.visit < 8:
                ctx.goto("node")

        dbg = Debugger(chain(node))
        dbg.run()
        return dbg

    told = build(3).compare(build(99))

    assert [bool(p.keys) for p in told.pairs] == [
        *([False] * 3),
        *([True] * 3),
        *([False] * 3),
    ]
    assert told.first_key[1] == "log"
    assert str(told.first_key[0].diff) == "~ log[2]: 'odd' -> 3"


def test_comparing_says_which_way_each_side_went():
    """The first different route, in words."""
    g = GraphBuilder("g").node("add", lambda ctx: ctx.reduce("n", 1, Reducer.SUM))
    g.node("small", note).node("big", note).node("end", note)
    g.edge_if("add", "big", lambda s: s["n"] > 5).edge("add", "small")
    g.edge("small", "end").edge("big", "end").start("add").end("end")
    graph = g.build()
    one, two = Debugger(graph, {"n": 0}), Debugger(graph, {"n": 9})
    one.run()
    two.run()
    told = one.compare(two)

    assert "small or big" in repr(told)
    assert told.first_route.path == "add"
    assert all(name.isidentifier() for name in told.to_pandas().columns)
