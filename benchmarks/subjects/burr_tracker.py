"""Burr with its local tracker: a line of JSON in a log file for every step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burr.tracking import LocalTrackingClient

from benchmarks.shapes import Chain, Kept, Reopened
from benchmarks.subjects.burr_memory import builder_of

__all__ = ["keep", "reopen"]

PROJECT = "bench"


def keep(chain: Chain, folder: Path) -> Kept:
    """Get a chain ready; the tracker flushes its file after each line, and never syncs it."""
    tracker = LocalTrackingClient(PROJECT, storage_dir=str(folder))
    app: Any = (
        builder_of(chain)
        .with_tracker(tracker)
        .with_identifiers(app_id="1", partition_key="p")
        .with_entrypoint(chain.nodes[0].name)
        .with_state(**chain.fresh())
        .build()
    )

    async def go() -> None:
        for _ in range(chain.steps):
            await app.astep()

    return Kept(go, lambda: tracker.f.close())


def reopen(chain: Chain, folder: Path) -> Reopened:
    """Offer what a run left: the log is read from its beginning, whichever step is wanted."""

    def load(index: int) -> Any:
        state, _ = LocalTrackingClient.load_state(
            PROJECT, "1", sequence_id=index, storage_dir=str(folder)
        )
        return state["a"]

    return Reopened(chain.steps, lambda: load(-1), load)
