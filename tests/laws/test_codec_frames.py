"""What is written is what is read: every frame of every line, at every level."""

from __future__ import annotations

import itertools
import random
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import ExecutionSession
from lellm_nb.errors import RunError
from lellm_nb.record.codec import positions as codec_positions
from lellm_nb.record.codec.types import register_type
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.run import anchor_plan, large_values
from lellm_nb.store.run.run_reader import RunReader
from lellm_nb.store.run.run_writer import RunWriter
from lellm_nb.store.sqlite.store import SqliteStore
from tests.strategies import finish
from tests.strategies_graphs import nested_plans, wild_plans
from tests.strategies_nodes import Board, Tick

register_type(Board)
register_type(Tick)

_numbers = itertools.count()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One file for all runs of this module."""
    store = SqliteStore(tmp_path_factory.mktemp("runs") / "runs.db")
    yield store
    store.close()


def small_blocks() -> Any:
    """Anchors, shared values and long lists from a size that small runs reach."""
    stack = mock.patch.multiple(anchor_plan, OFTEN=5, SELDOM=8)
    large = mock.patch.object(large_values, "LARGE", 40)
    long = mock.patch.object(codec_positions, "LONG", 4)
    return stack, long, large


def kept(session: ExecutionSession, rows: Any) -> RunWriter:
    """Keep a session's history from its first frame on."""
    writer = RunWriter(rows, session.graph)
    writer.leader = session
    session.history.writer = writer
    writer.keep(session.line, session.head, leads=True)
    return writer


def try_to_finish(session: ExecutionSession) -> None:
    """Run to the end, or to where it fails again and again."""
    for _ in range(3):
        try:
            finish(session)
        except RunError:
            continue
        return


def facts(frame: Any) -> tuple[Any, ...]:
    """All that a frame says, but the identity of its error."""
    error = frame.error
    return (
        *(frame.kind, frame.path, frame.static_path, frame.node, frame.graph_id, frame.index),
        *(frame.visit, frame.cursor, frame.started, frame.duration, frame.route, frame.mutations),
        *(frame.position, frame.level, frame.level is frame.position, frame.failed),
        *(type(error), str(error), frame.decision, frame.output, frame.stream, repr(frame)),
        *(frame.cost, frame.side_effects, len(frame.attempts), frame.parent is None),
    )


def assert_same(one: Any, other: Any, order: random.Random) -> None:
    """Compare two histories, frame by frame in any order."""
    assert list(one.lines) == list(other.lines)
    for mine, its in zip(one.lines.values(), other.lines.values(), strict=True):
        assert (mine.first, len(mine)) == (its.first, len(its))
        for i in order.sample(range(len(mine)), len(mine)):
            assert facts(mine[i]) == facts(its[i])


@given(
    data=st.data(),
    plan=nested_plans | wild_plans,
    typed=st.booleans(),
    on_disk=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_a_stored_run_is_the_run(data, plan, typed, on_disk, seed, store):
    """Any run with any forks, read back in any order, has every frame as it was."""
    blocks, long, large = small_blocks()
    with blocks, long, large:
        state: Any = Board(log=[]) if typed else {"log": []}
        session = ExecutionSession(state, plan.build())
        name = f"run {next(_numbers)}"
        rows = store.begin_run(name, "run", {}) if on_disk else MemoryRows(name, {})
        kept(session, rows)
        try_to_finish(session)
        for _ in range(data.draw(st.integers(1, 2))):
            frame = data.draw(st.sampled_from(list(session.line)))
            put = {"log": ["x" * 30]} if data.draw(st.booleans()) else None
            session = session.fork(frame, put=put)
            try_to_finish(session)

        assert_same(session.history, RunReader(rows).history, random.Random(seed))


@given(data=st.data(), plan=nested_plans)
def test_a_reopened_run_ends_as_if_it_had_never_stopped(data, plan, store):
    """Stop at any frame, open it again, go on: the same frames come."""
    whole = ExecutionSession({"log": []}, plan.build())
    finish(whole)
    steps = data.draw(st.integers(0, whole.head.index))
    graph = plan.build()
    first = ExecutionSession({"log": []}, graph)
    rows = MemoryRows("run", {})
    kept(first, rows)
    first.history.writer.moved(first.line, first.head)
    answers = _answers(whole)
    _step_to(first, steps, answers)

    stored = RunReader(rows)
    second = ExecutionSession.of_history(graph, stored.history, stored.line, stored.head)
    assert second.head.index == first.head.index
    writer = RunWriter(rows, graph)
    writer.resume(stored.numbers)
    writer.leader = second
    second.history.writer = writer
    finish(second)

    assert second.position == whole.position
    assert [f.path for f in second.line] == [f.path for f in whole.line]
    again = RunReader(rows)
    assert_same(second.history, again.history, random.Random(0))


def _answers(session: ExecutionSession) -> dict[str, Any]:
    decided = (frame.decision for frame in session.line)
    return {one.barrier_id: one.decision for one in decided if one is not None}


def _step_to(session: ExecutionSession, index: int, answers: dict[str, Any]) -> None:
    import asyncio

    async def go() -> None:
        while session.head.index < index:
            if await session.step() is None:
                waiting = session.waiting[0].barrier_id
                await session.decide(answers[waiting], waiting)

    asyncio.run(go())
