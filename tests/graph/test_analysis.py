"""G4, G5, G7: what looks odd in a graph, limits of edges, and how two graphs differ."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from lellm_nb import Debugger, ExecutionSession, GraphBuilder, Reducer, StopReason
from lellm_nb.engine.halt import Halt
from lellm_nb.errors import LoopLimitError
from tests.strategies import finish, note, steps


def graph(*edges, start="a", end="z", nodes="", goto=None, **options):
    """A graph of one-letter nodes; an edge is ``ab``, ``a?b`` or ``a!b``, and a limit if any."""
    g = GraphBuilder("g", **options)
    names = dict.fromkeys(start + end + nodes)
    for edge in edges:
        text = edge if isinstance(edge, str) else edge[0]
        names |= dict.fromkeys([text[0], text[-1]])
    for name in names:
        g.task(note, name=name, goto=(goto or {}).get(name, ()))
    for edge in edges:
        text, limit = (edge, None) if isinstance(edge, str) else edge
        add = {"?": lambda a, b, **o: g.edge_if(a, b, lambda s: False, **o), "!": g.edge_fallback}
        add.get(text[1:-1], g.edge)(text[0], text[-1], max_visits=limit)
    return g.start(start).end(end).build()


def found(graph):
    """The findings by level and code, with their nodes."""
    return [(f.level, f.code, "".join(f.nodes)) for f in graph.analyze().findings]


# -- G4 ------------------------------------------------------------------------------------


def test_a_plain_graph_has_nothing_to_remark():
    """G4: no warning, no info."""
    analysis = graph("ab", "bz").analyze()

    assert analysis.findings == ()
    assert repr(analysis) == "(nothing to remark)"


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        (["a?a", "az"], [("warning", "unprotected_cycle", "a")]),
        (["ab", "b?a", "bz"], [("warning", "unprotected_cycle", "ab")]),
        (["ab", ("b?a", 3), "bz"], [("info", "protected_cycle", "ab")]),
        (["ab", "b?c", ("c?a", 3), "c?b", "bz"], [("warning", "unprotected_cycle", "abc")]),
        ([("a!b", 2), "b?a", "bz"], [("warning", "fallback_in_cycle", "ab")]),
        (["ab", "az"], [("warning", "dead_edge", "az")]),
        (["ab", "ab", "bz"], [("warning", "dead_edge", "ab")]),
        (["az", "zb"], [("info", "edge_from_end", "zb")]),
    ],
)
def test_what_is_remarked_on(edges, expected):
    """G4: cycles, fallbacks inside them, edges that can never be taken, out-edges of the end."""
    assert expected[0] in found(graph(*edges))


def test_an_unreachable_node_is_an_info():
    """G4: worth knowing, and no mistake."""
    assert found(graph("az", nodes="x")) == [("info", "unreachable", "x")]


def test_declared_goto_targets_count_as_edges():
    """G4: for reach and for cycles; a condition's targets as well."""
    assert found(graph("ab", "bz", nodes="x", goto={"a": ["x"]})) == []
    assert found(graph("ab", "bz", goto={"b": ["a"]})) == [("warning", "unprotected_cycle", "ab")]
    g = GraphBuilder("g").condition("a", [("b", lambda s: True)]).node("b", note).node("z", note)
    g.edge("a", "z").edge("b", "z").start("a").end("z")
    assert found(g.build()) == []


def test_a_declared_goto_is_a_way_round_that_no_limit_protects():
    """G4: a limited edge beside it does not help."""
    analysis = found(graph("ab", ("b?a", 3), "bz", goto={"b": ["a"]}))

    assert ("warning", "unprotected_cycle", "ab") in analysis


def test_a_parallel_unlimited_edge_beside_a_limited_one_is_a_way_round():
    """G4: two edges between the same nodes, of which only one is limited."""
    analysis = found(graph("ab", ("b?a", 3), "b?a", "bz"))

    assert ("warning", "unprotected_cycle", "ab") in analysis


def test_an_error_route_is_a_way_to_a_node():
    """G4: its target is reached."""
    g = GraphBuilder("g").node("a", note).node("rescue", note).node("z", note)
    g.edge("a", "z").edge("rescue", "z").on_error("a", "rescue").start("a").end("z")

    assert found(g.build()) == []


