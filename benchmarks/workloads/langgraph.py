"""LangGraph's graphs debugged as they are, beside plain LangGraph in the same process."""

from __future__ import annotations

import asyncio
import gc
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.timing import calls, median

KEY = "LangGraph"
TITLE = "LangGraph graphs: run by a Debugger, beside plain LangGraph with InMemorySaver"
HOW = (
    "ours and plain `ainvoke` in turn in one process, x is the median of their ratios; what has to"
    " be made of a graph and its input first is timed with a run; history: a list of every frame's"
    " state against `get_state_history`; rewind: to random frames, and one step from there, against"
    " `update_state` and one super-step; the panel: of a graph that never ran, its Debugger"
    " included; bytes by tracemalloc, the values of one key that changes included"
)
COLUMNS = (
    Column("us", "ours", "us"),
    Column("plain", "plain", "us"),
    Column("x", "x plain", "x"),
    Column("bare", "x without a saver", "x"),
    Column("bytes", "B/frame", "bytes"),
    Column("saved", "B/checkpoint, plain", "bytes"),
)
SUBJECT = "Debugger on LangGraph"
NEVER = 10**6

Made = tuple[Any, dict[str, Any]]


def figures(short: bool) -> list[Figure]:
    """Every case, each in a process of its own."""
    steps, runs = (120, 3) if short else (999, 7)  # a Debugger stops after 1,000 by itself
    chains = {"steps": steps, "runs": runs}
    cases = {
        "run, async nodes, a step": {"case": "run", "awaited": True, **chains},
        "run, sync nodes, a step": {"case": "run", "awaited": False, **chains},
        "step by step, async nodes": {"case": "step", "awaited": True, **chains},
        "step by step, sync nodes": {"case": "step", "awaited": False, **chains},
        "messages, a step": {"case": "messages", "steps": 40 if short else 400, "runs": runs},
        "memory": {"case": "memory", "steps": steps},
        "history, listed": {"case": "history", **chains},
        "rewind and one step": {"case": "rewind", **chains},
        "panel opened": {"case": "panel", "runs": runs},
        "subgraph, a step": {"case": "subgraph", "steps": steps // 4, "runs": runs},
        "100 Sends, the run": {"case": "sends", "steps": 100, "runs": runs},
        "create_agent, a call of a tool": {
            "case": "agent",
            "steps": 5 if short else 20,
            "runs": runs,
        },
    }
    return [Figure(KEY, SUBJECT, case, options) for case, options in cases.items()]


def measure(subject: str, case: str, **options: Any) -> dict[str, float]:
    """Measure one case."""
    measured: dict[str, float] = CASES[case](**options)
    return measured


# -- runs, in turn -------------------------------------------------------------


def config_of(steps: int) -> dict[str, Any]:
    """Return a config under which so many steps may be made."""
    return {"configurable": {"thread_id": "1"}, "recursion_limit": steps + 10}


def plain(made: Made, steps: int, *, saver: bool = True) -> Callable[[], Any]:
    """Return what runs a graph by LangGraph alone."""
    from langgraph.checkpoint.memory import InMemorySaver

    app, given = made
    if saver:
        app = app.copy(update={"checkpointer": InMemorySaver()})

    def run() -> Any:
        asyncio.run(app.ainvoke(given, config_of(steps)))
        return app

    return run


def ours(made: Made, steps: int) -> Callable[[], Any]:
    """Return what runs a graph by a Debugger."""
    from lellm_nb import Debugger

    app, given = made

    def run() -> Any:
        dbg = Debugger(app, given, config={"recursion_limit": steps + 10})
        dbg.run()
        assert dbg.frames[-1].position.node is None, "it did not come to its end"
        return dbg

    return run


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes; the collector starts from nothing."""
    gc.collect()
    begun = time.perf_counter()
    held = call()
    took = time.perf_counter() - begun
    del held
    return took


def in_turn(make: Callable[[], Made], steps: int, runs: int, count: int = 0) -> dict[str, float]:
    """Time runs of both in turn, after a small one of each.

    Args:
        count: By how many the times are divided, if not by the steps.
    """
    ours(make(), steps)()
    plain(make(), steps)()
    count = count or steps
    mine, theirs, ratios, bare = [], [], [], []
    for _ in range(runs):
        before = seconds(plain(make(), steps))
        took = seconds(ours(make(), steps))
        after = seconds(plain(make(), steps))
        alone = seconds(plain(make(), steps, saver=False))
        mine.append(took / count * 1e6)
        theirs.append((before + after) / 2 / count * 1e6)
        ratios.append(mine[-1] / theirs[-1])
        bare.append(took / alone)
    return {"us": median(mine), "plain": median(theirs), "x": median(ratios), "bare": median(bare)}


def run(steps: int, runs: int, awaited: bool) -> dict[str, float]:
    """W1 by `run`."""
    from benchmarks.subjects.langgraph_graphs import cycle

    return in_turn(lambda: cycle(steps, awaited=awaited), steps, runs)


def messages(steps: int, runs: int) -> dict[str, float]:
    """A conversation that grows."""
    from benchmarks.subjects.langgraph_graphs import talk

    return in_turn(lambda: talk(steps), steps, runs)


def subgraph(steps: int, runs: int) -> dict[str, float]:
    """A loop around a subgraph."""
    from benchmarks.subjects.langgraph_graphs import nested

    return in_turn(lambda: nested(steps), steps, runs)


def sends(steps: int, runs: int) -> dict[str, float]:
    """Tasks side by side."""
    from benchmarks.subjects.langgraph_graphs import fan

    return in_turn(lambda: fan(steps), steps, runs, 1)


def agent(steps: int, runs: int) -> dict[str, float]:
    """An agent that calls a tool."""
    from benchmarks.subjects.langgraph_graphs import agent

    return in_turn(lambda: agent(steps), 2 * steps, runs, steps)


# -- the rest ------------------------------------------------------------------


def step(steps: int, runs: int, awaited: bool) -> dict[str, float]:
    """W1 by `step`, beside a run of plain LangGraph."""
    from benchmarks.subjects.langgraph_graphs import cycle
    from lellm_nb import Debugger

    mine, theirs, ratios = [], [], []
    for _ in range(runs):
        app, given = cycle(steps, awaited=awaited)
        dbg = Debugger(app, given, config={"recursion_limit": steps + 10})
        dbg.step()
        gc.collect()
        took = []
        for _ in range(min(steps - 3, 300)):
            begun = time.perf_counter()
            dbg.step()
            took.append((time.perf_counter() - begun) * 1e6)
        mine.append(median(took))
        theirs.append(seconds(plain(cycle(steps, awaited=awaited), steps)) / steps * 1e6)
        ratios.append(mine[-1] / theirs[-1])
    return {"us": median(mine), "plain": median(theirs), "x": median(ratios)}


def memory(steps: int) -> dict[str, float]:
    """What a frame takes, and a checkpoint."""
    from benchmarks.subjects.langgraph_graphs import cycle

    found = []
    for way in (ours, plain):
        way(cycle(steps, awaited=True), steps)()
        go = way(cycle(steps, awaited=True), steps)
        gc.collect()
        tracemalloc.start()
        held = go()
        gc.collect()
        found.append(tracemalloc.get_traced_memory()[0] / steps)
        tracemalloc.stop()
        del held
    return {"bytes": found[0], "saved": found[1]}


def history(steps: int, runs: int) -> dict[str, float]:
    """Every frame of a finished run, with its state."""
    from benchmarks.subjects.langgraph_graphs import cycle

    dbg, app = ours(cycle(steps, awaited=True), steps)(), plain(cycle(steps, awaited=True), steps)()
    where = config_of(steps)
    mine = calls(lambda: [frame.state for frame in dbg.frames], runs)
    theirs = calls(lambda: list(app.get_state_history(where)), runs)
    return {"us": mine, "plain": theirs, "x": mine / theirs}


def rewind(steps: int, runs: int) -> dict[str, float]:
    """Back to any frame, and one step from there."""
    from benchmarks.subjects.langgraph_graphs import cycle

    dbg, app = ours(cycle(steps, awaited=True), steps)(), plain(cycle(steps, awaited=True), steps)()
    saved = [state.config for state in app.get_state_history(config_of(steps))][::-1]
    frames = list(dbg.frames)
    pick = random.Random(4)
    mine, theirs = [], []
    for index in [pick.randrange(1, steps - 1) for _ in range(10 * runs)]:
        begun = time.perf_counter()
        dbg.rewind(frames[index])
        dbg.step()
        mine.append((time.perf_counter() - begun) * 1e6)
        begun = time.perf_counter()
        asyncio.run(_one_step(app, saved[index]))
        theirs.append((time.perf_counter() - begun) * 1e6)
    return {"us": median(mine), "plain": median(theirs), "x": median(mine) / median(theirs)}


async def _one_step(app: Any, saved: Any) -> None:
    config = await app.aupdate_state(saved, {"d": "forked"})
    async for _ in app.astream(None, config):
        return


def panel(runs: int) -> dict[str, float]:
    """A graph that never ran, in a panel."""
    from benchmarks.subjects.langgraph_graphs import cycle
    from lellm_nb import Debugger
    from lellm_nb.notebook.model.updates import Updates

    def opened() -> float:
        app, given = cycle(NEVER, awaited=True)
        return seconds(lambda: Updates(Debugger(app, given)).snapshot()) * 1e6

    opened()  # modules are loaded once
    return {"us": median(opened() for _ in range(3 * runs))}


CASES: dict[str, Callable[..., dict[str, float]]] = {
    "run": run,
    "step": step,
    "messages": messages,
    "memory": memory,
    "history": history,
    "rewind": rewind,
    "panel": panel,
    "subgraph": subgraph,
    "sends": sends,
    "agent": agent,
}
