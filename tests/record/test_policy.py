"""C4, C6: when a checkpoint is made, how long it is kept, and what it costs to keep many."""

from __future__ import annotations

import datetime

import pytest

from lellm_nb import (
    Approve,
    Checkpoint,
    CheckpointPolicy,
    CheckpointScore,
    CheckpointTrigger,
    Delete,
    ExecutionMetadata,
    GraphBuilder,
    IncrementalSnapshots,
    InMemoryStore,
    MemorySink,
    MockBarrierSink,
    NoopBarrierSink,
    Put,
    Reduce,
    Reducer,
    Reject,
    RetentionPolicy,
    StoreSink,
    TriggerPolicy,
)
from lellm_nb.errors import CheckpointNotFoundError
from lellm_nb.record.snapshots import StateSnapshot
from lellm_nb.state import fold
from tests.strategies import fanned, nested, note, review, steps

T = CheckpointTrigger


def kept(graph, state=None, *, store=None, barrier=None, **policies):
    """The checkpoints of a run through a StoreSink, oldest first."""
    store = store or InMemoryStore()
    sink = StoreSink(store, graph.canonical_hash, **policies)
    graph.run(state or {}, checkpoint=sink, barrier=barrier or NoopBarrierSink())
    return [store.load(id) for id in reversed(store.list(sink.trace_id))]


def places(checkpoints):
    """Where they stand: the node done and the next one."""
    return [(c.last_node, c.current_node) for c in checkpoints]


def mixed():
    """A node that writes, one that does not, a barrier, and an end."""
    g = GraphBuilder("g").node("writes", note).node("idle", lambda ctx: None).barrier("ask")
    g.node("end", lambda ctx: None)
    g.edge("writes", "idle").edge("idle", "ask").edge("ask", "end").start("writes").end("end")
    return g.build()


# -- triggers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (TriggerPolicy.EVERY_NODE, ["writes", "idle", "ask", "ask", "end"]),
        (TriggerPolicy.ON_MUTATION, ["writes", "ask"]),
        (TriggerPolicy.BARRIER_ONLY, ["ask", "ask"]),
        (TriggerPolicy.MANUAL, []),
        (CheckpointPolicy.conservative(), ["ask", "end"]),
        (CheckpointPolicy.minimal(), ["ask", "end"]),
        (CheckpointPolicy.manual(), []),
        (CheckpointPolicy(frozenset({T.EXECUTION_COMPLETED})), ["end"]),
        (CheckpointPolicy(frozenset({T.BARRIER_RESOLVED})), ["ask"]),
        (CheckpointPolicy(frozenset({T.HUMAN_DECISION})), ["ask"]),
    ],
)
def test_a_trigger_says_which_commits_are_kept(trigger, expected):
    """C4: the simple choices, and sets of triggers with their presets."""
    assert [c.last_node for c in kept(mixed(), trigger=trigger)] == expected


def test_a_decision_that_nobody_took_is_no_human_decision():
    """C4: a timeout resolves the barrier, but no person did."""

    def graph():
        g = GraphBuilder("g").barrier("ask", timeout=0.001, default_action="approve")
        return g.start("ask").end("ask").build()

    class Never:
        async def wait_decision(self, barrier_id, timeout):
            from lellm_nb import TimedOut

            return TimedOut()

    human = CheckpointPolicy(frozenset({T.HUMAN_DECISION}))
    resolved = CheckpointPolicy(frozenset({T.BARRIER_RESOLVED}))

    assert kept(graph(), trigger=human, barrier=Never()) == []
    assert len(kept(graph(), trigger=resolved, barrier=Never())) == 1


def test_presets_are_sets_of_triggers():
    """C4: conservative, minimal, manual."""
    assert CheckpointPolicy.conservative().triggers == {
        *(T.BARRIER_RESOLVED, T.EXECUTION_COMPLETED, T.HUMAN_DECISION)
    }
    assert CheckpointPolicy.minimal().triggers == {T.BARRIER_RESOLVED, T.EXECUTION_COMPLETED}
    assert CheckpointPolicy.manual().triggers == {T.EXPLICIT}
    assert CheckpointPolicy.adaptive().triggers == {T.ADAPTIVE}


@pytest.mark.parametrize(
    ("metadata", "score"),
    [
        (ExecutionMetadata(), 0),
        (ExecutionMetadata(duration_ms=99), 99),
        (ExecutionMetadata(duration_ms=100), 100),
        (ExecutionMetadata(token_cost=0.1), 100),
        (ExecutionMetadata(has_side_effects=True), 10_000),
        (ExecutionMetadata(50, 0.05, True), 10_100),
    ],
)
def test_the_adaptive_score(metadata, score):
    """C4: 1 per ms, 1000 per unit of token cost, 10000 for side effects; threshold 100."""
    assert CheckpointScore().calculate(metadata) == pytest.approx(score)
    assert CheckpointScore().should_checkpoint(metadata) is (score >= 100)


