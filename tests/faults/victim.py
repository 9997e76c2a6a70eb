"""A child that runs graphs into a store until it is killed, and says what was committed.

    python -m tests.faults.victim STORE GRAPH RUNS

It goes on with the store's runs if there are any, else starts them; all are written through one
store, in turn. Each line it prints is a run, a line and an index of a frame that was reported as
committed; or, with an @ before the line, a fork's line, where its head was moved to, and how
many stops it has.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count
from typing import Any

from lellm_nb import Debugger, Graph, GraphBuilder, Reducer
from lellm_nb.store.store_at import store_at


def work(ctx: Any) -> None:
    """Write a counter, a growing list and a value that is worth sharing."""
    ctx.reduce("count", 1, Reducer.SUM)
    ctx.append("log", f"{ctx.path} {ctx.visit}")
    if ctx.visit % 7 == 0:
        ctx.put("large", "x" * 2000 + str(ctx.visit))


def graph(kind: str) -> Graph:
    """A loop that never ends: a chain, nested, or with branches in flight; with barriers."""
    inner = GraphBuilder("inner").node("one", work).barrier("ok").node("two", work)
    inner.edge("one", "ok").edge("ok", "two").start("one").end("two")
    g = GraphBuilder(kind).node("a", work)
    if kind == "fan":
        plain = GraphBuilder("plain").node("x", work).node("y", work).edge("x", "y")
        g.parallel("b", {"deep": plain.start("x").end("y").build(), "ask": inner.build()})
    elif kind == "nest":
        g.subgraph("b", inner.build())
    else:
        g.barrier("b")
    g.node("z", lambda ctx: None).edge("a", "b").edge("b", "a").start("a").end("z")
    return g.build()


def begin(where: str, kind: str, runs: int) -> list[Debugger]:
    """Go on with the runs of a store, or start them."""
    store, shape = store_at(where), graph(kind)
    known = {info.name for info in store.runs() if info.frames}
    return [
        Debugger.open(store, name, graph=shape)
        if name in known
        else Debugger(shape, {"log": [], "count": 0}, store=store, name=name)
        for name in map(str, range(runs))
    ]


def onward(dbg: Debugger, moves: int = 1) -> Any:
    """Make steps, or decide what waits; return where the last one stopped."""
    stop = None
    for _ in range(moves):
        stop = dbg.approve(dbg.pending[0].id) if dbg.pending else dbg.step()
    return stop


def move(dbg: Debugger) -> str:
    """Make a step, or decide what waits; return what is reported, empty where nothing is."""
    stop = onward(dbg)
    assert stop.reason.name in ("STEP", "BARRIER"), stop
    if stop.reason.name != "STEP":
        return ""
    return f"{dbg.name}|{dbg.line}|{dbg.head}|{len(dbg.state['log'])}\n"


def change(dbg: Debugger, seen: int) -> str:
    """Rewind, fork and note now and then; return what is reported."""
    if seen % 40 == 0:
        dbg.note(dbg.head, f"note {dbg.head}")
        dbg.back(3)
    if seen % 90:
        return ""
    fork = dbg.fork(at=1, put={"forked": seen})
    fork.break_on_error()
    fork.break_at("z", when=work)
    fork.rewind(1)
    return f"{dbg.name}|@{fork.line}|{fork.head}|{len(fork.breakpoints)}\n"


def main(where: str, kind: str, runs: int) -> None:
    """Step for ever, one run after the other."""
    out = sys.stdout.fileno()
    all_runs = begin(where, kind, runs)
    os.write(out, b"ready\n")
    for seen in count(1):
        for dbg in all_runs:
            for report in (move(dbg), change(dbg, seen)):
                if report:
                    os.write(out, report.encode())
        if seen % 25 == 0:
            time.sleep(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
