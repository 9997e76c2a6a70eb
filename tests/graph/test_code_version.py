"""What is a new version of a function, and what is another function of that name (G9)."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder
from tests.debug.cells import Cells, only, ran, row


def test_nodes_made_in_a_loop_run_what_each_was_given():
    """G9: a name that went on to other functions leads to none of them."""
    cells = Cells(GraphBuilder=GraphBuilder)
    cells(
        "g = GraphBuilder('team')\n"
        "for who in 'abc':\n"
        "    def work(ctx, who=who):\n"
        "        return {who: ctx.node}\n"
        "    g.node(who, work)\n"
        "graph = g.edge('a', 'b').edge('b', 'c').start('a').end('c').build()\n"
    )
    dbg = Debugger(cells.graph)
    dbg.run()

    assert dict(dbg.state) == dict(cells.graph.run({}).state) == {"a": "a", "b": "b", "c": "c"}
    cells("def work(ctx, who='new'): return {who: ctx.node}")
    assert ran(dbg) == {"a": "a", "b": "b", "new": "c"}


def test_two_functions_of_one_throw_away_name():
    """G9: `def _` twice; stepped, run and forked alike, also where `_` is something else since."""
    cells = Cells(g=GraphBuilder("pipeline"))
    cells("@g.task(name='fetch')\ndef _(ctx): return {'fetched': 1}")
    cells("@g.task(name='store')\ndef _(ctx): return {'stored': 1}")
    dbg = Debugger(cells.g.edge("fetch", "store").start("fetch").end("store").build())
    dbg.step()
    cells("_ = dict(fetched=1)")
    dbg.step()
    fork = dbg.fork(at=0)
    fork.run()

    assert dict(dbg.state) == dict(fork.state) == {"fetched": 1, "stored": 1}


def test_a_second_graph_has_a_function_of_the_same_name():
    """G9: what is another graph's node is not taken for this one's."""
    cells = Cells("def node_1(ctx): return {'by': 'first'}")
    first = Debugger(row(node_1=cells.node_1))
    cells("def node_1(ctx): return {'by': 'second'}")
    g = GraphBuilder("second").node("node_1", cells.node_1).node("more", lambda ctx: None)
    second = Debugger(g.edge("node_1", "more").start("node_1").end("more").build())

    assert ran(first) == {"by": "first"}
    assert ran(second) == {"by": "second"}


def test_a_second_graph_has_objects_of_a_class_of_the_same_name():
    """G9: so it is with classes, of whose objects a node is one, or a method of one."""
    cell = "class Step:\n    def execute(self, ctx): return {{'by': '{0}'}}\n    go = execute"
    cells = Cells(cell.format("first"))
    first = Debugger(row(a=cells.Step(), b=cells.Step().go))
    cells(cell.format("second"))
    second = Debugger(row(a=cells.Step()))

    assert ran(first) == {"by": "first"}
    assert ran(second) == {"by": "second"}


def test_the_same_graph_built_again_has_the_new_version():
    """G9: a cell that defines the functions and builds the graph is run again."""
    cell = "def work(ctx): return {{'n': {}}}\n@g.task\ndef more(ctx): return None\n"
    cells = Cells(cell.format(1), g=GraphBuilder("agent"))

    def build():
        g = GraphBuilder("agent").node("work", cells.work).node("more", cells.more)
        return g.edge("work", "more").start("work").end("more").build()

    dbg = Debugger(build())
    cells(cell.format(2))
    assert build() is not None

    assert ran(dbg) == {"n": 2}


def test_functions_that_change_places():
    """G9: the function of another node, of a graph inside as well, is no new version."""
    cells = Cells("def a(ctx): return {'a': 1}\ndef b(ctx): return {'b': 1}")
    inner = row(b=cells.b)
    g = GraphBuilder("g").node("a", cells.a).subgraph("sub", inner)
    dbg = Debugger(g.edge("a", "sub").start("a").end("sub").build())
    graph = dbg.graph
    cells("a, b = b, a\na.__name__, b.__name__ = 'a', 'b'")
    dbg.run()

    assert dbg.graph is graph
    assert dict(dbg.state) == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    "code",
    [
        "def work(text): return text.strip()",
        "def work(ctx, more): return None",
        "def work(): return None",
        "def work(ctx, *, more): return None",
        "work = [1, 2]",
        "work = len",
        "from textwrap import dedent as work",
        "class work: pass",
        "del work",
        "import numpy; work = numpy.array([1, 2])",
    ],
)
def test_another_thing_under_the_name(code):
    """G9: a helper that is called in another way, and what is no function, are left alone."""
    cells = Cells("def work(ctx): return {'n': 1}")
    dbg = Debugger(only(cells.work))
    graph = dbg.graph
    cells(code)

    assert ran(dbg) == {"n": 1}
    assert dbg.graph is graph


def test_a_name_that_is_gone_for_a_while():
    """G9: deleted, and defined again: followed."""
    cells = Cells("def work(ctx): return {'n': 1}")
    dbg = Debugger(only(cells.work))
    cells("del work")
    assert ran(dbg) == {"n": 1}
    cells("def work(ctx): return {'n': 2}")

    assert ran(dbg) == {"n": 2}
