"""Containers that a node makes again in every step, as agents write them (SEMANTICS C14)."""

from __future__ import annotations

import copy
import gc
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.timing import median

KEY = "rebuilt"
TITLE = (
    "Rebuilt: a node makes its list or dict again around what was there, one message more a step"
)
HOW = (
    "a message is a dict with a text of 200 letters; *disk* is the closed SQLite file with its log,"
    " *memory* what tracemalloc finds of the run's 1,000 frames; *us/step* is without"
    " a store"
)
COLUMNS = (
    Column("us", "us/step", "us"),
    Column("disk", "disk", "bytes"),
    Column("memory", "memory", "bytes"),
)
DEBUGGER = "lellm_nb Debugger"


def message(n: int) -> dict[str, Any]:
    """Return a message that no other one is."""
    return {"role": "user", "content": f"message {n} ".ljust(200, "x")}


WRITES: dict[str, Callable[[Any, int], dict[str, Any]]] = {
    "[*messages, new]": lambda s, n: {"m": [*s["m"], message(n)]},
    "[new, *messages]": lambda s, n: {"m": [message(n), *s["m"]]},
    "[*messages, new][-50:]": lambda s, n: {"m": [*s["m"], message(n)][-50:]},
    "deepcopy(messages) + [new]": lambda s, n: {"m": [*copy.deepcopy(s["m"]), message(n)]},
    "{**notes, key: new}": lambda s, n: {"d": {**s["d"], f"k{n}": message(n)}},
    "{**agent, messages: …}": lambda s, n: {"a": {**s["a"], "m": [*s["a"]["m"], message(n)]}},
}


def figures(short: bool) -> list[Figure]:
    """One for each way of writing."""
    steps = 300 if short else 1_000
    return [
        Figure(KEY, DEBUGGER, case, {"case": case, "steps": steps, "runs": 1 if short else 3})
        for case in WRITES
    ]


def measure(_subject: str, case: str, steps: int, runs: int) -> dict[str, float]:
    """Run it without a store, with one, and under tracemalloc."""
    took = [_run(case, steps) for _ in range(runs)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _run(case, steps, str(Path(folder) / "runs.db"))
        disk = sum(file.stat().st_size for file in Path(folder).iterdir())
    gc.collect()
    tracemalloc.start()
    held = _made(case, steps, None)
    held.run()
    gc.collect()
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"us": median(took) / steps * 1e6, "disk": disk, "memory": memory}


def _made(case: str, steps: int, store: str | None) -> Any:
    from lellm_nb import Debugger, GraphBuilder

    write = WRITES[case]
    g = GraphBuilder("rebuilt")
    g.node("step", lambda ctx: {"n": ctx.state["n"] + 1, **write(ctx.state, ctx.state["n"])})
    g.edge_if("step", "step", lambda s: s["n"] < steps).node("end", lambda ctx: None)
    graph = g.edge("step", "end").start("step").end("end").build()
    state = {"n": 0, "m": [], "d": {}, "a": {"m": []}}
    return Debugger(graph, state, store=store, max_steps=steps + 1)


def _run(case: str, steps: int, store: str | None = None) -> float:
    dbg = _made(case, steps, store)
    begun = time.perf_counter()
    dbg.run()
    took = time.perf_counter() - begun
    dbg.close()
    return took
