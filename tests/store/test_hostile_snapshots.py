"""C12: a file whose checkpoints lead nowhere, round in a circle or to a bomb is refused."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
import zlib

import pytest

from lellm_nb import Checkpoint, SqliteStore
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.store.packing import pack
from lellm_nb.store.sqlite import snapshot_chain as module

BASE = {"data": [{"keys": {"log": ["a"], "n": 1}}], "beside": {}}


@pytest.fixture
def forge(tmp_path):
    """Returns a store whose one checkpoint is led to by rows of our own."""
    file = tmp_path / "c.db"
    store = SqliteStore(file)
    one = Checkpoint("b", "a", {"log": ["a"], "n": 1}, 0)
    store.save("run", one)
    store.close()

    def forged(rows, number):
        db = sqlite3.connect(file)
        db.execute("delete from snapshots")
        for n, base, form in rows:
            body = form if isinstance(form, bytes) else pack(json.dumps(form).encode())
            crc = zlib.crc32(body, zlib.crc32(f"{n} {base}".encode()))
            db.execute("insert into snapshots values (?, ?, ?, ?)", (n, base, body, crc))
        db.execute("update checkpoints set number = ?", (number,))
        db.commit()
        db.close()
        return SqliteStore(file, readonly=True), one.checkpoint_id

    return forged


def on(*wrote, number=0):
    """What changed, as it stands in a row."""
    return {"data": [{"on": number, "wrote": list(wrote)}], "wrote": []}


def test_what_a_store_writes_itself_is_read(forge):
    """Else the refusals below would say nothing."""
    store, id = forge([(1, None, BASE), (2, 1, on(["n", 2], ["log", ["b"], "append"]))], 2)

    assert store.load(id).state == {"log": ["a", "b"], "n": 2}


@pytest.mark.parametrize(
    "change",
    [
        *(on(["n", 1, "sum"]), on(["log", 3, "append"]), on(["n", ["b"], "append"])),
        *(on([["log", 5], 1]), on([["gone", "x"], 1]), on([[], 1]), on(["n", 1], number=7)),
        *(on(["n", 1], number=-1), on(["n", 1], number=True), on({"own": 3}), on(3), on([3])),
        *({}, {"data": 3}, {"data": [{}]}, {"data": []}, [], 3, None),
        *(
            {**BASE, "beside": {"at": [1, 2]}},
            {**on(), "wrote": [[["at"], [1]]]},
            b"no JSON",
            b"z123",
        ),
    ],
)
def test_a_damaged_change_is_an_error_by_name(forge, change):
    store, id = forge([(1, None, BASE), (2, 1, change)], 2)

    with pytest.raises(CorruptedCheckpointError):
        store.load(id)


@pytest.mark.parametrize(
    "rows",
    [
        [(2, 2, on())],
        [(1, 2, on()), (2, 1, on())],
        [(2, 1, on())],
        [(1, None, on()), (2, 1, on())],
        [(2, -1, on())],
        [(2, "x", on())],
    ],
    ids=["on itself", "in a circle", "on nothing", "a change alone", "below", "a word"],
)
def test_rows_that_lead_nowhere_are_refused(forge, rows):
    store, id = forge(rows, 2)

    with pytest.raises(CorruptedCheckpointError):
        store.load(id)


def test_a_chain_of_a_hundred_thousand_changes_is_not_walked(forge, monkeypatch):
    """No store writes more of them than a few hundred."""
    count = 100_000
    rows = [(1, None, BASE), *((n, n - 1, on()) for n in range(2, count + 1))]
    store, id = forge(rows, count)
    asked = []
    query = store.query
    monkeypatch.setattr(store, "query", lambda *a: asked.append(a) or query(*a))

    with pytest.raises(CorruptedCheckpointError, match="changes lead to"):
        store.load(id)

    assert len(asked) < module.CHANGES + 5


def test_changes_that_unpack_to_much_more_than_their_base_are_refused(forge):
    """Each is bounded, and all of them together: 300 kB that say 300 MB."""
    bomb = pack(json.dumps(on(["n", "x" * 3_000_000])).encode())
    rows = [(1, None, BASE), *((n, n - 1, bomb) for n in range(2, 102))]
    store, id = forge(rows, 101)
    tracemalloc.start()
    try:
        with pytest.raises(CorruptedCheckpointError, match="limit"):
            store.load(id)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 60_000_000


def test_changes_that_copy_too_much_are_refused(forge):
    """A long list, written into at so many places that folding would take minutes."""
    long = {"data": [{"keys": {"log": [0] * 1_000_000}}], "beside": {}}
    wrote = [[["log", 5], 1]] * 60_000
    store, id = forge([(1, None, long), (2, 1, on(*wrote))], 2)

    with pytest.raises(CorruptedCheckpointError, match="takes more"):
        store.load(id)


def test_nested_too_deeply_is_refused(forge):
    deep = "[" * 5_000 + "]" * 5_000
    body = pack(f'{{"data":[{{"on":0,"wrote":[["n",{deep}]]}}],"wrote":[]}}'.encode())
    store, id = forge([(1, None, BASE), (2, 1, body)], 2)

    with pytest.raises(CorruptedCheckpointError):
        store.load(id)


def test_one_damaged_snapshot_does_not_stop_the_next_from_being_saved(tmp_path):
    """It is written whole; who loads the damaged one is told."""
    file = tmp_path / "c.db"
    store = SqliteStore(file)
    made = [Checkpoint("b", "a", {"n": n}, 0) for n in range(3)]
    for checkpoint in made[:2]:
        store.save("run", checkpoint)
    store.close()
    db = sqlite3.connect(file)
    db.execute("update snapshots set body = x'00' where number = 2")
    db.commit()
    db.close()
    store = SqliteStore(file)

    store.save("run", made[2])

    assert store.load_latest("run").state["n"] == 2
    assert store.load(made[0].checkpoint_id).state["n"] == 0
    with pytest.raises(CorruptedCheckpointError):
        store.load(made[1].checkpoint_id)
    assert store.delete(made[1].checkpoint_id)


def test_an_older_file_is_read_without_being_written_to(tmp_path):
    """Its checkpoints stand in one body each, and the new tables are not there."""
    file = tmp_path / "c.db"
    SqliteStore(file).close()
    db = sqlite3.connect(file)
    db.execute("drop table snapshots")
    db.execute("delete from migrations where number = 2")
    one = Checkpoint("b", "a", {"n": 1}, 0)
    body = SqliteStore(tmp_path / "other.db").codec.encode(one)
    db.execute(
        "insert into checkpoints values (1, ?, 'run', 0, ?, ?)",
        (one.checkpoint_id, body, zlib.crc32(body)),
    )
    db.commit()
    db.close()

    old = SqliteStore(file, readonly=True)
    assert old.load_latest("run") == one
    with pytest.raises(CheckpointStoreError):
        old.save("run", Checkpoint("c", "b", {"n": 2}, 0))
    old.close()

    new = SqliteStore(file)
    new.save("run", Checkpoint("c", "b", {"n": 2}, 0))
    assert [new.load(id).state["n"] for id in new.list("run")] == [2, 1]
    assert new.prune("run", 1) == 1
