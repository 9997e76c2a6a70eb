"""Thousands of mutated files through every loader: an error by name, in time, and no code run."""

from __future__ import annotations

import datetime
import gc
import gzip
import hashlib
import json
import random
import resource
import sqlite3
import sys
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import lellm_nb
from lellm_nb import Checkpoint, CheckpointCodec, Debugger
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.mutation_log import MutationLogEntry
from lellm_nb.store import DiskSink, SqliteMutationLog, SqliteStore
from lellm_nb.store.packing import pack, unpack
from tests.faults.mutations import GROWING, ODD, mutated, text
from tests.faults.victim import graph, onward
from tests.strategies import nested

SECONDS = 1.0
MEGABYTES = 300

_OURS = (str(Path(lellm_nb.__file__).parent), str(Path(json.__file__).parents[1]))
_seen: list[str] = []
_said: set[type] = set()
_watching: int | None = None
"""The thread that reads a file now."""

_BAD = ("os.system", "subprocess", "os.exec", "os.fork", "pickle", "socket.connect", "exec")


def _audit(event: str, args: Any) -> None:
    # of this thread alone: what another test has left in the background is not of the file
    if _watching == threading.get_ident() and event.startswith(_BAD):
        if event == "exec" and getattr(args[0], "co_filename", "").startswith(_OURS):
            return  # a module of ours, or of Python's, that is loaded when it is first needed
        _seen.append(f"{event} {str(args)[:100]}")


@pytest.fixture(scope="module", autouse=True)
def _watch_for_code():
    """See what the interpreter says of running code; a hook can't be taken away again."""
    import numpy
    import pandas

    import lellm_nb.debug.persist.open as opening

    # a module that is loaded late makes its dataclasses then, which looks like code that runs
    assert all((numpy, pandas, opening))
    codec = Codec()
    codec.loads('{"$": "ndarray", "v": {"dtype": "<i8", "shape": [0], "raw": ""}}')
    codec.loads('{"$": "datetime", "v": ["2020-01-01T00:00:00", "Europe/Berlin", 0]}')
    sys.addaudithook(_audit)


def keep_nest(store: Any) -> None:
    """Keep a nested run of a hundred frames and all that can stand beside them, and close it."""
    dbg = Debugger(graph("nest"), {"log": [], "count": 0, "t": (1, {2})}, store=store)
    onward(dbg, 100)
    dbg.note(3, "n")
    dbg.break_at("a", when=never)
    dbg.watch("log")
    dbg.fork(at=2, put={"x": 1}).back(1)
    dbg.back(1)
    dbg.close()


@pytest.fixture(scope="module")
def run():
    """A nested run with decisions, a fork, an error and values of many kinds."""
    dbg = Debugger(graph("fan"), {"log": [], "count": 0, "t": (1, {2}), "b": b"x"})
    onward(dbg, 90)
    dbg.fork(at=5, put={"x": {"deep": [1, 2, {"y": 1}]}}).step()
    dbg.note(3, "n")
    return dbg


@contextmanager
def quick():
    """Within a second: of this thread, and without the collector.

    The machine may be busy, and what other tests left in this process much to look through.
    """
    gc.disable()
    begun = time.thread_time()
    try:
        yield
    finally:
        gc.enable()
        assert time.thread_time() - begun < SECONDS


def expect(load, counts):
    """Load: fine, or an error by name; within a second; and nothing ran."""
    global _watching
    _watching = threading.get_ident()
    try:
        with quick():
            load()
        counts["fine"] += 1
    except CheckpointStoreError as error:
        _said.add(type(error))
        counts["refused"] += 1
    finally:
        _watching = None
    assert _seen == []


def look(dbg):
    """Look at everything in a debugger."""
    for frame in dbg.frames:
        assert frame.root_state is not None
        assert repr(frame)
        frame.detail  # noqa: B018  # reading it is the test
    for name in dbg.lines:
        assert dbg.branch(name).frames[-1].position is not None


