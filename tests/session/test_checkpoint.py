"""C2: a session goes on from a checkpoint."""

from __future__ import annotations

import asyncio
import re
import warnings

import pytest

from lellm_nb import Approve, ExecutionSession, GraphHashMode, Reject, SessionCheckpoint
from lellm_nb.errors import CheckpointStoreError, GraphMismatchError
from tests.session.graphs import paths, stepped
from tests.strategies import afinish, fanned, finish, nested, review, steps


def test_a_checkpoint_goes_on_at_the_exact_node():
    """C2: with state, stack and counters."""
    session = ExecutionSession({}, steps("a", "b", "c"))
    stepped(session, 2)
    checkpoint = session.checkpoint()
    stepped(session, 1)
    restored = ExecutionSession.restore(checkpoint, steps("a", "b", "c"))

    assert restored.position.node == "c"
    assert restored.state == {"log": ["a", "b"]}
    assert paths(restored.frame_stack) == ["commit a", "commit b"]
    assert checkpoint.graph_hash == session.graph.canonical_hash
    finish(restored)
    assert restored.state == session.state
    assert paths(restored.frame_stack) == paths(session.frame_stack)
    assert restored.head.cursor == 3


def test_a_checkpoint_keeps_visits_and_occurrences():
    """B2, C2: a restored loop waits under the next id."""
    session = ExecutionSession({"topic": "x"}, review())

    async def go():
        await session.run()
        await session.decide(Reject("no"))

    asyncio.run(go())
    restored = ExecutionSession.restore(session.checkpoint(), review())
    asyncio.run(restored.run())

    assert [w.barrier_id for w in restored.waiting] == ["approve#1"]
    assert restored.frame_stack.current().visit == 2


@pytest.mark.parametrize("graph", [nested, fanned])
def test_a_checkpoint_in_the_middle_of_a_composite_goes_on_there(graph):
    """C2, N2: from every commit, deep inside too."""
    whole = finish(ExecutionSession({}, graph()))
    session = ExecutionSession({}, graph())

    async def every():
        seen = []
        while True:
            restored = ExecutionSession.restore(session.checkpoint(), graph())
            await afinish(restored)
            seen.append((restored.state, paths(restored.frame_stack)))
            if await session.step() is None:
                if not session.waiting:
                    return seen
                await session.decide(Approve(), session.waiting[0].barrier_id)

    for state, happened in asyncio.run(every()):
        assert state == whole.state
        assert happened == paths(whole.frame_stack)


def test_a_checkpoint_does_not_follow_its_session():
    """C2: it is a value."""
    session = ExecutionSession({}, steps("a", "b"))
    checkpoint = session.checkpoint()
    finish(session)

    assert checkpoint.state == {}
    assert checkpoint.frames.is_empty()
    assert checkpoint.position.node == "a"


def test_restore_refuses_another_hash():
    """C2: GraphMismatchError(expected, actual), with the exact message."""
    session = ExecutionSession({}, steps("a", "b"))
    other = steps("a", "b", "c")
    expected, actual = session.graph.canonical_hash, other.canonical_hash
    text = f"graph hash mismatch: expected 0x{expected:016x}, got 0x{actual:016x}"
    with pytest.raises(GraphMismatchError, match=f"^{re.escape(text)}$") as caught:
        ExecutionSession.restore(session.checkpoint(), other)

    assert (caught.value.expected, caught.value.actual) == (expected, actual)


def test_force_goes_on_if_the_position_still_exists():
    """C2: it says what differs, and is a clear error if the position does not exist."""
    session = ExecutionSession({}, steps("a", "b"))
    stepped(session, 1)
    checkpoint = session.checkpoint()
    with pytest.warns(UserWarning, match="node `c` new; end now `c`, was `b`; edge `b -> c` new"):
        longer = ExecutionSession.restore(checkpoint, steps("a", "b", "c"), GraphHashMode.FORCE)

    assert finish(longer).state == {"log": ["a", "b", "c"]}
    with pytest.raises(CheckpointStoreError, match="does not have"):
        ExecutionSession.restore(checkpoint, steps("a", "x"), GraphHashMode.FORCE)


@pytest.mark.parametrize("mode", ["strict", GraphHashMode.STRICT])
def test_a_mode_means_what_its_word_says(mode):
    """C2: a text that says strict is not taken for force; the same graph is no news."""
    checkpoint = ExecutionSession({}, steps("a", "b")).checkpoint()
    with pytest.raises(GraphMismatchError):
        ExecutionSession.restore(checkpoint, steps("a", "b", "c"), mode)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ExecutionSession.restore(checkpoint, steps("a", "b"), "force")


def test_a_checkpoint_that_knows_only_a_hash_says_so():
    """C2: one of elsewhere has no look of its graph to compare."""
    session = ExecutionSession({}, steps("a", "b"))
    bare = SessionCheckpoint(session.state, session.frame_stack, 7, session.position)
    with pytest.warns(UserWarning, match="the hash was 0x0000000000000007 and is 0x"):
        ExecutionSession.restore(bare, steps("a", "b"), GraphHashMode.FORCE)


def test_the_same_graph_with_new_code_has_the_same_hash():
    """G6, C2: a mended function may go on with an old checkpoint."""
    session = ExecutionSession({}, steps("a", "b"))
    stepped(session, 1)
    mended = steps("a", "b").patched({"b": lambda ctx: {"mended": True}})

    assert finish(ExecutionSession.restore(session.checkpoint(), mended)).state == {
        "log": ["a"],
        "mended": True,
    }
