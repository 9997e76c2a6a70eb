"""G8: where decisions lead by edges of their own, whatever the state says."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Approve,
    Debugger,
    DefaultAction,
    ExecutionSession,
    GraphBuilder,
    GraphHashMode,
    MemorySink,
    Modify,
    Reject,
    Reroute,
    SqliteStore,
    StopReason,
    TimedOut,
)
from lellm_nb.errors import EdgeError, LoopLimitError, UnroutedError
from lellm_nb.record.position import ToRoute
from tests.engine.graphs import Answers
from tests.strategies import note


def human(*ways, otherwise="plain", enforce=False, **barrier):
    """ask, then a node that is named by the way out: what was decided, or `plain`."""
    g = GraphBuilder("g", enforce_max_visits=enforce).barrier("ask", **barrier)
    for name in ("approve", "reject", "timeout", "plain", "end"):
        g.node(name, note).edge(name, "end") if name != "end" else g.node(name, note)
    for way in ways:
        g.edge_on("ask", way, way)
    if otherwise:
        g.edge("ask", otherwise)
    return g.start("ask").end("end")


def decided(graph, decision, **session):
    """A session that has waited at the barrier and was decided."""
    made = ExecutionSession({"n": 0}, graph, **session)

    async def go():
        await made.run()
        await made.decide(decision)

    asyncio.run(go())
    return made


@pytest.mark.parametrize(
    ("decision", "ways", "to", "kind"),
    [
        (Reject("no"), ["reject"], "reject", "reject"),
        (Reject("no"), ["approve", "timeout"], "plain", "normal"),
        (Approve(), ["approve", "reject"], "approve", "approve"),
        (Approve(), ["reject"], "plain", "normal"),
        (Modify("n", 1), ["approve", "reject"], "approve", "approve"),
        (Reroute("timeout"), ["approve", "reject"], "timeout", "goto"),
    ],
)
def test_a_decision_takes_its_edge_before_all_others(decision, ways, to, kind):
    """G8: and without one the ordinary edges; Modify counts as approve, Reroute jumps."""
    session = decided(human(*ways).edge_if("ask", to, lambda s: kind == "normal").build(), decision)
    route = session.head.route
    expected = "conditional" if kind == "normal" else kind

    assert (session.head.kind, route.next_node, route.kind) == ("decision", to, expected)
    assert session.preview is not None


@pytest.mark.parametrize(
    ("default", "ways", "to"),
    [
        (DefaultAction.REJECT, ["reject", "approve"], "reject"),
        (DefaultAction.REJECT, ["reject", "timeout"], "timeout"),
        (DefaultAction.APPROVE, ["reject", "approve"], "approve"),
        (DefaultAction.APPROVE, ["approve", "timeout"], "timeout"),
        (DefaultAction.SKIP, ["approve", "reject"], "plain"),
        (DefaultAction.SKIP, ["approve", "timeout"], "timeout"),
    ],
)
def test_a_timeout_takes_its_edge_else_that_of_the_default_action(default, ways, to):
    """G8, B4: SKIP takes neither unless there is a timeout edge."""
    graph = human(*ways, timeout=3, default_action=default).build()
    frames = MemorySink()
    graph.run({}, barrier=Answers(TimedOut()), checkpoint=frames)

    assert frames.frames[1].decision.by == "timeout"
    assert frames.frames[1].next_node == to


def test_what_is_approved_by_itself_takes_the_approve_edge():
    """B6, G8: without a sink."""
    with pytest.warns(UserWarning, match="ask#0"):
        state = human("approve", "reject").build().run({}).state

    assert state["log"] == ["approve", "end"]


def test_a_condition_is_not_asked_where_the_decision_has_a_way():
    """G8: whatever the state says, and whatever a condition would raise."""
    graph = human("reject").edge_if("ask", "plain", lambda s: s["absent"]).build()

    assert decided(graph, Reject("no")).head.next_node == "reject"
    with pytest.raises(EdgeError):
        decided(graph, Approve())


def test_the_same_barrier_in_a_loop_is_routed_by_each_decision_anew():
    """G8, B2: rejected twice, then approved."""
    g = GraphBuilder("g").node("draft", note).barrier("ask").node("send", note)
    g.edge("draft", "ask").edge("ask", "send").edge_on("ask", "draft", "reject")
    dbg = Debugger(g.start("draft").end("send").build())
    for decide in (dbg.reject, dbg.reject, lambda _: dbg.approve()):
        dbg.run()
        stop = decide("no")
    dbg.run()

    assert stop.frame.next_node == "send"
    assert dbg.state["log"] == ["draft"] * 3 + ["send"]


def test_a_decision_edge_works_inside_a_subgraph_and_a_branch():
    """G8, N2, P4: at its own level, each by its own decision."""
    inner = human("reject", "approve").build()
    g = GraphBuilder("outer").subgraph("sub", inner, lens="part")
    g.parallel("par", {"a": human("reject").build(), "b": note}).edge("sub", "par")
    dbg = Debugger(g.start("sub").end("par").build(), {"part": {}})
    dbg.run()
    first = dbg.preview(Reject("no")).next_node, dbg.preview(Approve()).next_node
    dbg.reject("no", then_run=True)
    dbg.reject("no", "par/a/ask#0", then_run=True)

    assert first == ("reject", "approve")
    assert dbg.state["part"]["log"] == ["sub/reject", "sub/end"]
    assert sorted(dbg.state["log"]) == ["par/a/end", "par/a/reject", "par/b"]


# -- R4: committed, and to be routed -------------------------------------------------------


def held(tmp_path, limit=1):
    """A stored run that stands "to route": rejected once more than its edge allows."""
    g = human(otherwise="plain", enforce=True).node("draft", note).edge("draft", "ask")
    g.edge_on("ask", "draft", "reject", max_visits=limit)
    graph = g.build()
    dbg = Debugger(graph, store=SqliteStore(tmp_path / "run.db"))
    for _ in range(limit):
        dbg.run()
        dbg.reject("no")
    dbg.run()
    return graph, dbg, dbg.reject("never send this")


def test_a_limit_on_a_decision_edge_is_its_own_and_holds_the_decision(tmp_path):
    """G5, G8, R4: stepping again does not lead where an approval would."""
    _, dbg, stop = held(tmp_path)

    assert isinstance(stop.error, LoopLimitError)
    assert dbg.session.position.hold == ToRoute(("reject",))
    for again in (dbg.step(), dbg.run()):
        assert again.reason is StopReason.LIMIT
        assert dbg.session.position.node == "ask"


@pytest.mark.parametrize("way", ["opened", "saved", "forked", "edited", "checkpoint"])
def test_a_position_to_be_routed_carries_its_decision(tmp_path, way):
    """G8, R4: stored and opened, saved and loaded, forked, edited, restored."""
    graph, dbg, _ = held(tmp_path)
    at = dbg.frames[-1]
    if way == "opened":
        dbg.close()
        other = Debugger.open(SqliteStore(tmp_path / "run.db"), graph=graph)
    elif way == "saved":
        dbg.save(tmp_path / "run.lellm")
        other = Debugger.load(tmp_path / "run.lellm", graph=graph)
    elif way == "checkpoint":
        other = ExecutionSession.restore(dbg.session.checkpoint(), graph)
        assert other.position.hold == ToRoute(("reject",))
        with pytest.raises(LoopLimitError):
            asyncio.run(other.step())
        return
    else:
        other = dbg.fork(at, put={"n": 1} if way == "edited" else None)

    assert other.session.position.hold == ToRoute(("reject",))
    assert other.step().reason is StopReason.LIMIT
    assert other.why(-1)[0].result is True


def test_a_decision_that_found_no_way_takes_the_edge_that_is_added_for_it():
    """G8, R4: the graph is built anew with one more way, and the run goes on with it."""

    def built(*ways):
        g = human(*ways, otherwise="").edge_if("ask", "plain", lambda s: False)
        return g.build()

    session = ExecutionSession({}, built())

    async def stuck():
        await session.run()
        with pytest.raises(UnroutedError, match="Tried ask -> plain: False"):
            await session.decide(Reject("no"))

    asyncio.run(stuck())
    mended = ExecutionSession.restore(session.checkpoint(), built("reject"), GraphHashMode.FORCE)
    frame = asyncio.run(mended.step())

    assert (frame.kind, frame.next_node, frame.route.kind) == ("route", "reject", "reject")


def test_an_unrouted_decision_names_the_decision_edges_that_were_not_for_it():
    """R4, G8: every way that was looked at, with its result."""
    with pytest.raises(UnroutedError) as caught:
        decided(human("approve", "timeout", otherwise="").build(), Reject("no"))

    assert caught.value.tried == {
        "ask -> timeout (on timeout)": False,
        "ask -> approve (on approve)": False,
    }


# -- R10: looked up ----------------------------------------------------------------------


@pytest.mark.parametrize("ways", [["timeout", "reject"], ["reject"]])
def test_a_recorded_decision_takes_the_way_it_took(ways):
    """R10, G8: who decided is recorded, so a timeout is one again."""
    graph = human(*ways, timeout=1e-6).build()
    dbg = Debugger(graph)
    asyncio.run(dbg.arun(through_barriers=True))
    ran = [frame.next_node for frame in dbg.frames]
    dbg.rewind(0)
    dbg.mode("ask", "recorded")
    stop = dbg.run()

    assert ran[2] == ways[0]
    assert stop.reason is StopReason.COMPLETED
    assert [frame.next_node for frame in dbg.frames] == ran
