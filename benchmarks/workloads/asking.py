"""Questions to a long history: who wrote a key, its changes, back to a watch, two runs compared."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Chain, Node
from benchmarks.subjects import SUBJECTS
from benchmarks.timing import calls
from benchmarks.workloads.w1_chain import STATE, chain

KEY = "asking"
TITLE = "Asking: after W1, who wrote a key, its changes, back to a watch; two runs compared"
HOW = (
    "median of the calls in a process, timed one by one after a full collection; the watch is on a"
    " key that only the tenth step writes, and its line is gone back from the end; the two runs"
    " differ in one key of every frame, and the comparison is also printed"
)
COLUMNS = (
    Column("who", "who", "us"),
    Column("history", "history", "us"),
    Column("back", "back to a watch", "us"),
    Column("compare", "compare", "us"),
)
DEBUGGER = "lellm_nb Debugger"


def figures(short: bool) -> list[Figure]:
    """One Debugger on a long line, and one with two lines."""
    runs = 3 if short else 9
    return [
        Figure(KEY, DEBUGGER, "100,000 frames", {"frames": 100_000, "runs": runs}),
        Figure(KEY, DEBUGGER, "two runs of 10,000 frames", {"both": 10_000, "runs": runs}),
    ]


def measure(subject: str, runs: int, frames: int = 0, both: int = 0) -> dict[str, float]:
    """Run, then ask."""
    chosen = SUBJECTS[subject]
    module = chosen.load()
    work = _marked(frames) if frames else chain(both, reading=True)
    run = module.prepare(work, **chosen.options)
    asyncio.run(_go(run))
    dbg: Any = run.keep
    if both:
        other = dbg.fork(0, put={"d": "another text"})
        other.run()
        return {"compare": calls(lambda: repr(dbg.compare(other)), runs)}
    end = len(dbg.frames) - 1
    found = {
        "who": calls(lambda: dbg.who("a"), runs),
        "history": calls(lambda: dbg.history("a"), runs),
    }
    dbg.watch("mark")
    found["back"] = calls(dbg.run_back, runs, lambda: dbg.rewind(end))
    assert dbg.head < 20, "the watch was not hit"
    return found


def _marked(frames: int) -> Chain:
    """W1, of which the tenth step writes a key of its own."""
    usual = chain(frames)
    tick = itertools.count()

    async def write(_: Any) -> dict[str, Any]:
        n = next(tick)
        return {"a": n, "mark": n} if n == 3 else {"a": n}

    return Chain((Node("a", write, write), *usual.nodes[1:]), {**STATE, "mark": 0}, frames)


async def _go(run: Any) -> None:
    await run.go()
