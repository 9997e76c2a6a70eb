"""Random graphs run to their end, whatever fails on the way, and what a reader then sees."""

from __future__ import annotations

import asyncio

from lellm_nb import Answer, Approve, BarrierWaiting, ExecutionSession, Modify, Reject, Reroute
from lellm_nb.engine.halt import Halt
from lellm_nb.errors import RunError
from lellm_nb.session.protocol import Controls
from tests.strategies_graphs import CHOICES
from tests.strategies_nodes import Board, World


class Story:
    """A graph run to its end, step by step or in one go, whatever fails on the way.

    Args:
        plan: The graph.
        ways: Decisions by number.
        typed: Whether the root state is a `Board`.
        stepped: Whether branches take turns; else they run side by side.
        inputs: How often something more is sent when it is through.
    """

    def __init__(self, plan, ways, typed, stepped, inputs=0):
        self.ways = ways
        self.inputs = inputs
        self.stepped = stepped
        self.decided = 0
        self.world = World()
        self.graph = plan.build(world=self.world)
        self.session = ExecutionSession(Board(broken=False) if typed else {}, self.graph)
        self.after = lambda: None

    async def told(self, most=2_000):
        """Run to the end, and give the session back."""
        session = self.session
        for _ in range(most):
            self.after()
            try:
                halt = await session.advance(Controls(one=self.stepped))
            except RunError as error:
                if not passes(error):
                    raise
                continue
            if halt is Halt.ENDED:
                if not self.inputs:
                    return session
                self.inputs -= 1
                await session.send({"sent": self.inputs})
                continue
            if session.waiting and halt is Halt.HELD:
                await self.decide()
        raise AssertionError(f"still going after {most} moves: {session.position!r}")

    async def decide(self):
        """Decide for one of the waiting barriers."""
        session, way = self.session, self.ways[self.decided % len(self.ways)]
        self.decided += 1
        waiting = session.waiting[way % len(session.waiting)]
        barrier_id = waiting.barrier_id
        decision = Approve()
        if way in (3, 4):
            decision = Reject(f"way {way}")
        elif way in (5, 6):
            decision = Modify(f"of {barrier_id}", [way])
        elif way > 6 and self.decided < 4:  # a jump may lead back, so not for ever
            names = session.targets(barrier_id)
            decision = Reroute(names[way % len(names)])
        if session.asked(waiting) is not None and isinstance(decision, Approve | Modify):
            decision = Answer(CHOICES[way % len(CHOICES)])
        await session.decide(decision, barrier_id)


def shown(frames):
    """All that a reader sees of frames, cheaply."""
    return [(f.index, f.kind, f.path, f.visit, f.cursor, f.mutations, f.route) for f in frames]


def passes(error):
    """Whether a failure is of a stumbling node, which works the next time."""
    members = getattr(error, "exceptions", None)
    if members is not None:
        return all(passes(member) for member in members)
    return isinstance(error, ConnectionError) or (
        error.__cause__ is not None and passes(error.__cause__)
    )


def look(frame):
    """What a reader sees of a frame."""
    return (*shown([frame])[0], repr(frame.state), repr(frame.position))


def heard(graph, state=None, answer=None, **options):
    """All events of a run, and its result or error; `answer` is given each event."""

    async def listen():
        execution = graph.execute_stream(state, **options)
        events = []
        async for event in execution.events:
            events.append(event)
            if answer is not None:
                answer(event, execution.handle)
        try:
            return events, await execution.result()
        except Exception as error:
            return events, error

    return asyncio.run(listen())


def approves(event, handle):
    """Approve whatever waits."""
    if isinstance(event, BarrierWaiting):
        handle.decide(event.barrier_id, Approve())
