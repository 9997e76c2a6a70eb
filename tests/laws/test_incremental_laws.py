"""C5, C6: whatever is saved, dropped and opened in between, a checkpoint comes back as it was."""

from __future__ import annotations

import copy
import sqlite3
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import (
    Checkpoint,
    CheckpointCodec,
    IncrementalSnapshots,
    InMemoryStore,
    NoopBarrierSink,
    SqliteStore,
    StoreSink,
)
from lellm_nb.errors import CheckpointNotFoundError
from lellm_nb.record.snapshots import StateSnapshot, difference
from lellm_nb.state.state import keep
from tests.strategies import fanned, nested, review

RUNS = ("one", "two")

atoms = (
    *(st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False, width=16)),
    *(
        st.sampled_from(["", "a", "é", "x" * 600, "\ud800", "sk-" + "a1" * 16]),
        st.binary(max_size=3),
    ),
)
values = st.recursive(
    st.one_of(*atoms),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.sampled_from(["a", "b", "c", "$", "", "é"]), inner, max_size=4),
        st.dictionaries(st.integers(0, 3), inner, max_size=2),
        st.tuples(inner, inner),
        st.sets(st.integers(0, 3), max_size=3),
    ),
    max_leaves=8,
)
keys = st.sampled_from(["n", "log", "tree", "é", "a.b", "$"])
states = st.dictionaries(keys, values, max_size=5)


def inside(value, path=()):
    """The ways to every list and dict inside of a value."""
    found = []
    if isinstance(value, (dict, list)):
        found.append(path)
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            found += inside(item, (*path, key))
    return found


def at(value, path):
    """What stands at the end of a way."""
    for part in path:
        value = value[part]
    return value


@st.composite
def grown(draw, states=states):
    """States that each come from the one before by a few changes, anywhere inside."""
    state = draw(states)
    made = [copy.deepcopy(state)]
    for _ in range(draw(st.integers(1, 12))):
        for _ in range(draw(st.integers(0, 3))):
            where = at(state, draw(st.sampled_from(inside(state))))
            value = draw(values)
            if isinstance(where, list):
                how = draw(st.sampled_from(["append", "insert", "set", "drop", "rebuild"]))
                if how == "append" or not where:
                    where.append(value)
                elif how == "insert":
                    where.insert(draw(st.integers(0, len(where))), value)
                elif how == "set":
                    where[draw(st.integers(0, len(where) - 1))] = value
                elif how == "drop":
                    del where[draw(st.integers(0, len(where) - 1))]
            elif where and draw(st.booleans()):
                key = draw(st.sampled_from(list(where)))
                if draw(st.booleans()):
                    del where[key]
                else:
                    where[key] = value
            else:
                where[draw(keys)] = value
        made.append(copy.deepcopy(state))
    return made


