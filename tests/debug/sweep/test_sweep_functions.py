"""Sweeps over functions of nodes, and what the repeats of a sweep have in common."""

from __future__ import annotations

import math
import warnings

import pandas
import pytest

from lellm_nb import Debugger, GraphBuilder, SqliteStore, Variant, grid, sweep_summary
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from tests.debug.graphs_sweep import numbers, swept
from tests.strategies import note

EVERYWHERE = pytest.mark.parametrize("place", ["here", "threads", "processes"])


def cube(ctx):
    return {"square": ctx.state["n"] ** 3}


async def twice(ctx):
    return {"square": ctx.state["n"] * 2}


@EVERYWHERE
def test_a_variant_has_functions_of_its_own(place):
    """Contract: sweeps over functions and models; the run itself keeps its code."""
    dbg = numbers()
    variants = [
        {"n": 5},
        Variant(nodes={"square": cube}),
        Variant({"n": 6}, {"square": twice}, "x"),
    ]
    table = swept(dbg, 0, variants, place=place)

    assert list(table["variant"]) == ["0", "1", "x"]
    assert list(table["square"]) == [25, 64, 12]
    assert list(table["node_square"].fillna("")) == ["", "cube", "twice"]
    assert list(table["put_n"].fillna(-1)) == [5, -1, 6]
    assert dbg.branch("fork 2").frames[1].path == "square"
    assert dbg.fork(at=0).run().reason.name == "COMPLETED"
    assert dbg.branch("fork 4").state["square"] == 16


def test_a_line_of_a_sweep_goes_on_with_its_functions():
    """It is a fork: rewound and gone on with, its own function runs, and is told as new code."""
    dbg = numbers()
    table = swept(dbg, 0, {"cubed": Variant(nodes={"square": cube})})
    child = dbg.branch(table["line"][0])
    child.rewind(0)
    child.run()

    assert child.state["square"] == 64
    assert dbg.has_old_code(dbg.frames[1]) is False


def test_functions_of_nodes_inside_by_name_or_path():
    """As for `fork`: a bare name where it is unique; in subgraphs and in branches."""
    inner = GraphBuilder("inner").node("llm", lambda ctx: {"m": 1}).start("llm").end("llm").build()
    g = GraphBuilder("outer").subgraph("agent", inner)
    g.parallel("both", {"t": lambda ctx: {"t": 1}, "u": note}).edge("agent", "both")
    dbg = Debugger(g.start("agent").end("both").build(), {})
    dbg.run()
    nodes = {"llm": lambda ctx: {"m": 7}, "both/t": lambda ctx: {"t": 8}}
    table = swept(dbg, 0, [Variant(nodes=nodes), {}])

    assert list(table["m"]) == [7, 1]
    assert list(table["t"]) == [8, 1]
    assert list(table["node_agent/llm"].fillna("")) == ["function", ""]


def test_variants_are_kept_and_opened_again(tmp_path):
    """The lines of a sweep are lines of the run, in its store too."""
    store = SqliteStore(tmp_path / "runs.db")
    dbg = Debugger(numbers().graph, {"n": 4}, store=store)
    dbg.run()
    swept(dbg, 0, [Variant(nodes={"square": cube})], n=2)
    dbg.close()
    again = Debugger.open(store)

    assert again.lines == ["main", "fork 1", "fork 2"]
    assert again.branch("fork 2").frames[1].state["square"] == 64


