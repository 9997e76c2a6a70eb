"""C4: a Debugger takes a policy and a retention for the checkpoints of its run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import (
    Approve,
    CheckpointPolicy,
    CheckpointTrigger,
    Debugger,
    InMemoryStore,
    RetentionPolicy,
    SqliteStore,
    StoreSink,
    TriggerPolicy,
)
from lellm_nb.errors import CheckpointStoreError, DebuggerError
from tests.debug.persist.test_checkpoint_stores import Foreign
from tests.strategies import fanned, nested, review, steps

STORES = {"checkpoints": Foreign, "whole runs": InMemoryStore}
POLICIES = {
    "none": None,
    "every": TriggerPolicy.EVERY_NODE,
    "mutation": TriggerPolicy.ON_MUTATION,
    "barrier": TriggerPolicy.BARRIER_ONLY,
    "manual": TriggerPolicy.MANUAL,
    "default": CheckpointPolicy(),
    "minimal": CheckpointPolicy.minimal(),
    "explicit": CheckpointPolicy.manual(),
    "adaptive": CheckpointPolicy.adaptive(),
    "nothing": CheckpointPolicy(frozenset()),
}


@pytest.fixture(params=STORES)
def store(request):
    """A store of checkpoints, or one of whole runs that has checkpoints beside."""
    return STORES[request.param]()


def kept(store, dbg):
    """The nodes that were done at the checkpoints of a run, oldest first."""
    return [store.load(id).last_node for id in reversed(store.list(dbg.trace_id))]


def reviewed(**options):
    """A run through a barrier to its end."""
    dbg = Debugger(review(), {"topic": "x"}, **options)
    dbg.run()
    dbg.approve()
    assert dbg.run().reason.name == "COMPLETED"
    return dbg


def test_a_policy_by_itself_is_the_conservative_one():
    """C4: `CheckpointPolicy()` needs no argument."""
    assert CheckpointPolicy() == CheckpointPolicy.conservative()
    assert CheckpointTrigger.EXPLICIT not in CheckpointPolicy().triggers


@pytest.mark.parametrize("policy", [p for p in POLICIES if p != "none"])
def test_a_debugger_keeps_what_a_sink_keeps(policy, store):
    """C4: one rule for both; the start, which is no commit, only where every frame is kept."""
    dbg = reviewed(store=store, policy=POLICIES[policy])

    other = InMemoryStore()
    graph = review()
    sink = StoreSink(other, graph.canonical_hash, trigger=POLICIES[policy])
    graph.run({"topic": "x"}, checkpoint=sink, barrier=Approves())
    expected = [other.load(id).last_node for id in reversed(other.list(sink.trace_id))]
    first = [""] if policy == "every" else []
    assert kept(store, dbg) == [*first, *expected]


class Approves:
    """A sink behind which a person says yes."""

    async def wait_decision(self, barrier_id, timeout):
        from lellm_nb import Decided

        return Decided(Approve())


def test_by_default_a_store_of_checkpoints_keeps_every_commit():
    """And one of whole runs keeps no checkpoint beside them, which nobody asked for."""
    foreign, whole = Foreign(), InMemoryStore()

    assert kept(foreign, reviewed(store=foreign)) == ["", "draft", "approve", "approve", "publish"]
    assert kept(whole, reviewed(store=whole)) == []


def test_a_store_of_whole_runs_keeps_every_frame_whatever_the_policy(tmp_path):
    """C4: rewinding needs them; the checkpoints are kept beside, and open by themselves."""
    file = tmp_path / "runs.db"
    dbg = reviewed(store=file, policy=CheckpointPolicy(), retention=RetentionPolicy.keep_latest(1))
    dbg.close()

    again = Debugger.open(file, graph=review())
    assert [f.kind for f in again.frames] == [f.kind for f in dbg.frames]
    assert again.rewind(1).frame.state["draft"] == dbg.frames[1].state["draft"]
    again.close()
    store = SqliteStore(file)
    assert [store.load(id).position for id in store.list(dbg.trace_id)] == [
        dbg.frames[4].position,
        dbg.frames[3].position,
    ]


def test_the_policy_of_a_reopened_run_is_the_one_that_it_is_opened_with(store):
    """It is what this debugger was told, and no fact of the run."""
    dbg = Debugger(steps("a", "b", "c", "d"), {}, store=store, policy=TriggerPolicy.EVERY_NODE)
    dbg.step()
    dbg.close()
    again = Debugger.open(
        store,
        dbg.trace_id,
        steps("a", "b", "c", "d"),
        policy=CheckpointPolicy(),
        retention=RetentionPolicy.keep_latest(1),
    )

    again.run()

    assert kept(store, dbg) == ["d"]


@pytest.mark.parametrize(
    "retention", [RetentionPolicy.keep_latest(2), RetentionPolicy(latest=2, age=3600.0)]
)
def test_retention_counts_what_the_debugger_saved(store, retention):
    """C4: by number, and by age."""
    dbg = Debugger(steps("a", "b", "c", "d"), {}, store=store, retention=retention)
    dbg.run()

    assert kept(store, dbg) == ["c", "d"]
    old = RetentionPolicy.keep_for(0)
    two = Debugger(steps("a", "b"), {}, store=store, retention=old)
    two.run()
    assert len(kept(store, two)) <= 1
    assert kept(store, dbg) == ["c", "d"]


def test_a_pin_keeps_a_frame_that_the_policy_left_out(store):
    """C4: the explicit checkpoint; protected until it is let go."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=store, policy=TriggerPolicy.MANUAL)
    dbg.run()
    assert kept(store, dbg) == []

    dbg.pin(2)
    dbg.pin(2)
    assert kept(store, dbg) == ["b"]
    assert store.prune(dbg.trace_id, 0) == 0
    dbg.pin(2, on=False)
    assert store.prune(dbg.trace_id, 0) == 1


