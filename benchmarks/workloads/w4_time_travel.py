"""W4: after W1, list the history, take any frame, read it, go back to it, fork from it."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.subjects import PEERS, SUBJECTS
from benchmarks.timing import calls, each, median
from benchmarks.workloads.w1_chain import chain

KEY = "W4"
TITLE = "W4 time travel: after W1; list the history, any frame, one key of its state, rewind, fork"
HOW = (
    "random frames, the same for all; list: median of 5; frame and key: median of batches of 100;"
    " *its state*: a frame handed out with its state; *a key of each*: up to 10,000 frames;"
    " rewind, fork and one step: median of single calls, timed one by one"
)
COLUMNS = (
    Column("list", "list", "us"),
    Column("fetch", "frame", "us"),
    Column("state", "its state", "us"),
    Column("key", "one key", "us"),
    Column("keys", "list, a key of each", "us"),
    Column("rewind", "rewind", "us"),
    Column("fork", "fork + step", "us"),
)
HOWS = ("lellm_nb session", "lellm_nb Debugger")


def figures(short: bool) -> list[Figure]:
    """Three lengths; the peers stop at ten thousand frames."""
    sizes = (1000, 10_000) if short else (1000, 10_000, 1_000_000)
    made = []
    for size in sizes:
        names: tuple[str, ...] = HOWS
        if size == 1000 or (size == 10_000 and not short):
            names = (*HOWS, *PEERS)
        made += [Figure(KEY, name, f"{size:,} frames", {"frames": size}) for name in names]
    return made


def measure(subject: str, frames: int) -> dict[str, float]:
    """Run W1, then travel in it."""
    chosen = SUBJECTS[subject]
    history = chosen.load().travel(chain(frames), **chosen.options)
    pick = random.Random(4)
    quick = subject in HOWS
    chosen_frames = [pick.randrange(1, history.frames) for _ in range(3000 if quick else 200)]
    few = chosen_frames[: 300 if quick else 50]
    found: dict[str, Any] = {}
    listed = []
    for _ in range(5 if frames < 1_000_000 or quick else 1):
        gc.collect()
        begun = time.perf_counter()
        everything = history.list_all()
        listed.append((time.perf_counter() - begun) * 1e6)
        del everything
    found["list"] = median(listed)
    found["fetch"] = each(history.fetch, chosen_frames, 100 if quick else 1)
    found["key"] = each(history.read_key, chosen_frames, 100 if quick else 1)
    if quick:
        found["state"] = each(lambda at: history.fetch(at).state, chosen_frames, 100)
        if frames <= 10_000:
            found["keys"] = calls(lambda: [f.state["a"] for f in history.list_all()], 5)
    if history.rewind is not None:
        found["rewind"] = each(history.rewind, few)
        history.rewind(history.frames - 1)
    found["fork"] = asyncio.run(_forks(history, few))
    return found


async def _forks(history: Any, indexes: list[int]) -> float:
    await history.fork_and_step(indexes[0])
    gc.collect()
    took = []
    for index in indexes:
        begun = time.perf_counter()
        await history.fork_and_step(index)
        took.append((time.perf_counter() - begun) * 1e6)
    return median(took)
