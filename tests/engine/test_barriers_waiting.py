"""B1, B2: how a barrier waits, its ids, and pauses from inside a node."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, MemorySink, NoopBarrierSink, StopReason
from lellm_nb.errors import NodeNotFoundError
from tests.engine.graphs import gate, waiting
from tests.strategies import chain, nested, note, review

# -- B1 ----------------------------------------------------------------------------------


def test_a_barrier_makes_two_frames_with_one_cursor():
    """B1: waiting and decision; both reach the sink; (node, visit) names the first."""
    dbg = waiting()
    dbg.approve()
    sink = MemorySink()
    gate().run({}, checkpoint=sink, barrier=NoopBarrierSink())
    waits, decides = dbg.frames[2], dbg.frames[3]

    assert (waits.kind, decides.kind) == ("waiting", "decision")
    assert waits.cursor == decides.cursor == 2
    assert (waits.node, decides.node) == ("ask", "ask")
    assert dbg.at("ask") is waits
    assert [(f.kind, f.cursor) for f in sink.frames] == [
        ("commit", 1),
        ("waiting", 2),
        ("decision", 2),
        ("commit", 3),
    ]


def test_a_barrier_asks_for_a_pause_and_changes_no_state():
    """B1: a step of its own between commits; it has no route until it is decided."""
    dbg = waiting()
    frame = dbg.frames[2]

    assert frame.mutations == ()
    assert frame.route is None
    assert frame.state == dbg.frames[1].state


def test_user_code_never_runs_twice_because_of_a_barrier():
    """B1: not the node before it, however long and often the run is asked to go on."""
    runs = []

    def before(ctx):
        runs.append("before")

    g = GraphBuilder("g").node("before", before).barrier("ask").node("after", note)
    g.edge("before", "ask").edge("ask", "after").start("before").end("after")
    dbg = Debugger(g.build())
    for _ in range(3):
        dbg.run()
    dbg.step()
    dbg.rewind(2)
    dbg.reject("no")
    dbg.run()

    assert runs == ["before"]


def test_running_at_an_undecided_barrier_adds_nothing():
    """DESIGN: `run()` there returns BARRIER again; so does every other way forward."""
    dbg = waiting()
    count = len(dbg.frames)
    stops = [dbg.run(), dbg.step(), dbg.over(), dbg.into(), dbg.out(), dbg.run(until="after")]

    assert {stop.reason for stop in stops} == {StopReason.BARRIER}
    assert all([p.id for p in stop.pending] == ["ask#0"] for stop in stops)
    assert len(dbg.frames) == count


def test_a_barrier_may_be_the_start_and_the_end():
    """B1, R2: the end node runs, here as well."""
    g = GraphBuilder("g").barrier("ask").start("ask").end("ask")
    dbg = Debugger(g.build())

    assert dbg.run().reason is StopReason.BARRIER
    assert dbg.approve().reason is StopReason.COMPLETED
    assert dbg.state == {"ask.approved": True}


# -- B2 ----------------------------------------------------------------------------------


def test_ids_are_path_and_occurrence():
    """B2: `approve#0`, `approve#1` in a loop; nested with the composite's visit."""
    dbg = Debugger(review(), {"topic": "otters"})
    ids = []
    for _ in range(3):
        ids += [p.id for p in dbg.run().pending]
        dbg.reject("again")
    deep = Debugger(nested())
    deep_ids = []
    while stop := deep.run():
        if not stop.pending:
            break
        deep_ids.append(stop.pending[0].id)
        deep.approve()

    assert ids == ["approve#0", "approve#1", "approve#2"]
    assert deep_ids == ["agent/approve#0", "agent#2/approve#0"]