def exactly(value):
    """A text that tells 1, 1.0 and True apart, and the order of keys."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {exactly(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"{isinstance(value, tuple)}[{', '.join(map(exactly, value))}]"
    return repr(sorted(value)) if isinstance(value, (set, frozenset)) else repr(value)


def whole(checkpoint):
    """A checkpoint as it comes back from a store that writes all of it."""
    codec = CheckpointCodec(redactor=InMemoryStore().redact)
    return codec.decode(codec.encode(checkpoint))


def facts(checkpoint):
    """All of it, to the last bit."""
    names = (checkpoint.checkpoint_id, checkpoint.current_node, checkpoint.last_node)
    more = (checkpoint.graph_hash, checkpoint.created_at, checkpoint.protected)
    frames = checkpoint.frames.frames if checkpoint.frames else []
    past = [
        (f.path, f.kind, f.visit, f.cursor, repr(f.mutations), repr(f.position)) for f in frames
    ]
    return names, more, exactly(checkpoint.state), repr(checkpoint.position), past


@given(grown())
def test_folding_what_differs_leads_to_the_state_itself(made):
    """C6: exactly, to the type of each number and the order of the keys."""
    for old, new in pairwise(made):
        before, after = keep(old), keep(new)
        wrote = difference(before, after)
        if wrote is not None:
            assert exactly(StateSnapshot(before, tuple(wrote)).restore()) == exactly(new)


ALIKE = [(1, True), (1, 1.0), (False, 0), (0.0, -0.0), ("1", 1), ([], None), ((1,), [1])]


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [0, v], lambda v: {"in": {"side": v}}])
@pytest.mark.parametrize(("old", "new"), [*ALIKE, *((b, a) for a, b in ALIKE)])
def test_what_python_calls_equal_is_no_less_a_change(old, new, wrap, tmp_path):
    """C6: 1, 1.0 and True are three values; a store gives back the one that was saved."""
    store = SqliteStore(tmp_path / "c.db")
    made = [Checkpoint("b", "a", {"v": wrap(value)}, 0) for value in (old, new)]
    for checkpoint in made:
        store.save("run", checkpoint)

    for checkpoint in made:
        assert exactly(store.load(checkpoint.checkpoint_id).state) == exactly(checkpoint.state)


@given(grown(), st.integers(0, 6))
def test_snapshots_that_are_given_states_restore_them(made, threshold):
    """C6: at every moment, however seldom they are compacted."""
    snapshots = IncrementalSnapshots(made[0], threshold)
    for state in made[1:]:
        snapshots.take(state)

        assert exactly(snapshots.snapshot().restore()) == exactly(state)
        assert len(snapshots.snapshot().deltas) <= threshold


commands = st.lists(
    st.tuples(
        st.sampled_from(["save"] * 6 + ["again", "other", "delete", "prune", "open", "load"]),
        st.sampled_from(RUNS),
        st.integers(0, 20),
        st.booleans(),
    ),
    max_size=40,
)


@given(grown(), grown(), commands)
def test_any_order_of_saving_dropping_and_opening_keeps_what_was_saved(one, two, script):
    """C5, C6: two runs in one file, and a store that remembers nothing by heart."""
    states = {"one": one, "two": two}
    saved: dict[str, dict[str, Checkpoint]] = {run: {} for run in RUNS}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "c.db"
        store = SqliteStore(file)
        for what, run, n, flag in script:
            known = saved[run]
            ids = list(known)
            state = states[run][n % len(states[run])]
            chosen = known[ids[n % len(ids)]] if ids else None
            if what == "save":
                checkpoint = Checkpoint(f"n{n}", "", state, n, protected=flag and n % 4 == 0)
                known[checkpoint.checkpoint_id] = checkpoint
                store.save(run, checkpoint)
            elif what == "open":
                store.close()
                store = SqliteStore(file)
            elif what == "prune":
                kept = ids[-(n % 5) :] if n % 5 else []
                gone = [i for i in ids if i not in kept and not known[i].protected]
                assert store.prune(run, n % 5) == len(gone)
                for id in gone:
                    del known[id]
            elif chosen is None:
                continue
            elif what == "delete":
                assert store.delete(chosen.checkpoint_id)
                del known[chosen.checkpoint_id]
            elif what in ("again", "other"):
                content = chosen.state if what == "again" else state
                changed = replace(chosen, state=content, protected=flag)
                known[chosen.checkpoint_id] = changed
                store.save(run, changed)
            else:
                assert facts(store.load(chosen.checkpoint_id)) == facts(whole(chosen))
        for run in RUNS:
            assert store.list(run) == list(reversed(saved[run]))
            for checkpoint in saved[run].values():
                assert facts(store.load(checkpoint.checkpoint_id)) == facts(whole(checkpoint))
        for run in RUNS:
            for id in list(saved[run]):
                store.delete(id)
        left = store.query("count", "select count(*) from snapshots")
        store.close()
        assert left == [(0,)]  # and nothing stays behind


@pytest.mark.parametrize("graph", [nested, fanned, review])
@pytest.mark.parametrize("keep_one_in", [1, 3])
def test_positions_of_nested_and_parallel_graphs_come_back(graph, keep_one_in, tmp_path):
    """C2, C6: levels, branches, counters and what they wrote, whatever was dropped between."""
    memory, file = InMemoryStore(), SqliteStore(tmp_path / "c.db")
    sink = StoreSink(memory, graph().canonical_hash, trace_id="run")
    graph().run({"topic": "x"}, checkpoint=sink, barrier=NoopBarrierSink())
    made = [memory.load(id) for id in reversed(memory.list("run"))]
    for checkpoint in made:
        file.save("run", checkpoint)
    dropped = [c for i, c in enumerate(made) if i % keep_one_in]
    for checkpoint in dropped:
        file.delete(checkpoint.checkpoint_id)
    again = SqliteStore(tmp_path / "c.db", readonly=True)

    for checkpoint in made:
        if checkpoint in dropped:
            with pytest.raises(CheckpointNotFoundError):
                again.load(checkpoint.checkpoint_id)
            continue
        found, expected = again.load(checkpoint.checkpoint_id), whole(checkpoint)
        assert facts(found) == facts(expected)
        assert found.position == expected.position == checkpoint.position
    again.close()
    file.close()


def test_an_error_between_the_writes_leaves_nothing_behind(tmp_path):
    """C5: a checkpoint and its snapshot are one transaction; what follows is whole."""
    store = SqliteStore(tmp_path / "c.db")
    made = [Checkpoint("b", "a", {"log": list(range(n))}, 0) for n in range(4)]
    store.save("run", made[0])
    store.db.execute(
        "create temp trigger fails before insert on snapshots begin"
        " select raise(abort, 'the disk is full'); end"
    )
    with pytest.raises(Exception, match="the disk is full"):
        store.save("run", made[1])
    store.db.execute("drop trigger fails")

    assert store.list("run") == [made[0].checkpoint_id]
    for checkpoint in made[1:]:
        store.save("run", checkpoint)
    assert [store.load(id).state["log"] for id in store.list("run")] == [
        [0, 1, 2], [0, 1], [0], [],
    ]  # fmt: skip
    with sqlite3.connect(tmp_path / "c.db") as db:
        assert db.execute("select count(*) from snapshots").fetchone() == (4,)
