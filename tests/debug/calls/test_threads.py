"""Commands and clean-up around calls: pause, stop, interrupts, two debuggers, none (K2, K13)."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
from typing import Any

import httpx2
import pytest

from lellm_nb import Debugger, StopReason
from tests.debug.calls.agents import (
    LIMIT,
    aask,
    aclient,
    ask,
    debug,
    heard,
    one,
    row,
    talk,
    told,
)

R = StopReason


def held(server: Any, ai: Any, kind: str) -> Any:
    """A node that asks a, and is then held by its server in the midst of b."""

    def node(ctx):
        return {"said": [ask(ai, "a"), ask(ai, "b", "held")]}

    async def anode(ctx):
        async with aclient(server) as made:
            return {"said": [await aask(made, "a"), await aask(made, "b", "held")]}

    return one(
        anode if kind == "async" else node, **({"timeout": LIMIT} if kind == "limit" else {})
    )


KINDS = pytest.mark.parametrize("kind", ["sync", "async", "limit"])


@KINDS
def test_pause_lets_the_call_and_its_node_end(server, ai, kind):
    """P5: what is in flight commits, then the run stops."""
    g = row(first=lambda ctx: None, agent=held(server, ai, kind).nodes["agent"].fn, last=talk(ai))
    dbg = Debugger(g, {})
    handle = dbg.start()
    server.wait_for(2)
    dbg.pause()
    server.release.set()

    assert handle.result(LIMIT).reason is R.PAUSED
    assert dbg.position.node == "last"
    assert told(dbg.calls) == [("a", False), ("b", False)]


@KINDS
def test_stop_keeps_what_was_answered(server, ai, kind):
    """R5, K1: nothing is committed; going on serves what was whole and asks the rest again."""
    dbg = Debugger(held(server, ai, kind), {})
    handle = dbg.start()
    server.wait_for(2)
    dbg.stop()
    server.release.set()
    stop = handle.result(LIMIT)

    assert (stop.reason, dbg.state) == (R.CANCELLED, {})
    assert dbg.run().reason is R.COMPLETED
    assert heard(server).count("a") == 1
    assert len(dbg.state["said"]) == 2
    assert dbg.calls[0].served


@KINDS
def test_an_interrupt_in_the_midst_of_a_call_keeps_what_was_answered(server, ai, kind):
    """R11, K1: the run pauses; nothing of it is lost."""
    dbg = Debugger(held(server, ai, kind), {})

    def interrupts() -> None:
        server.wait_for(2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        server.release.set()

    thread = threading.Thread(target=interrupts)
    thread.start()
    stop = dbg.run()
    thread.join()
    if stop.reason is not R.COMPLETED:  # the answer may have been there before the interrupt
        assert (stop.reason, stop.error, dbg.state) == (R.PAUSED, None, {})
        assert dbg.run().reason is R.COMPLETED

    assert heard(server).count("a") == 1
    assert len(dbg.state["said"]) == 2


def test_calls_are_seen_while_their_node_runs(server, ai):
    """K1: from another thread, with the one that has no answer yet."""
    dbg = Debugger(held(server, ai, "sync"), {})
    handle = dbg.start()
    server.wait_for(2)
    seen = [(call.messages[0]["content"], call.status) for call in dbg.calls]
    shown = repr(dbg.calls)
    server.release.set()
    handle.result(LIMIT)

    assert seen == [("a", 200), ("b", None)]
    assert "…" in shown


def test_commands_that_are_awaited_do_as_the_others(server, ai):
    """K12: `arun`, `astep_call`, `arerun`, in a loop of one's own."""

    async def conversation() -> Any:
        dbg = debug(talk(ai, "a", "b"))
        stop = await dbg.astep_call()
        last = await dbg.arun()
        return stop, last, await dbg.arerun(1)

    stop, last, fork = asyncio.run(conversation())

    assert (stop.reason, last.reason) == (R.STEP, R.COMPLETED)
    assert fork.last_stop.reason is R.COMPLETED
    assert server.count == 2


