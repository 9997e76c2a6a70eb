"""S6: classes of the user's in place of a mapping."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pydantic
import pytest

from lellm_nb import (
    Debugger,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    InMemoryMutationLog,
    MemorySink,
    MemoryTraceSink,
    NoopBarrierSink,
    Put,
    Reducer,
    StopReason,
    WorkflowState,
    typed_state,
)
from lellm_nb.errors import (
    MergeConflictError,
    NodeExecutionError,
    ReadOnlyStateError,
    SerializationError,
    StateTypeError,
)
from tests.strategies import chain, finish
from tests.strategies_nodes import Board, Tick


@dataclasses.dataclass
class Author:
    """A part of a state."""

    name: str
    books: list[str] = dataclasses.field(default_factory=list)


@typed_state
@dataclasses.dataclass
class Review:
    """A dataclass with a nested one, and a field that is not kept."""

    topic: str
    drafts: list[str] = dataclasses.field(default_factory=list)
    count: int = 0
    author: Author | None = None
    others: list[Author] = dataclasses.field(default_factory=list)
    client: Any = dataclasses.field(
        default_factory=object, metadata={"transient": True}, compare=False
    )


@typed_state
class Order(pydantic.BaseModel):
    """A model that checks what it is given."""

    item: str
    amount: int = pydantic.Field(default=1, ge=1)
    notes: list[str] = []


class Counter:
    """A hand-made state whose snapshot is a number."""

    def __init__(self, n=0):
        self.n = n
        self.lock = object()

    def snapshot(self):
        """The number."""
        return self.n

    @classmethod
    def restore(cls, snapshot):
        """Count on."""
        return cls(snapshot)

    def __eq__(self, other):
        return isinstance(other, Counter) and self.n == other.n

    __hash__ = None


@dataclasses.dataclass
class Add:
    """A typed mutation."""

    amount: int

    def apply(self, state):
        """Change the private copy."""
        state.n += self.amount


# -- what is one ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", [Review("x"), Order(item="x"), Counter(), Board()])
def test_what_gives_snapshot_and_restore_is_a_workflow_state(state):
    """S6: dataclasses and models become one by the decorator; any class may be one."""
    assert isinstance(state, WorkflowState)
    assert type(state).restore(state.snapshot()) == state


def test_the_decorator_gives_the_class_back():
    """S6: no boilerplate, and nothing else about the class changes."""
    assert Review.__name__ == "Review"
    assert Review("a") == Review("a")
    assert Order(item="a").amount == 1


@pytest.mark.parametrize("thing", [object, int, lambda: None, 5])
def test_only_dataclasses_and_models_are_adapted(thing):
    """S6: says what to do instead."""
    with pytest.raises(StateTypeError, match="snapshot"):
        typed_state(thing)


# -- dataclasses ------------------------------------------------------------------------------


def test_a_node_reads_an_object_and_writes_its_fields():
    """S6: `ctx.put`, `ctx.append`, `ctx.reduce` and a returned mapping name fields."""

    def node(ctx):
        assert type(ctx.state).__name__ == "Review"
        assert isinstance(ctx.state, Review)
        ctx.put("topic", ctx.state.topic.upper())
        ctx.append("drafts", "one")
        ctx.reduce("count", 2, Reducer.SUM)

    def second(ctx):
        return {"count": ctx.state.count + 1, "drafts": [*ctx.state.drafts, "two"]}

    state = chain(node, second).run(Review("otters", count=1)).state

    assert state == Review("OTTERS", ["one", "two"], 4)


def test_frames_hold_the_state_as_it_was():
    """S6, C1: each frame gives an object of the class."""
    sink = MemorySink()

    def node(ctx):
        ctx.append("drafts", len(ctx.state.drafts))

    def again(ctx):
        node(ctx)

    chain(node, again).run(Review("x"), checkpoint=sink)

    assert [f.state.drafts for f in sink.frames] == [[0], [0, 1]]
    assert all(isinstance(f.state, Review) for f in sink.frames)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s, "topic", "x"),
        lambda s: delattr(s, "topic"),
        lambda s: s.drafts.append("x"),
        lambda s: setattr(s.author, "name", "x"),
        lambda s: s.author.books.append("x"),
        lambda s: s.others.append(1),
        lambda s: setattr(s.others[0], "name", "x"),
    ],
)
def test_what_a_node_reads_is_read_only(change):
    """S1, S6: at every depth; the error names the key and the call to use."""

    def node(ctx):
        change(ctx.state)

    start = Review("x", ["d"], author=Author("A", ["b"]), others=[Author("B")])
    with pytest.raises(NodeExecutionError, match="cannot be changed in place") as caught:
        chain(node).run(start)
    assert isinstance(caught.value.__cause__, ReadOnlyStateError)
    assert start == Review("x", ["d"], author=Author("A", ["b"]), others=[Author("B")])


def test_the_state_given_stays_the_caller_s_own():
    """S1: it is neither frozen nor changed."""
    mine = Review("x", ["a"])
    session = ExecutionSession(mine, one())
    mine.drafts.append("b")
    mine.topic = "y"

    assert session.state == Review("x", ["a"])


def one(fn=lambda ctx: None):
    """A graph of one node."""
    return GraphBuilder("g").node("node", fn).start("node").end("node").build()


def test_a_transient_field_is_rebuilt():
    """S6: it stays out of the snapshot and gets its default again."""
    client = object()
    start = Review("x", client=client)
    state = one(lambda ctx: {"topic": "y"}).run(start).state

    assert "client" not in start.snapshot()
    assert state.topic == "y"
    assert state.client is not None
    assert state.client is not client


def test_nested_dataclasses_are_put_together_again():
    """S6: also in lists, after a write through a path."""

    def node(ctx):
        ctx.put(("author", "name"), "Ada")
        ctx.append(("others", 0, "books"), "new")

    start = Review("x", author=Author("A"), others=[Author("B", ["old"])])
    state = one(node).run(start).state

    assert state.author == Author("Ada")
    assert state.others == [Author("B", ["old", "new"])]
    assert isinstance(state.others[0], Author)


def test_a_field_that_is_not_there_is_refused_with_the_nearest():
    """S6: nothing is committed."""
    session = ExecutionSession(Review("x"), one(lambda ctx: {"topci": "y"}))
    with pytest.raises(NodeExecutionError, match="topic") as caught:
        asyncio.run(session.run())

    assert isinstance(caught.value.__cause__, StateTypeError)
    assert session.state == Review("x")


# -- models -----------------------------------------------------------------------------------


def test_a_model_checks_what_is_written():
    """S6: a value that it refuses is a failure of the node; nothing is committed."""
    good = one(lambda ctx: {"amount": 3}).run(Order(item="tea")).state
    session = ExecutionSession(Order(item="tea"), one(lambda ctx: {"amount": 0}))
    with pytest.raises(NodeExecutionError) as caught:
        asyncio.run(session.run())

    assert good == Order(item="tea", amount=3)
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)
    assert session.state == Order(item="tea")


@pytest.mark.parametrize(
    "change", [lambda s: setattr(s, "item", "x"), lambda s: s.notes.append("x")]
)
def test_a_model_is_read_only_to_a_node(change):
    """S1, S6: as a dataclass is."""
    with pytest.raises(NodeExecutionError, match="cannot be changed in place"):
        one(lambda ctx: change(ctx.state)).run(Order(item="tea"))


def test_a_model_dumps_as_ever():
    """S6: what a frame gives is a model to pydantic."""
    state = one(lambda ctx: {"notes": ["hot"]}).run(Order(item="tea")).state

    assert state.model_dump() == {"item": "tea", "amount": 1, "notes": ["hot"]}
    assert Order.model_validate_json(state.model_dump_json()) == state


# -- hand-made --------------------------------------------------------------------------------


def test_a_typed_mutation_changes_the_private_copy_it_is_given():
    """S6: the frames before keep what they had."""
    sink = MemorySink()

    def three(ctx):
        ctx.record(Add(1))
        ctx.record(Add(2))

    def four(ctx):
        ctx.record(Add(4))

    start = Counter(10)
    state = chain(three, four).run(start, checkpoint=sink).state

    assert (start.n, state.n) == (10, 17)
    assert [f.state.n for f in sink.frames] == [13, 17]
    assert list(sink.frames[0].mutations) == [Add(1), Add(2)]


def test_a_typed_mutation_that_raises_is_a_failure_of_the_node():
    """R3, S6: the whole batch is not committed."""

    class Bad:
        def apply(self, state):
            state.n = 99
            raise ValueError("no")

    def node(ctx):
        ctx.record(Add(1))
        ctx.record(Bad())

    session = ExecutionSession(Counter(10), one(node))
    with pytest.raises(NodeExecutionError, match="no"):
        asyncio.run(session.run())
    assert session.state == Counter(10)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"tools": [1, {"client": object()}]}, r"tools\[1\]\.client"),
        ({"n": {1: 2}}, "n"),
        ({"s": {1, 2}}, "s"),
    ],
)
def test_a_snapshot_that_is_not_jsonable_is_refused_with_its_path(content, path):
    """S6: when the state is given; the message names path and type."""
    with pytest.raises(SerializationError, match=path):
        ExecutionSession(Board(**content), one())


def test_a_mutation_that_makes_the_snapshot_unfit_fails_its_node():
    """S6, R3: the path is named, and nothing is committed."""

    class Spoil:
        def apply(self, board):
            board.content["tools"] = [1, {"client": object()}]

    session = ExecutionSession(Board(n=1), one(lambda ctx: ctx.record(Spoil())))
    with pytest.raises(NodeExecutionError, match=r"tools\[1\]\.client") as caught:
        asyncio.run(session.run())

    assert caught.value.__cause__.path == "tools[1].client"
    assert session.state == Board(n=1)


def test_a_snapshot_that_contains_itself_is_refused():
    """S6: bad input is said as such, not as a RecursionError."""
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises((SerializationError, StateTypeError, ValueError), match="itself"):
        ExecutionSession(Board(ring=ring), one())


# -- everywhere ---------------------------------------------------------------------------------


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
        ctx.record(Tick("ticks"))
        ctx.put("b", 2)

    asyncio.run(one(node).run_inline(engine, 10))
    entries = log.replay(engine.trace_id)

    assert [e.mutation_index for e in entries] == [0, 1, 2]
    assert entries[1].mutation["$unserializable"]["type"] == "Tick"


def test_a_debugger_shows_a_typed_state():
    """S6: state, diff, and a run through; nothing of it needs a mapping."""
    dbg = Debugger(one(lambda ctx: {"topic": "y"}), Review("x"))

    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == Review("y")
    assert dbg.diff(0, 1).keys == ["topic"]
    assert "y" in str(dbg.frames[1].to_pandas())
    assert one().run(Review("z"), barrier=NoopBarrierSink()).state.topic == "z"
