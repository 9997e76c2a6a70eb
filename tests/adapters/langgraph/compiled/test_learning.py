"""What a shape learns while its graph runs: ways that no edge declares, and graphs inside."""

from __future__ import annotations

import itertools

import pytest
from langgraph.graph import START, StateGraph

from lellm_nb.adapters.langgraph.shape import shape_of
from lellm_nb.graph.walk import node_at, nodes
from tests.adapters.langgraph.compiled.shaped import (
    Log,
    chain,
    first,
    flow,
    handlers,
    map_reduce,
    nested,
)


def test_a_way_that_no_edge_declares_becomes_one():
    """Once, at its own level, and of the kind of a goto."""
    shape = shape_of(map_reduce(says=False))

    assert shape.learned("plan", "work")
    assert not shape.learned("plan", "work")
    assert (shape.edges[-1].label, shape.edges[-1].kind) == ("plan -> work", "goto")
    assert shape.version == 1


@pytest.mark.parametrize(
    ("source", "target"),
    [("work", "sum"), ("work", "nowhere"), ("nowhere", "work"), ("work", "__end__"), ("a/b", "c")],
)
def test_what_is_declared_or_unknown_is_not_learned(source, target):
    shape = shape_of(map_reduce())

    assert not shape.learned(source, target)
    assert shape.version == 0


def test_a_way_inside_is_learned_at_its_own_level():
    """The path may have visits: the edge is one for all of them."""
    shape = shape_of(nested())

    assert shape.learned("sub#2/after", "agent")
    assert node_at(shape, "sub").graph.edges[-1].label == "after -> agent"
    assert [edge.kind for edge in shape.edges] == ["normal", "normal"]


def test_a_task_in_which_nodes_ran_becomes_a_composite():
    """It stays the same node, and what is learned later joins what is there."""
    shape = shape_of(chain("a", "b"))
    node = shape.nodes["a"]

    assert shape.learn_level("a", ["x"])
    assert not shape.learn_level("a", ["x"])
    assert shape.learn_level("a", ["x", "y"])
    assert shape.learned("a/x", "y")
    assert shape.nodes["a"] is node
    assert [(path, each.kind) for path, each in nodes(shape)] == [
        ("a", "subgraph"),
        ("a/x", "task"),
        ("a/y", "task"),
        ("b", "task"),
    ]
    assert shape.version == 3


def test_a_task_that_is_learned_joins_those_that_the_function_names():
    shape = shape_of(flow)

    assert not shape.learn_level("flow", ["write"])
    assert shape.learn_level("flow", ["write", "grade"])
    assert [path for path, _ in nodes(shape)] == ["flow", "flow/write", "flow/grade"]


@handlers
def test_a_handler_that_all_nodes_share_is_shown_where_it_ran():
    """Else each node would have one beside it, of which most never run."""

    def mend(state):
        return {}

    g = StateGraph(Log).add_node("a", first).add_node("b", first)
    g.set_node_defaults(error_handler=mend)
    shape = shape_of(g.add_edge(START, "a").add_edge("a", "b").compile())

    assert list(shape.nodes) == ["a", "b"]
    assert shape.learn_handler("b")
    assert not shape.learn_handler("b")
    assert shape.nodes["b.error"].fn is mend
    assert shape.edges[-1].label == "b -> b.error"


def test_what_is_learned_is_no_part_of_what_the_graph_is():
    """A run that is stored is found again by a graph that has learned nothing yet."""
    shape = shape_of(chain("a", "b"))
    hash, look = shape.canonical_hash, shape.fingerprint
    shape.learned("b", "a")
    shape.learn_level("a", ["x"])

    assert (shape.canonical_hash, shape.fingerprint) == (hash, look)
    assert hash == shape_of(chain("a", "b")).canonical_hash


def test_who_reads_meanwhile_sees_a_whole_graph():
    """What was being read stays as it was: a dict that grows would end the reading."""
    shape = shape_of(chain("a", "b"))
    shape.learn_level("a", ["x", "y"])
    reading, edges = nodes(shape), iter(shape.edges)
    seen = [path for path, _ in itertools.islice(reading, 2)]
    shape.learn_level("a", ["z"])
    shape.learned("b", "a")

    assert seen == ["a", "a/x"]
    assert [path for path, _ in reading] == ["a/y", "b"]
    assert [edge.label for edge in edges] == ["a -> b"]


def test_what_was_learned_goes_on_with_new_code():
    shape = shape_of(nested())
    shape.learned("sub/after", "agent")
    shape.learn_level("prep", ["x"])
    made = shape.patched({"sub/after": lambda state: {}})

    assert node_at(made, "sub").graph.edges[-1].label == "after -> agent"
    assert node_at(made, "prep/x").kind == "task"
