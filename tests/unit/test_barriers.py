"""B1-B4, B6, B7: waiting, deciding, timeouts, and runs without a sink."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from lellm_nb import (
    Approve,
    CancellationToken,
    Cancelled,
    Debugger,
    Decided,
    DefaultAction,
    Delete,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    Modify,
    NoopBarrierSink,
    Put,
    Reject,
    Reroute,
    StopReason,
    TimedOut,
)
from lellm_nb.errors import (
    BarrierCancelledError,
    MissingKeyError,
    NodeNotFoundError,
    NotWaitingError,
    RunCancelledError,
    StateTypeError,
)
from tests.strategies import chain, fanned, nested, note, review


class Answers:
    """A barrier sink with its answers ready; notes what it was asked."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.asked = []

    async def wait_decision(self, barrier_id, timeout):
        self.asked.append((barrier_id, timeout))
        await asyncio.sleep(0)
        return self.outcomes.pop(0)


def gate(**barrier):
    """before -> ask -> after, and a node `aside` that only a reroute reaches."""
    g = GraphBuilder("g").node("before", note).barrier("ask", **barrier).node("after", note)
    g.node("aside", note).edge("before", "ask").edge("ask", "after").edge("aside", "after")
    return g.start("before").end("after").build()


def waiting(**barrier):
    """A debugger that waits at the gate."""
    dbg = Debugger(gate(**barrier))
    assert dbg.run().reason is StopReason.BARRIER
    return dbg


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


# -- B3 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "mutations", "next_node"),
    [
        (Approve(), (Put("ask.approved", True), Delete("ask.reject_reason")), "after"),
        (Reject("bad"), (Put("ask.reject_reason", "bad"), Delete("ask.approved")), "after"),
        (
            Modify("n", [1]),
            (Put("n", [1]), Put("ask.approved", True), Delete("ask.reject_reason")),
            "after",
        ),
        (
            Modify(("plan", "x"), 2),
            (Put(("plan", "x"), 2), Put("ask.approved", True), Delete("ask.reject_reason")),
            "after",
        ),
        (Reroute("aside"), (), "aside"),
        (Reroute("ask"), (), "ask"),
    ],
    ids=repr,
)
def test_a_decision_is_applied_as_mutations_before_routing(decision, mutations, next_node):
    """B3: committed as a frame of kind decision, then routed."""
    session = ExecutionSession({"plan": {}}, gate())
    asyncio.run(session.run())
    frame = asyncio.run(session.decide(decision))

    assert frame.kind == "decision"
    assert frame.mutations == mutations
    assert frame.next_node == next_node
    assert frame.decision.decision == decision


def test_an_approval_and_a_rejection_replace_each_other():
    """B3: Approve deletes the reason; Reject deletes the approval."""
    dbg = Debugger(review(), {"topic": "x", "approve.approved": True})
    dbg.run()
    dbg.reject("short")
    rejected = dict(dbg.state)
    dbg.run()
    dbg.approve()

    assert rejected["approve.reject_reason"] == "short"
    assert "approve.approved" not in rejected
    assert dbg.state["approve.approved"] is True
    assert "approve.reject_reason" not in dbg.state


def test_both_key_names_can_be_set():
    """B3: custom names, in the mutations and in what a condition sees."""
    dbg = waiting(approve_key="ok", reject_key="why not")
    dbg.reject("late")
    reject_state = dbg.state
    dbg.rewind(2)
    dbg.modify("n", 1)

    assert reject_state == {"log": ["before"], "why not": "late"}
    assert dbg.state == {"log": ["before"], "n": 1, "ok": True}


def test_the_routing_sees_the_decision():
    """B3: the documentation's loop: reject goes back, approve goes on."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()

    assert dbg.reject("short").frame.next_node == "draft"
    dbg.run()
    assert dbg.approve().frame.next_node == "publish"


def test_a_reroute_to_an_unknown_node_is_refused_and_it_goes_on_waiting():
    """R2, B3: nothing is committed; the error lists the nodes."""
    dbg = waiting()
    count = len(dbg.frames)
    with pytest.raises(NodeNotFoundError, match="Did you mean 'after'"):
        dbg.reroute("aftre")

    assert len(dbg.frames) == count
    assert [p.id for p in dbg.pending] == ["ask#0"]
    assert dbg.approve().reason is StopReason.STEP


def test_a_reroute_of_a_sink_to_an_unknown_node_is_refused_and_it_is_asked_again():
    """R2: in a whole run as well."""
    sink = Answers(Decided(Reroute("nowhere")), Decided(Reroute("aside")))
    result = gate().run({}, barrier=sink)

    assert [asked[0] for asked in sink.asked] == ["ask#0", "ask#0"]
    assert result.state == {"log": ["before", "aside", "after"]}


def test_a_modify_through_a_path_that_is_not_there_is_refused_and_it_goes_on_waiting():
    """S3, B3: a decision that can't be written is not a decision."""
    dbg = waiting()
    with pytest.raises(MissingKeyError):
        dbg.modify(("absent", "x"), 1)

    assert [p.id for p in dbg.pending] == ["ask#0"]
    assert dbg.frames[-1].kind == "waiting"


