"""W6: every step of W1 and W3 is on disk before the next one begins."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.shapes import Chain
from benchmarks.subjects import KEEPERS, SUBJECTS, Subject
from benchmarks.timing import median, unit
from benchmarks.workloads import w1_chain, w3_append

KEY = "W6"
TITLE = "W6 durable: every step of W1 (1,000) and W3 (2,000) on disk before the next one begins"
HOW = (
    "a new folder per run, where TMPDIR says; processor time is that of all threads; bytes: of the"
    " closed files, less those of a run of three steps. SQLite is in write-ahead mode: NORMAL"
    " survives a killed process, FULL waits for the disk at every commit; Burr's tracker flushes"
    " a log file"
)
COLUMNS = (
    Column("us", "us/step", "us"),
    Column("cpu", "processor", "us"),
    Column("x", "x bare", "x"),
    Column("bytes", "B/step", "bytes"),
)
OURS = "lellm_nb Debugger"
WORK = {"W1": w1_chain.chain, "W3": w3_append.chain}


def figures(short: bool) -> list[Figure]:
    """Ours and LangGraph with both settings of SQLite, Burr as it is."""
    made = []
    for work, steps in (("W1", 300 if short else 1000), ("W3", 300 if short else 2000)):
        for name in (OURS, *KEEPERS):
            runs = (3 if short else 15) if name == OURS else 1
            options: dict[str, Any] = {"work": work, "steps": steps, "runs": runs}
            if name == "Burr tracker":
                made.append(Figure(KEY, name, work, options))
                continue
            for setting in ("NORMAL", "FULL"):
                given = {**options, "synchronous": setting}
                made.append(Figure(KEY, name, f"{work}, {setting}", given))
    return made


def measure(subject: str, work: str, steps: int, runs: int, **options: Any) -> dict[str, float]:
    """Time it with two clocks, then weigh the files."""
    chosen = SUBJECTS[subject]

    async def all_runs() -> dict[str, float]:
        few = (await _run(chosen, WORK[work](3), options))["size"]
        found = [await _run(chosen, WORK[work](steps), options) for _ in range(runs)]
        values = {key: median(each[key] for each in found) for key in ("us", "cpu", "x")}
        return {**values, "bytes": (found[0]["size"] - few) / (steps - 3)}

    return asyncio.run(all_runs())


async def _run(subject: Subject, chain: Chain, options: dict[str, Any]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run = subject.load().keep(chain, Path(folder), **options)
        gc.collect()
        before = await unit()
        begun, busy = time.perf_counter(), time.process_time()
        await run.go()
        took, worked = time.perf_counter() - begun, time.process_time() - busy
        bare = (before + await unit()) / 2
        run.close()
        us = took / chain.steps * 1e6
        return {
            "us": us,
            "cpu": worked / chain.steps * 1e6,
            "x": us / bare,
            "size": _size_of(Path(folder)),
        }


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
