"""Sessions: stepping, the tree of frames, checkpoints, forks; N and P as a session sees them."""

from __future__ import annotations

import asyncio
import re

import pytest

from lellm_nb import (
    Approve,
    ExecutionSession,
    Frame,
    FrameInfo,
    FrameStack,
    GraphBuilder,
    GraphHashMode,
    MemorySink,
    Reducer,
    Reject,
    SessionCheckpointSink,
)
from lellm_nb.errors import (
    CheckpointStoreError,
    DebuggerError,
    GraphMismatchError,
    MergeConflictError,
    MissingKeyError,
    NoSuchFrameError,
    NotWaitingError,
)
from tests.strategies import afinish, chain, fanned, finish, nested, note, review, steps


def stepped(session, n):
    """Make n commits."""

    async def go():
        return [await session.step() for _ in range(n)]

    return asyncio.run(go())


def paths(frames):
    """What happened, in short."""
    return [f"{f.kind} {f.path}" for f in frames]


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


# -- the tree ----------------------------------------------------------------------------


def test_rewinding_and_stepping_begins_a_new_line():
    """DESIGN: `main` keeps its frames; the new line is `fork 1`."""
    session = finish(ExecutionSession({}, steps("a", "b", "c")))
    main = list(session.line)
    session.rewind(main[1])

    assert session.line.name == "main"
    assert session.state == {"log": ["a"]}
    stepped(session, 1)
    assert session.line.name == "fork 1"
    assert list(session.history.lines) == ["main", "fork 1"]
    assert list(session.history.lines["main"]) == main
    assert list(session.line)[:2] == main[:2]
    assert session.line[2] is not main[2]
    assert session.line[2].state == main[2].state


def test_rewinding_to_the_tip_goes_on_along_the_same_line():
    """DESIGN: only going on from an *old* frame starts a new line."""
    session = ExecutionSession({}, steps("a", "b", "c"))
    stepped(session, 2)
    tip = session.head
    session.rewind(session.line[0])
    session.rewind(tip)
    stepped(session, 1)

    assert list(session.history.lines) == ["main"]
    assert len(session.line) == 4


def test_a_fork_leaves_its_parent_unchanged():
    """Law: a fork shares the frames before it and has a line of its own."""
    session = finish(ExecutionSession({}, steps("a", "b", "c")))
    before = [(f, f.state, f.position) for f in session.line]
    child = session.fork(session.line[2])
    finish(child)

    assert [(f, f.state, f.position) for f in session.line] == before
    assert session.line.name == "main"
    assert child.line.name == "fork 1"
    assert child.line[2] is session.line[2]
    assert child.line[3] is not session.line[3]
    assert child.state == session.state


def test_a_fork_with_put_adds_one_frame_of_kind_edit():
    """DESIGN: the writes are one frame; several keys and deletes go together."""
    session = finish(ExecutionSession({"x": 1}, steps("a", "b", "c")))
    child = session.fork(session.line[1], put={"n": [1], "m": 2}, delete=["x"], name="try")
    edit = child.head

    assert (edit.kind, edit.index, edit.cursor) == ("edit", 2, 1)
    assert edit.state == {"log": ["a"], "n": [1], "m": 2}
    assert edit.changed_keys == ["n", "m", "x"]
    assert child.line.name == "try"
    assert finish(child).state["log"] == ["a", "b", "c"]
    assert session.state == {"x": 1, "log": ["a", "b", "c"]}


def test_a_fork_that_cannot_be_written_makes_no_line():
    """Bad input loses nothing: the error comes before the line."""
    session = finish(ExecutionSession({}, steps("a")))
    with pytest.raises(MissingKeyError):
        session.fork(session.line[1], put={("absent", "x"): 1})
    with pytest.raises(DebuggerError, match="'main'"):
        session.fork(session.line[1], name="main")
    assert list(session.history.lines) == ["main"]
    assert session.fork(session.line[1]).line.name == "fork 1"