def test_warnings_come_first_and_never_fail_a_build():
    """G4: analysis is asked for; `build` does not."""
    built = graph("az", "zb", "a?a", nodes="x")
    levels = [f.level for f in built.analyze().findings]

    assert levels == sorted(levels, reverse=True)
    assert len(built.analyze().warnings) + len(built.analyze().infos) == len(levels)
    assert all(f.message and str(f).startswith(f.level) for f in built.analyze().findings)


def test_cycles_that_share_a_node_are_one():
    """G4: strongly connected components, in the order of the nodes."""
    cycles = graph("ab", "b?a", "bc", "c?b", ("d?d", 2), "cz", nodes="d").analyze_cycles()

    assert [(c.nodes, c.protected) for c in cycles] == [
        (("a", "b", "c"), False),
        (("d",), True),
    ]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("shape", ["chain", "ring", "ladder"])
def test_large_graphs_are_answered_at_once(shape):
    """G4: 10,000 nodes in linear time, with no recursion; enumeration would never end."""
    names = [f"n{i}" for i in range(10_000)]
    g = GraphBuilder("large")
    for name in names:
        g.node(name, note)
    for a, b in itertools.pairwise(names):
        g.edge(a, b)
        if shape == "ladder":
            g.edge_if(b, a, lambda s: False)
    if shape == "ring":
        g.edge(names[-1], names[0])
    analysis = g.start(names[0]).end(names[-1]).build().analyze()
    expected = {"chain": 0, "ring": 10_000, "ladder": 10_000}[shape]

    cycles = [f for f in analysis.findings if f.code == "unprotected_cycle"]
    assert sum(len(f.nodes) for f in cycles) == expected


# -- G5 ------------------------------------------------------------------------------------


def loop(times, limit, enforce):
    """A node that wants to run a number of times, by an edge back with a limit."""
    g = GraphBuilder("g", enforce_max_visits=enforce)
    g.node("a", lambda ctx: ctx.reduce("n", 1, Reducer.SUM)).node("z", note)
    g.edge_if("a", "a", lambda s: s["n"] < times, max_visits=limit).edge("a", "z")
    return g.start("a").end("z").build()


def test_a_limit_is_a_note_unless_it_is_enforced():
    """G5: by default nothing stops."""
    assert loop(10, 2, enforce=False).run({}).state["n"] == 10


def test_an_enforced_limit_stops_the_visit_that_would_exceed_it():
    """G5: as often as it says, and not once more; the commit is kept."""
    assert loop(3, 2, enforce=True).run({}).state["n"] == 3
    with pytest.raises(LoopLimitError) as caught:
        loop(4, 2, enforce=True).run({})
    error = caught.value

    assert (error.edge, error.limit, error.path) == ("a -> a", 2, "a")
    assert error.state == {"n": 3}


@pytest.mark.parametrize("kind", ["normal", "conditional", "fallback"])
def test_any_kind_of_edge_may_be_limited(kind):
    """G5: each takes `max_visits`."""
    g = GraphBuilder("g", enforce_max_visits=True)
    g.node("a", note).node("b", note).node("z", note)
    add = {
        "normal": g.edge,
        "conditional": lambda a, b, **o: g.edge_if(a, b, lambda s: True, **o),
        "fallback": g.edge_fallback,
    }[kind]
    add("a", "b", max_visits=1)
    g.edge("b", "a").start("a").end("z")
    with pytest.raises(LoopLimitError) as caught:
        g.build().run({})
    assert caught.value.state == {"log": ["a", "b", "a"]}


def test_a_debugger_holds_at_the_limit():
    """G5: it is no failure; with a larger limit, or another condition, the run goes on."""
    dbg = Debugger(loop(4, 2, enforce=True))
    stop = dbg.run()

    assert stop.reason is StopReason.LIMIT
    assert isinstance(stop.error, LoopLimitError)
    assert (dbg.state, dbg.status) == ({"n": 3}, dbg.status)
    assert dbg.run().reason is StopReason.LIMIT
    fork = dbg.fork(put={"n": 9})
    assert fork.run().reason is StopReason.COMPLETED


