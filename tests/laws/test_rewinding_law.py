"""The hardest law: from any frame of any nest, with what was recorded, to the same end.

The graphs are nested and parallel, with maps, barriers, questions, turns, loops, lenses, typed
states, retries, failures that are routed and failures that go away; see `strategies_graphs`.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from lellm_nb import Answer
from lellm_nb.engine.halt import Halt
from lellm_nb.session.protocol import Controls
from tests.laws.test_engine_laws import ways
from tests.strategies_graphs import wild_plans
from tests.strategies_nodes import Board
from tests.strategies_story import Story, shown

LONG = os.environ.get("LELLM_LONG", "") not in ("", "0")

SEED = 20261120
"""What the long form begins with, so that its examples can be had again."""

EXAMPLES = 10_000 if LONG else 1_000 if os.environ.get("CI") else 100
"""How many graphs the hardest law is held to."""

LEAST = 0.2 if EXAMPLES >= 1_000 else 0.1
"""The share of graphs in which each of the things below has to happen; a hundred say less."""

WHAT = ("nesting", "parallel", "barriers", "errors", "loops", "typed states", "retries", "maps")
WHAT += ("questions", "turns")


def happened(frames):
    """What there was in a run, of what the laws are about."""
    kinds = {frame.kind for frame in frames}
    return {
        "nesting": "exit" in kinds,
        "parallel": any("/x" in frame.path or "/solo" in frame.path for frame in frames),
        "barriers": "waiting" in kinds or "decision" in kinds,
        "errors": "error" in kinds,
        "loops": any(frame.visit > 1 or "#" in frame.path for frame in frames),
        "typed states": isinstance(frames[-1].root_state, Board),
        "questions": any(f.decision and isinstance(f.decision.decision, Answer) for f in frames),
        "turns": "input" in kinds,
        "maps": any("*" in frame.static_path for frame in frames),
        "retries": any(len(frame.attempts) > 1 for frame in frames),
    }


async def on(session):
    """Run on with what was recorded, step by step."""
    recorded = session.recorded()
    halt = Halt.STEPPED
    while halt is Halt.STEPPED:
        halt = await session.advance(Controls.replay(recorded, one=True))
    return halt


def ends_of_turns(frames):
    """The state in which the turn of each frame ended."""
    ends, end = [], frames[-1].root_state
    for frame in reversed(frames):
        ends.append(end)
        if frame.kind == "input":
            end = frame.parent.root_state
    return ends[::-1]


TALLY = Counter()


@settings(max_examples=EXAMPLES)
@given(
    plan=wild_plans,
    ways=ways,
    typed=st.booleans(),
    stepped=st.booleans(),
    inputs=st.sampled_from([0, 1]),
)
def rewinds_to_every_frame(plan, ways, typed, stepped, inputs):
    """Rewind to every frame of one graph's run, and run on with what was recorded.

    What was sent is not sent again (SEMANTICS R12): from a frame of an earlier turn a run ends
    where that turn did.
    """

    async def there_and_on():
        story = Story(plan, ways, typed, stepped, inputs)
        session = await story.told()
        frames = list(session.line)
        ends = ends_of_turns(frames)
        before = shown(frames)
        story.world.closed = True
        for frame in frames:
            session.rewind(frame)
            assert session.position is frame.position
            halt = await (
                on(session)
                if frame.index % 2
                else session.advance(Controls.replay(session.recorded()))
            )
            assert halt is Halt.ENDED, f"stopped at {session.position!r} from {frame!r}"
            assert session.state == ends[frame.index], f"another end from {frame!r}"
        assert list(session.history.lines["main"]) == frames
        assert shown(frames) == before
        return session.history.lines["main"]

    main = asyncio.run(there_and_on())
    TALLY.update({"graphs": 1, "frames": len(main), **happened(main)})


if LONG:
    rewinds_to_every_frame = seed(SEED)(rewinds_to_every_frame)


@pytest.mark.timeout(300)
def test_rewinding_to_every_frame_and_running_on_ends_in_the_same_state(capsys):
    """Law: with the recorded outcomes (R10), from any frame of any nest, nothing runs twice."""
    TALLY.clear()
    rewinds_to_every_frame()
    graphs = TALLY["graphs"]
    shares = {what: TALLY[what] / graphs for what in WHAT}
    told = ", ".join(f"{what} {share:.0%}" for what, share in shares.items())
    with capsys.disabled():
        print(f"\n{graphs:,} random graphs, {TALLY['frames']:,} frames, with {told}")

    assert graphs >= EXAMPLES * 0.9
    assert {what for what, share in shares.items() if share < LEAST} == set()
