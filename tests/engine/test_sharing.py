"""C10, S2: what runs share, and what they do not."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Approve,
    Debugger,
    Delete,
    ExecutionSession,
    NoopBarrierSink,
    Reduce,
    Reducer,
)
from lellm_nb.state import fold
from tests.strategies import chain, fanned, finish, nested, review

# -- C10 -----------------------------------------------------------------------------------


def test_sessions_that_share_a_graph_leak_nothing_into_each_other():
    """C10: turn by turn, each counts visits, occurrences and branches for itself."""
    for make in (nested, fanned, review):
        graph = make()
        alone = finish(ExecutionSession({"topic": "x"}, make()))
        sessions = [ExecutionSession({"topic": "x"}, graph) for _ in range(3)]

        async def by_turns(sessions=sessions):
            moving = list(sessions)
            while moving:
                for session in list(moving):
                    if await session.step() is not None:
                        continue
                    if session.waiting:
                        await session.decide(Approve(), session.waiting[0].barrier_id)
                    else:
                        moving.remove(session)

        asyncio.run(by_turns())
        for session in sessions:
            assert session.state == alone.state
            assert session.position == alone.position
            assert [(f.kind, f.path, f.visit, f.cursor) for f in session.line] == [
                (f.kind, f.path, f.visit, f.cursor) for f in alone.line
            ]


def test_runs_side_by_side_on_one_graph_are_apart():
    """C10: twenty at once, with branches, loops and lists that grow."""
    graph = fanned()

    async def many():
        return await asyncio.gather(
            *(graph.execute({"n": i}, barrier=NoopBarrierSink()) for i in range(20))
        )

    results = asyncio.run(many())

    assert [r.state["n"] for r in results] == list(range(20))
    assert all(r.state["log"] == results[0].state["log"] for r in results)
    assert len({r.trace_id for r in results}) == 20


def test_a_run_leaves_its_graph_as_it_was():
    """C10: it is immutable; even after failures and forks."""
    graph = fanned()
    before = (graph.fingerprint, graph.canonical_hash, list(graph.nodes), graph.edges)
    dbg = Debugger(graph)
    dbg.run()
    dbg.fork(1, put={"x": 1}).run()

    assert (graph.fingerprint, graph.canonical_hash, list(graph.nodes), graph.edges) == before
    with pytest.raises(TypeError):
        graph.nodes["new"] = None


# -- hazards -----------------------------------------------------------------------------------


def test_a_state_of_two_hundred_keys_stays_right_and_shared():
    """S2: every frame shows what was there; values that did not change are the same objects."""
    start = {f"k{i}": [i] for i in range(200)}

    def node(ctx):
        ctx.put(f"k{ctx.visit}", ctx.visit)
        if ctx.visit % 7 == 0:
            ctx.delete(f"k{199 - ctx.visit}")
        if ctx.visit < 150:
            ctx.goto("node")

    session = finish(ExecutionSession(start, chain(node)))
    expected = dict(start)
    for frame in list(session.line)[1:]:
        expected = fold(expected, frame.mutations)
        assert frame.state == expected
    frames = list(session.line)
    assert frames[3].state["k199"] is frames[0].state["k199"]
    assert len(frames[-1].state) == len(expected)


@pytest.mark.timeout(120)
def test_a_list_of_100_000_items_stays_right_and_shared():
    """S2: appended one by one, in a loop; any frame can be read, and forks do not disturb it."""

    def node(ctx):
        ctx.reduce("log", [ctx.visit * 10 + i for i in range(10)], Reducer.APPEND)
        if ctx.visit < 10_000:
            ctx.goto("node")

    session = ExecutionSession({}, chain(node))
    asyncio.run(session.run())
    expected = [v * 10 + i for v in range(1, 10_001) for i in range(10)]
    middle = session.line[5_000]
    fork = session.fork(middle, put={"mine": 1})
    asyncio.run(fork.step())

    assert session.state["log"] == expected
    assert middle.state["log"] == expected[:50_000]
    assert fork.state["log"] == expected[:50_010]
    assert session.line[5_001].state["log"] == expected[:50_010]
    assert middle.mutations == (Reduce("log", [50_000 + i for i in range(10)], Reducer.APPEND),)


def test_an_item_inside_a_grown_list_can_be_changed():
    """S2, S3: the compact form is no special case; older frames keep their list."""

    def grow(ctx):
        for i in range(500):
            ctx.append("log", {"i": i})

    def change(ctx):
        ctx.put(("log", 250, "i"), "changed")
        ctx.append("log", "after")

    session = finish(ExecutionSession({}, chain(grow, change)))

    assert session.line[1].state["log"][250] == {"i": 250}
    assert session.state["log"][250] == {"i": "changed"}
    assert session.state["log"][500] == "after"
    assert session.line[2].state["log"][0] is session.line[1].state["log"][0]


def test_a_path_write_may_delete_from_a_grown_list():
    """S3: as from any list."""

    def grow(ctx):
        for i in range(100):
            ctx.append("log", i)

    def cut(ctx):
        ctx.record(Delete(("log", 0)))

    assert chain(grow, cut).run({}).state["log"] == list(range(1, 100))
