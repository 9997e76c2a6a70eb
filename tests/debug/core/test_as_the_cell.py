"""R11: a node runs as if the cell had called it, whichever way the run is moved."""

from __future__ import annotations

import asyncio
import builtins
import gc
import io
import sqlite3
import subprocess
import sys
import threading

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import GivenUpError, NoInputError
from lellm_nb.record.frame import Frame
from tests.debug.graphs_blocked import LIMIT
from tests.strategies import chain, note, steps
from tests.waiting import until

R = StopReason


def here(ctx):
    ctx.put("thread", threading.get_ident())


async def here_later(ctx):
    await asyncio.sleep(0)
    here(ctx)


@pytest.mark.parametrize("node", [here, here_later])
@pytest.mark.parametrize("inside", [False, True], ids=["a script", "a running loop"])
def test_a_verb_runs_nodes_on_the_thread_that_calls_it(node, inside):
    """Also where an event loop is running, as in a notebook's cell."""
    g = GraphBuilder("g").node("a", node).node("b", node).edge("a", "b").start("a").end("b")
    dbg = Debugger(g.build())

    async def cell():
        dbg.step()
        dbg.run()

    asyncio.run(cell()) if inside else (dbg.step(), dbg.run())
    assert {frame.state["thread"] for frame in dbg.frames[1:]} == {threading.get_ident()}


def test_what_is_asked_by_button_runs_on_one_thread_of_the_debuggers_own():
    """What a node keeps open for its thread goes on working at the next press."""
    opened = []

    def a(ctx):
        opened.append(sqlite3.connect(":memory:"))

    def b(ctx):
        ctx.put("one", opened[0].execute("select 1").fetchone()[0])
        opened[0].close()

    g = GraphBuilder("g").node("a", a).node("b", b).edge("a", "b").start("a").end("b")
    dbg = Debugger(g.build())
    dbg.post("step").result(LIMIT)

    assert dbg.post("run").result(LIMIT).reason is R.COMPLETED
    assert dbg.state == {"one": 1}


def test_a_connection_that_the_cell_opened_works_in_a_node():
    connection = sqlite3.connect(":memory:")

    def a(ctx):
        return {"one": connection.execute("select 1").fetchone()[0]}

    assert Debugger(chain(a)).run().frame.state == {"one": 1}
    connection.close()


@pytest.mark.parametrize("move", ["run", "step", "post", "start", "graph.run", "graph.execute"])
@pytest.mark.parametrize(
    "where", ["node", "async path", "condition", "branch", "limit", "subgraph"]
)
def test_a_plain_function_does_not_see_the_loop(move, where):
    """`asyncio.run` works in it, however deep it is, and whichever loop runs around."""

    async def fetched():
        await asyncio.sleep(0)
        return 5

    def a(ctx):
        return {"n": asyncio.run(fetched())}

    async def pause(ctx):
        await asyncio.sleep(0)

    g = GraphBuilder("g").node("first", pause).start("first")
    if where == "condition":
        g.condition("a", [("last", lambda s: asyncio.run(fetched()) == 5)])
    elif where == "branch":
        g.parallel("a", {"x": a, "y": pause})
    elif where == "limit":
        g.task(a, name="a", timeout=60)
    elif where == "subgraph":
        inner = GraphBuilder("in").node("a", a).start("a").end("a")
        g.subgraph("a", inner.build())
    else:
        g.node("a", a)
    g.node("last", pause).edge("first", "a").edge("a", "last").end("last")
    graph = g.build()
    if move == "graph.run":
        state = graph.run({}).state
    elif move == "graph.execute":
        state = asyncio.run(graph.execute({})).state
    else:
        dbg = Debugger(graph)
        if move == "post":
            dbg.post("run").result(LIMIT)
        elif move == "start":
            dbg.start().result(LIMIT)
        elif move == "step":
            while dbg.step().reason is R.STEP:
                pass
        else:
            dbg.run()
        assert dbg.frames[-1].error is None
        state = dbg.state

    assert state == ({} if where == "condition" else {"n": 5})


