"""One clock for every workload: ratios to a bare loop, medians, bytes.

Everything here runs in the process of one figure; `python -m benchmarks` starts many.
"""

from __future__ import annotations

import gc
import itertools
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.shapes import Prepared

__all__ = ["bytes_per_frame", "calls", "collector", "each", "median", "repeated", "rss", "unit"]

median = statistics.median


async def unit(steps: int = 10_000) -> float:
    """Return the microseconds of one step of the bare loop, here and now.

    One small value changes per step, as in W1; nothing is kept.
    """
    state = {"a": 0, "b": 0, "c": 0, "d": "text", "e": 1.5}
    tick = itertools.count()

    async def node(_: Any) -> dict[str, Any]:
        return {"a": next(tick)}

    begun = time.perf_counter()
    for _ in range(steps):
        state.update(await node(state))
    return (time.perf_counter() - begun) / steps * 1e6


async def timed(run: Prepared) -> float:
    """Return the seconds that a prepared run takes; the collector starts from nothing."""
    gc.collect()
    begun = time.perf_counter()
    await run.go()
    return time.perf_counter() - begun


async def repeated(
    prepare: Callable[[], Prepared],
    steps: int,
    repetitions: int,
    *,
    bare: Callable[[], Prepared] | None = None,
    warm: bool = True,
) -> dict[str, float]:
    """Time a run again and again, each between two looks at the bare loop.

    Args:
        bare: The same work done without a library; by default a step of the bare loop.
        warm: Whether a first run, which imports and compiles, is thrown away.

    Returns:
        Medians: ``us`` a step, ``x`` the ratio to the bare loop, ``bare`` the loop itself.
    """

    held: list[Prepared] = []  # let go with the next one, as the run itself is

    async def look() -> float:
        if bare is None:
            return await unit()
        held[:] = [bare()]
        return await timed(held[0]) / steps * 1e6

    if warm:
        await prepare().go()
    us, x, looks = [], [], []
    for _ in range(repetitions):
        before = await look()
        run = prepare()
        seconds = await timed(run)
        here = (before + await look()) / 2
        took = seconds / steps * 1e6
        us.append(took)
        x.append(took / here)
        looks.append(here)
    return {"us": median(us), "x": median(x), "bare": median(looks)}


async def bytes_per_frame(prepare: Callable[[], Prepared], frames: int = 0) -> dict[str, float]:
    """Return what one run leaves allocated, by tracemalloc: ``bytes`` a frame, ``total``.

    Args:
        frames: How many frames it makes, where the run itself does not tell.
    """
    run = prepare()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    await run.go()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    frames = frames or run.frames()
    return {"bytes": (after - before) / frames, "total": float(after - before)} if frames else {}


def rss() -> int:
    """Return the bytes of memory that this process has in use now."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:  # no /proc: the highest so far has to do
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def each(call: Callable[[int], Any], indexes: Sequence[int], batch: int = 1) -> float:
    """Return the median microseconds of `call(index)`; batches of short calls share a look."""
    gc.collect()
    took = []
    clock = time.perf_counter
    for at in range(0, len(indexes), batch):
        chosen = indexes[at : at + batch]
        begun = clock()
        for index in chosen:
            call(index)
        took.append((clock() - begun) / len(chosen) * 1e6)
    return median(took)


def calls(call: Callable[[], Any], runs: int, before: Callable[[], Any] | None = None) -> float:
    """Return the median time of a call in us, after a full collection each.

    Args:
        before: What is done before each, and not timed.
    """
    took = []
    for _ in range(runs):
        if before is not None:
            before()
        gc.collect()
        begun = time.perf_counter()
        call()
        took.append((time.perf_counter() - begun) * 1e6)
    return median(took)


def collector() -> str:
    """Return how the garbage collector is set, in words."""
    return f"gc {gc.get_threshold()}" if gc.isenabled() else "gc off"
