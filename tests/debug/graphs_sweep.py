"""What sweeps run, at the top of a module, so that another process can find it."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from lellm_nb import Debugger, GraphBuilder


def square(ctx):
    print("squaring", ctx.state["n"])
    return {"square": ctx.state["n"] ** 2}


async def root(ctx):
    return {"root": math.sqrt(ctx.state["square"] - 9)}


def is_big(state):
    return state["square"] > 50


def numbers(**call):
    """square, then root, which fails below 9; what is big skips it."""
    g = GraphBuilder("numbers")
    g.task(square, **call)
    g.node("root", root).node("end", skip)
    g.edge_if("square", "end", is_big).edge("square", "root").edge("root", "end")
    dbg = Debugger(g.start("square").end("end").build(), {"n": 4, "name": "x"})
    dbg.run()
    return dbg


def skip(ctx):
    return None


def places(kind):
    """Where variants run: here, in threads, in processes."""
    if kind == "here":
        return None
    if kind == "threads":
        return ThreadPoolExecutor(2)
    return ProcessPoolExecutor(2)


def swept(dbg, *arguments, place="here", **options):
    executor = places(place)
    try:
        return dbg.sweep(*arguments, executor=executor, progress=False, **options)
    finally:
        if executor is not None:
            executor.shutdown()
