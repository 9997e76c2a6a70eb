"""The one walk over a nest of graphs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lellm_nb import GraphBuilder
from lellm_nb.graph import walk
from lellm_nb.graph.make_node import make_parallel


def nothing(ctx):
    """A task that does nothing."""


def one(name, inner=nothing):
    """A graph of one node of that name."""
    return GraphBuilder(f"of {name}").node(name, inner).start(name).end(name).build()


def nest():
    """A graph with a subgraph, and with a parallel of a task, a graph and another parallel."""
    branches = {
        "t": nothing,
        "deep": one("x"),
        "p": make_parallel("p", {"u": nothing, "v": one("y")}, merge=None, on_error="fail_fast"),
    }
    made = GraphBuilder("nest").node("agent", one("llm", one("z"))).parallel("par", branches)
    return made.edge("agent", "par").start("agent").end("par").build()


def foreign(**inside):
    """A node of another engine."""
    return SimpleNamespace(kind="theirs", **inside)


def test_levels_are_walked_with_their_paths_the_outermost_first():
    """Every graph of the nest, and nothing else, however it is nested."""
    found = [(path, graph.name) for path, graph in walk.levels(nest())]

    assert found == [
        ("", "nest"),
        ("agent", "of llm"),
        ("agent/llm", "of z"),
        ("par/deep", "of x"),
        ("par/p/v", "of y"),
    ]


def test_a_composite_comes_before_what_is_in_it():
    """The order in which people read an outline."""
    assert [path for path, _ in walk.nodes(nest())] == [
        *("agent", "agent/llm", "agent/llm/z"),
        *("par", "par/t", "par/deep", "par/deep/x"),
        *("par/p", "par/p/u", "par/p/v", "par/p/v/y"),
    ]


def test_every_node_is_found_at_the_path_it_is_walked_with():
    """Walking and looking up agree, with visits and without."""
    graph = nest()

    for path, node in walk.nodes(graph):
        assert walk.node_at(graph, path) is node
        assert walk.node_at(graph, path.replace("/", "#2/")) is node
    assert walk.node_at(graph, "agent/llm/z/below") is None
    assert walk.node_at(graph, "") is None


def test_every_graph_is_found_at_the_path_it_is_walked_with():
    """Walking and looking up agree about levels too."""
    graph = nest()

    for path, level in walk.levels(graph):
        assert walk.graph_at(graph, path) is level


def test_a_level_without_a_graph_of_its_own_has_the_one_around_it():
    """The branch of a task, and a pause inside a node."""
    graph = nest()

    assert walk.graph_at(graph, "par") is graph
    assert walk.graph_at(graph, "par/t") is graph
    assert walk.graph_at(graph, "agent/llm/z") is walk.graph_at(graph, "agent/llm")
    with pytest.raises(KeyError):
        walk.graph_at(graph, "agent/gone")


def test_a_branch_is_a_level_of_its_own_by_its_key():
    """The level around a branch's graph has one node, and so has a task's."""
    found = {key: graph and graph.name for key, graph in walk.level_keys(nest())}

    assert found == {
        "": "nest",
        "/agent": "of llm",
        "/agent/llm": "of z",
        "/par|t": None,
        "/par|deep": None,
        "/par|deep/deep": "of x",
        "/par|p": None,
        "/par|p/p|u": None,
        "/par|p/p|v": None,
        "/par|p/p|v/v": "of y",
    }


def test_graphs_of_another_engine_are_walked_by_their_shape():
    """No class is asked for, and a node that only happens to have a `graph` is no subgraph."""
    inner = SimpleNamespace(nodes={"b": foreign()})
    nodes = {"a": foreign(graph=inner), "c": foreign(branches={"d": foreign()})}
    graph = SimpleNamespace(nodes={**nodes, "e": foreign(graph="a picture")})

    assert [path for path, _ in walk.nodes(graph)] == ["a", "a/b", "c", "c/d", "e"]
    assert [path for path, _ in walk.levels(graph)] == ["", "a"]
    assert walk.graph_at(graph, "a") is inner
