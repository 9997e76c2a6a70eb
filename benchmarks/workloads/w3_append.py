"""W3: a conversation that grows by one message a step; every frame kept."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Chain, Node
from benchmarks.subjects import PEERS, SUBJECTS
from benchmarks.timing import bytes_per_frame, median, repeated

KEY = "W3"
AGENT = "as an agent writes it"
TITLE = "W3 append: each step appends one message of about 500 bytes, 2,000 steps, every frame kept"
HOW = (
    "growth: the time of the last tenth over the first tenth, the clock read by the node"
    " itself in runs of their own; bytes by tracemalloc; as an agent writes it: a counter is put"
    " beside the message, and a conditional edge reads it; *x a step of 2,000* in one process"
)
COLUMNS = (
    Column("us", "us/step", "us"),
    Column("x", "x bare", "x"),
    Column("growth", "growth", "x"),
    Column("bytes", "B/frame", "bytes"),
    Column("total", "in all", "bytes"),
    Column("longer", "x a step of 2,000", "x"),
)
STEPS = 2000


def chain(steps: int, clock: list[float] | None = None, agent: bool = False) -> Chain:
    """Return the workload; with a list for the clock, every step notes its time there.

    Args:
        agent: Whether it is written as an agent is: the node also puts a counter, and the edge
            back to it asks for that.
    """
    tick = itertools.count()

    async def write(_: Any) -> dict[str, Any]:
        if clock is not None:
            clock.append(time.perf_counter())
        i = next(tick)
        update: dict[str, Any] = {"messages": [{"role": "user", "content": f"{i:06d}" + "x" * 450}]}
        return update if not agent else {**update, "n": i}

    return Chain(
        (Node("a", write, write),),
        {"messages": [], "topic": "otters", "n": 0},
        steps,
        append=frozenset({"messages"}),
        done=(lambda state: state["n"] < 0) if agent else None,
    )


def figures(short: bool) -> list[Figure]:
    """Everything that can append."""
    own = ["lellm_nb session", "lellm_nb Debugger"]
    made = [Figure(KEY, name, "", {"runs": 5 if short else 21}) for name in ["bare loop", *own]]
    for name in own:
        made.append(Figure(KEY, name, AGENT, {"runs": 5 if short else 21, "agent": True}))
    many = 10_000 if short else 100_000
    longer = {"runs": 1 if short else 3, "agent": True, "many": many}
    made += [Figure(KEY, name, f"{AGENT}, {many:,} steps", longer) for name in own]
    slow = ["bare loop, deep copies kept", *PEERS]
    steps = 500 if short else STEPS
    case = f"{steps} steps" if short else ""
    return made + [Figure(KEY, name, case, {"runs": 1, "steps": steps}) for name in slow]


def measure(
    subject: str, runs: int, steps: int = STEPS, agent: bool = False, many: int = 0
) -> dict[str, float]:
    """Time it, see whether it grows, weigh it; or time many more steps beside as many as usual."""
    chosen = SUBJECTS[subject]
    module = chosen.load()

    def prepare(work: Chain) -> Any:
        return module.prepare(work, **chosen.options)

    async def growth() -> float:
        clock: list[float] = []
        run = prepare(chain(steps, clock, agent))
        gc.collect()
        await run.go()
        clock.append(time.perf_counter())
        tenth = steps // 10
        return (clock[-1] - clock[-1 - tenth]) / (clock[tenth] - clock[0])

    async def all_three() -> dict[str, float]:
        await prepare(chain(20, agent=agent)).go()
        found = await repeated(lambda: prepare(chain(steps, agent=agent)), steps, runs, warm=False)
        grew = [await growth() for _ in range(runs)]
        found["growth"] = median(grew)
        return found | await bytes_per_frame(lambda: prepare(chain(steps, agent=agent)))

    async def far() -> dict[str, float]:
        usual = [
            await repeated(lambda: prepare(chain(steps, agent=agent)), steps, 5)
            for _ in range(runs)
        ]
        found = await repeated(lambda: prepare(chain(many, agent=agent)), many, runs, warm=False)
        return {**found, "longer": found["us"] / median([each["us"] for each in usual])}

    return asyncio.run(far() if many else all_three())