def test_a_reached_limit_is_counted_by_position():
    """G5, C10: a rewound run has its visits again; a fork has its own."""
    session = ExecutionSession({}, loop(3, 2, enforce=True))
    finish(session)
    first = session.line[1]
    for _ in range(3):
        session.rewind(first)
        assert finish(session).state["n"] == 3


def test_the_count_of_an_inner_edge_begins_anew_with_each_entry():
    """G5, N2: visits count within their level's entry."""
    g = GraphBuilder("outer").subgraph("sub", loop(3, 2, enforce=True)).node("reset", reset)
    g.node("end", note).edge("sub", "reset")
    g.edge_if("reset", "sub", lambda s: s["rounds"] < 3).edge("reset", "end")

    assert g.start("sub").end("end").build().run({}).state["rounds"] == 3


def reset(ctx):
    """Start counting again."""
    ctx.put("n", 0)
    ctx.reduce("rounds", 1, Reducer.SUM)


def test_a_limit_that_stops_stays_to_be_routed():
    """R4, G5: the position holds "to route"; nothing runs twice."""
    session = ExecutionSession({}, loop(4, 2, enforce=True))
    for _ in range(3):
        with pytest.raises(LoopLimitError):
            asyncio.run(session.run())
    assert session.state == {"n": 3}
    session.use(loop(4, 5, enforce=True))
    assert asyncio.run(session.run()) is Halt.ENDED
    assert session.state["n"] == 4


# -- G7 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (graph("ab", "bz"), graph("ab", "bz"), ""),
        (graph("ab", "bz", nodes="x"), graph("ab", "bz"), "node `x` gone"),
        (graph("ab", "bz"), graph("ab", "bz", nodes="x"), "node `x` new"),
        (graph("ab", "az"), graph("az", "ab"), "edge `a -> z` now before `a -> b`"),
        (graph("ab", "bz"), graph("ab", ("bz", 3)), "edge `b -> z` limit now 3, was none"),
        (graph("ab", ("bz", 2)), graph("ab", ("bz", 3)), "edge `b -> z` limit now 3, was 2"),
        (graph("ab", "bz"), graph("ab", "b?z"), "edge `b -> z` (conditional) new"),
        (graph("ab", "bz"), graph("ab", "bz", end="b"), "end now `b`, was `z`"),
        (graph("ab", "bz"), graph("ab", "bz", start="b"), "start now `b`, was `a`"),
    ],
)
def test_two_fingerprints_are_compared_in_words(old, new, words):
    """G7: names, kinds, start, end, edge order and limits."""
    said = old.fingerprint.diff(new.fingerprint)

    assert words in said
    assert (said == "") is (words == "")
    assert (old.fingerprint == new.fingerprint) is (words == "")


def test_a_node_of_another_kind_is_a_difference():
    """G7: also where names and edges are the same."""
    g = GraphBuilder("g").node("a", note).barrier("b").node("z", note)
    other = g.edge("a", "b").edge("b", "z").start("a").end("z").build()
    one = graph("ab", "bz")

    assert one.canonical_hash == other.canonical_hash
    assert one.fingerprint.diff(other.fingerprint) == "node `b` now a barrier, was a task"


def test_what_is_nested_is_part_of_it():
    """G7: under its path, in subgraphs and branches."""

    def outer(inner):
        g = GraphBuilder("g").subgraph("sub", inner).parallel("par", {"x": inner, "y": note})
        return g.edge("sub", "par").start("sub").end("par").build()

    said = outer(steps("one", "two")).fingerprint.diff(outer(steps("one", "three")).fingerprint)

    assert "node `sub/two` gone" in said
    assert "node `par/x/three` new" in said
    assert "edge `par/x/one -> three` new" in said
    assert "end of `sub` now `three`, was `two`" in said


def test_code_is_no_difference():
    """G7: a mended function has the same fingerprint."""
    one = steps("a", "b")

    assert one.patched({"a": lambda ctx: None}).fingerprint == one.fingerprint
