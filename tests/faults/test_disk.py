"""A file that is locked, damaged, cut short or too new; and a clock that goes backwards."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3

import pytest

from lellm_nb import Debugger, ExecutionSession
from lellm_nb.clock import Clock
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CheckpointStoreError,
    CorruptedCheckpointError,
)
from lellm_nb.store import SqliteStore
from lellm_nb.store.run.run_reader import RunReader
from lellm_nb.store.run.run_writer import RunWriter
from tests.faults.victim import graph, onward
from tests.strategies import finish, finish_debugger, nested, steps


def test_a_locked_file_holds_the_run(tmp_path):
    """Another process that writes for too long is named as the reason."""
    store = SqliteStore(tmp_path / "runs.db", timeout=0.05)
    dbg = Debugger(steps("a", "b", "c"), {}, store=store)
    other = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
    other.execute("begin immediate")

    stop = dbg.run()

    assert stop.reason.name == "FAILED"
    assert "Another process holds the file" in str(stop.error)
    other.execute("rollback")
    assert dbg.run().reason.name == "COMPLETED"
    assert len(Debugger.open(tmp_path / "runs.db").frames) == 4


def test_a_clock_that_goes_backwards_harms_nothing(tmp_path):
    """Times are kept as they were read; order comes from the frames."""
    times = iter(range(1_000, 0, -7))
    clock = Clock(wall=lambda: float(next(times)), tick=lambda: 0.0)
    session = ExecutionSession({}, nested(), clock=clock)
    rows = SqliteStore(tmp_path / "runs.db").begin_run("t", "t", {})
    writer = RunWriter(rows, session.graph)
    session.history.writer = writer
    writer.keep(session.line, session.head)
    finish(session)

    stored = RunReader(rows).history.lines["main"]

    assert [f.started for f in stored] == [f.started for f in session.line]
    assert [f.position for f in stored] == [f.position for f in session.line]


# -- damage ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A store with a nested run of some hundred frames, and the run itself."""
    file = tmp_path_factory.mktemp("whole") / "runs.db"
    store = SqliteStore(file)
    dbg = Debugger(graph("fan"), {"log": [], "count": 0}, store=store)
    onward(dbg, 400)
    dbg.note(3, "a note")
    dbg.back(2)
    dbg.close()
    store.db.execute("pragma wal_checkpoint(truncate)")
    store.close()
    return file, dbg


def look_everywhere(file):
    """Open a store and look at everything in it; return the states, or raise."""
    read = Debugger.open(file)
    try:
        return [(frame.path, frame.root_state) for frame in read.frames]
    finally:
        read._context.storage.stored.rows.store.close()


def damaged(file, change):
    """Look at a changed copy: the right states, or an error by its name."""
    try:
        change(file)
        return look_everywhere(file)
    except (CorruptedCheckpointError, CheckpointNotFoundError):
        return None  # where the index of the runs is damaged, a listed one is not found
    except CheckpointStoreError as error:
        if "could not" in str(error):  # what SQLite itself says of a damaged file
            return None
        raise


def test_a_damaged_page_is_found_or_does_not_matter(whole, tmp_path, long_form):
    """Bytes changed anywhere: the states are right, or the error says that it is damaged."""
    file, dbg = whole
    right = [(frame.path, frame.root_state) for frame in dbg.frames]
    data = file.read_bytes()
    chance = random.Random(7)
    found = 0
    for i in range(600 if long_form else 60):
        bad = bytearray(data)
        for _ in range(chance.choice([1, 1, 20])):
            at = chance.randrange(len(bad))
            bad[at] = chance.randrange(256)
        if i % 10 == 0:  # a whole page of nonsense
            page = 4096 * chance.randrange(1, len(bad) // 4096)
            bad[page : page + 4096] = chance.randbytes(4096)
        copy = tmp_path / f"{i}.db"
        copy.write_bytes(bad)
        seen = damaged(copy, lambda file: None)
        assert seen is None or seen == right
        found += seen is None
    assert found


def test_a_truncated_file_is_found(whole, tmp_path):
    """Wherever it ends."""
    file, dbg = whole
    right = [(frame.path, frame.root_state) for frame in dbg.frames]
    size = file.stat().st_size
    for i, cut in enumerate([0, 1, 100, 4096, 5000, size // 2, size - 4096, size - 1]):
        copy = tmp_path / f"{i}.db"
        shutil.copy(file, copy)
        seen = damaged(copy, lambda file, cut=cut: os.truncate(file, cut))
        assert seen is None or seen == right


@pytest.mark.parametrize(
    "change",
    [
        "update frames set body = x'5b5d' where id = (select max(id) from frames)",
        "update frames set visit = visit + 1 where id % 7 = 0",
        "update anchors set body = substr(body, 1, 10)",
        "delete from anchors",
        "delete from frames where id % 50 = 49",
        "delete from templates",
        "delete from items",
        "delete from large",
        "delete from lines",
        "update lines set first = 7",
        "update frames set id = id + 1000000 where id = (select max(id) from frames)",
        "update marks set body = x'7b7d' where kind = 'head'",
        "create trigger bad after insert on marks begin delete from frames; end",
        "create view other as select * from frames",
        "drop table anchors",
        "pragma application_id = 7",
        "update runs set facts = x'00'",
        "update runs set facts = '{}'",
    ],
)
def test_rows_that_were_tampered_with_are_found(whole, tmp_path, change):
    """A row that is gone, moved or rewritten is an error by its name."""
    file, _ = whole
    copy = tmp_path / "copy.db"
    shutil.copy(file, copy)
    db = sqlite3.connect(copy)
    db.execute(change)
    db.commit()
    db.close()

    assert damaged(copy, lambda file: None) is None


def test_a_half_written_commit_is_not_there(whole, tmp_path):
    """What the write-ahead log ends in the middle of was never reported."""
    file = tmp_path / "runs.db"
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.step(2)
    for suffix in ("", "-wal"):
        shutil.copy(f"{file}{suffix}", f"{tmp_path / 'copy.db'}{suffix}")
    size = os.path.getsize(f"{tmp_path / 'copy.db'}-wal")
    os.truncate(f"{tmp_path / 'copy.db'}-wal", size - 100)

    read = Debugger.open(tmp_path / "copy.db")

    assert [frame.path for frame in read.frames] == ["", "a"]


def test_a_file_of_a_newer_version_is_refused_by_name(tmp_path):
    """With what to do about it."""
    SqliteStore(tmp_path / "runs.db").close()
    db = sqlite3.connect(tmp_path / "runs.db")
    db.execute("insert into migrations values (99, 'later', 0)")
    db.commit()

    with pytest.raises(CheckpointStoreError, match="install a newer one"):
        SqliteStore(tmp_path / "runs.db")


def test_a_finished_nested_run_reads_the_same(tmp_path):
    """The undamaged case, beside all the others."""
    dbg = Debugger(nested(), {}, store=tmp_path / "runs.db")
    finish_debugger(dbg)
    assert look_everywhere(tmp_path / "runs.db") == [(f.path, f.root_state) for f in dbg.frames]
