"""Runs in a store of somebody else's, which knows of single checkpoints only."""

from __future__ import annotations

import json
import pickle

import pytest

from lellm_nb import Debugger, GraphBuilder, Redactor, StoreSink
from lellm_nb.errors import CheckpointNotFoundError, CheckpointStoreError, RedactedValueError
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.redaction.redactor import Redacted
from lellm_nb.testing import CheckpointStoreSuite
from tests.strategies import fanned, nested, review, steps

KEY = "sk-ant-" + "a1" * 16


class Foreign:
    """A store that writes checkpoints in a way of its own, and keeps them in a list."""

    def __init__(self, write=lambda c: c, read=lambda c: c):
        self.rows = []
        self.write = write
        self.read = read

    def save(self, trace_id, checkpoint):
        row = (trace_id, checkpoint.checkpoint_id, checkpoint.protected, self.write(checkpoint))
        known = [i for i, old in enumerate(self.rows) if old[1] == checkpoint.checkpoint_id]
        if known:
            self.rows[known[0]] = row
        else:
            self.rows.append(row)

    def _of(self, trace_id):
        return [row for row in self.rows if row[0] == trace_id]

    def load(self, checkpoint_id):
        for row in self.rows:
            if row[1] == checkpoint_id:
                return self.read(row[3])
        raise CheckpointNotFoundError(checkpoint_id)

    def load_latest(self, trace_id):
        rows = self._of(trace_id)
        return self.read(rows[-1][3]) if rows else None

    def list(self, trace_id):
        return [row[1] for row in reversed(self._of(trace_id))]

    def delete(self, checkpoint_id):
        before = len(self.rows)
        self.rows = [row for row in self.rows if row[1] != checkpoint_id]
        return len(self.rows) < before

    def prune(self, trace_id, keep):
        rows = self._of(trace_id)
        old = [row for row in rows[: max(len(rows) - keep, 0)] if not row[2]]
        self.rows = [row for row in self.rows if row not in old]
        return len(old)


class TestForeign(CheckpointStoreSuite):
    """The store of these tests keeps the promises of one."""

    def make_store(self):
        return Foreign()


def as_json(checkpoint):
    """Write the JSON form, with the standard module."""
    return json.dumps(checkpoint.to_json())


def of_json(text):
    """Read the JSON form."""
    return Checkpoint.from_json(json.loads(text))


WAYS = {
    "as it is": (lambda c: c, lambda c: c),
    "as JSON": (as_json, of_json),
    "pickled by its owner": (pickle.dumps, pickle.loads),
}


@pytest.fixture(params=WAYS)
def store(request):
    """A store that writes in one of several ways."""
    return Foreign(*WAYS[request.param])


# -- retention ----------------------------------------------------------------------------


def test_a_pin_protects_a_checkpoint_that_was_saved_before():
    """And stops to when it is taken away."""
    store = Foreign()
    dbg = Debugger(steps("a", "b", "c"), {}, store=store)
    dbg.run()

    dbg.pin(1)
    assert store.prune(dbg.trace_id, 1) == 2
    assert [store.load(id).last_node for id in store.list(dbg.trace_id)] == ["c", "a"]

    dbg.pin(1, on=False)
    assert store.prune(dbg.trace_id, 1) == 1
    dbg.pin(1)
    assert len(store.list(dbg.trace_id)) == 1


def test_a_fork_protects_the_checkpoint_it_began_at():
    """Whichever line goes on; a later pin there, taken away, changes nothing."""
    store = Foreign()
    dbg = Debugger(steps("a", "b", "c"), {}, store=store)
    dbg.run()
    dbg.fork(at=2)
    dbg.rewind(1)
    dbg.step()
    dbg.pin(2, on=False)

    store.prune(dbg.trace_id, 0)

    assert sorted(store.load(id).last_node for id in store.list(dbg.trace_id)) == ["a", "b"]


def test_a_reopened_run_protects_where_it_stood():
    """What it was opened at is a frame as well."""
    store = Foreign()
    dbg = Debugger(steps("a", "b", "c"), {}, store=store)
    dbg.step()
    again = Debugger.open(store, dbg.trace_id, steps("a", "b", "c"))

    again.fork(at=1)
    again.run()

    store.prune(dbg.trace_id, 0)
    assert [store.load(id).last_node for id in store.list(dbg.trace_id)] == ["a"]


