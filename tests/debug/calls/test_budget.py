"""What calls may cost: a run holds before the one that would exceed it (K6, K7)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError
from tests.debug.calls.agents import (
    aclient,
    ask,
    debug,
    gathered,
    heard,
    row,
    talk,
    told,
    user,
)

R = StopReason
PRICE = {"gpt-4o": (1.0, 10.0)}
COST = (11 * 1.0 + 7 * 10.0) / 1_000_000  # of an answer of the server


def test_a_run_holds_before_the_call_that_is_one_too_many(server, ai):
    """K7: nothing is committed; `run` goes on with as much more, over what is recorded."""
    dbg = debug(talk(ai, *"abcde"))
    dbg.budget(calls=2)
    counts = []
    while (stop := dbg.run()).reason is R.BUDGET:
        assert "2 of 2 calls" in stop.inside or "4 of 4 calls" in stop.inside
        counts.append((server.count, dbg.head))

    assert (stop.reason, counts) == (R.COMPLETED, [(2, 0), (4, 0)])
    assert heard(server) == list("abcde")
    assert [call.served for call in dbg.calls] == [True] * 4 + [False]


@pytest.mark.parametrize("what", ["tokens", "cost"])
def test_what_was_told_counts_in_place_of_what_was_reckoned_with(server, ai, what):
    """K7: what was reserved for a call is given back when its tokens are known."""
    dbg = debug(talk(ai, *"abcdef"))
    dbg.prices(PRICE)
    made = dbg.budget(**{what: 700 if what == "tokens" else 0.006})
    assert dbg.run().reason is R.COMPLETED

    assert made.spent[what] == pytest.approx(6 * 18 if what == "tokens" else 6 * COST)


def test_a_limit_in_the_request_is_reckoned_with(server, ai):
    """K7: an answer that may be long is not asked for where there is too little for it."""
    dbg = debug(lambda ctx: {"said": ask(ai, "a", max_tokens=5000)})
    dbg.budget(tokens=1000)

    assert (dbg.run().reason, server.count) == (R.BUDGET, 0)


def test_calls_at_once_are_reserved(server):
    """K7: of several at once no more are sent than there may be; those are kept."""
    dbg = debug(gathered(server, *"abcde"))
    dbg.budget(calls=2)
    first = dbg.run()

    assert (first.reason, server.count) == (R.BUDGET, 2)
    assert [call.cut for call in dbg.calls] == [False, False]
    reasons = [dbg.run().reason, dbg.run().reason]
    assert reasons == [R.BUDGET, R.COMPLETED]
    assert sorted(heard(server)) == list("abcde")


def test_an_agent_that_takes_every_exception_holds_all_the_same(server, ai):
    """K7: a stop is no Exception, and the tape is asked."""

    def node(ctx):
        n = 0
        for text in "abcdefgh":
            try:
                ask(ai, text)
                n += 1
            except Exception:
                pass
        return {"n": n}

    dbg = debug(node)
    dbg.budget(calls=3)

    assert (dbg.run().reason, server.count, dbg.state) == (R.BUDGET, 3, {})


def test_attempts_are_one_call_and_a_failed_one_costs_nothing(server, ai):
    """K7: 429s are no answers; what was reserved for them is given back."""
    dbg = debug(lambda ctx: {"said": [ask(ai, "a", "busy"), ask(ai, "b")]})
    made = dbg.budget(calls=2, tokens=1200)

    assert (dbg.run().reason, server.count) == (R.COMPLETED, 4)
    assert made.spent == {"calls": 2, "tokens": 36}


def test_a_stream_that_tells_no_tokens_counts_as_it_was_reckoned_with(server, ai):
    """K7: what nobody tells is not nothing: the budget holds all the same."""

    def node(ctx):
        for text in "abcd":
            for _ in ai.chat.completions.create(model="gpt-4o", messages=user(text), stream=True):
                pass

    dbg = debug(node)
    made = dbg.budget(tokens=1200)
    stop = dbg.run()

    assert (stop.reason, server.count) == (R.BUDGET, 2)
    assert 1000 <= made.spent["tokens"] <= 1200


@pytest.mark.parametrize("left", ["kept", "closed"])
def test_a_stream_that_is_left_counts(server, ai, left):
    """K7, K8: it was sent, and its tokens are paid, whoever reads them."""
    kept: list[Any] = []

    def node(ctx):
        for text in "ab":
            stream = ai.chat.completions.create(model="gpt-4o", messages=user(text), stream=True)
            next(iter(stream))
            kept.append(stream)
            if left == "closed":
                stream.close()

    dbg = debug(node)
    made = dbg.budget(tokens=5000, calls=5)
    assert dbg.run().reason is R.COMPLETED

    assert made.spent["calls"] == 2
    assert made.spent["tokens"] >= 1000


def test_a_call_that_was_refused_costs_nothing(server, ai):
    """K7: a 400 has no tokens; it is a call all the same."""

    def node(ctx):
        try:
            ask(ai, "a", "broken")
        except Exception:
            return {"said": ask(ai, "b")}

    dbg = debug(node)
    made = dbg.budget(tokens=1200, calls=2)
    dbg.run()

    assert made.spent == {"calls": 2, "tokens": 18}


def test_what_is_served_costs_nothing(server, ai):
    """K6, K7: paid is 0 for what was looked up."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.run()
    made = dbg.budget(calls=1)
    fork = dbg.rerun(1)

    assert fork.last_stop.reason is R.COMPLETED
    assert made.spent["calls"] == 0


