"""S6 with the rest: barriers, branches, lenses, checkpoints, traces and logs."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from lellm_nb import (
    Debugger,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    InMemoryMutationLog,
    MemoryTraceSink,
    NoopBarrierSink,
    Put,
    Reducer,
    StopReason,
    typed_state,
)
from lellm_nb.errors import (
    MergeConflictError,
)
from tests.state.typed_classes import Add, Counter, Review
from tests.strategies import chain, finish
from tests.strategies_nodes import Board


def one(fn=lambda ctx: None):
    """A graph of one node."""
    return GraphBuilder("g").node("node", fn).start("node").end("node").build()


def test_a_typed_state_goes_through_a_barrier_and_a_fork():
    """B3, S6: the decision's keys are fields; a fork puts a field."""

    @typed_state
    @dataclasses.dataclass
    class Case:
        n: int = 0
        ok: bool = False
        reason: str | None = None

    g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state.n + 1})
    g.barrier("ask", approve_key="ok", reject_key="reason")
    g.edge("a", "ask").start("a").end("ask")
    dbg = Debugger(g.build(), Case())
    dbg.run()
    fork = dbg.fork(put={"n": 7})
    dbg.approve()
    fork.reject("no")

    assert (dbg.state, fork.state) == (Case(1, True), Case(7, False, "no"))


def test_typed_branches_merge_by_their_mutations():
    """P2, S6: and conflict by field."""

    def branch(**content):
        return lambda ctx: content

    def graph(**branches):
        g = GraphBuilder("g").parallel("par", branches).start("par").end("par")
        return g.build()

    state = graph(a=branch(topic="y"), b=branch(count=3)).run(Review("x")).state
    assert state == Review("y", count=3)
    with pytest.raises(MergeConflictError) as caught:
        graph(a=branch(count=1), b=branch(count=2)).run(Review("x"))
    assert (caught.value.key, caught.value.state) == ("count", Review("x"))


def test_typed_mutations_of_branches_are_all_applied():
    """P2, S6: in registration order."""
    g = GraphBuilder("g")
    g.parallel("par", {"a": lambda ctx: ctx.record(Add(1)), "b": lambda ctx: ctx.record(Add(2))})

    assert g.start("par").end("par").build().run(Counter(10)).state.n == 13


def test_a_subgraph_shares_a_typed_state():
    """N1, S6: without a lens, typed mutations come out as they are."""
    inner = chain(add_one, name="inner")
    g = GraphBuilder("g").subgraph("sub", inner).start("sub").end("sub")

    assert g.build().run(Counter(10)).state.n == 11


def add_one(ctx):
    """Add one."""
    ctx.record(Add(1))


def test_a_lens_may_lead_from_a_typed_state_to_another():
    """N1, N3, S6: a part of a dataclass is a state of its own."""

    class Drafts:
        def get(self, review):
            return {"drafts": list(review.drafts)}

        def set(self, review, inner):
            return dataclasses.replace(review, drafts=list(inner["drafts"]))

    inner = chain(draft, name="inner")
    g = GraphBuilder("g").subgraph("sub", inner, lens=Drafts()).start("sub").end("sub")
    session = finish(ExecutionSession(Review("x", ["a"]), g.build()))

    assert session.state == Review("x", ["a", "b"])
    assert list(session.line[-1].mutations) == [Put("drafts", ["a", "b"])]


def draft(ctx):
    """Add a draft."""
    ctx.append("drafts", "b")


@typed_state
@dataclasses.dataclass
class Holder:
    """A state with a mapping in it."""

    part: dict[str, Any] = dataclasses.field(default_factory=dict)
    n: int = 0


def test_a_key_lens_works_on_a_field():
    """N1, S6: a key names a field, as everywhere."""
    inner = chain(draft, name="inner")
    g = GraphBuilder("g").subgraph("sub", inner, lens="part").start("sub").end("sub")

    assert g.build().run(Holder({"drafts": ["a"]}, 3)).state == Holder({"drafts": ["a", "b"]}, 3)


def test_routing_and_predicates_see_the_object():
    """G2, S6: conditions read fields."""
    g = GraphBuilder("g").node("a", lambda ctx: ctx.reduce("count", 1, Reducer.SUM))
    g.node("b", lambda ctx: None).edge_if("a", "a", lambda s: s.count < 3).edge("a", "b")

    assert g.start("a").end("b").build().run(Review("x")).state.count == 3


def test_a_checkpoint_of_a_typed_state_can_be_restored():
    """C2, S6: with the object's class."""
    graph = chain(add_one, add_another)
    session = ExecutionSession(Counter(1), graph)
    asyncio.run(session.step())
    resumed = finish(ExecutionSession.restore(session.checkpoint(), graph))

    assert resumed.state == Counter(3)
    assert isinstance(resumed.state, Counter)


def add_another(ctx):
    """Add one."""
    ctx.record(Add(1))


def test_a_trace_of_a_typed_state_folds_to_its_end():
    """C8, S6: also when the ring has dropped steps."""
    trace = MemoryTraceSink(most=2)

    def again(ctx):
        ctx.record(Add(1))
        if ctx.visit < 6:
            ctx.goto("again")

    result = chain(again).run(Counter(10), trace=trace)

    assert result.state == Counter(16)
    assert result.trace.final_state == Counter(16)
    assert result.trace.initial_state == Counter(14)


def test_typed_mutations_leave_a_marker_in_the_log_never_a_gap():
    """C7, S7: what has no JSON form is named."""
    log = InMemoryMutationLog()
    engine = ExecutionEngine(Board(), log=log)

    def node(ctx):
        ctx.put("a", 1)
        ctx.record(Unregistered("ticks"))
        ctx.put("b", 2)

    class Unregistered:
        """Whatever other tests register, it is not this, nor a base of it."""

        def __init__(self, name):
            self.name = name

        def apply(self, board):
            board.content[self.name] = 1

    asyncio.run(one(node).run_inline(engine, 10))
    entries = log.replay(engine.trace_id)

    assert [e.mutation_index for e in entries] == [0, 1, 2]
    assert "Unregistered" in entries[1].mutation["$unserializable"]["type"]


def test_a_debugger_shows_a_typed_state():
    """S6: state, diff, and a run through; nothing of it needs a mapping."""
    dbg = Debugger(one(lambda ctx: {"topic": "y"}), Review("x"))

    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == Review("y")
    assert dbg.diff(0, 1).keys == ["topic"]
    assert "y" in str(dbg.frames[1].to_pandas())
    assert one().run(Review("z"), barrier=NoopBarrierSink()).state.topic == "z"
