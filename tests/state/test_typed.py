"""S6: classes of the user's in place of a mapping."""

from __future__ import annotations

import asyncio
from typing import Any

import pydantic
import pytest

from lellm_nb import (
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    Reducer,
    WorkflowState,
    typed_state,
)
from lellm_nb.errors import (
    NodeExecutionError,
    ReadOnlyStateError,
    SerializationError,
    StateTypeError,
)
from tests.state.typed_classes import Add, Author, Counter, Order, Review
from tests.strategies import chain
from tests.strategies_nodes import Board

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


def test_a_transient_field_stays_what_it_is_while_the_run_goes_on():
    """S6, S9: it stays out of the snapshot; only where that is restored it gets its default."""
    client = object()
    start = Review("x", client=client)
    state = one(lambda ctx: {"topic": "y"}).run(start).state

    assert "client" not in start.snapshot()
    assert state.topic == "y"
    assert state.client is client
    again = Review.restore(start.snapshot())
    assert again.client is not None
    assert again.client is not client


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
