"""Values that cannot be saved, stores that fail, and stores other than a file."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, InMemoryStore
from lellm_nb.errors import CheckpointStoreError, DebuggerError, SerializationError
from lellm_nb.store.memory_rows import MemoryRows
from tests.strategies import review, steps

# -- values that cannot be saved ---------------------------------------------------------


def test_a_value_that_cannot_be_saved_does_not_stop_the_run(file, tmp_path):
    """S7: a marker in the store; an explicit save names the path."""
    client = object()
    dbg = Debugger(steps("a", "b"), {"tools": [{"client": client}]}, store=file)
    dbg.run()

    assert dbg.state["tools"][0]["client"] is client
    marker = Debugger.open(file).state["tools"][0]["client"]
    assert marker.type == "builtins.object"
    with pytest.raises(SerializationError, match=r"tools\[0\].client") as caught:
        dbg.save(tmp_path / "x.lellm")
    assert caught.value.path == "tools[0].client"
    assert not (tmp_path / "x.lellm").exists()


# -- a store that fails ------------------------------------------------------------------


class Failing(MemoryRows):
    """Rows that refuse from the n-th write on, until they are mended."""

    def __init__(self, after):
        super().__init__("run", {"hash": "0x0"})
        self.left = after

    def _count(self):
        self.left -= 1
        if self.left < 0:
            raise CheckpointStoreError("the disk is full")

    def write(self, batch):
        self._count()
        super().write(batch)

    def write_frame(self, line, index, row):
        self._count()
        super().write_frame(line, index, row)


class FailingStore(InMemoryStore):
    """A store whose runs have such rows."""

    def __init__(self, after):
        super().__init__()
        self.rows = Failing(after)

    def begin_run(self, trace_id, name, facts):
        self.rows._facts = facts
        return self.rows


@pytest.mark.parametrize("after", range(1, 6))
def test_a_store_that_fails_holds_the_run(after):
    """R7: the frame stays in memory, nobody is told, and mending it goes on in order."""
    store = FailingStore(after)
    dbg = Debugger(steps("a", "b", "c", "d", "e", "f"), {}, store=store)
    told = []
    dbg.subscribe(lambda: told.append(dbg.head) if dbg.busy else None)

    stop = dbg.run()

    assert stop.reason.name == "FAILED"
    assert "the disk is full" in str(stop.error)
    assert dbg.head not in told
    assert dbg.step().reason.name == "FAILED"
    held = dbg.head
    store.rows.left = 1000
    assert dbg.run().reason.name == "COMPLETED"
    assert held < dbg.head
    assert store.rows.length(0) == len(dbg.frames)


def test_a_decision_that_is_not_stored_says_so():
    """The verb raises; the decision is in memory, and goes on when the store does."""
    store = FailingStore(1000)
    dbg = Debugger(review(), {"topic": "x"}, store=store)
    dbg.run()
    store.rows.left = 0

    with pytest.raises(CheckpointStoreError, match="full"):
        dbg.approve()
    store.rows.left = 1000
    assert dbg.run().reason.name == "COMPLETED"
    assert [f.kind for f in dbg.frames].count("decision") == 1


def test_a_store_that_takes_nothing_is_said_at_once():
    """The constructor raises, instead of a run that only seems to be kept."""
    with pytest.raises(CheckpointStoreError):
        Debugger(steps("a"), {}, store=FailingStore(0))


def test_what_is_no_store_is_refused():
    """By what it is."""
    with pytest.raises(DebuggerError, match="store is a store, or the path of a file, not 7"):
        Debugger(steps("a"), {}, store=7)


# -- memory, and stores of somebody else's -----------------------------------------------


def test_the_memory_store_keeps_the_whole_tree():
    """As long as the process lives."""
    store = InMemoryStore()
    dbg = Debugger(steps("a", "b"), {}, store=store)
    dbg.run()
    dbg.fork(at=1, put={"x": 1}, name="other")
    dbg.close()

    again = Debugger.open(store, graph=steps("a", "b"))

    assert again.lines == ["main", "other"]
    assert again.state == dbg.state


class Plain:
    """A `CheckpointStore` of somebody else's, which knows nothing of runs."""

    def __init__(self):
        self.saved = []

    def save(self, trace_id, checkpoint):
        self.saved.append((trace_id, checkpoint))

    def load_latest(self, trace_id):
        found = [c for trace, c in self.saved if trace == trace_id]
        return found[-1] if found else None


def test_a_plain_store_gets_a_checkpoint_per_commit():
    """And `open` goes on at the newest, without the past."""
    store = Plain()
    dbg = Debugger(review(), {"topic": "x"}, store=store)
    dbg.run()

    assert [c.last_node for _, c in store.saved] == ["", "draft", "approve"]
    again = Debugger.open(store, dbg.trace_id, review())
    assert [p.id for p in again.pending] == ["approve#0"]
    again.approve()
    assert again.run().reason.name == "COMPLETED"
    assert len(store.saved) == 5


def test_a_plain_store_that_fails_holds_the_run():
    """As any other does."""
    store = Plain()
    dbg = Debugger(steps("a", "b", "c"), {}, store=store)
    save, store.save = store.save, None

    stop = dbg.run()

    assert (stop.reason.name, dbg.head) == ("FAILED", 1)
    store.save = save
    assert dbg.run().reason.name == "COMPLETED"
    assert len(store.saved) == 4
