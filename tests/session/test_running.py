"""Sessions step by step: positions, and C1: frames, sinks and stacks."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Approve,
    ExecutionSession,
    Frame,
    FrameInfo,
    FrameStack,
    MemorySink,
    SessionCheckpointSink,
)
from lellm_nb.errors import NotWaitingError
from tests.session.graphs import paths, stepped
from tests.strategies import finish, steps

# -- stepping ----------------------------------------------------------------------------


def test_a_step_makes_one_commit_and_returns_its_frame():
    """DESIGN: step: Position -> (Position', Frame)."""
    session = ExecutionSession({}, steps("a", "b"))
    first, second, third = stepped(session, 3)

    assert (first.node, first.cursor, first.graph_id) == ("a", 1, "g")
    assert (second.node, second.cursor) == ("b", 2)
    assert third is None
    assert session.position.ended
    assert session.state == {"log": ["a", "b"]}


def test_a_position_is_a_plain_value():
    """DESIGN: going on makes a new position; the old one stays as it was."""
    session = ExecutionSession({}, steps("a", "b"))
    before = session.position
    stepped(session, 1)

    assert (before.node, before.step, before.state) == ("a", 0, {})
    assert (session.position.node, session.position.step) == ("b", 1)
    assert before != session.position
    assert repr(session.position) == "<Position: b after 1 steps>"


def test_the_first_frame_is_the_start_frame():
    """DESIGN: frames[0] has cursor 0; the frame stack has what a sink captures, so not it."""
    session = finish(ExecutionSession({"n": 1}, steps("a")))

    assert (session.line[0].kind, session.line[0].cursor) == ("start", 0)
    assert session.line[0].state == {"n": 1}
    assert paths(session.frame_stack) == ["commit a"]


def test_into_parts_gives_state_and_frames():
    """DESIGN: what the seed's session gives at the end."""
    state, stack = finish(ExecutionSession({}, steps("a", "b"))).into_parts()

    assert state == {"log": ["a", "b"]}
    assert isinstance(stack, FrameStack)
    assert stack.depth() == 2


def test_deciding_when_nothing_waits_says_so():
    """B5: and names what was asked for."""
    session = ExecutionSession({}, steps("a"))
    with pytest.raises(NotWaitingError, match="No barrier waits"):
        asyncio.run(session.decide(Approve()))
    with pytest.raises(NotWaitingError) as caught:
        asyncio.run(session.decide(Approve(), "a#0"))
    assert caught.value.wanted == "a#0"


# -- C1: frames, sinks and stacks --------------------------------------------------------


def test_a_memory_sink_fills_all_four_fields():
    """C1: graph_id, node_id, state and cursor."""
    sink = MemorySink()
    steps("a", "b", name="named").run({}, checkpoint=sink)

    assert [(f.graph_id, f.node_id, f.state, f.cursor) for f in sink.frames] == [
        ("named", "a", {"log": ["a"]}, 1),
        ("named", "b", {"log": ["a", "b"]}, 2),
    ]
    assert sink.into_frames() is sink.frames


def test_a_sink_can_be_called_by_hand():
    """C1: without a frame at hand it makes one of what it is told."""
    sink, stack = MemorySink(), FrameStack()
    sink.on_checkpoint({"n": [1]}, FrameInfo("a", 1, "g"))
    SessionCheckpointSink(stack, "named").on_checkpoint({"n": 1}, FrameInfo("a", 2))

    assert sink.frames[0].graph_id == "g"
    assert sink.frames[0].state == {"n": [1]}
    assert stack.current().graph_id == "named"
    assert stack.current().cursor == 2


def test_a_frame_stack_is_a_stack():
    """C1: push, pop, current, depth, is_empty, frames."""
    stack = FrameStack()
    a, b = Frame("g", "a", {}, 1), Frame("g", "b", {}, 2)

    assert stack.is_empty()
    assert stack.pop() is None
    assert stack.current() is None
    stack.push(a)
    stack.push(b)
    assert (stack.depth(), stack.current(), stack.frames) == (2, b, [a, b])
    assert stack.pop() is b
    assert list(stack) == [a]