def test_a_frame_of_another_run_is_refused():
    """DESIGN: a wrong frame raises an error that says what is wrong."""
    one, other = (finish(ExecutionSession({}, steps("a", "b"))) for _ in range(2))
    with pytest.raises(NoSuchFrameError, match="another run"):
        one.rewind(other.line[1])
    with pytest.raises(NoSuchFrameError, match="another run"):
        one.fork(other.line[1])
    assert one.head is one.line[2]


def test_two_sessions_on_one_history_do_not_disturb_each_other():
    """C10: parent and child go on by turns, each along its own line."""
    parent = ExecutionSession({}, steps("a", "b", "c", "d"))
    stepped(parent, 1)
    child = parent.fork()
    for _ in range(3):
        stepped(parent, 1)
        stepped(child, 1)

    assert parent.state == child.state == {"log": list("abcd")}
    assert [f.index for f in parent.line] == [f.index for f in child.line] == [0, 1, 2, 3, 4]
    assert parent.line[1] is child.line[1]
    assert parent.line[2] is not child.line[2]


def test_a_fork_of_a_fork_of_a_fork():
    """Lines nest to any depth; each reads from the root to its own tip."""
    session = ExecutionSession({}, steps("a", "b", "c", "d", "e"))
    stepped(session, 1)
    lines = [session]
    for name in ("one", "two", "three"):
        child = lines[-1].fork(put={name: True}, name=name)
        stepped(child, 1)
        lines.append(child)

    assert [f.kind for f in lines[-1].line] == ["start", "commit", *["edit", "commit"] * 3]
    assert lines[-1].state == {"log": list("abcd"), "one": True, "two": True, "three": True}
    assert session.state == {"log": ["a"]}


# -- C2: checkpoints ---------------------------------------------------------------------


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
    """C2: and is a clear error if it does not."""
    session = ExecutionSession({}, steps("a", "b"))
    stepped(session, 1)
    checkpoint = session.checkpoint()
    longer = ExecutionSession.restore(checkpoint, steps("a", "b", "c"), GraphHashMode.FORCE)

    assert finish(longer).state == {"log": ["a", "b", "c"]}
    with pytest.raises(CheckpointStoreError, match="does not have"):
        ExecutionSession.restore(checkpoint, steps("a", "x"), GraphHashMode.FORCE)


def test_the_same_graph_with_new_code_has_the_same_hash():
    """G6, C2: a mended function may go on with an old checkpoint."""
    session = ExecutionSession({}, steps("a", "b"))
    stepped(session, 1)
    mended = steps("a", "b").patched({"b": lambda ctx: {"mended": True}})

    assert finish(ExecutionSession.restore(session.checkpoint(), mended)).state == {
        "log": ["a"],
        "mended": True,
    }


# -- N: nesting --------------------------------------------------------------------------


def test_inner_steps_are_frames_with_a_path():
    """N2: entering is not a frame, leaving is; `visit` and cursor count within the level."""
    session = finish(ExecutionSession({}, nested()))
    once = ["commit plan", "commit agent/llm", "waiting agent/approve", "decision agent/approve"]
    once += ["commit agent/tool", "exit agent"]
    twice = [line.replace("agent/", "agent#2/") for line in once]

    assert paths(session.frame_stack) == [*once, *twice, "commit done"]
    assert [f.cursor for f in session.frame_stack][:6] == [1, 1, 2, 2, 3, 2]
    assert [f.visit for f in session.frame_stack if f.node == "llm"] == [1, 1]
    assert [f.visit for f in session.frame_stack if f.kind == "exit"] == [1, 2]
    assert {f.static_path for f in session.frame_stack if f.node == "llm"} == {"agent/llm"}


def test_the_outer_state_sees_the_result_when_the_inner_graph_ends():
    """N1, N3: the inner mutations are passed on, in the outer frame."""
    session = finish(ExecutionSession({}, nested()))
    frames = session.frame_stack.frames
    inside, leaves = frames[4], frames[5]

    assert inside.state["log"] == ["plan", "agent/llm", "agent/tool"]
    assert inside.root_state == {"log": ["plan"]}
    assert leaves.root_state == leaves.state == inside.state
    assert len(leaves.mutations) == 4
    assert leaves.graph_id == "outer"
    assert inside.graph_id == "agent graph"