def test_a_modify_of_a_sink_that_cannot_be_written_is_refused_and_it_is_asked_again():
    """S3, B3: a wrong answer from outside never ends the run."""
    sink = Answers(Decided(Modify(("absent", "x"), 1)), Decided(Approve()))
    result = gate().run({}, barrier=sink)

    assert [asked[0] for asked in sink.asked] == ["ask#0", "ask#0"]
    assert result.state["ask.approved"] is True


@pytest.mark.parametrize("key", [3, None, (), (1, "a")], ids=repr)
def test_a_modify_needs_a_key(key):
    """B3: text, or a path that begins with text."""
    with pytest.raises(StateTypeError):
        Modify(key, 1)


def test_a_modified_value_is_frozen_when_it_is_decided():
    """S1: as for ctx.put."""
    dbg = waiting()
    value = [1]
    dbg.modify("list", value)
    value.append(2)

    assert dbg.state["list"] == [1]


# -- B4 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "written", "decided"),
    [
        (DefaultAction.APPROVE, {"ask.approved": True}, Approve()),
        (DefaultAction.SKIP, {}, "skip"),
    ],
)
def test_a_timeout_applies_the_default_action(action, written, decided):
    """B4: as a decision marked "by timeout"; SKIP routes on without writing."""
    sink, frames = Answers(TimedOut()), MemorySink()
    graph = gate(timeout=3, default_action=action)
    result = graph.run({"log": []}, barrier=sink, checkpoint=frames)
    record = frames.frames[2].decision

    assert sink.asked == [("ask#0", 3)]
    assert result.state == {"log": ["before", "after"], **written}
    assert (record.by, record.decision, record.barrier_id) == ("timeout", decided, "ask#0")


def test_a_timeout_rejects_by_default():
    """B4: REJECT is the default of the default; a plain pause is rejected as well."""

    def a(ctx):
        ctx.pause("sure", timeout=1)

    frames = MemorySink()
    state = gate(timeout=3).run({}, barrier=Answers(TimedOut()), checkpoint=frames).state
    paused = chain(a).run({}, barrier=Answers(TimedOut())).state

    assert isinstance(frames.frames[2].decision.decision, Reject)
    assert frames.frames[2].decision.by == "timeout"
    assert "ask.approved" not in state
    assert state["ask.reject_reason"]
    assert paused["sure.reject_reason"]


def test_the_default_action_may_be_given_as_text():
    """B4: and a wrong one is refused when the barrier is added."""
    state = gate(timeout=1, default_action="skip").run({}, barrier=Answers(TimedOut())).state

    assert state == {"log": ["before", "after"]}
    with pytest.raises(ValueError, match="maybe"):
        gate(default_action="maybe")


def test_a_cancelled_wait_raises():
    """B4: BarrierCancelledError(node); what was committed before is kept."""
    sink = MemorySink()
    with pytest.raises(BarrierCancelledError, match="'ask'") as caught:
        gate().run({}, barrier=Answers(Cancelled()), checkpoint=sink)

    assert (caught.value.path, caught.value.node) == ("ask", "ask")
    assert caught.value.state == {"log": ["before"]}
    assert [f.kind for f in sink.frames] == ["commit", "waiting"]


def test_cancelling_the_run_ends_the_wait():
    """R5: cancellation is looked at inside every wait."""
    token = CancellationToken()

    class Forever:
        async def wait_decision(self, barrier_id, timeout):
            asyncio.get_running_loop().call_soon(token.cancel)
            await asyncio.Event().wait()

    engine = ExecutionEngine({}, barrier=Forever(), cancel=token)
    with pytest.raises(RunCancelledError):
        asyncio.run(gate().run_inline(engine, 10))

    assert engine.state == {"log": ["before"]}


def test_a_debugger_that_stands_still_lets_no_timeout_expire():
    """B4: the timeout is shown, and the barrier goes on waiting."""
    dbg = waiting(timeout=1e-9)
    [pending] = dbg.pending

    assert pending.timeout == 1e-9
    assert dbg.run().reason is StopReason.BARRIER
    assert dbg.approve().frame.decision.by == "person"


