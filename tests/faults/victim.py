"""A child that runs graphs into a store until it is killed, and says what was committed.

    python -m tests.faults.victim FILE GRAPH

It goes on with the file's run if there is one, else starts one. Each line it prints is a
line and an index of a frame that was reported as committed; or, with an @ before it, a
fork's line, where its head was moved to, and how many stops it has.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from lellm_nb import Debugger, Graph, GraphBuilder, Reducer


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


def main(file: Path, kind: str) -> None:
    """Step for ever, deciding what waits, with a rewind, a fork and a note now and then."""
    out = sys.stdout.fileno()
    shape = graph(kind)
    if file.exists() and Debugger.open(file).frames:
        dbg = Debugger.open(file, graph=shape)
    else:
        dbg = Debugger(shape, {"log": [], "count": 0}, store=file)
    os.write(out, b"ready\n")
    seen = 0
    while True:
        stop = dbg.approve(dbg.pending[0].id) if dbg.pending else dbg.step()
        assert stop.reason.name in ("STEP", "BARRIER"), stop
        if stop.reason.name == "STEP":
            os.write(out, f"{dbg.line}|{dbg.head}|{len(dbg.state['log'])}\n".encode())
        seen += 1
        if seen % 40 == 0:
            dbg.note(dbg.head, f"note {dbg.head}")
            dbg.back(3)
        if seen % 90 == 0:
            fork = dbg.fork(at=1, put={"forked": seen})
            fork.break_on_error()
            fork.break_at("z", when=work)
            fork.rewind(1)
            os.write(out, f"@{fork.line}|{fork.head}|{len(fork.breakpoints)}\n".encode())
        if seen % 25 == 0:
            time.sleep(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