def test_a_budget_is_of_all_lines(server, ai):
    """K7: a fork does not begin with a full purse, nor does asking again."""
    dbg = debug(talk(ai, "a", "b"))
    made = dbg.budget(calls=3)
    dbg.run()
    fork = dbg.fork(0)
    stop = fork.run()

    assert (stop.reason, heard(server)) == (R.BUDGET, ["a", "b", "a"])
    with pytest.raises(DebuggerError, match="3 of 3 calls"):
        dbg.calls[0].ask()
    assert server.count == 3
    assert fork.run().reason is R.COMPLETED
    assert made.limits["calls"] == 6
    assert len(dbg.calls[0].ask(n=2)) == 2
    assert made.spent["calls"] == 6


def test_a_rerun_holds_before_what_it_would_pay_and_goes_on(server, ai):
    """K7, K12: served calls are free, the edited one is not."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.run()
    dbg.budget(calls=0)
    fork = dbg.rerun(1, calls=1, edit={1: user("B!")})
    held = fork.last_stop.reason, server.count
    dbg.budget(calls=1)

    assert held == (R.BUDGET, 2)
    assert fork.run().reason is R.COMPLETED
    assert heard(server)[2:] == ["B!"]


def test_a_price_that_nobody_knows_stops_once(server, ai):
    """K7: it says how to tell it; who goes on without has spent nothing of it."""
    dbg = debug(lambda ctx: {"said": [ask(ai, text, "my-own-model") for text in "abc"]})
    made = dbg.budget(cost=0.5)
    stop = dbg.run()

    assert (stop.reason, server.count) == (R.BUDGET, 0)
    assert "dbg.prices({'my-own-model': (in, out)})" in stop.inside
    assert dbg.run().reason is R.COMPLETED
    assert (made.limits, made.spent) == ({"cost": 0.5}, {"cost": 0.0})


def test_a_price_that_is_told_goes_on(server, ai):
    """K7: and is counted from then on."""
    dbg = debug(lambda ctx: {"said": [ask(ai, text, "my-own-model") for text in "abc"]})
    made = dbg.budget(cost=0.5)
    dbg.run()
    dbg.prices({"my-own-model": (1.0, 10.0)})

    assert dbg.run().reason is R.COMPLETED
    assert made.spent["cost"] == pytest.approx(3 * COST)


def test_tools_and_functions_have_no_price(server, ai):
    """K7: a page or a function costs no tokens: nobody is asked for a price of them."""

    def node(ctx):
        httpx.get(f"{server.url}/weather?q=paris")
        ctx.call(sorted, [2, 1])
        return {"said": ask(ai, "a")}

    dbg = debug(node)
    dbg.prices(PRICE)
    made = dbg.budget(cost=0.5, tokens=600, calls=3)

    assert dbg.run().reason is R.COMPLETED
    assert made.spent == {"cost": pytest.approx(COST), "tokens": 18, "calls": 3}


def test_without_an_amount_anything_may_be_spent(server, ai):
    """K7: and what is no amount is refused."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.budget(calls=1)
    assert dbg.budget() is None
    for given in ({"calls": -1}, {"cost": "much"}, {"tokens": float("nan")}):
        with pytest.raises(DebuggerError, match=next(iter(given))):
            dbg.budget(**given)

    assert dbg.run().reason is R.COMPLETED


def test_a_budget_goes_from_node_to_node_and_tells_what_is_spent(server, ai):
    """K7: of the run, from when it was set."""
    dbg = Debugger(row(a=talk(ai, "a"), b=talk(ai, "b"), c=talk(ai, "c")), {})
    dbg.step()
    made = dbg.budget(calls=1)
    stop = dbg.run()

    assert (stop.reason, dbg.head, heard(server)) == (R.BUDGET, 2, ["a", "b"])
    assert "1 of 1 call" in repr(made)
    assert dbg.run().reason is R.COMPLETED


async def _asks(ai: Any, text: str) -> None:
    await ai.chat.completions.create(model="gpt-4o", messages=user(text))


def test_a_task_group_under_a_budget_keeps_what_was_in_flight(server):
    """K7, K13: the group would cancel its other tasks."""
    import asyncio

    async def node(ctx):
        async with aclient(server) as ai, asyncio.TaskGroup() as group:
            for text in "abc":
                group.create_task(_asks(ai, text))

    dbg = debug(node)
    dbg.budget(calls=2)

    assert (dbg.run().reason, server.count) == (R.BUDGET, 2)
    assert all(not call.cut for call in dbg.calls)
    assert dbg.run().reason is R.COMPLETED
    assert sorted(heard(server)) == ["a", "b", "c"]
    assert sorted(told(dbg.calls)) == [("a", True), ("b", True), ("c", False)]
