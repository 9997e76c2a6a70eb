"""W1: a cycle of three nodes over five small keys, one changed per step; every frame kept."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Chain, Node
from benchmarks.subjects import PEERS, SUBJECTS
from benchmarks.timing import bytes_per_frame, repeated

KEY = "W1"
TITLE = "W1 chain: 3-node cycle, 5 small keys, one changed per step, 1,000 steps, every frame kept"
HOW = (
    "median of the repetitions inside a process, each between two looks at the bare loop;"
    " bytes by tracemalloc over one more run"
)
COLUMNS = (
    Column("us", "us/step", "us"),
    Column("x", "x bare", "x"),
    Column("bytes", "B/frame", "bytes"),
)


def chain(steps: int, reading: bool = False, asking: bool = False) -> Chain:
    """Return the workload.

    Args:
        reading: Whether nodes look at what they change.
        asking: Whether the edge that closes the cycle has a condition.
    """
    done = (lambda state: state["a"] < 0) if asking else None
    return Chain(tuple(_node(key, reading) for key in "abc"), STATE, steps, done=done)


STATE = {"a": 0, "b": 0, "c": 0, "d": "text", "e": 1.5}


def _node(key: str, reading: bool) -> Node:
    if reading:

        async def read(state: Any) -> dict[str, Any]:
            return {key: state[key] + 1}

        async def read_ctx(ctx: Any) -> dict[str, Any]:
            return {key: ctx.state[key] + 1}

        return Node(key, read, read_ctx)
    tick = itertools.count(1000)

    async def write(_: Any) -> dict[str, Any]:
        return {key: next(tick)}

    return Node(key, write, write)


def figures(short: bool) -> list[Figure]:
    """Everything that can run a chain."""
    own = ["lellm_nb session", "lellm_nb Debugger", "lellm_nb Debugger, stops set"]
    own.append("lellm_nb Debugger, ten stops")
    plan = ["bare loop", "bare loop, deep copies kept", "lellm_nb engine alone", *own]
    runs = 9 if short else 41
    made = [Figure(KEY, name, "", {"runs": runs}) for name in plan]
    made += [
        Figure(KEY, name, "node reads its state", {"runs": runs, "reading": True})
        for name in own[:2]
    ]
    asks = {"runs": runs, "reading": True, "asking": True}
    made += [Figure(KEY, name, "node reads, an edge asks", asks) for name in own[:2]]
    return made + [Figure(KEY, name, "", {"runs": 5}) for name in PEERS]


def measure(
    subject: str, runs: int, steps: int = 1000, reading: bool = False, asking: bool = False
) -> dict[str, float]:
    """Time it, then weigh it."""
    chosen = SUBJECTS[subject]
    module = chosen.load()
    work = chain(steps, reading, asking)

    async def both() -> dict[str, float]:
        found = await repeated(lambda: module.prepare(work, **chosen.options), steps, runs)
        return found | await bytes_per_frame(lambda: module.prepare(work, **chosen.options))

    return asyncio.run(both())
