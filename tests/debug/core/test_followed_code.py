"""New code is taken by the next verb, in every debugger and from every module (G9)."""

from __future__ import annotations

import importlib
import sys
import warnings

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, Retry
from tests.debug.cells import Cells, only, ran, row
from tests.strategies import chain


def test_two_graphs_and_two_nodes_share_a_function():
    """G9: the name meant it in all of them, so all of them go on with the new one."""
    cells = Cells("def work(ctx): return {ctx.node: 1}")
    runs = [Debugger(row(a=cells.work, b=cells.work)), Debugger(row(b=cells.work))]
    fork = runs[0].fork()
    cells("def work(ctx): return {ctx.node: 2}")

    assert [ran(dbg) for dbg in (*runs, fork)] == [{"a": 2, "b": 2}, {"b": 2}, {"a": 2, "b": 2}]


def test_a_module_that_is_reloaded(tmp_path, monkeypatch):
    """G9: a function that was imported is followed where it was defined; so is its own graph's."""
    text = (
        "from lellm_nb import GraphBuilder\n"
        "def work(ctx): return {{'n': {}}}\n"
        "graph = GraphBuilder('g').node('work', work).start('work').end('work').build()\n"
    )
    file = tmp_path / "module_to_reload.py"
    file.write_text(text.format(1))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module("module_to_reload")
    monkeypatch.setitem(sys.modules, "module_to_reload", module)
    own, imported = Debugger(module.graph), Debugger(chain(module.work, name="mine"))
    file.write_text("\n" + text.format(2))
    importlib.reload(module)

    assert ran(own) == {"n": 2}
    assert ran(imported) == {"n": 2}


def test_what_is_defined_again_during_a_run_is_taken_by_the_next_verb():
    """G9: one verb runs one code, from its beginning to its end."""
    cells = Cells("def work(ctx): return {ctx.node: 1}")
    g = GraphBuilder("g").node("a", lambda ctx: cells("def work(ctx): return {ctx.node: 2}"))
    g.node("b", cells.work).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build())
    dbg.run()

    assert dict(dbg.state) == {"b": 1}
    assert ran(dbg) == {"b": 2}


def test_the_graph_itself_runs_as_it_was_built():
    """G9: `graph.run` uses the graph as built."""
    cells = Cells("def work(ctx): return {'n': 1}")
    graph = only(cells.work)
    dbg = Debugger(graph)
    cells("def work(ctx): return {'n': 2}")

    assert ran(dbg) == {"n": 2}
    assert dict(graph.run({}).state) == {"n": 1}


def test_a_reducer_s_function_in_a_graph_and_in_one_inside_of_it():
    """G9: what joins values is code like any other; a stop tells that it was exchanged."""
    cells = Cells("def join(old, new): return old + new\ndef add(ctx): return {'n': 1}")
    rules = {"n": Reducer.custom(cells.join, name="join", commutative=True)}

    def built(name, **nodes):
        g = GraphBuilder(name, reducers=rules)
        for node, target in nodes.items():
            g.node(node, target)
        return g.start(next(iter(nodes))).end(next(iter(nodes))).build()

    inner, plain = built("inner", add=cells.add), built("plain", add=cells.add)
    dbg, nested = Debugger(plain, {"n": 10}), Debugger(built("outer", sub=inner), {"n": 10})
    cells("def join(old, new): return old * 100 + new")

    stops = [dbg.run(), nested.run()]
    assert [each.state["n"] for each in (dbg, nested)] == [1001, 1001]
    assert [stop.new_code for stop in stops] == [("reducer of n",), ("reducer of n",) * 1]
    assert dbg.session.graph.reducers["n"].commutative


def test_what_waits_between_attempts():
    """G9: a function given as `backoff` is followed too."""
    cells = Cells("def pause(number): raise LookupError('old')")
    tries = []

    def fails(ctx):
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")

    g = GraphBuilder("g").start("a").end("a")
    g.task(fails, name="a", retries=1, backoff=cells.pause)
    dbg = Debugger(g.build())
    cells("def pause(number): return 0.0")

    assert dbg.run().error is None
    assert len(tries) == 2


def test_what_says_after_which_errors_to_try_again():
    """G9, R8: a function given to `Retry` as `on` is followed too."""
    cells = Cells("def temporary(error): return False")
    tries = []

    def fails(ctx):
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")

    g = GraphBuilder("g").start("a").end("a")
    g.task(fails, name="a", retry=Retry(on=cells.temporary, backoff=0))
    dbg = Debugger(g.build())
    cells("def temporary(error): return 'once' in str(error)")

    assert dbg.run().error is None
    assert len(tries) == 2


def test_a_function_that_takes_other_arguments_is_not_taken_and_that_is_said_once():
    """G9: it may be a helper of that name, or what is meant; only the user knows."""
    cells = Cells("def work(ctx): return {'n': 1}")
    dbg = Debugger(only(cells.work))
    cells("def work(c): return {'n': 2}")

    with pytest.warns(UserWarning, match="work is defined again with other arguments") as told:
        stop = dbg.run()
    assert (dbg.state["n"], stop.new_code) == (1, ())
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dbg.rewind(0)
        dbg.run()
    dbg.patch({"work": cells.work})
    assert ran(dbg) == {"n": 2}
