"""Whatever changes a run claims it first, on whatever thread it was asked for."""

from __future__ import annotations

import threading
from collections import UserDict

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import BusyError
from tests.debug.graphs_blocked import LIMIT, Blocked
from tests.strategies import chain, note, steps

CHANGES = {
    "fork": lambda dbg, file: dbg.fork(at=0, put={"n": 1}),
    "patch": lambda dbg, file: dbg.patch({"c": note}),
    "supply": lambda dbg, file: dbg.supply({}),
    "mode": lambda dbg, file: dbg.mode("c", "ask"),
    "save": lambda dbg, file: dbg.save(file),
    "watch": lambda dbg, file: dbg.watch("log"),
    "break_at": lambda dbg, file: dbg.break_at("c"),
    "break_on": lambda dbg, file: dbg.break_on(("b", "c")),
    "break_on_error": lambda dbg, file: dbg.break_on_error(),
    "close": lambda dbg, file: dbg.close(),
}


class Slow(UserDict):
    """A mapping that is read only when it is let go; it knows who reads it."""

    def __init__(self, content):
        super().__init__(content)
        self.reached, self.go, self.reader = threading.Event(), threading.Event(), None

    def items(self):
        self.reader = threading.current_thread()
        self.reached.set()
        assert self.go.wait(LIMIT)
        return super().items()


@pytest.mark.parametrize("verb", CHANGES)
def test_a_change_while_a_run_is_going_on_says_so_and_changes_nothing(verb, tmp_path):
    """A change that was let in would return without an error and never reach the run."""
    with Blocked() as blocked:
        dbg = blocked.dbg
        with pytest.raises(BusyError) as caught:
            CHANGES[verb](dbg, tmp_path / "saved")

        assert caught.value.verb == verb
        assert (dbg.lines, dict(dbg.modes), list(dbg.breakpoints)) == (["main"], {}, [])
        assert not list(tmp_path.iterdir())
    assert blocked.stop.reason is StopReason.COMPLETED
    assert dbg.state == {"log": ["a", "b", "c"]}


def test_a_run_that_is_asked_for_during_a_change_waits_and_has_it():
    """Nobody is refused because of what takes no time."""
    new = Slow({"b": lambda ctx: ctx.append("log", "new b")})
    dbg = Debugger(steps("a", "b"))
    patching = threading.Thread(target=dbg.patch, args=(new,))
    patching.start()
    assert new.reached.wait(LIMIT)
    stops = []
    running = threading.Thread(target=lambda: stops.append(dbg.run()))
    running.start()

    assert (dbg.busy, len(dbg.frames)) == (False, 1)
    new.go.set()
    for thread in (patching, running):
        thread.join(LIMIT)
    assert [stop.reason for stop in stops] == [StopReason.COMPLETED]
    assert dbg.state == {"log": ["a", "new b"]}


def test_a_change_by_button_runs_where_runs_run():
    """The kernel's thread only posts it, and goes on; the thread is the debugger's own (R11)."""
    threads = []

    def a(ctx):
        threads.append(threading.current_thread())

    dbg = Debugger(chain(a))
    put = Slow({"n": 1})
    put.go.set()
    fork = dbg.post("fork", at=0, put=put).result(LIMIT)
    dbg.post("step").result(LIMIT)

    assert fork.state == {"n": 1}
    assert put.reader is threads[0] is not threading.current_thread()


def test_a_change_that_fails_gives_the_run_free_again():
    """The claim ends however the change does."""
    dbg = Debugger(steps("a", "b"))
    with pytest.raises(Exception, match="nowhere"):
        dbg.break_at("nowhere")

    assert dbg.run().reason is StopReason.COMPLETED
