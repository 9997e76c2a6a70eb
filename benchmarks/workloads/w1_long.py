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
    " once per process, bytes there by resident size; the line on"
    " a graph that was just built, or one that ran before, by a new session each time"
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
    runs = 5 if short else 15
    for case, again in (("line of 1,000, first run", False), ("line of 1,000, run again", True)):
        made += [Figure(KEY, name, case, {"runs": runs, "again": again}) for name in HOWS]
    return made


def measure(subject: str, frames: int = 0, runs: int = 0, again: bool = False) -> dict[str, float]:
    """Time a step at 10,000 frames, then the long form."""
    return asyncio.run(_many(subject, frames) if frames else _line(subject, runs, again))


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


def line(nodes: int) -> Chain:
    """Return a line of nodes that write three of the keys in turn."""
    tick = itertools.count(1000)

    def node(i: int) -> Node:
        key = "abc"[i % 3]

        async def write(_: Any) -> dict[str, Any]:
            return {key: next(tick)}

        return Node(f"n{i}", write, write)

    return Chain(tuple(node(i) for i in range(nodes)), STATE, nodes, loop=False)


async def _line(subject: str, runs: int, again: bool) -> dict[str, float]:
    chosen = SUBJECTS[subject]
    module = chosen.load()
    work = line(1000)
    used = module.graph_of(work)
    us, x, growth = [], [], []
    for i in range(runs + 1):
        bare = await unit()
        small = await timed(module.prepare(chain(10_000), **chosen.options)) / 10_000 * 1e6
        graph = used if again else module.graph_of(work)
        took = await timed(module.prepare(work, graph=graph, **chosen.options)) / 1000 * 1e6
        if i:  # the first one warms up
            us.append(took)
            x.append(took / bare)
            growth.append(took / small)
    return {"us": median(us), "x": median(x), "growth": median(growth)}
