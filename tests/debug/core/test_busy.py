"""What a run under way allows others, inside and outside of the runner's thread."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Approve, Debugger, StopReason
from lellm_nb.errors import (
    BusyError,
    DebuggerError,
    LellmError,
    NodeExecutionError,
    NotWaitingError,
)
from tests.debug.graphs_blocked import LIMIT, Blocked
from tests.strategies import chain, note, review, steps

R = StopReason
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


# -- inside a node -----------------------------------------------------------------------


def test_a_verb_called_inside_a_node_says_so_instead_of_deadlocking():
    """R11: the run waits for its node, and the node would wait for the run."""
    boxes = []

    def a(ctx):
        boxes[0].run()

    dbg = Debugger(chain(a))
    boxes.append(dbg)
    stop = dbg.run()

    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(stop.error.__cause__, DebuggerError)
    assert "run() was called inside a node" in str(stop.error)
    assert "would never end" in str(stop.error)


REFUSED = {"retry", "approve", "reject", "modify", "reroute", "patch", "break_at"}
"""What another debugger that has not begun refuses, inside a node as anywhere."""


@pytest.mark.parametrize("later", [False, True], ids=["sync node", "async node"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_node_may_use_every_verb_of_another_debugger(verb, later):
    """R11: a node runs as if the cell had called it; the other's run is driven inside of it."""
    other = Debugger(review(), {"topic": "x"})

    def use(ctx):
        VERBS[verb](other)

    async def use_later(ctx):
        VERBS[verb](other)

    stop = Debugger(chain(use_later if later else use)).run()

    cause = None if stop.error is None else stop.error.__cause__
    assert isinstance(cause, LellmError) if verb in REFUSED else stop.error is None


def test_a_node_may_run_another_debugger_with_await():
    """DESIGN: `await other.arun()` inside an async node."""
    other = Debugger(steps("x", "y"))

    async def a(ctx):
        return {"inner": (await other.arun()).reason.name, "log": other.state["log"]}

    dbg = Debugger(chain(a))

    assert dbg.run().reason is R.COMPLETED
    assert dbg.state == {"inner": "COMPLETED", "log": ["x", "y"]}


def test_a_graph_may_be_run_inside_a_node():
    """R11: `graph.execute` with await, and `graph.run` in a sync or an async node."""

    async def a(ctx):
        return {"inner": (await steps("x").execute({})).state["log"]}

    def b(ctx):
        return {"inner": steps("x").run({}).state["log"]}

    async def c(ctx):
        return b(ctx)

    for node in (a, b, c):
        assert Debugger(chain(node)).run().frame.state == {"inner": ["x"]}


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