@pytest.mark.parametrize("stop", ["when", "visit", "after", "until", "watch", "going back"])
def test_what_is_asked_where_to_stop_does_not_see_the_loop_either(stop):
    async def fetched(n):
        await asyncio.sleep(0)
        return n

    def holds(at):
        state = at.state if isinstance(at, Frame) else at
        return asyncio.run(fetched(state.get("n", 0))) > 0

    def n(ctx):
        return {"n": 1}

    dbg = Debugger(chain(n, here, here_later))
    if stop in ("when", "visit", "after"):
        options = {"visit": {"visit": 1}, "after": {"after": True}}.get(stop, {})
        dbg.break_at("here", when=holds, **options)
    elif stop == "watch":
        dbg.watch(holds)
    if stop == "going back":
        dbg.run()
        came = dbg.run_back(holds)
    else:
        came = dbg.run(holds if stop == "until" else None)

    assert (came.error, came.reason is R.COMPLETED) == (None, False)
    assert dbg.state["n"] == 1


# -- a node that never comes back -----------------------------------------------------------


def test_a_hung_node_is_given_up_at_the_second_stop_and_the_run_goes_on():
    """What it does later reaches nobody; every other debugger went on all the time."""
    entered, go, late = threading.Event(), threading.Event(), threading.Event()

    def hung(ctx):
        entered.set()
        if not go.is_set():
            assert go.wait(LIMIT)
            ctx.put("late", True)
            late.set()

    g = GraphBuilder("g").node("a", note).node("hung", hung).edge("a", "hung")
    dbg = Debugger(g.start("a").end("hung").build())
    handle = dbg.start()
    assert entered.wait(LIMIT)
    assert Debugger(steps("x", "y")).run().reason is R.COMPLETED
    dbg.stop()
    assert dbg.busy
    dbg.stop()
    stop = handle.result(LIMIT)

    assert (stop.reason, dbg.busy) == (R.CANCELLED, False)
    assert isinstance(stop.error, GivenUpError)
    assert (stop.error.path, stop.error.node) == ("hung", "hung")
    assert "given up" in str(stop)
    assert dbg.last_stop is stop
    assert dbg.rewind(0).frame.index == 0
    go.set()
    assert late.wait(LIMIT)
    assert dbg.post("run").result(LIMIT).reason is R.COMPLETED
    assert [frame.kind for frame in dbg.frames] == ["start", "commit", "commit"]
    assert dbg.state == {"log": ["a"]}


def test_the_thread_of_a_debugger_ends_with_it():
    """A thousand debuggers that are dropped leave nothing behind."""
    threads = []

    def a(ctx):
        threads.append(threading.current_thread())

    dbg = Debugger(chain(a))
    dbg.post("run").result(LIMIT)
    assert threads[0].is_alive()
    del dbg
    gc.collect()  # a debugger and its session know each other

    assert until(lambda: not threads[0].is_alive(), "its thread to end")


# -- asking the person who runs it ------------------------------------------------------------


def asking(ctx):
    return {"name": input("Who? ")}


def broken_into(ctx):
    value = 1
    breakpoint()
    ctx.put("value", value)


def test_input_in_a_node_asks_whoever_calls_the_verb(monkeypatch, capsys):
    """Its question is shown, and not kept as what the node printed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("Otter\n"))
    stop = Debugger(chain(asking)).run()

    assert stop.frame.state == {"name": "Otter"}
    assert (capsys.readouterr().out, stop.frame.output) == ("Who? ", "")


SCRIPT = """
from lellm_nb import Debugger, GraphBuilder
def a(ctx):
    value = 1
    breakpoint()
    ctx.put("value", value)
dbg = Debugger(GraphBuilder("g").node("a", a).start("a").end("a").build())
print(dbg.run(), dbg.state, repr(dbg.frames[1].output))
"""


def test_breakpoint_in_a_node_talks_to_whoever_calls_the_verb():
    """What the debugger says is shown, and not kept as what the node printed."""
    typed = "p 'value is', value\nvalue = 5\nc\n"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=typed, capture_output=True, text=True, timeout=60
    )

    assert "('value is', 1)" in done.stdout, done.stderr
    assert "Stop(COMPLETED, frame 1 a) State({'value': 5}) ''" in done.stdout


@pytest.mark.parametrize(("node", "what"), [(asking, "input()"), (broken_into, "breakpoint()")])
def test_by_button_nobody_can_type_and_it_says_so(node, what, monkeypatch):
    monkeypatch.setattr(sys, "breakpointhook", sys.__breakpointhook__)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    stop = Debugger(chain(node)).post("run").result(LIMIT)

    assert isinstance(stop.error.__cause__, NoInputError)
    assert f"{what} needs a cell" in str(stop)
    assert "barrier" in str(stop)
    assert stop.frame.kind == "error"


def test_input_is_the_programs_own_again_after_a_run():
    real = builtins.input
    Debugger(steps("a", "b")).run()

    assert builtins.input is real