@pytest.fixture
def little_memory():
    """Allow some hundred megabytes more than there are."""
    pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115
    limits = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + MEGABYTES * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (most, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


def packed(lines):
    """A saved file of some lines, with the checksum that fits them."""
    body = b"".join(line + b"\n" for line in lines)
    end = json.dumps(["end", len(lines), hashlib.sha256(body).hexdigest()]).encode() + b"\n"
    return gzip.compress(body + end, 1)


@pytest.mark.timeout(600)
def test_mutated_files(run, tmp_path, long_form, little_memory):
    """What `save` wrote, with parts exchanged and the checksum made to fit again."""
    run.save(tmp_path / "whole")
    lines = gzip.decompress((tmp_path / "whole").read_bytes()).splitlines()[:-1]
    chance = random.Random(1)
    counts = {"fine": 0, "refused": 0}
    for i in range(10_000 if long_form else 1_000):
        bad = list(lines)
        if i % 10 == 0:
            bad[chance.randrange(len(bad))] = bad[chance.randrange(len(bad))]
        else:
            at = chance.choice([0, chance.randrange(len(bad))])
            bad[at] = text(mutated(json.loads(bad[at]), chance)).encode()
        (tmp_path / "bad").write_bytes(packed(bad))
        expect(lambda: look(Debugger.load(tmp_path / "bad")), counts)
    assert min(counts.values()) > 0


@pytest.mark.timeout(600)
def test_files_with_changed_bytes(run, tmp_path, long_form, little_memory):
    """The checksum finds them all."""
    run.save(tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    chance = random.Random(2)
    counts = {"fine": 0, "refused": 0}
    for _ in range(10_000 if long_form else 1_000):
        bad = bytearray(data[: chance.choice([len(data), chance.randrange(len(data))])])
        for _ in range(chance.choice([1, 3, 30])):
            if bad:
                bad[chance.randrange(len(bad))] = chance.randrange(256)
        (tmp_path / "bad").write_bytes(bad)
        expect(lambda: look(Debugger.load(tmp_path / "bad")), counts)
    assert counts["fine"] <= counts["refused"] // 20  # a byte of the gzip header means nothing


@pytest.mark.timeout(600)
def test_mutated_checkpoints(run, long_form, little_memory):
    """`CheckpointCodec`, with positions."""
    codec = CheckpointCodec()
    checkpoint = Checkpoint.of(run.frames[7], run.graph.canonical_hash)
    form = json.loads(codec.encode(checkpoint))
    chance = random.Random(3)
    counts = {"fine": 0, "refused": 0}
    for _ in range(10_000 if long_form else 1_000):
        bad = text(mutated(form, chance)).encode()
        expect(lambda bad=bad: codec.decode(bad), counts)
    assert min(counts.values()) > 0


@pytest.mark.timeout(600)
def test_mutated_json_forms(run, long_form, little_memory):
    """`Checkpoint.from_json`."""
    form = Checkpoint.of(run.frames[1], run.graph.canonical_hash).to_json()
    form["state"] = {"log": ["a"], "deep": {"x": [1, {"y": 2}]}, "key": {"$": "redacted", "v": "-"}}
    chance = random.Random(6)
    counts = {"fine": 0, "refused": 0}
    for _ in range(10_000 if long_form else 1_000):
        bad = mutated(form, chance)
        expect(lambda bad=bad: Checkpoint.from_json(bad), counts)
    assert min(counts.values()) > 0


@pytest.mark.timeout(600)
def test_mutated_logs(tmp_path, long_form, little_memory):
    """`SqliteMutationLog.replay`, and a checkpoint in the same file: rows with sums that fit."""
    store = SqliteStore(tmp_path / "runs.db")
    log = SqliteMutationLog(store)
    now = datetime.datetime.now(datetime.UTC)
    log.append(MutationLogEntry("run", 1, "a", None, 0, {"Put": ["k", {"x": [1, {"y": 2}]}]}, now))
    store.save("run", Checkpoint("b", "a", {"t": (1, {2}), "log": ["x"]}, 7))
    chance = random.Random(7)
    counts = {"fine": 0, "refused": 0}
    rows = {
        name: store.db.execute(f"select body from {name}").fetchone()[0]
        for name in ("mutations", "checkpoints")
    }
    for i in range(10_000 if long_form else 1_000):
        table = ("mutations", "checkpoints")[i % 2]
        bad = pack(text(mutated(json.loads(rows[table]), chance)).encode())
        seed = 1 if table == "mutations" else 0
        store.db.execute(f"update {table} set body = ?, sum = ?", (bad, zlib.crc32(bad, seed)))
        expect(lambda: (log.replay("run"), store.load_latest("run")), counts)
        good = (rows[table], zlib.crc32(rows[table], seed))
        store.db.execute(f"update {table} set body = ?, sum = ?", good)
    assert min(counts.values()) > 0


@pytest.mark.timeout(600)
def test_mutated_snapshots(run, tmp_path, long_form, little_memory):
    """`DiskSink.read`."""
    sink = DiskSink(tmp_path)
    nested().run({"t": (1, {2}), "log": []}, checkpoint=sink, barrier=None)
    form = json.loads(sink.snapshots()[-1].read_text())
    chance = random.Random(4)
    counts = {"fine": 0, "refused": 0}
    for _ in range(10_000 if long_form else 1_000):
        (tmp_path / "bad").write_text(text(mutated(form, chance)))
        expect(lambda: sink.read(tmp_path / "bad"), counts)
    assert min(counts.values()) > 0


@pytest.mark.timeout(900)
def test_mutated_stores(run, tmp_path, long_form, little_memory):
    """Rows of a store, with parts exchanged and their checksums made to fit again."""
    store = SqliteStore(tmp_path / "runs.db")
    keep_nest(store)
    db = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
    chance = random.Random(5)
    counts = {"fine": 0, "refused": 0}
    for _ in range(10_000 if long_form else 1_000):
        db.execute("begin")
        _spoil(db, chance)
        db.execute("commit")
        expect(lambda: look_and_close(tmp_path / "runs.db"), counts)
        _mend(db)
    assert min(counts.values()) > 0


def never(state):
    """A condition of a stop: its text is in the store."""
    return False


def look_and_close(file):
    """Look at a store's run, and close the file."""
    store = SqliteStore(file, readonly=True)
    try:
        look(Debugger.open(store))
    finally:
        store.close()


_undo: list[tuple[str, tuple[object, ...]]] = []

_SEEDS = {
    "anchors": ("id", lambda row: row["id"] & 0xFFFFFFFF),
    "templates": ("number", lambda row: row["number"]),
    "marks": ("key", lambda row: zlib.crc32(row["key"].encode())),
    "large": ("number", lambda row: row["number"]),
    "items": ("start", lambda row: row["start"]),
    "runs": ("id", lambda row: 0),
}


def _spoil(db, chance):
    """Change the body of one row, with a checksum that fits."""
    table = chance.choice([*_SEEDS, "frames", "frames"])
    db.row_factory = sqlite3.Row
    body = "facts" if table == "runs" else "body"
    row = chance.choice(db.execute(f"select * from {table}").fetchall())
    if table == "frames":
        from lellm_nb.record.rows.frame_row import FrameRow
        from lellm_nb.store.sqlite.checksums import with_sum

        bad = text(mutated(json.loads(row["body"]), chance)).encode()
        made = with_sum(row["id"], FrameRow(*list(row)[1:6], bad))
        db.execute("update frames set body = ?, sum = ? where id = ?", (bad, made[-1], row["id"]))
        undo = "update frames set body = ?, sum = ? where id = ?"
        _undo.append((undo, (row["body"], row["sum"], row["id"])))
        return
    key, seed = _SEEDS[table]
    plain = unpack(row[body], row["sum"], seed(row), what=table)
    bad = pack(text(mutated(json.loads(plain), chance)).encode())
    change = f"update {table} set {body} = ?, sum = ? where {key} = ?"
    db.execute(change, (bad, zlib.crc32(bad, seed(row)), row[key]))
    _undo.append((change, (row[body], row["sum"], row[key])))


def _mend(db):
    while _undo:
        db.execute(*_undo.pop())


# -- traps, one by one --------------------------------------------------------------------


def refuse(tmp_path, data):
    """The file is refused as damaged, quickly."""
    (tmp_path / "bad").write_bytes(data)
    with quick(), pytest.raises(CorruptedCheckpointError):
        look(Debugger.load(tmp_path / "bad"))


def bomb(piece, times):
    """A small file that unpacks to very much, made without holding it."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = json.dumps({"lellm_nb": "run", "format": 1, "trace": "", "name": "", "facts": {}})
    parts = [squeeze.compress(head.encode() + b"\n")]
    parts += [squeeze.compress(piece) for _ in range(times)]
    return b"".join([*parts, squeeze.flush()])


def test_a_bomb_of_one_line_is_refused(tmp_path, little_memory):
    """A megabyte that unpacks to a gigabyte."""
    refuse(tmp_path, bomb(b"0," * 50_000, 10_000))


def test_a_bomb_of_many_lines_is_refused(tmp_path, little_memory):
    """Also where each line is short."""
    refuse(tmp_path, bomb(b'["value",1,0]\n' * 10_000, 8_000))


def test_depth_is_refused(tmp_path, little_memory):
    """Without a crash of the interpreter."""
    refuse(tmp_path, packed([b"[" * 1_000_000]))
    with pytest.raises(CorruptedCheckpointError):
        Codec().loads("[" * 400 + "]" * 400)


def test_huge_numbers_are_refused(little_memory):
    """Decimal digits are read in quadratic time; there is a limit to them."""
    with pytest.raises(CorruptedCheckpointError):
        Codec().loads("9" * 1_000_000)


@pytest.mark.parametrize("odd", [*ODD, *GROWING])
def test_each_trap_is_read_or_refused(odd, little_memory):
    """A value of a few bytes never becomes one of gigabytes, nor on its way to be refused."""
    counts = {"fine": 0, "refused": 0}
    tracemalloc.start()
    try:
        expect(lambda: Codec().loads(json.dumps(odd)), counts)
        assert tracemalloc.get_traced_memory()[1] < 20 * 1024 * 1024
    finally:
        tracemalloc.stop()