def test_rewinding_into_a_composite_goes_on_inside():
    """N2: every inner frame can be rewound to, and ends in the same state."""
    session = finish(ExecutionSession({}, nested()))
    end = session.state
    for frame in list(session.line):
        session.rewind(frame)
        finish(session)

        assert session.state == end


@pytest.mark.parametrize(
    ("graph", "path"),
    [
        (nested, "agent/llm"),
        (nested, "agent/approve"),
        (nested, "agent#2/tool"),
        (fanned, "par/a"),
        (fanned, "par/check/look"),
        (fanned, "par/deep/one"),
    ],
)
def test_a_fork_writes_at_the_level_of_its_frame(graph, path):
    """DESIGN: `put` writes at the frame's own level, inside composites too."""
    session = finish(ExecutionSession({}, graph()))
    frame = next(f for f in session.line if f.path == path)
    edit = session.fork(frame, put={"log": ["mine"]}).head

    assert (edit.kind, edit.path) == ("edit", path)
    assert edit.state == {**frame.state, "log": ["mine"]}
    assert edit.root_state == frame.root_state


def test_a_fork_goes_on_with_what_was_written_inside():
    """N2: the rest of the inner graph sees it."""
    session = finish(ExecutionSession({}, nested()))
    child = finish(session.fork(session.line[2], put={"log": ["mine"]}))

    assert child.state["log"][:2] == ["mine", "agent/tool"]


def test_a_fork_inside_a_composite_leaves_by_its_own_mutations():
    """N3: what is written there is passed on when the composite is left."""
    g = GraphBuilder("g").subgraph("sub", steps("a", "b")).start("sub").end("sub")
    session = finish(ExecutionSession({}, g.build()))
    child = finish(session.fork(session.line[1], put={"mine": 1}))

    assert child.state == {"log": ["sub/a", "sub/b"], "mine": 1}
    assert session.state == {"log": ["sub/a", "sub/b"]}


def test_a_subgraph_in_a_subgraph_in_a_branch():
    """N2: paths are composites from the outside in, and the node."""
    inner = GraphBuilder("middle").subgraph("inner", steps("x")).start("inner").end("inner")
    g = GraphBuilder("g").parallel("par", {"deep": inner.build()}).start("par").end("par")
    session = finish(ExecutionSession({}, g.build()))

    assert paths(session.frame_stack) == [
        "commit par/deep/inner/x",
        "exit par/deep/inner",
        "exit par/deep",
        "join par",
    ]
    assert session.state == {"log": ["par/deep/inner/x"]}


def test_a_composite_may_share_its_name_with_what_is_in_it():
    """N2: a path is walked by place, not by name."""
    inner = GraphBuilder("x").subgraph("x", steps("x")).start("x").end("x").build()
    g = GraphBuilder("x").parallel("x", {"x": inner, "y": note}).start("x").end("x")
    session = finish(ExecutionSession({}, g.build()))
    for frame in list(session.line)[1:]:
        child = session.fork(frame, put={"mine": frame.path})

        assert child.head.state["mine"] == frame.path
        assert [f.kind for f in finish(child).line][-1] in ("join", "edit")


# -- P: parallel -------------------------------------------------------------------------


def test_every_branch_gets_the_state_committed_before_the_node():
    """P1, P2: none sees another's writes; the join folds them in registration order."""

    def look(ctx):
        ctx.append("log", (ctx.node, len(ctx.state["log"])))
        ctx.reduce("n", 1, Reducer.SUM)

    g = GraphBuilder("g").parallel("par", {"b": look, "a": look, "c": look})
    session = finish(ExecutionSession({"log": ["base"]}, g.start("par").end("par").build()))

    assert session.state == {"log": ["base", ("b", 1), ("a", 1), ("c", 1)], "n": 3}
    assert paths(session.frame_stack) == [
        "commit par/b",
        "commit par/a",
        "commit par/c",
        "join par",
    ]
    assert session.head.changed_keys == ["log", "n"]


