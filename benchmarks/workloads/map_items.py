"""map: a function for each item of a list that is known at run time."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Column, Figure
from benchmarks.subjects import SUBJECTS, bare
from benchmarks.timing import bytes_per_frame, repeated

KEY = "map"
TITLE = "map: a function for each of 10,000 items, collected in their order, every frame kept"
HOW = (
    "one map per run, as long as its list; frames are one per item and one for the join. Coroutines"
    " run in the loop, plain functions in threads, side by side. The bare loop is `[fn(item) for"
    " item in items]`, in the same process"
)
COLUMNS = (
    Column("us", "us/item", "us"),
    Column("x", "x bare loop", "x"),
    Column("bytes", "B/frame", "bytes"),
    Column("growth", "x an item of 1,000", "x"),
)
FEW = 1000


def figures(short: bool) -> list[Figure]:
    """Ten thousand items, of a coroutine and of a function; the short form has a thousand."""
    items = FEW if short else 10_000
    options = {"items": items, "runs": 5 if short else 9}
    threads = {**options, "threads": True}
    own = ("lellm_nb session", "lellm_nb Debugger")
    return [
        *(Figure(KEY, name, f"{items:,} items", options) for name in ("bare loop", *own)),
        *(Figure(KEY, name, f"{items:,} items in threads", threads) for name in own),
    ]


def measure(subject: str, items: int, runs: int, threads: bool = False) -> dict[str, float]:
    """Time it, against 1,000 items in the same process where there are more."""
    chosen = SUBJECTS[subject]
    module, options = chosen.load(), dict(chosen.options)
    if threads:
        options["threads"] = True

    async def time_them(count: int) -> dict[str, float]:
        return await repeated(
            lambda: module.mapped(count, **options),
            count,
            runs,
            bare=lambda: bare.mapped(count),
        )

    async def both() -> dict[str, float]:
        found = await time_them(items)
        if items != FEW:
            found["growth"] = found["us"] / (await time_them(FEW))["us"]
        return found | await bytes_per_frame(lambda: module.mapped(items, **options))

    return asyncio.run(both())
