"""The laws of checkpoints of every kind, on random graphs in which everything happens."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from lellm_nb import (
    Checkpoint,
    CheckpointCodec,
    Debugger,
    FrameInfo,
    FrameStack,
    InMemoryStore,
    MemorySink,
    SessionCheckpoint,
)
from lellm_nb.engine.halt import Halt
from lellm_nb.record.frame import make_frame
from lellm_nb.record.past.continuity import follows
from lellm_nb.session.protocol import Controls
from tests.strategies_graphs import wild_plans
from tests.strategies_story import Story, look

ways = st.lists(st.integers(0, 9), min_size=1, max_size=4)


def alone(frame):
    """The same frame as a sink of `graph.run` has it: of no history."""
    return make_frame(
        *(frame.place, frame.kind, frame.visit, frame.position, frame.level, frame.mutations),
        *(frame.route, frame.started, frame.duration, frame.own_detail),
    )


def captured(session):
    """The captured frames up to the head, of no history."""
    return [alone(frame) for frame in session.frame_stack]


def sink_of(session):
    """A sink that was told of them."""
    sink = MemorySink()
    for frame in captured(session):
        sink.on_checkpoint(
            frame.state, FrameInfo(frame.node, frame.cursor, frame.graph_id, frame.path, frame)
        )
    return sink


codec = CheckpointCodec()


def kept(session):
    """A checkpoint in a store, and its id."""
    store = InMemoryStore()
    made = session.checkpoint()
    store.save("run", made)
    return store, made.checkpoint_id


KINDS = {
    "session checkpoint": lambda s: (s.checkpoint(), {}),
    "its bytes": lambda s: (codec.encode(s.checkpoint()), {}),
    "a checkpoint": lambda s: (Checkpoint.of(s.head, s.graph.canonical_hash), {}),
    "of a session": lambda s: (Checkpoint.of_session(s.checkpoint()), {}),
    "bytes": lambda s: (codec.encode(Checkpoint.of(s.head, s.graph.canonical_hash)), {}),
    "id": lambda s: (lambda found: (found[1], {"store": found[0]}))(kept(s)),
    "frame stack": lambda s: (FrameStack([alone(f) for f in s.line[: s.head.index + 1]]), {}),
    "frames": lambda s: (list(s.line[: s.head.index + 1]), {}),
}


@settings(max_examples=60, deadline=None)
@given(
    plan=wild_plans,
    ways=ways,
    typed=st.booleans(),
    stepped=st.booleans(),
    at=st.integers(0, 200),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_from_any_checkpoint_a_run_ends_as_if_it_had_never_stopped(
    plan, ways, typed, stepped, at, kind
):
    """C11: resuming from any checkpoint equals never having stopped, from its captured past too."""

    async def law():
        written = kind.endswith("bytes")  # a `Board` is no class that a codec knows
        story = Story(plan, ways, typed and not written, stepped)
        session = await story.told()
        line, end, recorded = list(session.line), session.state, session.recorded()
        story.world.closed = True
        session.rewind(line[at % len(line)])
        head = session.head
        what, options = KINDS[kind](session)
        before = [look(frame) for frame in line]

        dbg = Debugger.from_checkpoint(what, session.graph, **options)
        opened = dbg.session

        assert opened.position == head.position
        assert not any(f.gap for f in opened.line) or kind in ("a checkpoint", "bytes")
        if kind not in ("a checkpoint", "bytes"):
            assert [f.path for f in opened.line] == [f.path for f in line[: head.index + 1]]
            assert [f.position for f in opened.line] == [f.position for f in line[: head.index + 1]]
        again = opened.at_tip(opened.line)
        assert await again.advance(Controls.replay(recorded)) is Halt.ENDED
        assert again.state == end
        for frame in list(opened.line)[:: max(1, len(opened.line) // 4)]:
            fork = opened.fork(frame)
            assert await fork.advance(Controls.replay(recorded)) is Halt.ENDED
            assert fork.state == end
        assert list(session.history.lines["main"]) == line
        assert [look(frame) for frame in line] == before

    asyncio.run(law())


@settings(max_examples=60, deadline=None)
@given(plan=wild_plans, ways=ways, typed=st.booleans(), stepped=st.booleans())
def test_a_step_follows_the_one_before_it_and_no_other(plan, ways, typed, stepped):
    """C11: where nothing is missing no gap is told, and where a step is missing one is."""

    async def law():
        session = await Story(plan, ways, typed, stepped).told()
        line = list(session.line)
        for before, frame in itertools.pairwise(line):
            assert follows(before.position, frame), (before, frame)
        for first, missed, frame in zip(line, line[1:], line[2:], strict=False):
            abandoned = frame.kind == "error"  # what was inside went with it: it wrote nothing
            if missed.position != first.position and not abandoned:
                assert not follows(first.position, frame), (first, missed, frame)

    asyncio.run(law())


@settings(max_examples=40, deadline=None)
@given(plan=wild_plans, ways=ways, stepped=st.booleans(), at=st.integers(0))
def test_checkpoints_convert_and_are_written_without_loss(plan, ways, stepped, at):
    """C11: each kind becomes the other and bytes, and what comes back is what was there."""

    async def law():
        session = await Story(plan, ways, False, stepped).told()
        session.rewind(session.line[at % len(session.line)])
        one = session.checkpoint()

        for again in (
            SessionCheckpoint.of(Checkpoint.of_session(one)),
            codec.decode(codec.encode(one)),
            SessionCheckpoint.of(codec.decode(codec.encode(Checkpoint.of_session(one)))),
        ):
            assert isinstance(again, SessionCheckpoint)
            assert again.position == one.position
            assert again.state == one.state
            assert again.fingerprint == one.fingerprint
            facts = (again.checkpoint_id, again.created_at, again.graph_hash, again.last_node)
            assert facts == (one.checkpoint_id, one.created_at, one.graph_hash, one.last_node)
            pairs = list(zip(again.frames, one.frames, strict=True))
            assert all(a.position == b.position for a, b in pairs)
            assert [look(a) for a, _ in pairs] == [look(b) for _, b in pairs]

    asyncio.run(law())
