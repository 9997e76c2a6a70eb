"""Laws of running: travelling back, forking and resuming, on random graphs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import Debugger, ExecutionSession, MemorySink, NoopBarrierSink, StopReason
from lellm_nb.errors import LellmError, NodeExecutionError
from lellm_nb.graph.decision_edge import kinds_for
from lellm_nb.graph.walk import graph_at, node_at
from lellm_nb.state import fold
from tests.strategies import afinish
from tests.strategies_graphs import decisions, flat_plans, nested_plans, plans, tame_plans

any_plan = st.one_of(flat_plans, nested_plans)


def recorded(session):
    """The decisions on the way to a session's head, by barrier id."""
    return {
        frame.decision.barrier_id: frame.decision.decision
        for frame in session.frame_stack
        if frame.decision is not None
    }


async def drawn(session, data, most=5_000):
    """Run to the end, drawing a decision for every barrier."""
    for _ in range(most):
        if await session.step() is not None:
            continue
        if not session.waiting:
            return
        waiting = data.draw(st.sampled_from(session.waiting))
        barrier_id = waiting.barrier_id
        await session.decide(data.draw(decisions(barrier_id)), barrier_id)
    raise AssertionError("this graph does not end")


def shown(frames):
    """All that a reader sees of frames."""
    return [
        (f.index, f.kind, f.path, f.visit, f.cursor, f.mutations, f.route, f.state, f.root_state)
        for f in frames
    ]


def happened(frames):
    """What happened, whatever the order in which branches took their turns."""
    return sorted((f.path, f.visit, f.kind, f.cursor) for f in frames)


@given(plan=flat_plans, data=st.data())
def test_the_log_of_a_run_folds_to_every_frame(plan, data):
    """Law: fold(log[:n]) equals the state of frame n, decisions included."""
    session = ExecutionSession({"broken": False}, plan.build())
    asyncio.run(drawn(session, data))
    log = []
    for frame in session.line:
        log += frame.mutations
        assert frame.state == fold({"broken": False}, log)


@given(plan=any_plan, data=st.data())
def test_a_decision_takes_the_edge_that_is_for_it(plan, data):
    """G8: wherever there is one, at every depth; and no other decision takes it."""
    session = ExecutionSession({}, plan.build())
    asyncio.run(drawn(session, data))
    for frame in session.line:
        node = node_at(session.graph, frame.path)
        if frame.decision is None or node is None or node.kind != "barrier":
            continue
        router = graph_at(session.graph, frame.static_path.rpartition("/")[0]).routers[frame.node]
        kinds = kinds_for(frame.decision.decision, frame.decision.by)
        meant = [edge for kind in kinds for edge in router.edges if edge.kind == kind]
        assert (frame.route.edge in meant[:1]) if meant else not frame.route.edge.for_decision


@given(plan=any_plan, data=st.data())
def test_rewinding_anywhere_and_running_on_ends_in_the_same_state(plan, data):
    """Law: with the same decisions, from any frame, of a nested and parallel graph too."""
    session = ExecutionSession({}, plan.build())
    asyncio.run(drawn(session, data))
    answers, end, frames = recorded(session), session.state, list(session.line)
    before = shown(frames)

    async def travel():
        for frame in data.draw(st.permutations(frames))[:6]:
            session.rewind(frame)
            assert session.state == frame.root_state
            await afinish(session, answers)
            assert session.state == end
            assert session.position.ended

    asyncio.run(travel())

    assert list(session.history.lines["main"]) == frames
    assert shown(frames) == before


@given(plan=any_plan, data=st.data())
def test_a_fork_leaves_its_parent_unchanged(plan, data):
    """Law: whatever is written on the fork, and however far it runs."""
    session = ExecutionSession({}, plan.build())
    asyncio.run(drawn(session, data))
    frames = list(session.line)
    before, head = shown(frames), session.head
    at = data.draw(st.sampled_from(frames))
    child = session.fork(at, put={"mine": [1]}, delete=["log"])
    with contextlib.suppress(LellmError):  # a merge may refuse the deleted key
        asyncio.run(drawn(child, data))

    assert session.head is head
    assert list(session.line) == frames
    assert shown(frames) == before
    assert list(child.line)[: at.index + 1] == frames[: at.index + 1]
    assert child.line[at.index + 1].kind == "edit"