def test_an_adaptive_policy_keeps_what_it_would_hurt_to_lose():
    """C4, R6: it reads cost and side effects off the frame."""

    def dear(ctx):
        ctx.set_token_cost(1.0)

    def touches(ctx):
        ctx.set_has_side_effects()

    g = GraphBuilder("g").node("cheap", lambda ctx: None).node("dear", dear)
    g.node("touches", touches).node("end", lambda ctx: None)
    g.edge("cheap", "dear").edge("dear", "touches").edge("touches", "end")
    graph = g.start("cheap").end("end").build()

    assert [c.last_node for c in kept(graph, trigger=CheckpointPolicy.adaptive())] == [
        "dear",
        "touches",
    ]
    strict = CheckpointPolicy.adaptive(CheckpointScore(threshold=5_000))
    assert [c.last_node for c in kept(graph, trigger=strict)] == ["touches"]


def test_a_task_that_declared_side_effects_has_them():
    """C4, R6: `task(side_effects=True)` counts like `ctx.set_has_side_effects`."""
    g = GraphBuilder("g")
    g.task(lambda ctx: None, name="a", side_effects=True)
    graph = g.start("a").end("a").build()
    sink = MemorySink()
    graph.run({}, checkpoint=sink)

    assert sink.frames[0].side_effects is True
    assert len(kept(graph, trigger=CheckpointPolicy.adaptive())) == 1


def test_an_explicit_checkpoint_is_made_whatever_the_trigger_says():
    """C4: of the last commit; retention counts it like any other."""
    graph, store = steps("a", "b"), InMemoryStore()
    sink = StoreSink(store, graph.canonical_hash, trigger=TriggerPolicy.MANUAL)

    assert sink.save_now() is None
    graph.run({}, checkpoint=sink)
    saved = store.load(sink.save_now())

    assert store.list(sink.trace_id) == [saved.checkpoint_id]
    assert (saved.last_node, saved.protected) == ("b", False)
    assert store.prune(sink.trace_id, keep=0) == 1


# -- what is kept ------------------------------------------------------------------------------


def test_a_checkpoint_stores_the_node_done_and_the_next_one():
    """C3: and the state, the hash, an id and a time in UTC."""
    graph = review()
    made = kept(graph, {"topic": "otters"})

    assert places(made) == [
        ("draft", "approve"),
        ("approve", "approve"),
        ("approve", "publish"),
        ("publish", ""),
    ]
    assert made[0].graph_hash == graph.canonical_hash
    assert made[0].created_at.tzinfo is datetime.UTC
    assert made[-1].state["published"] is True
    assert made[0].to_json().keys() == {
        *("checkpoint_id", "current_node", "last_node", "state", "graph_hash", "created_at")
    }


def test_a_checkpoint_inside_a_composite_has_the_root_state_and_position():
    """C3: names are the root's; the exact position is beside them."""
    made = kept(fanned())
    inside = [c for c in made if c.position.inner is not None]

    assert inside
    assert {(c.last_node, c.current_node) for c in inside} == {("par", "par")}
    assert all(c.state == {"log": ["first"]} for c in inside)


def test_retention_keeps_the_latest_and_what_is_protected():
    """C4: barriers stay; of the others the newest n."""
    made = kept(nested(), retention=RetentionPolicy.keep_latest(2))
    everything = kept(nested())

    assert [c.protected for c in made].count(True) == 4
    assert places(made)[-2:] == places(everything)[-2:]
    assert len(made) < len(everything)


def test_retention_by_age_drops_what_is_old():
    """C4: nothing older than the limit, but what is protected."""
    made = kept(nested(), retention=RetentionPolicy.keep_for(0.0))

    assert all(c.protected for c in made[:-1])
    assert len(kept(nested(), retention=RetentionPolicy.keep_for(3600))) == len(kept(nested()))


def test_latest_and_age_may_be_given_together():
    """C4: what either would drop goes."""
    policy = RetentionPolicy(latest=1, age=3600.0)
    made = kept(steps("a", "b", "c"), retention=policy)

    assert places(made) == [("c", "")]


@pytest.mark.parametrize("policy", [RetentionPolicy.keep_latest(1), RetentionPolicy.keep_for(0)])
def test_a_pin_that_comes_later_protects_as_well(policy):
    """C4: by number and by age; let go, it is counted again."""
    graph, store = steps("a", "b", "c"), InMemoryStore()
    sink = StoreSink(store, graph.canonical_hash)
    graph.run({}, checkpoint=sink)
    first = store.list(sink.trace_id)[-1]

    assert sink.protect(first)
    sink.retention = policy
    graph.run({}, checkpoint=sink)

    assert first in store.list(sink.trace_id)
    assert len(store.list(sink.trace_id)) <= 2
    assert sink.protect(first, on=False)
    store.prune(sink.trace_id, 0)
    assert store.list(sink.trace_id) == []
    assert not sink.protect(first)


def test_a_pin_that_is_taken_away_leaves_a_barrier_protected():
    """C4: it was for more than one reason."""
    graph, store = review(), InMemoryStore()
    sink = StoreSink(store, graph.canonical_hash)
    graph.run({"topic": "x"}, checkpoint=sink, barrier=NoopBarrierSink())
    waiting = store.list(sink.trace_id)[2]

    sink.protect(waiting)
    sink.protect(waiting, on=False)

    assert store.load(waiting).protected


