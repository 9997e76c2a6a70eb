"""W1 at a million frames, and on a line of a thousand nodes: cost must not grow with either."""

from __future__ import annotations

import asyncio
import gc
import itertools
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Chain, Node
from benchmarks.subjects import SUBJECTS
from benchmarks.timing import median, rss, timed, unit
from benchmarks.workloads.w1_chain import STATE, chain

KEY = "W1 long"
TITLE = "W1, longer: 1,000,000 frames, and a line of 1,000 nodes"
HOW = (
    "the ratio is to a step of W1 at 10,000 frames, timed in the same process; a million frames"
    " once per process, bytes there by resident size; the line on a new graph each time (cold),"
    " and ten times around it (warm)"
)
COLUMNS = (
    Column("us", "us/step", "us"),
    Column("x", "x bare", "x"),
    Column("growth", "x a step at 10,000", "x"),
    Column("bytes", "B/frame", "bytes"),
)
HOWS = ("lellm_nb session", "lellm_nb Debugger")


def figures(short: bool) -> list[Figure]:
    """A million frames takes a while: the short form has a hundred thousand."""
    many = 100_000 if short else 1_000_000
    made = [Figure(KEY, name, f"{many:,} frames", {"frames": many}) for name in HOWS]
    made += [Figure(KEY, name, "line of 1,000, cold", {"laps": 1}) for name in HOWS]
    return made + [Figure(KEY, name, "line of 1,000, warm", {"laps": 10}) for name in HOWS]


def measure(subject: str, frames: int = 0, laps: int = 0) -> dict[str, float]:
    """Time a step at 10,000 frames, then the long form."""
    return asyncio.run(_many(subject, frames) if frames else _line(subject, laps))


async def _many(subject: str, frames: int) -> dict[str, float]:
    chosen = SUBJECTS[subject]
    module = chosen.load()
    small = []
    for _ in range(5):
        run = module.prepare(chain(10_000), **chosen.options)
        small.append(await timed(run) / 10_000 * 1e6)
        del run
    gc.collect()
    bare, before = await unit(), rss()
    run = module.prepare(chain(frames), **chosen.options)
    us = await timed(run) / frames * 1e6
    return {
        "us": us,
        "x": us / bare,
        "growth": us / median(small),
        "bytes": (rss() - before) / frames,
    }


def line(nodes: int, steps: int, loop: bool) -> Chain:
    """Return a line of nodes that write the five keys in turn."""
    tick = itertools.count(1000)

    def node(i: int) -> Node:
        key = "abc"[i % 3]

        async def write(_: Any) -> dict[str, Any]:
            return {key: next(tick)}

        return Node(f"n{i}", write, write)

    return Chain(tuple(node(i) for i in range(nodes)), STATE, steps, loop=loop)


async def _line(subject: str, laps: int) -> dict[str, float]:
    chosen = SUBJECTS[subject]
    module = chosen.load()
    work = line(1000, 1000 * laps, laps > 1)
    us, x, growth = [], [], []
    for i in range(6):
        bare = await unit()
        small = await timed(module.prepare(chain(10_000), **chosen.options)) / 10_000 * 1e6
        took = await timed(module.prepare(work, **chosen.options)) / work.steps * 1e6
        if i:  # the first one warms up
            us.append(took)
            x.append(took / bare)
            growth.append(took / small)
    return {"us": median(us), "x": median(x), "growth": median(growth)}
