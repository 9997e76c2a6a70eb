"""Commands while a run is going on: busy, pause, stop, interrupt, and the runner's thread.

Nothing here sleeps: nodes block on events that the test sets.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading

import pytest

from lellm_nb import Approve, Debugger, GraphBuilder, StopReason
from lellm_nb.errors import BusyError, DebuggerError, NodeExecutionError, NotWaitingError
from tests.strategies import chain, note, review, steps

R = StopReason
LIMIT = 10
"""Seconds after which a wait of these tests has failed."""


class Blocked:
    """A debugger on a -> b -> c, whose node b waits until it is let go."""

    def __init__(self, later=False):
        self.entered = threading.Event()
        self.go = threading.Event()
        self.left = threading.Event()

        def b(ctx):
            self.entered.set()
            assert self.go.wait(LIMIT)
            ctx.append("log", "b")
            self.left.set()

        async def b_later(ctx):
            self.entered.set()
            assert await asyncio.to_thread(self.go.wait, LIMIT)
            ctx.append("log", "b")
            self.left.set()

        g = GraphBuilder("blocked").node("a", note).node("b", b_later if later else b)
        g.node("c", note).edge("a", "b").edge("b", "c").start("a").end("c")
        self.dbg = Debugger(g.build())

    def __enter__(self):
        self.handle = self.dbg.start()
        assert self.entered.wait(LIMIT)
        return self

    def __exit__(self, *_error):
        self.go.set()
        self.stop = self.handle.result(LIMIT)


VERBS = {
    "step": lambda dbg: dbg.step(),
    "over": lambda dbg: dbg.over(),
    "into": lambda dbg: dbg.into(),
    "out": lambda dbg: dbg.out(),
    "run": lambda dbg: dbg.run(),
    "start": lambda dbg: dbg.start(),
    "retry": lambda dbg: dbg.retry(),
    "back": lambda dbg: dbg.back(),
    "run_back": lambda dbg: dbg.run_back(),
    "rewind": lambda dbg: dbg.rewind(0),
    "approve": lambda dbg: dbg.approve(),
    "reject": lambda dbg: dbg.reject("no"),
    "modify": lambda dbg: dbg.modify("n", 1),
    "reroute": lambda dbg: dbg.reroute("a"),
    "fork": lambda dbg: dbg.fork(),
    "patch": lambda dbg: dbg.patch({"c": note}),
    "break_at": lambda dbg: dbg.break_at("c"),
}

ASYNC = {
    "astep": lambda dbg: dbg.astep(),
    "aover": lambda dbg: dbg.aover(),
    "ainto": lambda dbg: dbg.ainto(),
    "aout": lambda dbg: dbg.aout(),
    "arun": lambda dbg: dbg.arun(),
    "aretry": lambda dbg: dbg.aretry(),
    "aback": lambda dbg: dbg.aback(),
    "arun_back": lambda dbg: dbg.arun_back(),
    "arewind": lambda dbg: dbg.arewind(0),
    "aapprove": lambda dbg: dbg.aapprove(),
    "areject": lambda dbg: dbg.areject("no"),
    "amodify": lambda dbg: dbg.amodify("n", 1),
    "areroute": lambda dbg: dbg.areroute("a"),
}


@pytest.mark.parametrize("later", [False, True], ids=["sync node", "async node"])
def test_a_command_while_a_run_is_going_on_is_refused(later):
    """DESIGN: every verb but pause, stop and looking raises BusyError; the run is not disturbed."""
    with Blocked(later) as blocked:
        for name, verb in VERBS.items():
            with pytest.raises(BusyError) as caught:
                verb(blocked.dbg)
            assert caught.value.verb == name.replace("start", "run")
        for verb in ASYNC.values():
            with pytest.raises(BusyError):
                asyncio.run(verb(blocked.dbg))

    assert blocked.stop.reason is R.COMPLETED
    assert blocked.dbg.state == {"log": ["a", "b", "c"]}
    assert [f.node for f in blocked.dbg.frames] == ["", "a", "b", "c"]
    assert list(blocked.dbg.breakpoints) == []


def test_looking_works_while_a_run_is_going_on():
    """DESIGN: all that looks may be used meanwhile."""
    with Blocked() as blocked:
        dbg = blocked.dbg

        assert dbg.busy
        assert dbg.status == "running"
        assert dbg.status_line.startswith("running")
        assert dbg.state == {"log": ["a"]}
        assert dbg.position.node == "b"
        assert len(dbg.frames) == 2
        assert len(dbg.frames.to_pandas()) == 2
        assert dbg.at("a").index == 1
        assert dbg.who("log")[0].frame.index == 1
        assert dbg.diff(0, 1).keys == ["log"]
        assert dbg.pending == []
        assert "running" in repr(dbg)
        with pytest.raises(NotWaitingError):
            dbg.preview(Approve())
        with pytest.raises(TimeoutError):
            blocked.handle.result(0)
        assert not blocked.handle.done

    assert not blocked.dbg.busy


def test_the_runs_of_two_debuggers_do_not_block_each_other():
    """BUSY is of one debugger: another one runs meanwhile."""
    with Blocked(later=True):
        assert Debugger(steps("a", "b")).run().reason is R.COMPLETED


@pytest.mark.parametrize("later", [False, True], ids=["sync node", "async node"])
def test_pause_lets_the_node_finish_and_starts_no_other(later):
    """P5: nodes in flight finish and commit, then the run stops."""
    with Blocked(later) as blocked:
        blocked.dbg.pause()

    assert (blocked.stop.reason, blocked.stop.frame.node) == (R.PAUSED, "b")
    assert blocked.dbg.state == {"log": ["a", "b"]}
    assert blocked.dbg.status == "paused"
    assert blocked.dbg.run().reason is R.COMPLETED


def test_pause_while_nothing_runs_does_nothing():
    """It does not linger: the next run is not paused by it."""
    dbg = Debugger(steps("a"))
    dbg.pause()
    dbg.stop()

    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize("later", [False, True], ids=["sync node", "async node"])
def test_stop_does_not_commit_what_is_in_flight(later):
    """P5, R5: everything before is kept; going on runs the node again."""
    with Blocked(later) as blocked:
        blocked.dbg.stop()

    assert blocked.stop.reason is R.CANCELLED
    assert blocked.dbg.state == {"log": ["a"]}
    assert blocked.dbg.position.node == "b"
    assert blocked.left.is_set() is not later
    assert blocked.dbg.run().reason is R.COMPLETED
    assert blocked.dbg.state == {"log": ["a", "b", "c"]}


@pytest.mark.parametrize(("verb", "reason"), [("pause", R.PAUSED), ("stop", R.CANCELLED)])
def test_pause_and_stop_count_from_the_moment_the_run_was_asked_for(verb, reason):
    """P5: asked for before the runner came to it, they are not lost."""
    dbg = Debugger(steps("a", "b"))
    with Blocked():  # a sync node keeps the runner from beginning
        handle = dbg.start()
        getattr(dbg, verb)()
    stop = handle.result(LIMIT)

    assert stop.reason is reason
    assert dbg.state == {}
    assert dbg.run().reason is R.COMPLETED


def test_pause_reaches_all_branches():
    """P5: no new node starts in any branch; a node in flight finishes and commits."""
    entered, go = threading.Event(), threading.Event()

    async def slow(ctx):
        entered.set()
        assert await asyncio.to_thread(go.wait, LIMIT)
        note(ctx)

    after = GraphBuilder("two").node("one", slow).node("two", note).edge("one", "two")
    branch = after.start("one").end("two").build()
    g = GraphBuilder("g").parallel("par", {"x": branch, "y": branch}).start("par").end("par")
    dbg = Debugger(g.build())
    handle = dbg.start()
    assert entered.wait(LIMIT)
    dbg.pause()
    go.set()

    assert handle.result(LIMIT).reason is R.PAUSED
    assert sorted(f.path for f in dbg.frames)[1:] == ["par/x/one", "par/y/one"]
    assert dbg.run().reason is R.COMPLETED
    assert len(dbg.state["log"]) == 4


def interrupt():
    """Send Interrupt to the main thread, once it waits for its command's result."""
    main = threading.main_thread().ident
    turn = threading.Event()
    for _ in range(1000 * LIMIT):
        frame, names = sys._current_frames()[main], []
        while frame is not None:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        if names[:2] == ["wait", "result"]:
            signal.pthread_kill(main, signal.SIGINT)
            return
        turn.wait(0.001)
    raise AssertionError("the main thread does not wait for a result")


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads here")
def test_interrupting_a_run_pauses_it():
    """DESIGN: Interrupt pauses at the next commit, and the verb returns Stop(PAUSED)."""
    paused = threading.Event()

    def a(ctx):
        interrupt()
        assert paused.wait(LIMIT)
        note(ctx)

    g = GraphBuilder("g").node("a", a).node("b", note).edge("a", "b").start("a").end("b")
    dbg = Debugger(g.build())
    pause = dbg.pause

    def pause_and_tell():
        pause()
        paused.set()

    dbg.pause = pause_and_tell
    stop = dbg.run()

    assert (stop.reason, stop.frame.node) == (R.PAUSED, "a")
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state == {"log": ["a", "b"]}


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads here")
def test_interrupting_twice_stops_the_node():
    """DESIGN: a node that never ends can be left; what was committed before is kept."""
    told = threading.Event()

    async def forever(ctx):
        interrupt()
        assert await asyncio.to_thread(told.wait, LIMIT)
        interrupt()
        await asyncio.Event().wait()

    g = GraphBuilder("g").node("a", note).node("b", forever).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build())
    pause = dbg.pause

    def pause_and_tell():
        pause()
        told.set()

    dbg.pause = pause_and_tell
    stop = dbg.run()

    assert stop.reason is R.CANCELLED
    assert dbg.state == {"log": ["a"]}


