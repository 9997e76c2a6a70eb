"""What no change takes: a frame of another session, and a run that is going on."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import BusyError, DebuggerError, NoSuchFrameError
from tests.debug.graphs_changing import named
from tests.strategies import chain, note, steps

R = StopReason


def test_a_frame_of_another_session_is_refused_everywhere():
    """Bad input: every verb that takes a frame says whose it is."""
    other = Debugger(steps("a"))
    other.run()
    foreign = other.frames[1]
    dbg = Debugger(steps("a"))
    dbg.run()
    verbs = [
        *(dbg.rewind, dbg.fork, dbg.without, dbg.why, dbg.to_test, dbg.to_cell, dbg.pin),
        *(dbg.has_old_code, lambda f: dbg.note(f, "x"), lambda f: dbg.diff(f, 0)),
        lambda f: dbg.sweep(f, [{}], progress=False),
    ]
    for verb in verbs:
        with pytest.raises(NoSuchFrameError, match="another run"):
            verb(foreign)
    assert dbg.lines == ["main"]


def test_nothing_is_changed_while_a_run_is_going_on():
    """BusyError for every verb that changes; looking, pause and stop are allowed."""

    async def slow(ctx):
        await asyncio.sleep(30)

    dbg = Debugger(chain(named("a", 0), slow))
    dbg.step()
    handle = dbg.start()
    try:
        for verb in (
            *(dbg.step, dbg.over, dbg.into, dbg.out, dbg.run, dbg.retry, dbg.back, dbg.run_back),
            *(dbg.fork, dbg.approve, lambda: dbg.rewind(0), lambda: dbg.patch({"a": note})),
            *(lambda: dbg.without(1), lambda: dbg.resolve_join("keep"), lambda: dbg.reject("x")),
            *(lambda: dbg.sweep(0, [{}]), lambda: dbg.break_at("a"), lambda: dbg.watch("a")),
            *(lambda: dbg.break_on(edge=("a", "slow")), dbg.break_on_error, dbg.start),
            *(lambda: dbg.modify("a", 1), lambda: dbg.reroute("a"), lambda: dbg.mode("a", "ask")),
        ):
            with pytest.raises(BusyError):
                verb()
        dbg.note(1, "seen meanwhile")
        dbg.pin(1)
        looks = (
            *(dbg.state, dbg.frames, dbg.tree, dbg.status_line, dbg.pending, dbg.who("a")),
            *(dbg.history("a"), dbg.why(1), dbg.find("a"), dbg.evaluate("a"), dbg.timing()),
            *(dbg.diff(0, 1), dbg.loops(), dbg.compare("main"), dbg.to_cell(1), dbg.breakpoints),
        )
        assert all(look is not None for look in looks)
        assert dbg.status == "running"
    finally:
        dbg.stop()
        assert handle.result(10).reason is R.CANCELLED


def test_a_function_for_a_node_is_not_put_under_its_name():
    """Bad input: it is said how it is given; a key that there is may hold what it likes."""
    dbg = Debugger(steps("a"))
    with pytest.raises(DebuggerError, match=r"fork\(nodes=\{'a': …\}\)"):
        dbg.fork(put={"a": note})
    assert dbg.lines == ["main"]
    held = Debugger(steps("a"), {"a": len})

    assert held.fork(put={"a": note}).state["a"] is note
