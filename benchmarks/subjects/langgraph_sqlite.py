"""LangGraph with its SqliteSaver: every checkpoint is in the file before the next step begins."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.errors import GraphRecursionError

from benchmarks.shapes import Chain, Kept, Reopened
from benchmarks.subjects.langgraph_memory import builder_of

__all__ = ["keep", "reopen"]

THREAD: dict[str, Any] = {"configurable": {"thread_id": "1"}}


def _plain(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make an async node that awaits nothing a plain one: this saver has no async form."""

    def node(state: Any) -> Any:
        try:
            fn(state).send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("a node awaited something")

    return node


def _app(chain: Chain, folder: Path, synchronous: str = "") -> tuple[Any, sqlite3.Connection]:
    db = sqlite3.connect(folder / "checkpoints.db", check_same_thread=False)
    saver = SqliteSaver(db)
    saver.setup()  # in write-ahead mode
    if synchronous:
        db.execute(f"pragma synchronous = {synchronous}")
    return builder_of(chain, _plain).compile(checkpointer=saver), db


def keep(chain: Chain, folder: Path, synchronous: str) -> Kept:
    """Get a chain ready; the recursion limit ends it."""
    app, db = _app(chain, folder, synchronous)
    config = {**THREAD, "recursion_limit": chain.steps}

    async def go() -> None:
        try:
            for _ in app.stream(chain.fresh(), config, durability="sync"):
                pass
        except GraphRecursionError:
            return

    return Kept(go, db.close)


def reopen(chain: Chain, folder: Path) -> Reopened:
    """Offer what a run left."""
    app, _ = _app(chain, folder)
    ids = [state.config for state in app.get_state_history(THREAD)][::-1]

    def show() -> Any:
        again, db = _app(chain, folder)
        shown = again.get_state(THREAD).values["a"]
        db.close()
        return shown

    return Reopened(len(ids), show, lambda index: app.get_state(ids[index]).values["a"])