def test_a_timeout_expires_in_a_run_through_barriers():
    """B4: there the clock runs."""
    dbg = waiting(timeout=1e-6, default_action="approve")
    stop = asyncio.run(dbg.arun(through_barriers=True))

    assert stop.reason is StopReason.COMPLETED
    assert dbg.frames[3].decision.by == "timeout"


# -- B5 ----------------------------------------------------------------------------------


def test_several_barriers_wait_at_once_and_a_decision_reaches_the_one_it_names():
    """B5: in any order."""

    def ask(ctx):
        ctx.pause(ctx.node)

    g = GraphBuilder("g").parallel("par", {"a": ask, "b": ask, "c": ask})
    dbg = Debugger(g.start("par").end("par").build())
    ids = [p.id for p in dbg.run().pending]
    dbg.reject("no", id="par/b/b#0")

    assert ids == ["par/a/a#0", "par/b/b#0", "par/c/c#0"]
    assert [p.id for p in dbg.pending] == ["par/a/a#0", "par/c/c#0"]
    dbg.modify("n", 1, id="par/c/c#0")
    dbg.approve()
    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == {"a.approved": True, "b.reject_reason": "no", "n": 1, "c.approved": True}


def test_a_decision_without_an_id_needs_exactly_one_waiting_barrier():
    """B5: otherwise the error lists them."""

    def ask(ctx):
        ctx.pause(ctx.node)

    g = GraphBuilder("g").parallel("par", {"a": ask, "b": ask})
    dbg = Debugger(g.start("par").end("par").build())
    dbg.run()
    for verb in (dbg.approve, dbg.reject, lambda: dbg.preview(Approve())):
        with pytest.raises(NotWaitingError, match="par/a/a#0, par/b/b#0") as caught:
            verb()
    assert caught.value.waiting == ["par/a/a#0", "par/b/b#0"]


# -- B6 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("graph", "ids"),
    [
        (gate, ["ask#0"]),
        (nested, ["agent/approve#0", "agent#2/approve#0"]),
        (fanned, ["par/check/ok#0"]),
    ],
)
def test_without_a_sink_a_barrier_is_approved_in_the_open(graph, ids):
    """B6: at every depth alike: applied, recorded as by `no sink`, and warned of."""
    frames = MemorySink()
    with pytest.warns(UserWarning, match="approved by itself") as caught:
        graph().run({}, checkpoint=frames)
    records = [f.decision for f in frames.frames if f.kind == "decision"]

    assert [record.by for record in records] == ["no sink"] * len(ids)
    assert [record.barrier_id for record in records] == ids
    assert [barrier_id for barrier_id in ids if barrier_id in str(caught.list[0].message)]
    assert len(caught) == len(ids)


def test_a_noop_sink_approves_without_a_warning():
    """B6: said on purpose, so not warned of."""
    frames = MemorySink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = gate().run({}, checkpoint=frames, barrier=NoopBarrierSink())

    assert result.state["ask.approved"] is True
    assert frames.frames[2].decision.decision == Approve()


def test_a_nested_barrier_uses_the_same_sink():
    """B6: inside a subgraph and a branch."""
    deep, fan = Answers(*[Decided(Approve())] * 2), Answers(Decided(Reject("x")))
    nested().run({}, barrier=deep)
    fanned().run({}, barrier=fan)

    assert [asked[0] for asked in deep.asked] == ["agent/approve#0", "agent#2/approve#0"]
    assert [asked[0] for asked in fan.asked] == ["par/check/ok#0"]


def test_after_a_restore_the_barrier_waits_again():
    """B6: under the same id, and nothing runs twice."""
    session = ExecutionSession({}, gate())
    asyncio.run(session.run())
    restored = ExecutionSession.restore(session.checkpoint(), gate())
    asyncio.run(restored.run())

    assert [w.barrier_id for w in restored.waiting] == ["ask#0"]
    asyncio.run(restored.decide(Approve()))
    asyncio.run(restored.run())
    assert restored.state["log"] == ["before", "after"]


# -- B7 ----------------------------------------------------------------------------------


def test_every_decision_is_recorded():
    """B7: id, decision, who, when, proposed and effective value."""
    dbg = Debugger(gate(), {"n": 1})
    dbg.run()
    record = dbg.modify("n", 2).frame.decision

    assert (record.barrier_id, record.decision, record.by) == ("ask#0", Modify("n", 2), "person")
    assert (record.proposed, record.effective) == (1, 2)
    assert record.at > 1_700_000_000


def test_who_decided_can_be_said():
    """B7: a program that decides in somebody's name says so."""
    session = ExecutionSession({}, gate())
    asyncio.run(session.run())
    frame = asyncio.run(session.decide(Approve(), by="nightly"))

    assert frame.decision.by == "nightly"
    assert str(frame.decision) == "approve (by nightly)"
