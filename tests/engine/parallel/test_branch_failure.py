"""P3, P5: what happens to the others when one branch fails, pauses or is stopped."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    CancellationToken,
    Debugger,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    StopReason,
)
from lellm_nb.engine.halt import Halt
from lellm_nb.errors import (
    MergeConflictError,
    NodeExecutionError,
    ParallelError,
    RunCancelledError,
)
from lellm_nb.session.protocol import Controls
from tests.strategies import note, steps


def fan(branches, **options):
    """A graph of a first node, one Parallel and a last node."""
    g = GraphBuilder("g").node("first", note).parallel("par", branches, **options)
    g.node("last", note).edge("first", "par").edge("par", "last")
    return g.start("first").end("last").build()


async def broken(ctx):
    """Write, then fail."""
    ctx.put("half", True)
    raise ValueError(f"no luck in {ctx.node}")


async def late(ctx):
    """Fail after everyone else."""
    await asyncio.sleep(0.05)
    raise ValueError(f"late in {ctx.node}")


async def forever(ctx):
    """Wait until cancelled."""
    await asyncio.Event().wait()


async def good(ctx):
    """Write one key."""
    ctx.put(ctx.node, "good")


# -- fail fast -------------------------------------------------------------------------------


def test_fail_fast_cancels_the_siblings():
    """P3: at once; NodeExecutionError names node and branch; the state is the one before."""
    cancelled = []

    async def patient(ctx):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(ctx.node)
            raise

    with pytest.raises(NodeExecutionError, match="no luck in b") as caught:
        fan({"a": patient, "b": broken, "c": patient}).run({})

    assert (caught.value.path, caught.value.node) == ("par/b", "b")
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.state == {"log": ["first"]}
    assert sorted(cancelled) == ["a", "c"]


def test_the_first_failure_in_registration_order_is_raised():
    """P3: of those that failed together."""
    with pytest.raises(NodeExecutionError) as caught:
        fan({"a": good, "c": broken, "b": broken}).run({})

    assert caught.value.path == "par/c"


def test_a_failure_deep_in_a_branch_is_named_by_its_branch():
    """P3: the node inside is its cause, which has the original as its own."""
    deep = GraphBuilder("deep").node("ok", note).node("bad", broken)
    deep = deep.edge("ok", "bad").start("ok").end("bad").build()
    with pytest.raises(NodeExecutionError) as caught:
        fan({"a": good, "b": deep}).run({})

    assert caught.value.path == "par/b"
    assert caught.value.__cause__.path == "par/b/bad"
    assert isinstance(caught.value.__cause__.__cause__, ValueError)


def test_commits_of_other_branches_stay_in_the_position():
    """P3: and only what was cancelled, or failed, runs again on a retry."""
    runs = {"a": 0, "b": 0, "c": 0}

    def count(name, body):
        async def node(ctx):
            runs[name] += 1
            await body(ctx)

        return node

    async def fails_once(ctx):
        await asyncio.sleep(0.01)
        if runs["b"] == 1:
            raise ValueError("once")

    async def slow(ctx):
        await asyncio.sleep(0.03)
        ctx.put("slow", runs["c"])

    dbg = Debugger(fan({"a": count("a", good), "b": count("b", fails_once), "c": count("c", slow)}))
    stop = dbg.run()
    committed = [f.path for f in dbg.frames if f.kind == "commit"]
    again = dbg.retry()
    end = dbg.run() if again.reason is not StopReason.COMPLETED else again

    assert stop.reason is StopReason.FAILED
    assert committed == ["first", "par/a"]
    assert end.reason is StopReason.COMPLETED
    assert runs == {"a": 1, "b": 2, "c": 2}
    assert dbg.state == {"log": ["first", "last"], "a": "good", "slow": 2}


def test_a_cancelled_sibling_commits_nothing():
    """P3, R5: also when it was a thread that could not be stopped."""
    import threading

    go_on = threading.Event()

    def blocked(ctx):
        go_on.wait(10)
        ctx.put("late", True)

    sink = MemorySink()
    threading.Timer(0.2, go_on.set).start()
    with pytest.raises(NodeExecutionError):
        fan({"a": blocked, "b": broken}).run({}, checkpoint=sink)
    go_on.wait(10)

    assert [f.path for f in sink.frames] == ["first"]


# -- collect all -------------------------------------------------------------------------------


def test_collect_all_waits_for_all_and_raises_one_group():
    """P3: with every failure in registration order, and the good branches' mutations."""
    branches = {"a": late, "b": good, "c": broken}
    with pytest.raises(ParallelError) as caught:
        fan(branches, on_error="collect_all").run({})
    group = caught.value

    assert [error.path for error in group.exceptions] == ["par/a", "par/c"]
    assert (group.path, group.node) == ("par", "par")
    assert group.state == {"log": ["first"], "b": "good"}
    assert isinstance(group, ExceptionGroup)
    assert "late in a" in str(group)
    assert "no luck in c" in str(group)


def test_one_failure_of_collect_all_is_a_group_as_well():
    """P3: so that one handler fits all."""
    with pytest.raises(ParallelError) as caught:
        fan({"a": good, "b": broken}, on_error="collect_all").run({})

    assert [error.path for error in caught.value.exceptions] == ["par/b"]
    matched, rest = caught.value.split(NodeExecutionError)
    assert rest is None
    assert isinstance(matched, ParallelError)


def test_collect_all_without_a_failure_is_a_join():
    """P3: nothing else is different."""
    assert fan({"a": good, "b": good}, on_error="collect_all").run({}).state == {
        "log": ["first", "last"],
        "a": "good",
        "b": "good",
    }


