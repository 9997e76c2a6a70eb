"""Watches: stops where a value changes, forward and backward, with the old and the new."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from lellm_nb import Debugger, typed_state
from lellm_nb.errors import StateTypeError
from tests.debug.breakpoints.graphs import R, met
from tests.strategies import chain, fanned, finish_debugger, review


def plan(ctx):
    return {"plan": {"steps": ["look"], "at": 0}, "n": 1}


def work(ctx):
    ctx.append(("plan", "steps"), "act")
    ctx.put("n", 1)


def rest(ctx):
    ctx.put(("plan", "at"), 1)
    ctx.put("n", 2)


def drop(ctx):
    ctx.delete("n")


def planned():
    """plan, work, rest, drop: writes of a key, inside a key, of the same value, and a delete."""
    return chain(plan, work, rest, drop)


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("n", [(1, None, 1), (3, 1, 2), (4, 2, None)]),
        (("plan", "at"), [(1, None, 0), (3, 0, 1)]),
        (("plan", "steps"), [(1, None, ["look"]), (2, ["look"], ["look", "act"])]),
        (("plan", "steps", 1), [(2, None, "act")]),
        (lambda s: s.get("n", 0) > 1, [(3, False, True), (4, True, False)]),
        ("nothing", []),
    ],
)
def test_a_watch_stops_after_the_step_that_changed_its_value(what, changes):
    """A key, a path into a value, or a predicate; a write of the same value is no change."""
    dbg = Debugger(planned())
    watch = dbg.watch(what)

    assert met(dbg) == changes
    assert watch.hits == len(changes)
    assert dbg.status == "completed"


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("n", [(3, 2, None), (2, 1, 2), (0, None, 1)]),
        (("plan", "at"), [(2, 0, 1), (0, None, 0)]),
        (lambda s: s.get("n", 0) > 1, [(3, True, False), (2, False, True)]),
    ],
)
def test_going_back_a_watch_stops_just_before_the_write(what, changes):
    """As in rr: backward the old value stands there again; old and new keep their order."""
    dbg = Debugger(planned())
    dbg.run()
    dbg.watch(what)

    assert met(dbg, "run_back") == changes
    assert dbg.head == 0


def test_forward_and_back_over_one_write():
    """Back to before it, forward to after it, as often as one likes; no second line is made
    by going back alone."""
    dbg = Debugger(planned())
    dbg.run()
    dbg.watch(("plan", "at"))

    assert dbg.run_back().frame.index == 2
    assert dbg.state["plan"]["at"] == 0
    stop = dbg.run()
    assert (stop.reason, stop.frame.index, stop.old, stop.new) == (R.WATCH, 3, 0, 1)
    assert dbg.run_back().frame.index == 2
    assert "0 -> 1" in repr(stop)


def test_a_key_with_a_colon_is_a_key():
    """Only a level's name before a colon means a level."""
    dbg = Debugger(chain(lambda_named("a", {"x:y": 1})))
    dbg.watch("x:y")

    assert met(dbg) == [(1, None, 1)]


def lambda_named(name, writes):
    def node(ctx):
        return writes

    node.__name__ = name
    return node


def test_a_predicate_that_raises_stops_and_offers_to_disable():
    """Issue 4: stop there, show it, offer to disable; disabled, the run goes on."""
    dbg = Debugger(planned())
    watch = dbg.watch(lambda s: s["n"] > 1)
    stop = dbg.run()

    assert (stop.reason, stop.frame.index) == (R.WATCH, 1)
    assert isinstance(stop.error, KeyError)
    assert f"disable({watch.id})" in repr(stop)
    dbg.breakpoints.disable(watch)
    assert dbg.run().reason is R.COMPLETED


def test_a_watch_does_not_mind_values_without_an_order_of_their_own():
    """What cannot say whether it is equal counts as changed; nothing is raised."""

    class Odd:
        def __eq__(self, other):
            raise RuntimeError("ambiguous")

        __hash__ = None

    first, second = Odd(), Odd()

    def one(ctx):
        ctx.put("v", first)

    def two(ctx):
        ctx.put("v", second)

    dbg = Debugger(chain(one, two))
    dbg.watch("v")

    assert [index for index, _, _ in met(dbg)] == [1, 2]


def test_a_decision_that_changes_a_watched_key_by_button_stops():
    """Decisions write like nodes; by a button the run stops there before it goes on."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    dbg.watch("draft")
    stop = dbg.modify("draft", "better", then_run=True)

    assert (stop.reason, stop.frame.kind, stop.new) == (R.WATCH, "decision", "better")


def test_a_watch_on_a_typed_state():
    """Fields of a typed state are keys."""

    @dataclasses.dataclass
    class Bill:
        total: int = 0
        name: str = "x"

    def charge(ctx):
        ctx.put("total", ctx.state.total + 5)

    def rename(ctx):
        ctx.put("name", "y")

    dbg = Debugger(chain(charge, rename), typed_state(Bill)())
    dbg.watch("total")

    assert met(dbg) == [(1, 0, 5)]


def test_a_failed_step_changes_nothing():
    """An error frame has no write: a watch passes over it, forward and backward."""
    broken = [True]

    def fails(ctx):
        if broken.pop() if broken else False:
            raise ValueError("no")
        ctx.put("n", 9)

    dbg = Debugger(chain(plan, fails))
    dbg.watch("n")
    assert dbg.run().frame.index == 1
    assert dbg.run().reason is R.FAILED
    assert dbg.retry().reason is not R.FAILED
    assert dbg.status == "completed"

    assert [index for index, _, _ in met(dbg, "run_back")] == [2, 0]


@pytest.mark.parametrize("what", [None, 3, (), [], b"n"])
def test_what_can_not_be_watched(what):
    """Bad input: neither a key nor a path nor a predicate."""
    dbg = Debugger(planned())
    with pytest.raises(StateTypeError):
        dbg.watch(what)
    assert len(dbg.breakpoints) == 0


def test_watches_survive_rewind_and_fork():
    """Kept by path like every stop; a fork's are its own."""
    dbg = Debugger(planned())
    dbg.watch("n")
    dbg.run()
    fork = dbg.fork(0)
    dbg.rewind(0)

    assert len(met(fork)) == 3
    assert len(met(dbg)) == 3


def test_watching_with_await():
    """The async twins, forward and backward."""

    async def conversation():
        dbg = Debugger(planned())
        dbg.watch("n")
        forward = [await dbg.arun() for _ in range(3)]
        back = [await dbg.arun_back() for _ in range(3)]
        return [[(s.reason, s.frame.index) for s in stops] for stops in (forward, back)]

    forward, back = asyncio.run(conversation())

    assert forward == [(R.WATCH, 1), (R.WATCH, 3), (R.COMPLETED, 4)]
    assert back == [(R.WATCH, 3), (R.WATCH, 2), (R.WATCH, 0)]


def test_the_last_step_tells_of_its_change_as_well():
    """The run has completed, and the stop says what the last step changed."""
    dbg = Debugger(planned())
    watch = dbg.watch(lambda s: "n" in s)
    dbg.run()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.COMPLETED, watch)
    assert (stop.old, stop.new) == (True, False)
    assert "True -> False" in repr(stop)
    assert dbg.run().breakpoint is None


def test_an_unknown_path_is_watched_in_case_it_comes():
    """A watch is set before a key exists more often than after."""
    dbg = Debugger(fanned())
    dbg.watch("later")

    assert finish_debugger(dbg).reason is R.COMPLETED
