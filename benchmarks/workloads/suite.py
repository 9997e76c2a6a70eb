"""What the four workloads of LangGraph's own suite have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Prepared
from benchmarks.subjects import PEERS, SUBJECTS, bare
from benchmarks.timing import bytes_per_frame, repeated

__all__ = ["COLUMNS", "HOW", "NAMES", "figures", "time_and_weigh"]

HOW = (
    "a whole run from input to end, x bare to the same work in the bare loop; bytes by"
    " tracemalloc over one more run"
)
COLUMNS = (
    Column("run", "us/run", "us"),
    Column("x", "x bare", "x"),
    Column("total", "kept in all", "bytes"),
)
NAMES = ("bare loop", "lellm_nb session", "lellm_nb Debugger", *PEERS)


def figures(key: str, cases: dict[str, dict[str, Any]], short: bool) -> list[Figure]:
    """Return every subject on every case; the short form has the first case."""
    chosen = list(cases.items())[: 1 if short else None]
    return [
        Figure(key, name, case, {**options, "runs": 3 if short or name in PEERS else 15})
        for case, options in chosen
        for name in NAMES
    ]


def time_and_weigh(subject: str, prepare: Callable[..., Prepared], runs: int) -> dict[str, float]:
    """Time whole runs of what `prepare` makes of a subject's module and options.

    The ratio is to the same work in the bare loop.
    """
    chosen = SUBJECTS[subject]
    module = chosen.load()

    async def both() -> dict[str, float]:
        found = await repeated(
            lambda: prepare(module, **chosen.options), 1, runs, bare=lambda: prepare(bare)
        )
        weighed = await bytes_per_frame(lambda: prepare(module, **chosen.options), frames=1)
        made = {"run": found["us"], "x": found["x"]}
        return made | ({"total": weighed["total"]} if subject != "bare loop" else {})

    return asyncio.run(both())