@pytest.mark.parametrize(
    ("choice", "state"),
    [("keep", {"b": "good"}), ("drop", {})],
)
def test_the_debugger_offers_keep_and_drop(choice, state):
    """P3: the join is made of the good branches, or of none."""
    dbg = Debugger(fan({"a": broken, "b": good}, on_error="collect_all"))
    stop = dbg.run()
    dbg.resolve_join(choice)
    end = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert isinstance(stop.error, ParallelError)
    assert end.reason is StopReason.COMPLETED
    assert dbg.state == {"log": ["first", "last"], **state}
    assert "join" in [f.kind for f in dbg.frames]


def test_the_debugger_offers_retry():
    """P3: only the branches that failed run again."""
    runs = []

    async def once(ctx):
        runs.append(ctx.node)
        if len(runs) == 1:
            raise ValueError("once")

    async def counted(ctx):
        runs.append(ctx.node)

    dbg = Debugger(fan({"a": once, "b": counted}, on_error="collect_all"))
    dbg.run()
    stop = dbg.resolve_join("retry")
    if stop.reason is not StopReason.COMPLETED:
        stop = dbg.run()

    assert stop.reason is StopReason.COMPLETED
    assert runs == ["a", "b", "a"]


def test_stepping_is_as_patient_as_running():
    """P3: when stepping, too, the other branches get their turn before the group is raised."""
    session = ExecutionSession({}, fan({"a": broken, "b": steps("x", "y")}, on_error="collect_all"))

    async def go():
        caught = None
        for _ in range(12):
            try:
                if await session.step() is None:
                    break
            except ParallelError as error:
                caught = error
                break
            except NodeExecutionError:
                continue
        return caught

    group = asyncio.run(go())

    assert isinstance(group, ParallelError)
    assert [error.path for error in group.exceptions] == ["par/a"]
    assert group.state == {"log": ["first", "par/b/x", "par/b/y"]}


# -- conflicts and cancelling --------------------------------------------------------------------


def test_a_conflict_is_named_and_the_state_untouched():
    """P2: key, branches, values; the branches' frames are there."""
    sink = MemorySink()
    with pytest.raises(MergeConflictError) as caught:
        fan({"a": lambda ctx: {"n": 1}, "b": lambda ctx: {"n": 2}}).run({"n": 0}, checkpoint=sink)
    conflict = caught.value

    assert (conflict.key, conflict.values) == ("n", {"a": 1, "b": 2})
    assert (conflict.path, conflict.state) == ("par", {"n": 0, "log": ["first"]})
    assert sorted(f.path for f in sink.frames) == ["first", "par/a", "par/b"]


def test_cancelling_reaches_every_branch():
    """R5, P5: no branch commits after it."""
    token, sink = CancellationToken(), MemorySink()

    async def cancels(ctx):
        token.cancel()

    engine = ExecutionEngine({}, cancel=token, checkpoint=sink)
    with pytest.raises(RunCancelledError):
        asyncio.run(fan({"a": forever, "b": cancels, "c": forever}).run_inline(engine, 100))

    assert [f.path for f in sink.frames] == ["first"]
    assert engine.state == {"log": ["first"]}


# -- P5 ------------------------------------------------------------------------------------------


def test_nodes_in_flight_finish_and_commit_when_the_run_is_to_stop():
    """P5: no new node starts; what runs commits; then the run comes back."""
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(ctx):
        started.set()
        await go_on.wait()
        ctx.put("slow", True)

    session = ExecutionSession({}, fan({"a": slow, "b": steps("one", "two")}))
    controls, one_done = Controls(), asyncio.Event()
    session.listeners.append(lambda: one_done.set() if session.head.path == "par/b/one" else None)

    async def drive():
        task = asyncio.ensure_future(session.advance(controls))
        await started.wait()
        await one_done.wait()
        controls.stop("asked")
        go_on.set()
        return await task

    assert asyncio.run(drive()) is Halt.STOPPED
    paths = [f.path for f in session.line]
    assert "par/a" in paths
    assert "last" not in paths
    assert asyncio.run(session.run()) is Halt.ENDED
    assert session.state == {"log": ["first", "par/b/one", "par/b/two", "last"], "slow": True}


def test_a_breakpoint_in_one_branch_lets_the_others_finish_their_node():
    """P5: going on ignores the breakpoint just reported."""
    dbg = Debugger(fan({"a": steps("one", "two"), "b": steps("x", "y")}))
    dbg.break_at("par/a/two")
    stop = dbg.run()
    before = [f.path for f in dbg.frames if f.path.startswith("par/")]
    end = dbg.run()

    assert stop.reason is StopReason.BREAKPOINT
    assert "par/a/one" in before
    assert "par/a/two" not in before
    assert end.reason is StopReason.COMPLETED


def test_stopping_cancels_what_is_in_flight():
    """P5: `stop()` does; nothing is lost, and the branch runs again."""
    runs = []

    async def hangs_once(ctx):
        runs.append(ctx.node)
        if len(runs) == 1:
            await asyncio.Event().wait()

    dbg = Debugger(fan({"a": hangs_once, "b": good}))
    handle = dbg.start()
    while not any(f.path == "par/b" for f in dbg.frames):
        pass
    dbg.stop()
    stop = handle.result(10)
    end = dbg.run()

    assert stop.reason is StopReason.CANCELLED
    assert "par/a" not in [f.path for f in dbg.frames[: stop.frame.index + 1]]
    assert end.reason is StopReason.COMPLETED
    assert runs == ["a", "a"]
