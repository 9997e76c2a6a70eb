"""Runs of every kind that stand somewhere, and every way in which they can be captured."""

from __future__ import annotations

import dataclasses

import pydantic

from lellm_nb import (
    Checkpoint,
    CheckpointCodec,
    DiskSink,
    ExecutionSession,
    FrameInfo,
    FrameStack,
    GraphBuilder,
    InMemoryStore,
    MemorySink,
    Reducer,
    SessionCheckpoint,
    SqliteStore,
    typed_state,
)
from lellm_nb.errors import RunError
from tests.debug.persist.test_checkpoint_stores import Foreign
from tests.strategies import chain, fanned, nested, review, steps

BROKEN = {"on": False}
"""Whether the nodes that break do so now."""


@typed_state
@dataclasses.dataclass
class Basket:
    n: int = 0
    log: list = dataclasses.field(default_factory=list)


@typed_state
class Parcel(pydantic.BaseModel):
    n: int = 0
    log: list[str] = []


def add(ctx):
    ctx.put("n", ctx.state["n"] + 1 if isinstance(ctx.state, dict) else ctx.state.n + 1)


def again(ctx):
    ctx.put("n", ctx.state["n"] * 3 if isinstance(ctx.state, dict) else ctx.state.n * 3)


def breaking(ctx):
    if BROKEN["on"]:
        raise ValueError("not yet")
    ctx.put("mended", True)


def big(ctx):
    for i in range(400):
        ctx.append("items", {"i": i, "of": ctx.visit})


def joined():
    """Two branches that sum into one key by a rule of the user's, and one that is a graph."""
    longest = Reducer.custom(lambda old, new: max(old, new, key=len), name="longest")
    inner = GraphBuilder("inner", reducers={"word": longest})
    inner.node("one", lambda ctx: ctx.reduce("word", "aaa"))
    inner.node("two", lambda ctx: ctx.reduce("word", "aaaaa"))
    inner.edge("one", "two").start("one").end("two")
    g = GraphBuilder("joined", reducers={"word": longest, "n": Reducer.SUM})
    g.parallel("par", {"inner": inner.build(), "plus": lambda ctx: ctx.reduce("n", 2)})
    g.node("last", lambda ctx: {"said": ctx.state["word"]}).edge("par", "last")
    return g.start("par").end("last").build()


def failing():
    """The second of three nodes breaks as long as it is told to."""
    return chain(add, breaking, again)


SITUATIONS = {
    # name: the graph, its state, after how many steps it stands
    "not begun": (lambda: steps("a", "b"), dict, 0),
    "plain": (lambda: chain(add, again), lambda: {"n": 1}, 1),
    "completed": (lambda: chain(add, again), lambda: {"n": 1}, 99),
    "nested": (nested, dict, 3),
    "nested, waiting": (nested, dict, 4),
    "nested, again": (nested, dict, 9),
    "in parallel": (fanned, dict, 3),
    "in parallel, waiting": (fanned, dict, 6),
    "waiting": (review, lambda: {"topic": "otters"}, 2),
    "failed": (failing, lambda: {"n": 1}, -1),
    "a rule of its own": (joined, lambda: {"n": 0}, 2),
    "a dataclass": (lambda: chain(add, again), lambda: Basket(n=2), 1),
    "a pydantic model": (lambda: chain(add, again), lambda: Parcel(n=2), 1),
    "big lists": (lambda: chain(big, again, add), lambda: {"n": 1}, 1),
}


async def stand(session, count):
    """Step a session on; barriers before the last step are approved, a failure ends it."""
    from lellm_nb import Approve

    BROKEN["on"] = count < 0
    try:
        for _ in range(count if count >= 0 else 99):
            if await session.step() is None:
                if not session.waiting:
                    return
                await session.decide(Approve(), session.waiting[0].barrier_id)
    except RunError:
        assert count < 0
    finally:
        BROKEN["on"] = False


def told(session, sink):
    """What a sink that was told of a session's commits has."""
    for frame in session.frame_stack:
        info = FrameInfo(frame.node, frame.cursor, frame.graph_id, frame.path, frame)
        sink.on_checkpoint(frame.state, info)
    return sink


def saved(session, store, form=lambda checkpoint: checkpoint):
    """The id of a session's checkpoint in a store, and where it is looked up."""
    made = form(session.checkpoint())
    store.save("run", made)
    return made.checkpoint_id, {"store": store}


codec = CheckpointCodec()

WHOLE = {
    "a session's checkpoint": lambda s, tmp: (s.checkpoint(), {}),
    "its bytes": lambda s, tmp: (codec.encode(s.checkpoint()), {}),
    "a checkpoint of it": lambda s, tmp: (Checkpoint.of_session(s.checkpoint()), {}),
    "the bytes of that": lambda s, tmp: (codec.encode(Checkpoint.of_session(s.checkpoint())), {}),
    "an id in memory": lambda s, tmp: saved(s, InMemoryStore()),
    "an id in a file": lambda s, tmp: saved(s, SqliteStore(tmp / "runs.db")),
    "an id in a store of one's own": lambda s, tmp: saved(s, Foreign(), Checkpoint.of_session),
    "the same, kept as it is": lambda s, tmp: saved(s, Foreign()),
}
"""What has the exact position and all that led there."""

PARTS = {
    "a checkpoint of one step": lambda s, tmp: (Checkpoint.of(s.head, s.graph.canonical_hash), {}),
    "its bytes": lambda s, tmp: (
        codec.encode(Checkpoint.of(s.head, s.graph.canonical_hash)),
        {},
    ),
    "a checkpoint without frames": lambda s, tmp: (
        Checkpoint(s.position.node or "", "", s.state, s.graph.canonical_hash, position=s.position),
        {},
    ),
    "a session's without frames": lambda s, tmp: (
        SessionCheckpoint(s.state, FrameStack(), s.graph.canonical_hash, s.position),
        {},
    ),
}
"""What has the exact position, and little of what led there."""

CAPTURED = {
    "a memory sink": lambda s, tmp: (told(s, MemorySink()), {}),
    "a frame stack": lambda s, tmp: (s.frame_stack, {}),
    "a list of frames": lambda s, tmp: (s.frame_stack.frames, {}),
    "a disk sink": lambda s, tmp: (told(s, DiskSink(tmp / "disk")), {}),
    "its folder": lambda s, tmp: (told(s, DiskSink(tmp / "disk")).folder, {}),
    "its folder as text": lambda s, tmp: (str(told(s, DiskSink(tmp / "disk")).folder), {}),
}
"""What a sink was told: nothing of a run that made no step, and no failure."""


def session_at(situation):
    """A session that stands there, and its graph."""
    import asyncio

    graph, state, count = SITUATIONS[situation]
    session = ExecutionSession(state(), graph())
    asyncio.run(stand(session, count))
    return session