# -- the runner's own thread -------------------------------------------------------------


def test_a_verb_called_inside_a_node_says_so_instead_of_deadlocking():
    """DESIGN: `dbg.run()` on the runner thread must say so."""
    boxes = []

    def a(ctx):
        boxes[0].run()

    dbg = Debugger(chain(a))
    boxes.append(dbg)
    stop = dbg.run()

    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(stop.error.__cause__, DebuggerError)
    assert "await arun() instead" in str(stop.error)


@pytest.mark.parametrize("verb", [v for v in VERBS if v not in ("start", "fork", "patch")])
def test_no_verb_of_another_debugger_deadlocks_inside_a_node(verb):
    """DESIGN: here too; the async form works, because it lets the runner run."""
    other = Debugger(review(), {"topic": "x"})

    def a(ctx):
        VERBS[verb](other)

    stop = Debugger(chain(a)).run()
    if verb in ("break_at", "back", "rewind"):  # do not wait for the runner: fine anywhere
        assert stop.error is None or isinstance(stop.error.__cause__, LookupError)
    else:
        assert isinstance(stop.error.__cause__, DebuggerError)


def test_a_node_may_run_another_debugger_with_await():
    """DESIGN: `await other.arun()` inside an async node."""
    other = Debugger(steps("x", "y"))

    async def a(ctx):
        return {"inner": (await other.arun()).reason.name, "log": other.state["log"]}

    dbg = Debugger(chain(a))

    assert dbg.run().reason is R.COMPLETED
    assert dbg.state == {"inner": "COMPLETED", "log": ["x", "y"]}


