"""A history with many lines: what a person pays to look at it, to keep it, to hand it on."""

from __future__ import annotations

import gc
import json
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.timing import calls

KEY = "lines"
TITLE = "Lines: a run forked many times, looked at, saved, opened and exported as one page"
HOW = (
    "each line is a fork with one edit and one step; *page* is `export_html`, its peak what"
    " tracemalloc finds above what was there before, in one more export; *page x* is a line's share"
    " of it over that of a line in a tenth as many; *panel* is the first snapshot of a view and its"
    " bytes as JSON; median of the calls in a process, after a full collection each"
)
COLUMNS = (
    Column("page", "page", "us"),
    Column("growth", "page x", "x"),
    Column("file", "its file", "bytes"),
    Column("peak", "its peak", "bytes"),
    Column("tree", "tree, printed", "us"),
    Column("table", "tree as a table", "us"),
    Column("panel", "panel", "us"),
    Column("told", "first told", "bytes"),
    Column("save", "save", "us"),
    Column("load", "load", "us"),
    Column("open", "open", "us"),
)
DEBUGGER = "lellm_nb Debugger"


def figures(short: bool) -> list[Figure]:
    """Forks all over a line, of one frame of a long one, of each other, of a larger state."""
    many, deep = (1_000, 200) if short else (10_000, 1_000)
    runs = 1 if short else 3
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        (f"{many:,} lines", {"lines": many}),
        (f"{many:,} lines of one frame of 1,000", {"lines": many, "frames": 1_000, "at": 500}),
        (f"{deep:,} lines, each a fork of the last", {"lines": deep, "deep": True}),
        (f"{many:,} lines of a state of 10 kB", {"lines": many, "size": 10_000}),
    )
    return [Figure(KEY, DEBUGGER, case, {**given, "runs": runs}) for case, given in cases]


def measure(_subject: str, runs: int, lines: int, **shape: Any) -> dict[str, float]:
    """Make the lines, then do what is done with them."""
    from lellm_nb import Debugger
    from lellm_nb.notebook.model.updates import Updates

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page, file, store = (str(Path(folder) / name) for name in ("p.html", "r.lellm", "r.db"))
        forked(lines // 10, store=None, **shape).export_html(page)  # imports, and warms up
        few = forked(lines // 10, store=None, **shape)
        few.tree.to_pandas()
        share = calls(lambda: few.export_html(page), runs) / (lines // 10)
        dbg = forked(lines, store=store, **shape)
        found = {
            "page": calls(lambda: dbg.export_html(page), runs),
            "file": Path(page).stat().st_size,
            "tree": calls(lambda: repr(dbg.tree), runs),
            "table": calls(lambda: dbg.tree.to_pandas(), runs),
            "panel": calls(lambda: Updates(dbg).snapshot(), runs),
            "told": len(json.dumps(Updates(dbg).snapshot())),
            "save": calls(lambda: dbg.save(file), runs),
            "load": calls(lambda: Debugger.load(file).status_line, runs),
            "peak": _peak(lambda: dbg.export_html(page)),
        }
        dbg.close()
        found["open"] = calls(lambda: Debugger.open(store).status_line, runs)
    return {**found, "growth": found["page"] / lines / share}


def forked(
    lines: int,
    store: Any,
    frames: int = 20,
    at: int | None = None,
    deep: bool = False,
    size: int = 0,
) -> Any:
    """Return a run with so many lines, each with an edit and a step of its own."""
    from lellm_nb import Debugger, GraphBuilder

    g = GraphBuilder("count").node("add", lambda ctx: {"n": ctx.state["n"] + 1})
    g.edge_if("add", "add", lambda s: s["n"] >= 0).node("done", lambda ctx: None)
    graph = g.edge("add", "done").start("add").end("done").build()
    large = {f"key {i}": f"{i} ".ljust(100, "x") for i in range(size // 100)}
    first = last = Debugger(graph, {"n": 0, "mark": 0, "large": large}, store=store)
    first.step(frames)
    for i in range(1, lines):
        base = last if deep else first
        last = base.fork(None if deep else at or i % frames, put={"mark": i})
        last.step()
    return first


def _peak(call: Callable[[], Any]) -> float:
    gc.collect()
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak)
