"""G2: which edge is taken out of a node."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, ExecutionSession, GraphBuilder
from tests.graph.graphs import built
from tests.strategies import finish, note


def routed(state, *edges):
    """The route taken out of node a, for edges given as builder calls."""
    g = built("a", "b", "c", "d", "end")
    for edge in edges:
        edge(g)
    for name in "bcd":
        g.edge(name, "end")
    session = ExecutionSession(state, g.start("a").end("end").build())
    frame = asyncio.run(session.step())
    return frame.route.next_node, frame.route.kind


NORMAL_B = lambda g: g.edge("a", "b")  # noqa: E731  # a table of edges reads best as values
NORMAL_C = lambda g: g.edge("a", "c")  # noqa: E731
IF_C = lambda g: g.edge_if("a", "c", lambda s: s.get("c"))  # noqa: E731
IF_D = lambda g: g.edge_if("a", "d", lambda s: s.get("d"))  # noqa: E731
FALL_D = lambda g: g.edge_fallback("a", "d")  # noqa: E731
FALL_B = lambda g: g.edge_fallback("a", "b")  # noqa: E731


@pytest.mark.parametrize(
    ("state", "edges", "expected"),
    [
        ({}, [NORMAL_B, NORMAL_C], ("b", "normal")),
        ({"c": 1}, [NORMAL_B, IF_C], ("c", "conditional")),
        ({"c": 0}, [NORMAL_B, IF_C], ("b", "normal")),
        ({"c": 1, "d": 1}, [IF_D, IF_C, NORMAL_B], ("d", "conditional")),
        ({"c": 1, "d": 1}, [IF_C, IF_D, NORMAL_B], ("c", "conditional")),
        ({}, [FALL_D, IF_C], ("d", "fallback")),
        ({}, [FALL_D, FALL_B], ("d", "fallback")),
        ({}, [FALL_D, NORMAL_B], ("b", "normal")),
        ({"c": 1}, [FALL_D, NORMAL_B, IF_C], ("c", "conditional")),
    ],
)
def test_routing_looks_at_conditional_then_normal_then_fallback(state, edges, expected):
    """G2: conditional edges in order of registration, else the first normal, else fallback."""
    assert routed(state, *edges) == expected


def test_routing_sees_the_committed_state():
    """G2: a predicate reads what the node has just written, deeply read-only."""

    def a(ctx):
        ctx.put("n", [1])

    seen = []
    g = GraphBuilder("g").node("a", a).node("b", note).edge("a", "b")
    g.edge_if("a", "b", lambda s: seen.append(dict(s)) or False)
    finish(ExecutionSession({"n": []}, g.start("a").end("b").build()))

    assert seen == [{"n": [1]}]


def test_a_predicate_that_changes_the_state_is_an_error_of_the_edge():
    """S1, R4: predicates are pure; the attempt is refused and names the edge."""
    g = built("a", "b").edge_if("a", "b", lambda s: s["n"].append(1)).start("a").end("b")
    stop = Debugger(g.build(), {"n": []}).run()

    assert stop.error.edge == "a -> b"
    assert stop.frame.state == {"n": []}


def test_a_fallback_edge_is_no_error_route():
    """G2: a node that raises routes nowhere."""

    def a(ctx):
        raise ValueError("no")

    g = built("b").node("a", a).edge_fallback("a", "b").start("a").end("b")
    stop = Debugger(g.build()).run()

    assert stop.reason.name == "FAILED"
    assert stop.frame.next_node is None
