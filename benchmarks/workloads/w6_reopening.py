"""W6, later: a run that was left on disk is opened, and any frame of it looked at."""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Kept
from benchmarks.subjects import KEEPERS, SUBJECTS
from benchmarks.timing import median
from benchmarks.workloads.w1_chain import chain

KEY = "W6 reopening"
TITLE = "W6 reopening: a run of W1 left on disk; its head on show, then random frames"
HOW = (
    "the process that wrote the run opens it again, so the files are in memory and the modules"
    " loaded; opening: median of 5, up to the state at the head, and up to what the panel sends"
    " first; a frame: median, and the slowest of a hundred"
)
COLUMNS = (
    Column("open", "open, its state", "us"),
    Column("shown", "in the panel", "us"),
    Column("fetch", "any frame", "us"),
    Column("slow", "slowest 1 %", "us"),
)
OURS = "lellm_nb Debugger"


def figures(short: bool) -> list[Figure]:
    """Ours as long as it is to be; the peers at 1,000 frames, beside ours."""
    sizes = (1000, 10_000) if short else (1000, 100_000)
    made = []
    for size in sizes:
        for name in (OURS, *KEEPERS) if size == 1000 else (OURS,):
            made.append(Figure(KEY, name, f"{size:,} frames", {"frames": size}))
    return made


def measure(subject: str, frames: int) -> dict[str, float]:
    """Write a run, open it a few times, fetch frames in no order."""
    module = SUBJECTS[subject].load()
    options = {} if subject == "Burr tracker" else {"synchronous": "NORMAL"}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        asyncio.run(_written(module.keep(chain(frames), Path(folder), **options)))
        left = module.reopen(chain(frames), Path(folder))
        shown = [_timed(left.show) for _ in range(5)] if left.show is not None else []
        opened = [_timed(left.open) for _ in range(5)]
        pick = random.Random(6)
        fetched = [
            _timed(left.fetch, pick.randrange(1, left.frames))
            for _ in range(1000 if subject == OURS else 100)
        ]
    slow = statistics.quantiles(fetched, n=100)[-1]
    found = {"open": median(opened), "fetch": median(fetched), "slow": slow}
    return {**found, "shown": median(shown)} if shown else found


async def _written(run: Kept) -> None:
    await run.go()
    run.close()


def _timed(call: Callable[..., Any], *given: int) -> float:
    if not given:
        gc.collect()
    begun = time.perf_counter()
    call(*given)
    return (time.perf_counter() - begun) * 1e6
