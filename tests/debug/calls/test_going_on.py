"""Going on from inside of a node, otherwise than by its recorded calls alone (K3, K13)."""

from __future__ import annotations

import pytest

from lellm_nb import StopReason
from lellm_nb.errors import DebuggerError
from tests.debug.calls.agents import (
    ask,
    debug,
    heard,
    talk,
    told,
)

R = StopReason


def test_a_rewind_begins_the_node_anew_and_pays(server, ai):
    """K13: a plain rewind and run is live; it meets the same stops again."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.break_on_call(nth=1)
    dbg.run()
    dbg.rewind(0)
    assert list(dbg.calls) == []
    stop = dbg.run()

    assert (stop.reason, heard(server)) == (R.BREAKPOINT, ["a", "a"])


def test_a_fork_at_a_stop_goes_on_over_what_is_recorded(server, ai):
    """K13: both lines may: neither pays what both have seen."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.break_on_call(nth=1)
    dbg.run()
    fork = dbg.fork()
    fork.breakpoints.clear()

    assert fork.run().reason is dbg.run().reason is R.COMPLETED
    assert heard(server) == ["a", "b", "b"]
    assert told(fork.calls) == told(dbg.calls) == [("a", True), ("b", False)]


def test_new_code_after_a_stop_is_served_as_far_as_it_fits(server, ai):
    """K3: and says where it no longer does."""
    dbg = debug(talk(ai, "a", "b", "c"))
    dbg.break_on_call(nth=2)
    dbg.run()
    dbg.patch({"agent": talk(ai, "a", "B", "c")})
    stop = dbg.run()

    assert (stop.reason, heard(server)) == (R.PAUSED, ["a", "b"])
    assert "call 1 differs" in stop.inside
    assert "'b' -> 'B'" in stop.inside
    assert dbg.run().reason is R.PAUSED
    dbg.mode("agent", "calls", miss="live")
    assert dbg.run().reason in (R.BREAKPOINT, R.COMPLETED)
    dbg.run()
    assert heard(server) == ["a", "b", "B", "c"]


def test_a_node_that_is_to_run_live_after_a_stop_pays_all_anew(server, ai):
    """K13: its mode says so."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.break_on_call(nth=1)
    dbg.run()
    dbg.mode("agent", "live")
    dbg.breakpoints.clear()

    assert dbg.run().reason is R.COMPLETED
    assert heard(server) == ["a", "a", "b"]


def test_a_failed_step_is_tried_again_over_what_worked(server, ai):
    """K13: what failed itself is asked again."""
    bad = ["down"]

    def node(ctx):
        said = ask(ai, "a")
        if bad:
            bad.pop()
            raise ValueError(said)
        return {"said": [said, ask(ai, "b")]}

    dbg = debug(node)
    assert dbg.run().reason is R.FAILED
    assert dbg.retry().reason is R.COMPLETED
    assert heard(server) == ["a", "b"]
    assert told(dbg.calls) == [("a", False), ("a", True), ("b", False)]


def test_a_call_that_failed_is_asked_again_by_a_retry(server, ai):
    """K13: that is why one tries again."""
    dbg = debug(
        lambda ctx: {"said": [ask(ai, "a"), ask(ai.with_options(max_retries=0), "b", "busy")]}
    )
    reasons = [dbg.run().reason, dbg.retry().reason, dbg.retry().reason]

    assert reasons == [R.FAILED, R.FAILED, R.COMPLETED]
    assert heard(server) == ["a", "b", "b", "b"]


def test_without_calls_there_is_nothing_to_stop_at(server, ai):
    """K12: a debugger that takes none down says so at once."""
    dbg = debug(talk(ai, "a"), calls=False)
    for ask_for in (dbg.break_on_call, dbg.step_call, lambda: dbg.budget(calls=1)):
        with pytest.raises(DebuggerError, match="calls=True"):
            ask_for()

    assert dbg.run().reason is R.COMPLETED
    assert (list(dbg.calls), server.count) == ([], 1)