@given(plan=any_plan, data=st.data())
def test_resuming_from_any_checkpoint_equals_never_having_stopped(plan, data):
    """Law: in another session, with a graph built anew."""
    whole = ExecutionSession({}, plan.build())
    asyncio.run(drawn(whole, data))
    answers, frames = recorded(whole), list(whole.line)

    async def resume():
        for frame in data.draw(st.permutations(frames))[:4]:
            stopped = ExecutionSession({}, plan.build())
            while stopped.head.index < frame.index:
                if await stopped.step() is None:
                    barrier = frames[stopped.head.index + 1].decision.barrier_id
                    await stopped.decide(answers[barrier], barrier)
            resumed = ExecutionSession.restore(stopped.checkpoint(), plan.build())
            await afinish(resumed, answers)
            assert resumed.state == whole.state
            assert resumed.position == whole.position
            # branches that wait are answered here in another order than there
            assert happened(resumed.frame_stack) == happened(whole.frame_stack)

    asyncio.run(resume())


@given(plan=any_plan)
def test_stepping_running_and_executing_reach_the_same_state(plan):
    """One rule behind all loops: `step`, `run`, `execute` and the Debugger."""
    stepped = ExecutionSession({}, plan.build())
    asyncio.run(afinish(stepped))
    sink = MemorySink()
    options = {"barrier": NoopBarrierSink(), "max_steps": 500}
    executed = plan.build().run({}, checkpoint=sink, **options)
    dbg = Debugger(plan.build(), {})
    while (stop := dbg.run()).reason is StopReason.BARRIER:
        dbg.approve(stop.pending[-1].id)

    assert stop.reason is StopReason.COMPLETED
    assert executed.state == stepped.state == dbg.state
    if plan.races:
        return
    assert happened(sink.frames) == happened(stepped.frame_stack)
    assert happened(dbg.frames[1:]) == happened(stepped.frame_stack)


@given(plan=any_plan, data=st.data())
def test_barrier_ids_never_repeat(plan, data):
    """B2: on one line, every wait has an id of its own; each is decided once."""
    session = ExecutionSession({}, plan.build())
    asyncio.run(drawn(session, data))
    ids = [f.decision.barrier_id for f in session.line if f.kind == "decision"]

    assert len(ids) == len(set(ids))


def _without(value):
    """Return a state, and the end states that maps collected in it, without what was mended."""
    if isinstance(value, list):
        return [_without(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {k: _without(v) for k, v in value.items() if k not in ("broken", "log")}


@given(plan=plans(1, flaky=True), data=st.data())
def test_a_failing_node_is_all_or_nothing_and_can_be_retried(plan, data):
    """R3: at every level; after the state was mended the run ends as if nothing had failed."""
    fine = ExecutionSession({"broken": False}, plan.build())
    asyncio.run(afinish(fine))
    dbg = Debugger(plan.build(), {"broken": True})
    for _ in range(1_000):
        stop = dbg.run()
        if stop.reason is StopReason.BARRIER:
            dbg.approve(stop.pending[0].id)
        elif stop.reason is StopReason.FAILED:
            frame = stop.frame
            assert isinstance(stop.error, NodeExecutionError)
            assert (frame.kind, frame.mutations, frame.route) == ("error", (), None)
            assert frame.position == frame.parent.position
            assert "never committed" not in frame.state.get("log", ())
            dbg = dbg.fork(put={"broken": False})
        else:
            break

    assert stop.reason is StopReason.COMPLETED
    assert _without(dbg.state) == _without(fine.state)
    assert sorted(dbg.state.get("log", ())) == sorted(fine.state.get("log", ()))


@given(plan=tame_plans, limit=st.integers(1, 12))
def test_a_limit_is_exact_at_the_outer_level(plan, limit):
    """R1: exactly `max_steps` nodes may run, composites counted once."""
    whole = ExecutionSession({}, plan.build())
    asyncio.run(afinish(whole))
    needed = whole.position.step
    session = ExecutionSession({}, plan.build())
    asyncio.run(session.run(max_steps=limit))

    assert session.position.ended is (limit >= needed)
    assert session.position.step == min(limit, needed)
    if limit >= needed:
        assert plan.build().run({}, max_steps=limit).state == whole.state


@given(plan=any_plan, data=st.data())
def test_going_back_and_forth_shows_every_frame_as_it_was(plan, data):
    """Looking at the past never changes it: state, diff, who and pandas."""
    dbg = Debugger(plan.build(), {})
    while (stop := dbg.run()).reason is StopReason.BARRIER:
        dbg.approve(stop.pending[0].id)
    before = shown(dbg.frames)
    for _ in range(5):
        index = data.draw(st.integers(0, len(dbg.frames) - 1))
        dbg.rewind(index)
        assert dbg.state == before[index][-1]
        assert dbg.back().frame.index == max(0, index - 1)
        dbg.diff(0, index)
    dbg.frames.to_pandas()

    assert shown(dbg.frames) == before
    assert dbg.lines == ["main"]