def test_a_graph_may_be_run_inside_a_node():
    """DESIGN: `graph.execute` with await, anywhere; `graph.run` on the runner says so."""

    async def a(ctx):
        return {"inner": (await steps("x").execute({})).state["log"]}

    def b(ctx):
        steps("x").run({})

    assert Debugger(chain(a)).run().frame.state == {"inner": ["x"]}
    assert isinstance(Debugger(chain(b)).run().error.__cause__, DebuggerError)


# -- handles and posts -------------------------------------------------------------------


def test_start_returns_a_handle_that_can_be_awaited():
    """DESIGN: `start()` returns an awaitable handle at once."""

    async def cell():
        dbg = Debugger(steps("a"))
        handle = dbg.start()
        stop = await handle
        return stop.reason, handle.done, handle.result().reason

    assert asyncio.run(cell()) == (R.COMPLETED, True, R.COMPLETED)


def test_a_cancelled_await_leaves_the_run_paused_at_a_commit():
    """DESIGN: Interrupt during an await leaves the run paused, nothing lost."""
    blocked = Blocked(later=True)

    async def cell():
        task = asyncio.ensure_future(blocked.dbg.arun())
        assert await asyncio.to_thread(blocked.entered.wait, LIMIT)
        task.cancel()
        await asyncio.sleep(0)
        blocked.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cell())

    assert not blocked.dbg.busy
    assert blocked.dbg.state == {"log": ["a", "b"]}
    assert blocked.dbg.run().reason is R.COMPLETED


def test_a_posted_command_returns_at_once_and_brings_its_error_back():
    """DESIGN: what buttons do; errors of a posted command come back to the panel."""
    errors = []
    dbg = Debugger(steps("a"))
    stop = dbg.post("run").result(LIMIT)
    future = dbg.post("approve", on_error=errors.append)

    assert stop.reason is R.COMPLETED
    assert isinstance(future.exception(LIMIT), NotWaitingError)
    with Blocked() as blocked:
        busy = blocked.dbg.post("step", on_error=errors.append)
        assert isinstance(busy.exception(LIMIT), BusyError)
        blocked.dbg.post("pause").result(LIMIT)
    assert blocked.stop.reason is R.PAUSED
    assert [type(error) for error in errors] == [NotWaitingError, BusyError]


# -- through barriers --------------------------------------------------------------------


def through(dbg, answer):
    """Run through barriers, answering from another thread each time something waits."""
    answered = []

    def look():
        waiting = [p.id for p in dbg.pending]
        if dbg.status == "waiting" and waiting and waiting[0] not in answered:
            answered.append(waiting[0])
            threading.Thread(target=answer, args=(dbg, waiting[0])).start()

    leave = dbg.subscribe(look)
    try:
        return asyncio.run(dbg.arun(through_barriers=True)), answered
    finally:
        leave()