def at(seconds, protected=False):
    """A checkpoint of some seconds ago."""
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    then = now - datetime.timedelta(seconds=seconds)
    return Checkpoint("b", "a", {}, 0, created_at=then, protected=protected)


@pytest.mark.parametrize(
    ("policy", "dropped"),
    [
        (RetentionPolicy.keep_all(), []),
        (RetentionPolicy.keep_latest(0), [0, 1, 3]),
        (RetentionPolicy.keep_latest(2), [3]),
        (RetentionPolicy.keep_latest(99), []),
        (RetentionPolicy.keep_for(15), [3]),
        (RetentionPolicy.keep_for(30), []),
        (RetentionPolicy(latest=1, age=15), [1, 3]),
    ],
)
def test_what_a_policy_would_drop(policy, dropped):
    """C4: newest first; the protected one is never among them; exactly as old is kept."""
    newest_first = [at(0), at(10), at(20, protected=True), at(30)]
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    assert policy.to_drop(newest_first, now) == [newest_first[i] for i in dropped]


# -- the store in memory -----------------------------------------------------------------------


def test_a_store_keeps_runs_apart():
    """C5: list is newest first; latest is the newest; delete says whether it was there."""
    store = InMemoryStore()
    one, two = kept(steps("a", "b"), store=store), kept(steps("x"), store=store)
    runs = list(store._runs)

    assert store.list(runs[0]) == [c.checkpoint_id for c in reversed(one)]
    assert store.load_latest(runs[1]) == two[-1]
    assert store.load_latest("nobody") is None
    assert store.list("nobody") == []
    assert store.delete(one[0].checkpoint_id) is True
    assert store.delete(one[0].checkpoint_id) is False
    assert store.list(runs[0]) == [one[1].checkpoint_id]


def test_saving_one_id_twice_keeps_one():
    """C5: the later content."""
    store, checkpoint = InMemoryStore(), at(0)
    store.save("run", checkpoint)
    store.save("run", checkpoint)

    assert store.list("run") == [checkpoint.checkpoint_id]


def test_an_unknown_id_is_an_error_that_names_it():
    """C5: it surfaces to the caller."""
    with pytest.raises(CheckpointNotFoundError, match="nothing"):
        InMemoryStore().load("nothing")


def test_pruning_keeps_the_newest_and_the_protected():
    """C5: and says how many went."""
    store = InMemoryStore()
    for checkpoint in (at(30), at(20, protected=True), at(10), at(0)):
        store.save("run", checkpoint)

    assert store.prune("run", keep=1) == 2
    assert [store.load(id).protected for id in store.list("run")] == [False, True]
    assert store.prune("nobody", keep=1) == 0


def test_a_rejected_barrier_is_kept_as_well():
    """C4: whatever was decided."""
    script = MockBarrierSink([Reject("no"), Approve()])
    made = kept(review(), {"topic": "x"}, barrier=script, trigger=CheckpointPolicy.minimal())

    assert places(made) == [("approve", "draft"), ("approve", "publish"), ("publish", "")]


# -- C6 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0, 1, 3, 100])
def test_restoring_a_snapshot_equals_folding(threshold):
    """C6: at every moment, however seldom it is compacted."""
    batches = [
        [Put("n", 1)],
        [Reduce("n", 2, Reducer.SUM), Reduce("log", ["a"], Reducer.APPEND)],
        [],
        [Delete("n"), Put("tree", {"x": [1]}), Put(("tree", "x", 0), 2)],
        [Reduce("log", ["b", "c"], Reducer.APPEND)],
    ]
    kept = IncrementalSnapshots({"n": 0, "log": []}, threshold=threshold)
    log, snapshots = [], []
    for batch in batches:
        kept.record(batch)
        log += batch
        snapshots.append((kept.snapshot(), fold({"n": 0, "log": []}, log)))

        assert len(kept.snapshot().deltas) <= threshold
    for snapshot, expected in snapshots:  # earlier ones stay what they were
        assert snapshot.restore() == expected


def test_a_snapshot_can_be_made_by_hand():
    """C6: a base and the deltas since."""
    assert StateSnapshot({"n": 1}, (Put("m", 2),)).restore() == {"n": 1, "m": 2}
    assert StateSnapshot({}, ()).restore() == {}


def test_snapshots_of_a_growing_list_share_it():
    """C6, S2: 1,000 snapshots of an append-only list hold each item once."""
    kept = IncrementalSnapshots({"log": []}, threshold=10)
    made = []
    for i in range(1_000):
        kept.record([Reduce("log", [i], Reducer.APPEND)])
        made.append(kept.snapshot())

    assert made[0].restore()["log"] == [0]
    assert made[499].restore()["log"] == list(range(500))
    assert made[-1].restore()["log"] == list(range(1_000))
    assert sum(len(s.deltas) for s in made) <= 10_000
