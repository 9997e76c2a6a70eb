"""W5: branches that each give way once, merged by a reducer."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Column, Figure
from benchmarks.subjects import PEERS, SUBJECTS, bare
from benchmarks.timing import bytes_per_frame, repeated

KEY = "W5"
TITLE = "W5 fan-out: branches of `await asyncio.sleep(0)` merged by a reducer, every frame kept"
HOW = (
    "one parallel region per run; frames are one per branch and one for the join. pydantic-graph"
    " 1.x has no branches: its one node gathers, and two frames are kept"
)
COLUMNS = (
    Column("us", "us/branch", "us"),
    Column("x", "x bare gather", "x"),
    Column("bytes", "B/frame", "bytes"),
    Column("growth", "x a branch of 100", "x"),
)


def figures(short: bool) -> list[Figure]:
    """A hundred branches, and a thousand."""
    own = ["lellm_nb engine alone", "lellm_nb session", "lellm_nb Debugger"]
    made = []
    for branches in (100, 1000):
        for name in ["bare loop", *own, *PEERS]:
            runs = 3 if name in PEERS else (5 if short else 25) // (1 if branches == 100 else 4)
            options = {"branches": branches, "runs": runs}
            made.append(Figure(KEY, name, f"{branches:,} branches", options))
    return made


def measure(subject: str, branches: int, runs: int) -> dict[str, float]:
    """Time it, against 100 branches in the same process where there are more."""
    chosen = SUBJECTS[subject]
    module = chosen.load()

    async def time_them(count: int) -> dict[str, float]:
        return await repeated(
            lambda: module.fan(count, **chosen.options), count, runs, bare=lambda: bare.fan(count)
        )

    async def both() -> dict[str, float]:
        found = await time_them(branches)
        if branches != 100:
            found["growth"] = found["us"] / (await time_them(100))["us"]
        return found | await bytes_per_frame(lambda: module.fan(branches, **chosen.options))

    return asyncio.run(both())