def test_two_debuggers_keep_their_calls_apart(server, ai):
    """K1: side by side, on threads of their own; one of them takes none down."""
    pair = [Debugger(held(server, ai, "sync"), {}) for _ in range(2)]
    none = Debugger(held(server, ai, "sync"), {}, calls=False)
    handles = [dbg.start() for dbg in (*pair, none)]
    server.wait_for(6)
    server.release.set()
    for handle in handles:
        assert handle.result(LIMIT).reason is R.COMPLETED

    assert [told(dbg.calls) for dbg in pair] == [[("a", False), ("b", False)]] * 2
    assert list(none.calls) == []


def test_a_debugger_inside_of_a_node_has_its_own_calls(server, ai):
    """K1: what it asks is its nodes', not those of the one around."""
    kept: list[Debugger] = []

    def node(ctx):
        inner = debug(talk(ai, "inner"))
        kept.append(inner)
        inner.run()
        return {"said": [*inner.state["said"], ask(ai, "outer")]}

    dbg = debug(node)
    dbg.run()

    assert told(kept[0].calls) == [("inner", False)]
    assert told(dbg.calls) == [("outer", False)]


def test_a_graph_that_a_node_runs_itself_is_part_of_it(server, ai):
    """K1: a run without a debugger is plain code of the node."""
    inner = one(talk(ai, "a", "b"), "llm")
    dbg = debug(lambda ctx: {"said": inner.run({}).state["said"]})
    dbg.break_on_call(nth=1)
    reasons = [dbg.run().reason, dbg.run().reason]

    assert reasons == [R.BREAKPOINT, R.COMPLETED]
    assert heard(server) == ["a", "b"]
    assert told(dbg.calls) == [("a", True), ("b", False)]


WRAPPED = """
import gc, httpx, httpx2, requests, aiohttp, threading, openai
from lellm_nb import Debugger
from tests.debug.calls.agents import ask, client, debug, talk
from tests.calls.server import ModelServer

def places():
    return [httpx.Client.send, httpx.AsyncClient.send, httpx2.Client.send, httpx2.AsyncClient.send,
            requests.Session.send, aiohttp.ClientSession._request, threading.Thread.start]

server = ModelServer()
ai = client(server)
plain = places()

off = debug(talk(ai, "a"), calls=False)
off.run()
assert places() == plain, "with calls off there is no wrapper"
on = debug(talk(ai, "a", "b"))
assert places() == plain, "there is none before a run"
on.break_on_call(nth=1)
stop = on.run()
fork = on.fork()
fork.run()
assert not set(places()) & set(plain), "all are wrapped"
calls = fork.calls
del on
gc.collect()
assert not set(places()) & set(plain), "a line of the run lives"
del fork
gc.collect()
assert places() == plain, "the last debugger is gone, whatever of its calls is looked at"
assert calls[0].text == "answer 2" and calls[0].ask()[0].text, calls[0].text
assert stop.call is not None
print("done")
"""


def test_off_costs_nothing_and_the_last_takes_the_wrappers_along():
    """K11: no wrapper with calls off; none when the last debugger with calls is collected."""
    done = subprocess.run(
        [sys.executable, "-c", WRAPPED],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT * 2,
    )

    assert done.stdout.strip() == "done", done.stderr


def test_a_wrapper_of_somebody_else_stays(server, ai):
    """K11: what was put on top of ours since goes on working when ours is gone."""
    before = httpx2.Client.send
    dbg = debug(talk(ai, "a"))
    dbg.run()
    ours = httpx2.Client.send
    seen: list[str] = []

    def theirs(client, request, **options):
        seen.append(str(request.url))
        return ours(client, request, **options)

    httpx2.Client.send = theirs  # type: ignore[method-assign]
    try:
        del dbg
        gc.collect()
        ask(ai, "b")
        assert httpx2.Client.send is theirs
    finally:
        httpx2.Client.send = before  # type: ignore[method-assign]

    assert len(seen) == 1
    assert heard(server) == ["a", "b"]