def test_stepping_takes_the_branches_in_turn():
    """P1: whose turn it is stands in the position: after a commit in branch i it is i + 1."""
    g = GraphBuilder("g")
    g.parallel("par", {"a": steps("one", "two"), "b": steps("one", "two"), "c": note})
    session = finish(ExecutionSession({}, g.start("par").end("par").build()))

    assert paths(session.frame_stack)[:5] == [
        "commit par/a/one",
        "commit par/b/one",
        "commit par/c",
        "commit par/a/two",
        "commit par/b/two",
    ]


def test_a_waiting_branch_waits_alone():
    """P5, B5: the others go on; the run holds when nothing can move."""
    session = ExecutionSession({}, fanned())
    asyncio.run(session.run())

    assert [w.barrier_id for w in session.waiting] == ["par/check/ok#0"]
    assert {f.path for f in session.frame_stack} >= {"par/a", "par/deep/one", "par/deep/two"}
    asyncio.run(session.decide(Approve()))
    asyncio.run(session.run())
    assert session.state["log"][-1] == "last"


def test_a_branch_frame_holds_the_whole_position():
    """DESIGN: every frame of a parallel graph can be rewound to."""
    session = finish(ExecutionSession({}, fanned()))
    end = session.state
    for frame in list(session.line):
        session.rewind(frame)
        finish(session)

        assert session.state == end
        assert session.head.kind == "commit"


@pytest.mark.parametrize(
    ("one", "two", "key"),
    [
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.put("n", 2), "n"),
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.delete("n"), "n"),
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.reduce("n", 1, Reducer.SUM), "n"),
        (lambda ctx: ctx.put("m", {}), lambda ctx: ctx.put(("m", "x"), 1), "m"),
        (lambda ctx: ctx.put(("m", "x"), 1), lambda ctx: ctx.put("m", {}), "m"),
        (
            lambda ctx: ctx.reduce("m", {"x": 1}, Reducer.MERGE_OBJECT),
            lambda ctx: ctx.reduce("m", {"x": 2}, Reducer.MERGE_OBJECT),
            ("m", "x"),
        ),
    ],
)
def test_different_values_for_one_key_are_a_conflict(one, two, key):
    """P2: named by key, branches and values; the state is untouched."""
    g = GraphBuilder("g").parallel("par", {"one": one, "two": two}).start("par").end("par")
    session = ExecutionSession({"n": 0, "m": {"x": 0}}, g.build())
    with pytest.raises(MergeConflictError) as caught:
        finish(session)

    assert caught.value.key == key
    assert set(caught.value.values) == {"one", "two"}
    assert session.state == {"n": 0, "m": {"x": 0}}
    assert session.head.kind == "error"


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.put("n", 1), {"n": 1}),
        (lambda ctx: ctx.delete("n"), lambda ctx: ctx.delete("n"), {}),
        (lambda ctx: ctx.put("a", 1), lambda ctx: ctx.put("b", 2), {"n": 0, "a": 1, "b": 2}),
        (
            lambda ctx: ctx.reduce("n", 5, Reducer.MAX),
            lambda ctx: ctx.reduce("n", 3, Reducer.MAX),
            {"n": 5},
        ),
        (
            lambda ctx: ctx.reduce("m", {"x": 1}, Reducer.MERGE_OBJECT),
            lambda ctx: ctx.reduce("m", {"y": 2}, Reducer.MERGE_OBJECT),
            {"n": 0, "m": {"x": 1, "y": 2}},
        ),
    ],
)
def test_equal_and_commutative_writes_merge(one, two, expected):
    """P2: no conflict where the order cannot matter."""
    g = GraphBuilder("g").parallel("par", {"one": one, "two": two}).start("par").end("par")

    assert finish(ExecutionSession({"n": 0}, g.build())).state == expected


def test_a_graph_in_a_branch_uses_all_of_chain():
    """P1: a branch is a task, a node or a whole graph."""

    class Thing:
        def execute(self, ctx):
            return {"thing": True}

    def graph(ctx):
        ctx.put("graph", True)

    g = GraphBuilder("g").parallel("par", {"task": note, "object": Thing(), "deep": chain(graph)})
    state = finish(ExecutionSession({}, g.start("par").end("par").build())).state

    assert state == {"log": ["par/task"], "thing": True, "graph": True}
