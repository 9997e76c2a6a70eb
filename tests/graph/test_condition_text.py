"""Conditions of edges and of Condition nodes as text (SEMANTICS G10)."""

from __future__ import annotations

import pickle

import pytest

from lellm_nb import Debugger, Expression, GraphBuilder, Reducer
from lellm_nb.errors import EdgeError, GraphError, InvalidNodeError, UnroutedError
from lellm_nb.record.codec.graph import graph_form, read_graph
from tests.strategies import note


def counting(condition="n < 3", **more):
    """A loop that a text leads through."""
    g = GraphBuilder("count").node("add", lambda ctx: ctx.reduce("n", 1, Reducer.SUM))
    g.node("done", note).edge_if("add", "add", condition, **more).edge("add", "done")
    return g.start("add").end("done").build()


def choosing(*cases):
    """A Condition node with texts."""
    g = GraphBuilder("choose").condition("which", cases or [("low", "n < 3"), ("high", "n > 7")])
    g.node("low", note).node("high", note).node("other", note).edge("which", "other")
    for name in ("low", "high"):
        g.edge(name, "other")
    return g.start("which").end("other").build()


def test_an_edge_is_taken_where_its_text_holds():
    """G10, G2: asked of the committed state, like a function."""
    result = counting().run({"n": 0})

    assert result.state["n"] == 3


@pytest.mark.parametrize(("n", "way"), [(1, "low"), (9, "high"), (5, "other")])
def test_the_cases_of_a_condition_may_be_text(n, way):
    """G10, G1: the first that holds."""
    dbg = Debugger(choosing(), {"n": n})
    dbg.run()

    assert dbg.frames[1].route.next_node == way


@pytest.mark.parametrize(
    "make",
    [
        lambda text: GraphBuilder("g").edge_if("a", "b", text),
        lambda text: GraphBuilder("g").condition("c", [("a", text)]),
        lambda text: counting().patched(edges={("add", "add"): text}),
        lambda text: Debugger(counting()).patch(edges={("add", "add"): text}),
    ],
)
def test_a_text_that_is_none_is_refused_where_it_is_given(make):
    """G10: the edge, the piece and its column are named."""
    with pytest.raises(
        GraphError, match=r"its condition: .* at column 3: to compare, write =="
    ) as e:
        make("n = 3")

    assert e.value.argument == "its condition"


def test_what_a_text_raises_is_an_error_of_the_edge():
    """R4: the step is committed, and stepping again only routes."""
    dbg = Debugger(counting("n + label > 3"), {"n": 0, "label": "x"})
    stop = dbg.run()

    assert type(stop.error) is EdgeError
    assert (stop.error.edge, type(stop.error.__cause__)) == ("add -> add", TypeError)
    dbg.patch(edges={("add", "add"): "n < 2"})
    assert dbg.run().reason.name == "COMPLETED"
    assert dbg.state["n"] == 2


def test_a_dead_end_shows_the_texts_that_it_asked():
    """R4, G10."""
    g = GraphBuilder("g").node("a", note).node("b", note).edge_if("a", "b", "total > 100")
    with pytest.raises(UnroutedError, match=r"Tried a -> b \(if total > 100\): False") as refused:
        g.start("a").end("b").build().run({"total": 3})

    assert refused.value.tried == {"a -> b (if total > 100)": False}


def test_why_shows_the_text_and_the_keys_that_it_read():
    """G10: a key that is looked up and absent was read, one that was not needed was not."""
    graph = counting("n < 3 and (gone or approve.by is None) or unread")
    dbg = Debugger(graph, {"n": 0, "unread": 1})
    dbg.run()
    row = dbg.why(1)[0]

    assert row.condition == "n < 3 and (gone or approve.by is None) or unread"
    assert (row.result, row.won) == (True, True)
    assert row.reads == ("n", "gone", "approve")


def test_a_text_stands_at_its_edge_in_every_text_of_the_graph():
    """G10: Mermaid, Graphviz; as data, in which nothing is markup."""
    graph = counting('name == "<b>|" or n < 3', max_visits=5)

    assert '|"name #61;#61; #34;#60;b#62;#124;#34; or n #60; 3#44; max 5"|' in graph.to_mermaid()
    assert r'label="name == \"<b>|\" or n < 3, max 5"' in graph.to_graphviz().source


def test_the_text_is_no_part_of_what_a_graph_is():
    """G6, G7: another condition is other code, as another function is."""
    one, two = counting("n < 3"), counting("n < 4")

    assert one.canonical_hash == two.canonical_hash == counting(lambda s: True).canonical_hash
    assert one.fingerprint == two.fingerprint
    assert one.edges[0].predicate == Expression("n < 3")
    assert one.edges[0].counter == "#add -> add"


def test_the_outline_of_a_graph_keeps_its_texts():
    """G10: a run that is opened without its graph says them, and asks them again."""
    for graph in (counting(), choosing()):
        form = graph_form(graph)
        read = read_graph(form, graph.canonical_hash)

        assert graph_form(read) == form
        texts = [edge.said for router in read.routers.values() for edge in router.edges]
        assert texts == [edge.said for r in graph.routers.values() for edge in r.edges]
    assert "texts" not in graph_form(counting(lambda s: False))


@pytest.mark.parametrize("text", ["__import__('os').getcwd()", 3, None, "n ="])
def test_a_stored_outline_with_another_text_is_read_without_it(text):
    """G10: it is parsed by the same door, and nothing of it is run."""
    form = {**graph_form(counting()), "texts": {"0": text}}
    edge = read_graph(form, 0).edges[0]

    assert (edge.kind, edge.said) == ("conditional", "")


def test_python_proper_is_a_condition_too():
    """G10: after py: it is what a lambda would be."""
    result = counting("py: n in {1, 2}").run({"n": 0})

    assert result.state["n"] == 3
    assert "texts" not in graph_form(counting("py: n < 3"))


def test_a_graph_with_texts_goes_to_another_process():
    """Where a lambda does not."""
    again = pickle.loads(pickle.dumps(counting().edges[0].predicate))

    assert again({"n": 2}) is True


def test_a_text_counts_visits_as_a_function_does():
    """G5."""
    g = GraphBuilder("g", enforce_max_visits=True).node("a", note).node("b", note)
    g.edge_if("a", "a", "n == 0", max_visits=2).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build(), {"n": 0})

    assert "a -> a" in str(dbg.run().error)


def test_no_function_is_no_condition():
    """Bad input: what would do is said."""
    with pytest.raises(InvalidNodeError, match=r"text, or a function of \(state\), not 3"):
        GraphBuilder("g").edge_if("a", "b", 3)