def test_a_rewound_run_waits_under_the_same_ids_again():
    """B2: the counters live in the position."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.run()
    dbg.reject("once")
    dbg.run()
    for index, expected in [(1, "approve#0"), (2, "approve#0"), (3, "approve#1"), (4, "approve#1")]:
        dbg.rewind(dbg.branch("main").frames[index])
        assert [p.id for p in dbg.run().pending] == [expected]


def test_pausing_in_a_node_commits_it_and_waits():
    """B2: `ctx.pause("x")` commits the node, then waits with x as the last segment."""

    def a(ctx):
        ctx.put("a", True)
        ctx.pause("sure", timeout=5)

    g = GraphBuilder("g").node("a", a).node("b", note).edge("a", "b").start("a").end("b")
    dbg = Debugger(g.build())
    stop = dbg.run()
    [pending] = stop.pending

    assert stop.reason is StopReason.BARRIER
    assert (stop.frame.kind, stop.frame.node, stop.frame.state) == ("commit", "a", {"a": True})
    assert (pending.id, pending.path, pending.node, pending.timeout) == (
        "sure#0",
        "sure",
        "sure",
        5,
    )
    assert dbg.reject("hm").frame.next_node == "b"
    assert dbg.state == {"a": True, "sure.reject_reason": "hm"}
    assert dbg.frames[2].cursor == 1


def test_pausing_again_and_again_counts_occurrences():
    """B2: ids never repeat, also when several nodes pause under one name."""

    def a(ctx):
        ctx.pause("x")

    def b(ctx):
        ctx.pause("x")
        if ctx.visit == 1:
            ctx.goto("a")

    g = GraphBuilder("g").node("a", a).node("b", b).edge("a", "b").start("a").end("b")
    dbg = Debugger(g.build())
    ids = []
    while pending := dbg.run().pending:
        ids.append(pending[0].id)
        dbg.approve()

    assert ids == ["x#0", "x#1", "x#2", "x#3"]


def test_a_pause_that_shares_its_name_with_a_barrier_shares_its_count():
    """B2: an id names one wait, whoever asked for it."""

    def a(ctx):
        ctx.pause("ask")

    g = GraphBuilder("g").node("a", a).barrier("ask").edge("a", "ask").start("a").end("ask")
    dbg = Debugger(g.build())
    ids = []
    while pending := dbg.run().pending:
        ids.append(pending[0].id)
        dbg.approve()

    assert ids == ["ask#0", "ask#1"]


@pytest.mark.parametrize(
    ("control", "expected"),
    [(lambda ctx: ctx.goto("c"), ["a", "c"]), (lambda ctx: ctx.end(), ["a"])],
    ids=["goto", "end"],
)
def test_a_pause_keeps_the_control_of_its_node(control, expected):
    """B2, R2: after the decision the node's goto or end is followed."""

    def a(ctx):
        note(ctx)
        control(ctx)
        ctx.pause("sure")

    g = GraphBuilder("g").node("a", a).node("b", note).node("c", note)
    g.edge("a", "b").edge("b", "c").start("a").end("c")
    dbg = Debugger(g.build())
    dbg.run()
    dbg.approve()
    dbg.run()

    assert dbg.state["log"] == expected


def test_a_pause_to_an_unknown_goto_commits_nothing():
    """R2: the goto is looked at before the commit."""

    def a(ctx):
        ctx.goto("nowhere")
        ctx.pause("sure")

    dbg = Debugger(chain(a))
    stop = dbg.run()

    assert isinstance(stop.error, NodeNotFoundError)
    assert dbg.pending == []


def test_a_pause_inside_a_subgraph_and_a_branch_has_its_path():
    """B2, N2, P4: the id is the path of its level; a branch stands in it: ids never repeat."""

    def x(ctx):
        ctx.pause("sure")

    g = GraphBuilder("g").subgraph("sub", chain(x)).parallel("par", {"x": x, "y": chain(x)})
    dbg = Debugger(g.edge("sub", "par").start("sub").end("par").build())

    assert [p.id for p in dbg.run().pending] == ["sub/sure#0"]
    dbg.approve()
    assert [p.id for p in dbg.run().pending] == ["par/x/sure#0", "par/y/sure#0"]


@pytest.mark.parametrize("name", ["", "a/b", "a#0", None])
def test_a_pause_under_a_name_that_is_no_segment_is_refused(name):
    """B2: what would break the id is a failure of the node."""

    def a(ctx):
        ctx.pause(name)

    assert Debugger(chain(a)).run().reason is StopReason.FAILED