def test_a_pin_in_the_past_is_not_where_a_reopened_run_goes_on():
    """The newest stays the newest, also for a store that goes by what was saved last."""
    store = Foreign()
    dbg = Debugger(steps("a", "b", "c", "d"), {}, store=store, policy=CheckpointPolicy())
    dbg.step(2)
    dbg.pin(1)
    assert Debugger.open(store, dbg.trace_id, steps("a", "b", "c", "d")).position.node == "b"
    dbg.pin(2)
    assert Debugger.open(store, dbg.trace_id, steps("a", "b", "c", "d")).position.node == "c"
    dbg.run()
    dbg.pin(3)

    assert store.load_latest(dbg.trace_id).last_node == "d"
    assert sorted(kept(store, dbg))[:3] == ["a", "b", "c"]


def test_a_fork_brings_back_what_retention_had_dropped(store):
    """C4: fork points are there, whenever the fork was made."""
    keep_one = RetentionPolicy.keep_latest(1)
    dbg = Debugger(steps("a", "b", "c", "d"), {}, store=store, retention=keep_one)
    dbg.run()
    dbg.fork(at=2)
    dbg.pin(1)

    assert sorted(kept(store, dbg)) == ["a", "b", "d"]
    assert store.load_latest(dbg.trace_id).last_node == "d"


commands = st.lists(
    st.tuples(
        st.sampled_from(["step", "step", "run", "rewind", "fork", "pin", "unpin", "decide"]),
        st.integers(0, 30),
    ),
    max_size=25,
)