def test_a_function_that_would_never_run_is_told():
    """Behind the frame that the sweep begins at, or of a node whose side effects are looked up."""
    dbg = numbers()
    with pytest.warns(UserWarning, match=r"ran square; to run it again .* sweep\(0, …\)"):
        swept(dbg, 1, [Variant(nodes={"square": cube})])
    dbg = numbers(side_effects=True)
    with pytest.warns(
        UserWarning, match=r"square declared side effects.*dbg.mode\('square', 'live'"
    ):
        swept(dbg, 0, [Variant(nodes={"square": cube})])
    dbg.mode("square", "live")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(swept(dbg, 0, [Variant(nodes={"square": cube})])["square"]) == [64]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Variant(3), "put is a mapping of keys, not 3"),
        (lambda: Variant(nodes=[cube]), "nodes is a mapping"),
        (lambda: Variant(nodes={"square": 3}), r"nodes\['square'\] is a function of \(ctx\)"),
        (lambda: Variant(nodes={"square": lambda: 1}), r"called with \(ctx\)"),
        (lambda: Variant(name=""), "name is text"),
        (lambda: Variant(name=3), "name is text"),
    ],
)
def test_a_variant_that_is_none(make, says):
    """Bad input: where it is made."""
    with pytest.raises(DebuggerError, match=says):
        make()


@EVERYWHERE
@pytest.mark.parametrize(
    ("variants", "error", "says"),
    [
        ([{"n": 1}, Variant(nodes={"squair": cube})], NoSuchNodeError, "square"),
        ([Variant(name="x"), Variant(name="x")], DebuggerError, "Two variants are called 'x'"),
        ([Variant({"n": 1}), 3], DebuggerError, "Variant 1 is a mapping of keys, or a Variant"),
    ],
)
def test_variants_that_do_not_fit(variants, error, says, place):
    """Bad input: nothing has run, and no line is made."""
    dbg = numbers()
    with pytest.raises(error, match=says):
        swept(dbg, 0, variants, place=place)
    assert dbg.lines == ["main"]


def test_a_function_that_cannot_be_sent():
    """Named before anything starts."""
    dbg = numbers()
    with pytest.raises(DebuggerError, match="here: node square"):
        swept(dbg, 0, {"here": Variant(nodes={"square": lambda ctx: None})}, place="processes")
    assert dbg.lines == ["main"]


# -- repeats -----------------------------------------------------------------------------


def noisy():
    """A node whose number is another at each run, and which fails at the third."""
    runs = iter(range(1, 100))

    def draw(ctx):
        n = next(runs)
        if n == 4:
            raise ValueError("four")
        return {"score": n * ctx.state["k"], "even": n % 2 == 0, "said": "x"}

    dbg = Debugger(
        GraphBuilder("noisy").node("draw", draw).start("draw").end("draw").build(), {"k": 1}
    )
    dbg.run()
    return dbg


def test_mean_and_spread_of_every_number():
    """Contract: of n runs each; runs that failed are counted, and lack their values."""
    dbg = noisy()
    runs = dbg.sweep(0, {"one": {"k": 1}, "ten": {"k": 10}}, n=3, progress=False)
    summary = sweep_summary(runs)

    assert list(summary["variant"]) == ["one", "ten"]
    assert list(summary["runs"]) == [3, 3]
    assert list(summary["completed"]) == [2, 3]
    assert list(summary["score_mean"]) == [2.5, 60.0]
    assert list(summary["score_min"]) == [2.0, 50.0]
    assert list(summary["score_max"]) == [3.0, 70.0]
    assert summary["score_std"][1] == 10.0
    assert math.isclose(summary["score_std"][0], 0.5**0.5)
    assert list(summary["even_mean"]) == [0.5, 1 / 3]
    assert list(summary["put_k_mean"]) == [1.0, 10.0]
    assert "duration_mean" in summary
    assert not [name for name in summary if name.startswith(("said", "line", "repeat", "error"))]


def test_one_run_has_no_deviation():
    """And rows of a table may be chosen first."""
    runs = noisy().sweep(0, grid(k=[1, 2]), progress=False)

    assert sweep_summary(runs)["score_std"].isna().all()
    assert list(sweep_summary(runs[runs["variant"] == "1"])["variant"]) == ["1"]


@pytest.mark.parametrize("runs", [None, 3, "x", pandas.DataFrame({"a": [1]}), []])
def test_what_is_no_table_of_a_sweep(runs):
    """Bad input."""
    with pytest.raises(DebuggerError, match="runs is the table that sweep"):
        sweep_summary(runs)
