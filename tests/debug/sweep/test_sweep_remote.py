"""Variants side by side, in threads and in other processes, stopped, and what can not be sent."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import BusyError, DebuggerError
from tests.debug.graphs_sweep import numbers, skip, square, swept


def test_variants_run_side_by_side_in_threads():
    """An executor is there to wait for many at once."""
    meet = threading.Barrier(2, timeout=20)

    def waits(ctx):
        meet.wait()
        return {"met": True}

    dbg = Debugger(GraphBuilder("g").node("w", waits).start("w").end("w").build(), {})
    table = swept(dbg, 0, [{"n": 1}, {"n": 2}], place="threads")

    assert list(table["met"]) == [True, True]


def test_a_sweep_shows_a_bar(capfd):
    """A progress bar, in a terminal too; not when it is not wanted, nor for one run."""
    dbg = numbers()
    dbg.sweep(0, [{"n": 4}, {"n": 5}])
    assert "sweep" in capfd.readouterr().err
    dbg.sweep(0, [{"n": 4}, {"n": 5}], progress=False)
    dbg.sweep(0, [{"n": 4}])
    assert "sweep" not in capfd.readouterr().err


def test_a_sweep_with_await():
    """`asweep`."""

    async def conversation():
        dbg = numbers()
        table = await dbg.asweep(0, [{"n": 5}, {"n": 6}], progress=False)
        with pytest.raises(DebuggerError, match="at least one"):
            await dbg.asweep(0, [])
        return list(table["square"])

    assert asyncio.run(conversation()) == [25, 36]


def test_a_sweep_can_be_stopped():
    """`stop` ends the variant that is running, and no other begins; the rows so far come back."""
    started = threading.Event()

    async def slow(ctx):
        started.set()
        await asyncio.sleep(30)

    dbg = Debugger(GraphBuilder("g").node("s", slow).start("s").end("s").build(), {})
    found = []
    thread = threading.Thread(
        target=lambda: found.append(dbg.sweep(0, [{"n": i} for i in range(5)], progress=False))
    )
    thread.start()
    assert started.wait(10)
    with pytest.raises(BusyError):
        dbg.step()
    dbg.stop()
    thread.join(10)

    assert list(found[0]["reason"]) == ["CANCELLED"]


def stuck(local):
    """A graph of which many parts can't be sent."""
    inner = GraphBuilder("inner").node("deep", lambda ctx: None).node("fine", skip)
    inner.edge_if("deep", "fine", lambda s: True)
    g = GraphBuilder("stuck").node("square", square).node("local", local)
    g.condition("which", [("local", lambda s: True)])
    g.subgraph("sub", inner.start("deep").end("fine").build())
    g.parallel("par", {"x": lambda ctx: None, "y": skip}, merge=lambda states: {})
    g.edge("square", "which").edge("which", "local").edge("sub", "par")
    g.edge_if("local", "sub", lambda s: True)
    return g.start("square").end("par").build()


def test_what_can_not_be_sent_is_named_before_anything_starts():
    """Issue 4: each function is named; nothing ran, and no line was made."""
    ran = []

    def local(ctx):
        ran.append(1)

    dbg = Debugger(stuck(local), {"n": 1})
    with pytest.raises(DebuggerError) as caught:
        swept(dbg, 0, [{"n": 2}], until=lambda frame: False, place="processes")
    text = str(caught.value)

    for part in (
        *("node local", "node sub/deep", "node par/x", "edge local -> sub"),
        *("edge sub/deep -> fine", "case which -> local", "merge of par", "until"),
    ):
        assert part in text
    for part in ("node square", "node sub/fine", "node par/y"):
        assert part not in text
    assert "ThreadPoolExecutor" in text
    assert (ran, dbg.lines) == ([], ["main"])


def test_values_that_can_not_be_sent_are_named_too():
    """A lock in the state, a lambda in a variant: before anything starts."""
    g = GraphBuilder("g").node("square", square).start("square").end("square")
    dbg = Debugger(g.build(), {"n": 1, "client": threading.Lock()})
    with pytest.raises(DebuggerError, match="state\\['client'\\]"):
        swept(dbg, 0, [{"n": 2}], place="processes")
    dbg = Debugger(g.build(), {"n": 1})
    with pytest.raises(DebuggerError, match="state\\['f'\\]"):
        swept(dbg, 0, [{"n": 2}, {"f": lambda: 1}], place="processes")
    assert dbg.lines == ["main"]
    assert list(swept(dbg, 0, [{"n": 2}, {"f": lambda: 1}], place="threads")["square"]) == [4, 1]


def test_what_comes_back_may_refuse_to():
    """A node that makes something that can't be sent back: the row says so, the others stay."""
    g = GraphBuilder("g").node("makes", makes).start("makes").end("makes")
    dbg = Debugger(g.build(), {"n": 0})
    table = swept(dbg, 0, [{"n": 1}, {"n": 0}], place="processes")

    assert list(table["reason"]) == ["FAILED", "COMPLETED"]
    assert "sent" in table["error"][0]


def makes(ctx):
    return {"made": threading.Lock() if ctx.state["n"] else "text"}


def test_a_functions_home_must_be_known_over_there(monkeypatch):
    """What a notebook defines is found by a forked process, and by no other kind."""
    monkeypatch.setattr(square, "__module__", "__main__")
    monkeypatch.setattr("__main__.square", square, raising=False)
    monkeypatch.delattr("__main__.__file__", raising=False)  # as in a notebook
    monkeypatch.setattr("__main__.__spec__", None)
    dbg = numbers()
    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with executor, pytest.raises(DebuggerError, match="node square"):
        dbg.sweep(0, [{"n": 2}], executor=executor, progress=False)
    assert dbg.lines == ["main"]
