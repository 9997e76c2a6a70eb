"""W2: a large conversation in the state, one small key changed per step; every frame kept."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Chain, Node
from benchmarks.subjects import PEERS, SUBJECTS
from benchmarks.timing import bytes_per_frame, median, timed, unit
from benchmarks.workloads.w1_chain import chain as w1

KEY = "W2"
TITLE = (
    "W2 big state: 1,000 or 10,000 messages of 1 kB and a dict, one small key changes, 200 steps"
)
HOW = (
    "beside it W1 with as many steps, in turn in the same process; bytes by tracemalloc over"
    " one more run of each. The first state is frozen before the clock starts"
)
COLUMNS = (
    Column("us", "us/step", "us"),
    Column("x", "x bare", "x"),
    Column("of_w1", "x W1", "x"),
    Column("bytes", "B/frame", "bytes"),
    Column("bytes_of_w1", "x bytes of W1", "x"),
)
HOWS = ("lellm_nb session", "lellm_nb Debugger")


def chain(messages: int, steps: int) -> Chain:
    """Return the workload."""
    tick = itertools.count(1000)
    big = [
        {"role": "user", "content": f"{i:06d}" + "x" * 950, "id": i, "tags": ["a", "b"]}
        for i in range(messages)
    ]
    facts = {f"key {i}": {"value": i, "text": "y" * 50} for i in range(messages // 10)}

    async def write(_: Any) -> dict[str, Any]:
        return {"n": next(tick)}

    state = {"messages": big, "facts": facts, "n": 0, "m": 0, "text": "z"}
    return Chain(tuple(Node(name, write, write) for name in "abc"), state, steps)


def figures(short: bool) -> list[Figure]:
    """1 MB and 10 MB; where a step copies it all, fewer steps tell the same."""
    made = []
    for messages, label in ((1000, "1 MB"), (10_000, "10 MB")):
        names = ["bare loop", "bare loop, deep copies kept", *HOWS, *PEERS]
        if short and messages > 1000:
            names = list(HOWS)
        for name in names:
            copies = name in ("pydantic-graph", "bare loop, deep copies kept")
            steps = 20 if copies else 200
            runs = 2 if copies else 9 if short else 31
            case = f"{label}, {steps} steps" if copies else label
            options = {"messages": messages, "steps": steps, "runs": runs}
            made.append(Figure(KEY, name, case, options))
    return made


def measure(subject: str, messages: int, steps: int, runs: int) -> dict[str, float]:
    """Time W1 and this in turn, then weigh both."""
    chosen = SUBJECTS[subject]
    module = chosen.load()
    work, small = chain(messages, steps), w1(steps)

    async def compare() -> dict[str, float]:
        us, x, of_w1 = [], [], []
        for i in range(runs + 1):
            bare = await unit()
            base = await timed(module.prepare(small, **chosen.options))
            took = await timed(module.prepare(work, **chosen.options))
            if i:  # the first one warms up
                us.append(took / steps * 1e6)
                x.append(us[-1] / bare)
                of_w1.append(took / base)
        found = await bytes_per_frame(lambda: module.prepare(work, **chosen.options))
        base_bytes = await bytes_per_frame(lambda: module.prepare(small, **chosen.options))
        made = {"us": median(us), "x": median(x), "of_w1": median(of_w1)}
        if found and base_bytes:
            made["bytes"] = found["bytes"]
            made["bytes_of_w1"] = found["bytes"] / base_bytes["bytes"]
        return made

    return asyncio.run(compare())
