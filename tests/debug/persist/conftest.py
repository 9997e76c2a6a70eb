"""A run that is opened again, in each of the ways that there are."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, FolderStore, InMemoryStore
from lellm_nb.store.sqlite.store import SqliteStore


@pytest.fixture(params=["sqlite", "folder", "memory", "saved"])
def again(request, tmp_path):
    """Open a run again: out of a file, of a store in memory, or saved to one file and loaded."""
    stores = {
        "memory": InMemoryStore,
        "folder": lambda: FolderStore(tmp_path / "runs"),
    }
    store = stores.get(request.param, lambda: SqliteStore(tmp_path / "runs.db"))()

    def begin(graph):
        return Debugger(graph, {}, store=None if request.param == "saved" else store)

    def reopen(dbg, graph):
        if request.param == "saved":
            dbg.save(tmp_path / "one.lellm")
            return Debugger.load(tmp_path / "one.lellm", graph)
        dbg.close()
        return Debugger.open(store, graph=graph)

    begin.reopen = reopen
    return begin