def test_a_run_through_barriers_goes_on_after_each_answer():
    """DESIGN: the one cell that shows Approve and Reject and goes on after the click."""
    dbg = Debugger(review(), {"topic": "x"})

    def answer(dbg, waiting):
        dbg.reject("no", id=waiting) if waiting == "approve#0" else dbg.approve(waiting)

    stop, answered = through(dbg, answer)

    assert stop.reason is R.COMPLETED
    assert answered == ["approve#0", "approve#1"]
    assert dbg.state["drafts"] == 2


def test_a_wrong_answer_to_a_run_through_barriers_is_refused():
    """B5, R2: it goes on waiting for a right one."""
    dbg = Debugger(review(), {"topic": "x"})
    refused = []

    def answer(dbg, waiting):
        for wrong in (
            lambda: dbg.approve("approve#7"),
            lambda: dbg.reroute("nowhere"),
            lambda: dbg.modify(("absent", "x"), 1),
            lambda: dbg.step(),
        ):
            try:
                wrong()
            except Exception as error:
                refused.append(type(error).__name__)
        dbg.approve()

    stop, _ = through(dbg, answer)

    assert stop.reason is R.COMPLETED
    assert refused == ["NotWaitingError", "NodeNotFoundError", "MissingKeyError", "BusyError"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_a_run_through_barriers_can_be_ended_while_it_waits(verb):
    """P5, R5: at a barrier there is nothing in flight; nothing is lost, it waits on."""
    dbg = Debugger(review(), {"topic": "x"})
    stop, _ = through(dbg, lambda dbg, waiting: getattr(dbg, verb)())

    assert stop.reason in (R.PAUSED, R.CANCELLED, R.BARRIER)
    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert [f.kind for f in dbg.frames] == ["start", "commit", "waiting"]
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED


@pytest.mark.timeout(10)
def test_interrupting_a_run_that_waits_at_a_barrier_leaves_it_paused():
    """DESIGN: Interrupt cancels the await; the run is left at a commit, and not busy."""
    dbg = Debugger(review(), {"topic": "x"})
    waits = threading.Event()
    dbg.subscribe(lambda: waits.set() if dbg.busy and dbg.status == "waiting" else None)

    async def cell():
        task = asyncio.ensure_future(dbg.arun(through_barriers=True))
        assert await asyncio.to_thread(waits.wait, LIMIT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cell())

    assert not dbg.busy
    assert [p.id for p in dbg.pending] == ["approve#0"]
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED


# -- branches ------------------------------------------------------------------------------------


def test_stop_cancels_every_branch_and_keeps_what_was_committed():
    """P5: nodes in flight are not committed; going on runs only those again."""
    entered, runs = threading.Event(), []

    def quick(ctx):
        runs.append("quick")
        note(ctx)

    async def slow(ctx):
        runs.append("slow")
        entered.set()
        if runs.count("slow") == 1:
            await asyncio.Event().wait()
        note(ctx)

    g = GraphBuilder("g").parallel("par", {"quick": quick, "slow": slow})
    dbg = Debugger(g.start("par").end("par").build())
    committed = threading.Event()
    dbg.subscribe(lambda: committed.set() if len(dbg.frames) > 1 else None)
    handle = dbg.start()
    assert entered.wait(LIMIT)
    assert committed.wait(LIMIT)
    dbg.stop()

    assert handle.result(LIMIT).reason is R.CANCELLED
    assert [f.path for f in dbg.frames][1:] == ["par/quick"]
    assert dbg.run().reason is R.COMPLETED
    assert sorted(runs) == ["quick", "slow", "slow"]
    assert dbg.state == {"log": ["par/quick", "par/slow"]}


def test_a_failure_cancels_the_siblings_in_flight():
    """P3: fail fast; what was cancelled is not committed and runs again."""
    started, runs = threading.Event(), []

    async def slow(ctx):
        runs.append("slow")
        started.set()
        if runs.count("slow") == 1:
            await asyncio.Event().wait()
        note(ctx)

    async def bad(ctx):
        runs.append("bad")
        await asyncio.to_thread(started.wait, LIMIT)
        if runs.count("bad") == 1:
            raise ValueError("no")
        note(ctx)

    g = GraphBuilder("g").parallel("par", {"slow": slow, "bad": bad})
    dbg = Debugger(g.start("par").end("par").build())

    assert dbg.run().reason is R.FAILED
    assert [f.kind for f in dbg.frames] == ["start", "error"]
    assert dbg.run().reason is R.COMPLETED
    assert sorted(runs) == ["bad", "bad", "slow", "slow"]
