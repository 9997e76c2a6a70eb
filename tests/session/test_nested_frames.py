"""N2, R10: every inner step is a frame that can be rewound to, forked from and resumed."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Approve,
    Debugger,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    Modify,
    Reducer,
    Reject,
    StopReason,
)
from lellm_nb.engine.halt import Halt
from lellm_nb.errors import CheckpointStoreError, GraphMismatchError, NodeExecutionError
from lellm_nb.session.protocol import Controls
from lellm_nb.session.session import GraphHashMode
from tests.strategies import afinish, fanned, finish, nested, note, steps

A = Approve()


def looped(inner, rounds=3):
    """A subgraph that is entered several times."""
    g = GraphBuilder("outer").subgraph("agent", inner)
    g.node("round", lambda ctx: ctx.reduce("rounds", 1, Reducer.SUM)).node("end", note)
    g.edge("agent", "round").edge_if("round", "agent", lambda s: s["rounds"] < rounds)
    return g.edge("round", "end").start("agent").end("end").build()


# -- paths -------------------------------------------------------------------------------------


def test_a_composite_entered_again_carries_its_visit_from_the_second_on():
    """N2, B2: `agent/llm`, `agent#2/llm`; the name without visits stays one."""
    session = finish(ExecutionSession({}, looped(steps("llm", "tool"))))
    inner = [f for f in session.line if "/" in f.path]

    assert [f.path for f in inner] == [
        *("agent/llm", "agent/tool"),
        *("agent#2/llm", "agent#2/tool"),
        *("agent#3/llm", "agent#3/tool"),
    ]
    assert {f.static_path for f in inner} == {"agent/llm", "agent/tool"}
    assert {f.visit for f in inner} == {1}
    assert [f.visit for f in session.line if f.kind == "exit"] == [1, 2, 3]


def test_visits_count_within_their_level_s_entry():
    """N2: an inner loop begins to count anew with each entry; `ctx.visit` says the same."""
    seen = []

    def again(ctx):
        seen.append((ctx.path, ctx.visit))
        if ctx.visit < 2:
            ctx.goto("again")

    inner = GraphBuilder("inner").node("again", again).start("again").end("again").build()
    finish(ExecutionSession({}, looped(inner, rounds=2)))

    assert seen == [
        *(("agent/again", 1), ("agent/again", 2)),
        *(("agent#2/again", 1), ("agent#2/again", 2)),
    ]


def test_visits_of_two_levels_are_both_in_a_path():
    """N2: each composite on the way has its own."""
    session = finish(ExecutionSession({}, looped(looped(steps("x"), rounds=2), rounds=6)))
    paths = [f.path for f in session.line if f.path.endswith("/x")]

    assert paths[:2] == ["agent/agent/x", "agent/agent#2/x"]
    assert paths[2] == "agent#2/agent/x"
    assert len(set(paths)) == len(paths)


def test_cursors_and_sinks_are_of_the_level():
    """N2: state, graph name and cursor of the level; entering is not a frame."""
    sink = MemorySink()
    looped(steps("llm", "tool", name="inner graph"), rounds=1).run({}, checkpoint=sink)

    assert [(f.path, f.graph_id, f.cursor, f.kind) for f in sink.frames] == [
        ("agent/llm", "inner graph", 1, "commit"),
        ("agent/tool", "inner graph", 2, "commit"),
        ("agent", "outer", 1, "exit"),
        ("round", "outer", 2, "commit"),
        ("end", "outer", 3, "commit"),
    ]


# -- rewinding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [nested, fanned, lambda: looped(steps("a", "b"))])
def test_rewinding_to_every_frame_runs_only_what_came_after(graph):
    """N2: exactly: a composite is not restarted, and what was committed does not run again."""
    session = finish(ExecutionSession({}, graph()))
    frames, end = list(session.line), session.state
    for frame in frames:
        session.rewind(frame)
        finish(session)
        made = list(session.line)[frame.index + 1 :]

        assert session.state == end
        assert list(session.line)[: frame.index + 1] == frames[: frame.index + 1]
        assert len(made) == len(frames) - frame.index - 1
        assert sorted((f.kind, f.path) for f in made) == sorted(
            (f.kind, f.path) for f in frames[frame.index + 1 :]
        )


def test_a_fork_in_the_middle_of_a_second_entry():
    """N2: what is written there is seen by the rest of that entry, and comes out."""
    session = finish(ExecutionSession({}, looped(steps("llm", "tool"), rounds=2)))
    at = next(f for f in session.line if f.path == "agent#2/llm")
    child = finish(session.fork(at, put={"note": "forked"}))

    assert child.state == {**session.state, "note": "forked"}
    assert "note" not in session.state
    assert child.line[at.index + 2].path == "agent#2/tool"
    assert child.line[at.index + 2].state["note"] == "forked"


@pytest.mark.parametrize("graph", [nested, fanned, lambda: looped(looped(steps("a"), 2))])
def test_a_checkpoint_of_every_frame_can_be_resumed(graph):
    """N2, C2: in another session; every commit is made once."""
    session = ExecutionSession({}, graph())
    kept = [session.checkpoint()]

    async def drive():
        for _ in range(500):
            if await session.step() is None:
                if not session.waiting:
                    return
                await session.decide(A, session.waiting[0].barrier_id)
            kept.append(session.checkpoint())

    asyncio.run(drive())
    for checkpoint in kept:
        resumed = ExecutionSession.restore(checkpoint, graph())
        asyncio.run(afinish(resumed))

        assert resumed.state == session.state
        assert resumed.position == session.position
        assert len(resumed.frame_stack) == len(session.frame_stack)


def test_a_checkpoint_taken_inside_can_be_forced_only_where_the_inside_is_still_there():
    """C2: FORCE looks at every level of the position."""
    session = ExecutionSession({}, looped(steps("llm", "tool")))
    asyncio.run(session.step())
    checkpoint = session.checkpoint()
    grown = GraphBuilder("outer").subgraph("agent", steps("llm", "tool", "extra"))
    grown = grown.node("more", note).edge("agent", "more").start("agent").end("more").build()
    other = GraphBuilder("outer").subgraph("agent", steps("x")).start("agent").end("agent").build()

    with pytest.raises(GraphMismatchError):
        ExecutionSession.restore(checkpoint, grown)
    forced = finish(ExecutionSession.restore(checkpoint, grown, GraphHashMode.FORCE))
    assert forced.state["log"] == ["agent/llm", "agent/tool", "agent/extra", "more"]
    with pytest.raises(CheckpointStoreError, match="agent/"):
        ExecutionSession.restore(checkpoint, other, GraphHashMode.FORCE)


# -- recursion -----------------------------------------------------------------------------------


def test_a_graph_can_be_nested_many_levels_deep():
    """N2: twenty levels are twenty segments, and every frame is there."""
    graph = steps("leaf")
    for _ in range(20):
        graph = GraphBuilder("g").subgraph("s", graph).start("s").end("s").build()
    session = finish(ExecutionSession({}, graph))

    assert session.line[1].path == "/".join(["s"] * 20 + ["leaf"])
    assert len(session.line) == 22


def test_a_graph_cannot_be_put_inside_itself():
    """Bad input: a built graph is frozen, and a builder is no graph; said at once."""
    from lellm_nb.errors import InvalidNodeError

    g = GraphBuilder("g").node("a", note)
    with pytest.raises(InvalidNodeError, match="build"):
        g.subgraph("self", g)
    with pytest.raises(InvalidNodeError):
        g.node("self", g)
    graph = g.start("a").end("a").build()
    with pytest.raises(TypeError):
        graph.nodes["self"] = graph


def test_a_graph_that_runs_itself_in_a_node_ends_in_a_clear_error():
    """Bad input: endless recursion through a node is a failure of that node."""
    box = []

    def again(ctx):
        return {"depth": box[0].run(dict(ctx.state)).state.get("depth", 0) + 1}

    box.append(GraphBuilder("g").node("again", again).start("again").end("again").build())
    with pytest.raises(NodeExecutionError) as caught:
        box[0].run({})
    assert caught.value.path == "again"


def test_a_graph_may_run_itself_to_a_depth():
    """A node may run a graph, the very same one too; the runs are apart."""
    box = []

    async def again(ctx):
        depth = ctx.state.get("depth", 0)
        if depth < 5:
            result = await box[0].execute({"depth": depth + 1})
            return {"result": result.state["result"]}
        return {"result": "bottom"}

    box.append(GraphBuilder("g").node("again", again).start("again").end("again").build())

    assert box[0].run({}).state == {"result": "bottom"}


# -- R10 ---------------------------------------------------------------------------------------


def counted():
    """A graph of every kind of step, and how often its functions ran."""
    runs = []

    def counts(ctx):
        runs.append(ctx.path)
        ctx.append("log", ctx.path)

    def flaky(ctx):
        runs.append(ctx.path)
        raise ValueError("always")

    inner = GraphBuilder("inner").node("llm", counts).barrier("ok").node("tool", counts)
    inner = inner.edge("llm", "ok").edge("ok", "tool").start("llm").end("tool").build()
    g = GraphBuilder("g").node("first", counts).subgraph("agent", inner)
    g.parallel("par", {"a": counts, "b": inner}).node("bad", flaky).node("end", counts)
    g.edge("first", "agent").edge("agent", "par").edge("par", "bad").on_error("bad", "end")
    return g.start("first").end("end").build(), runs


def test_a_recorded_run_runs_nothing_and_asks_nobody():
    """R10: outcomes, decisions and routed failures are looked up by path, node and visit."""
    graph, runs = counted()
    session = ExecutionSession({}, graph)
    asyncio.run(session.run())
    asyncio.run(session.decide(Modify("n", 5), "agent/ok#0"))
    asyncio.run(session.run())
    asyncio.run(session.decide(Reject("no"), "par/b/ok#0"))
    asyncio.run(session.run())
    end, ran = session.state, list(runs)
    for frame in list(session.line):
        session.rewind(frame)
        assert asyncio.run(session.advance(Controls.replay(session.recorded()))) is Halt.ENDED
        assert session.state == end
    assert runs == ran
    assert end["n"] == 5
    assert end["bad.error"]["message"] == "always"


def test_where_nothing_is_recorded_a_recorded_run_pauses():
    """R10: it never goes live by itself, and says where it stands."""
    graph, runs = counted()
    session = ExecutionSession({}, graph)
    asyncio.run(session.run())
    ran = list(runs)
    session.rewind(session.line[0])

    assert asyncio.run(session.advance(Controls.replay(session.recorded()))) is Halt.UNRECORDED
    assert [w.barrier_id for w in session.waiting] == ["agent/ok#0"]
    assert runs == ran


def test_the_line_last_left_is_looked_at_first():
    """R10: of two recordings of one step, its own line's; what it lacks comes from the others."""
    g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state.get("wish", 1)}).node("b", note)
    session = finish(ExecutionSession({}, g.edge("a", "b").start("a").end("b").build()))
    child = finish(session.fork(session.line[0], put={"wish": 2}))
    session.rewind(session.line[0])
    child.rewind(child.line[1])
    asyncio.run(session.advance(Controls.replay(session.recorded())))
    asyncio.run(child.advance(Controls.replay(child.recorded())))

    assert (session.state["n"], child.state["n"]) == (1, 2)


def test_a_recorded_frame_is_marked_and_keeps_its_stream_and_cost():
    """R10, R6: looking up what was said is not saying it again."""
    heard = []

    def talk(ctx):
        heard.append(ctx.path)
        ctx.emit("chunk")
        ctx.set_token_cost(3)
        ctx.set_has_side_effects()
        ctx.put("said", True)

    g = GraphBuilder("g").node("talk", talk).start("talk").end("talk").build()
    dbg = Debugger(g)
    dbg.run()
    dbg.rewind(0)
    dbg.mode("talk", "recorded")
    stop = dbg.run()

    assert stop.reason is StopReason.COMPLETED
    assert (stop.frame.stream, stop.frame.cost) == (("chunk",), 3.0)
    assert stop.frame.side_effects is True
    assert stop.frame.recorded is True
    assert heard == ["talk"]