def test_a_store_that_refuses_a_pin_holds_the_run():
    """Until it takes it; nothing is forgotten."""
    store = Foreign()
    dbg = Debugger(steps("a", "b", "c"), {}, store=store)
    dbg.step()
    save, store.save = store.save, None
    dbg.pin(0)

    assert isinstance(dbg.step().error, CheckpointStoreError)
    store.save = save
    assert dbg.run().reason.name == "COMPLETED"
    store.prune(dbg.trace_id, 0)
    assert [store.load(id).last_node for id in store.list(dbg.trace_id)] == [""]


# -- secrets ------------------------------------------------------------------------------


def reads_the_key(seen):
    """A graph of a node, a barrier, and a node that reads a secret."""
    g = GraphBuilder("g").node("a", lambda ctx: None).barrier("ok")
    g.node("b", lambda ctx: seen.append(ctx.state["config"]["key"]))
    return g.edge("a", "ok").edge("ok", "b").start("a").end("b").build()


@pytest.mark.parametrize("paths", [[], ["config.key"]])
def test_a_secret_never_reaches_the_store_and_is_asked_for(store, paths):
    """As with a store of our own: it holds before a node reads it, and goes on when it is given."""
    seen = []
    value = 1234 if paths else KEY
    redact = Redactor(paths=paths)
    dbg = Debugger(reads_the_key(seen), {"config": {"key": value}}, store=store, redact=redact)
    dbg.run()
    again = Debugger.open(store, dbg.trace_id, reads_the_key(seen))
    if not again.pending:  # the JSON form has no position: it begins the barrier again
        again.run()
    else:
        again.approve()

    stop = again.run()

    assert stop.reason.name == "PAUSED"
    assert isinstance(stop.error, RedactedValueError)
    assert stop.error.paths == [("config", "key")]
    again.supply({("config", "key"): value})
    stop = again.run()
    if stop.reason.name == "BARRIER":
        again.approve()
        stop = again.run()
    assert stop.reason.name == "COMPLETED"
    assert seen == [value]
    states = [store.load(id).state for id in store.list(dbg.trace_id)]
    assert states
    assert all(isinstance(state["config"]["key"], Redacted) for state in states)


@pytest.mark.parametrize("shape", [nested, fanned])
def test_levels_and_branches_are_redacted_as_well(shape):
    """Positions hold a state for each, and what was written there."""
    store = Foreign()
    dbg = Debugger(shape(), {"key": KEY, "log": []}, store=store)
    while dbg.status != "completed":
        dbg.approve(dbg.pending[0].id) if dbg.pending else dbg.step()

    for row in store.rows:
        assert KEY not in repr(pickle.dumps(row[3]))
    assert KEY in dbg.state["key"]
    assert store.load_latest(dbg.trace_id).state["log"] == dbg.state["log"]


def test_what_is_no_secret_is_handed_over_as_it_is():
    """Values are the run's own, also those that no JSON has."""
    tool = object()
    store = Foreign()
    dbg = Debugger(review(), {"topic": "x", "tool": tool}, store=store)
    dbg.run()

    assert store.load_latest(dbg.trace_id).state["tool"] is tool
    assert store.load_latest(dbg.trace_id).position is dbg.position


def test_a_sink_redacts_for_a_store_that_does_not():
    """The same rule for a run without a debugger."""
    store = Foreign()
    g = GraphBuilder("g").node("a", lambda ctx: {"key": KEY, "pin": 12}).start("a").end("a").build()
    sink = StoreSink(store, g.canonical_hash, redact=Redactor(paths=["pin"]))

    g.run({}, checkpoint=sink)

    state = store.load_latest(sink.trace_id).state
    assert isinstance(state["key"], Redacted)
    assert isinstance(state["pin"], Redacted)


def test_a_supplied_secret_is_not_stored_whatever_it_looks_like(tmp_path):
    """Also where the run was opened without what was called secret at first."""
    seen = []
    file = tmp_path / "runs.db"
    redact = Redactor(paths=["config.key"])
    dbg = Debugger(reads_the_key(seen), {"config": {"key": 98765}}, store=file, redact=redact)
    dbg.run()
    dbg.close()
    again = Debugger.open(file, graph=reads_the_key(seen))
    again.approve()
    again.supply({("config", "key"): 98765})
    again.run()
    again.close()

    assert seen == [98765]
    assert b"98765" not in file.read_bytes()