@given(
    st.sampled_from([nested, fanned, review]),
    st.sampled_from(sorted(POLICIES)),
    st.one_of(
        st.integers(0, 3).map(RetentionPolicy.keep_latest),
        st.sampled_from([RetentionPolicy.keep_for(0), RetentionPolicy.keep_all(), None]),
    ),
    st.sampled_from(sorted(STORES)),
    commands,
)
def test_retention_never_drops_what_a_live_fork_needs(graph, policy, retention, kind, script):
    """The law: nor a pin, nor a barrier; whatever was kept of these loads as the frame it is."""
    store = STORES[kind]()
    wants = POLICIES[policy]
    dbg = Debugger(graph(), {"topic": "x"}, store=store, policy=wants, retention=retention)
    pinned, left = set(), set()
    for what, n in script:
        at = n % len(dbg.frames)
        frame = dbg.frames[at]
        if what == "step":
            dbg.step()
        elif what == "run":
            dbg.run()
        elif what == "rewind":
            dbg.rewind(at)
        elif what == "fork":
            dbg.fork(at=at)
        elif what == "decide" and dbg.pending:
            dbg.approve(dbg.pending[0].id)
        elif what in ("pin", "unpin"):
            dbg.pin(at, on=what == "pin")
            (pinned.add if what == "pin" else pinned.discard)(frame)
            (left.discard if what == "pin" else left.add)(frame)
    checkpoints = [store.load(id) for id in store.list(dbg.trace_id)]
    there = {id(c.position) for c in checkpoints}
    frames = [f for line in dbg.session.history.lines.values() for f in line]
    on_main = {id(f) for f in dbg.session.history.lines["main"]}

    beside = kind == "checkpoints" or (wants or retention) is not None
    for frame in pinned if beside else ():
        if frame.kind != "error":
            assert id(frame.position) in there
    if wants is None or policy == "every":
        for line in dbg.session.history.lines.values():
            base = None if line.base is None else line.base[line.first - 1]
            if beside and base is not None and id(base) in on_main:
                assert id(base.position) in there
        for frame in frames if beside else ():
            if frame.kind in ("waiting", "decision") and id(frame) in on_main:
                assert id(frame.position) in there
    if type(retention) is RetentionPolicy and retention.latest is not None and script:
        counted = [c for c in checkpoints if not c.protected]
        assert len(counted) <= retention.latest + len(left) + len(pinned) + 1


# -- at the door ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["policy", "retention"])
def test_what_would_have_no_use_is_refused(name, tmp_path):
    """Nothing is kept without a store, and nothing is written by one that reads."""
    given = CheckpointPolicy() if name == "policy" else RetentionPolicy.keep_latest(1)
    with pytest.raises(DebuggerError, match=f"{name} says .* store=") as refused:
        Debugger(steps("a"), {}, **{name: given})
    assert refused.value.argument == name

    file = tmp_path / "runs.db"
    Debugger(steps("a"), {}, store=file).close()
    with pytest.raises(DebuggerError, match=f"{name} says .* graph="):
        Debugger.open(file, **{name: given})


def test_a_store_that_cannot_drop_takes_no_retention():
    """It says which methods are missing; a policy it takes."""

    class SavesOnly:
        def __init__(self):
            self.saved = []

        def save(self, trace_id, checkpoint):
            self.saved.append(checkpoint)

        def load_latest(self, trace_id):
            return self.saved[-1] if self.saved else None

    store = SavesOnly()
    with pytest.raises(DebuggerError, match=r"prune\(\)"):
        Debugger(steps("a"), {}, store=store, retention=RetentionPolicy.keep_latest(1))
    dbg = Debugger(steps("a", "b"), {}, store=store, policy=CheckpointPolicy())
    dbg.run()
    dbg.pin(1)
    assert [c.last_node for c in store.saved] == ["b", "a", "b"]


def test_a_store_that_refuses_to_prune_holds_the_run(store):
    """Until it does; nothing is lost."""
    keep_one = RetentionPolicy.keep_latest(1)
    dbg = Debugger(steps("a", "b", "c"), {}, store=store, retention=keep_one)
    dbg.step()
    prune, store.prune = store.prune, None

    assert isinstance(dbg.step().error, CheckpointStoreError)
    store.prune = prune
    assert dbg.run().reason.name == "COMPLETED"
    assert kept(store, dbg) == ["c"]
