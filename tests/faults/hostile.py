"""Small files that would take much memory: what they say is true, and far too much.

Each maker changes a sound store, folder or saved run; the checksums fit.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lellm_nb import Checkpoint, Debugger, SqliteStore
from lellm_nb.record.codec.frames import FrameRow
from lellm_nb.store.folder.commit import sealed
from lellm_nb.store.sqlite.checksums import with_sum
from tests.strategies import steps

MOST = 1_500_000
DENSE = b"[" + b"[]," * 1_000_000 + b"[]]"
"""Three megabytes that become a million lists."""

RAW = b"[" + b"[]," * 440_000 + b"[]]"
"""The same as it would stand in a file that is not compressed."""

LONG = b'"' + b"x" * 1_000_000 + b'"'
WIDE = b'"' + b"x" * 1_000_000 + b'\\ud83d\\ude00"'
"""A million letters of four bytes each, by one that is not ASCII."""

FIRST = 1 << 44
"""The id of the first frame of the first run."""


def packed(body: bytes) -> bytes:
    """As a store has a body that it has compressed."""
    return b"z" + zlib.compress(body, 9)


def position(data: bytes) -> bytes:
    """A whole position with a state of one key."""
    return b'{"at":["a",0,0,{},null,null,null],"data":[{"keys":{"k":' + data + b"}}]}"


def run(**where: Any) -> Debugger:
    """A sound run of three steps."""
    dbg = Debugger(steps("a", "b", "c"), {"big": ["x" * 100] * 40}, **where)
    dbg.run()
    dbg.note(1, "a note")
    return dbg


# -- SQLite ----------------------------------------------------------------------------------


def _sum(body: bytes, seed: int = 0) -> int:
    return zlib.crc32(body, seed & 0xFFFFFFFF)


def _marks(db: Any, bodies: list[bytes]) -> None:
    for i, body in enumerate(bodies):
        seed = zlib.crc32(f"0/1{i}".encode())
        row = ("note", f"0/1{i}", body, _sum(body, seed))
        db.execute("insert into marks values (1, ?, ?, ?, ?)", row)


def _templates(db: Any, bodies: list[bytes]) -> None:
    for i, body in enumerate(bodies, 100):
        db.execute("insert into templates values (1, ?, ?, ?)", (i, body, _sum(body, i)))


def _values(db: Any, bodies: list[bytes]) -> None:
    for i, body in enumerate(bodies, 5000):
        db.execute("insert into large values (1, ?, ?, ?)", (i, body, _sum(body, i)))
    keys = {f"k{i}": {"$": "&", "v": i} for i in range(5000, 5000 + len(bodies))}
    _anchor(db, position(json.dumps(keys).encode()))


def _items(db: Any, count: int) -> None:
    body = packed(b"[" + b'"x",' * 249_999 + b'"x"]')
    for start in range(0, count * 250_000, 250_000):
        row = (7000, start, body, _sum(body, start))
        db.execute("insert into items values (1, ?, ?, ?, ?)", row)
    _anchor(db, position(b'{"$":"&","v":7000,"n":%d}' % (count * 250_000)))


def _anchor(db: Any, body: bytes) -> None:
    db.execute(
        "update anchors set body = ?, sum = ? where id = ?", (body, _sum(body, FIRST), FIRST)
    )


def _facts(db: Any, bodies: list[bytes]) -> None:
    for i, body in enumerate(bodies):
        row = (f"trace {i}", "n", 1.0, body, _sum(body))
        db.execute(
            "insert into runs (trace, name, created, facts, sum) values (?, ?, ?, ?, ?)", row
        )


def _frames(db: Any, bodies: list[bytes]) -> None:
    columns = "template, visit, cursor, started, duration"
    (*facts,) = db.execute(f"select {columns} from frames order by id desc").fetchone()
    for i, body in enumerate(bodies, FIRST + 4):
        row = with_sum(i, FrameRow(*facts, body))
        db.execute("insert into frames values (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _lines(db: Any, count: int) -> None:
    for i in range(1, count):
        row = ((1 << 18) + i, str(i), 0, 1, _sum(str(i).encode(), 1))
        db.execute("insert into lines values (?, ?, ?, ?, ?)", row)


DATABASES: dict[str, Callable[[Any], None]] = {
    "many large marks": lambda db: _marks(db, [packed(LONG)] * 500),
    "many dense marks": lambda db: _marks(db, [packed(DENSE)] * 40),
    "wide marks": lambda db: _marks(db, [packed(WIDE)] * 100),
    "a dense mark that is not compressed": lambda db: _marks(db, [RAW]),
    "many small marks": lambda db: _marks(db, [b"1"] * 40_000),
    "dense templates": lambda db: _templates(
        db, [packed(b'{"kind":"commit","graph":"","path":"","node":"","x":' + DENSE + b"}")] * 40
    ),
    "large templates": lambda db: _templates(
        db, [packed(b'{"kind":"commit","graph":"","node":"","path":' + LONG + b"}")] * 200
    ),
    "many lines": lambda db: _lines(db, 40_000),
    "many frames": lambda db: _frames(db, [b"[]"] * 24_000),
    "a dense frame": lambda db: _frames(db, [b'[["k",' + RAW + b"]]"]),
    "a large position": lambda db: _anchor(db, packed(position(LONG[:-1] * 150 + b'"'))),
    "a dense position": lambda db: _anchor(db, packed(position(DENSE))),
    "large values": lambda db: _values(db, [packed(LONG)] * 500),
    "dense values": lambda db: _values(db, [packed(DENSE)] * 60),
    "a value of bytes": lambda db: _values(
        db, [packed(b'{"$":"bytes","v":"%b"}' % (b"QUFB" * 5_000_000))]
    ),
    "a long list": lambda db: _items(db, 300),
    "large facts": lambda db: _facts(db, [packed(b'{"x":' + LONG + b"}")] * 500),
    "dense facts": lambda db: _facts(db, [packed(b'{"x":' + DENSE + b"}")] * 60),
}


def database(what: str, folder: Path) -> Path:
    """Make a SQLite file."""
    file = folder / "runs.db"
    store = SqliteStore(file)
    run(store=store).close()
    store.save("a trace", Checkpoint("b", "a", {"n": 1}, 0))
    store.close()
    db = sqlite3.connect(file)
    DATABASES[what](db)
    db.commit()
    db.execute("pragma journal_mode = delete")
    db.execute("vacuum")
    db.close()
    return file


# -- saved runs ------------------------------------------------------------------------------

FRAME = re.compile(rb'\["frame",0,\d+')

ARCHIVES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a dense value": lambda all: [*all, b'["value",900,%b]' % (DENSE)],
    "dense values": lambda all: [
        *all,
        *[b'["value",%d,%b]' % (i, b"[" + b"[]," * 90_000 + b"[]]") for i in range(900, 1100)],
    ],
    "a large value": lambda all: [*all, b'["value",900,"%b"]' % (b"x" * 60_000_000)],
    "wide values": lambda all: [*all, *[b'["value",%d,%b]' % (i, WIDE) for i in range(60)]],
    "a dense line of no kind": lambda all: [*all, b'["other",%b]' % DENSE],
    "many frames": lambda all: [
        *all,
        *[FRAME.sub(b'["frame",0,%d' % i, _last_frame(all)) for i in range(4, 150_000)],
    ],
    "dense frames": lambda all: [
        *all,
        *[
            b'["frame",0,%d,[0,1,1,1,1],[["k",%b]]]' % (i, b"[" + b"[]," * 150 + b"[]]")
            for i in range(4, 60_000)
        ],
    ],
    "many marks": lambda all: [*all, *[b'["mark","note","0/%d",1]' % i for i in range(300_000)]],
    "many lines": lambda all: [
        *all,
        *[b'["line",%d,"%d",0,1]' % (i, i) for i in range(1, 200_000)],
    ],
    "dense facts": lambda all: [all[0][:-2] + b',"x":' + DENSE + b"}}", *all[1:]],
}


def _last_frame(lines: list[bytes]) -> bytes:
    return [line for line in lines if line.startswith(b'["frame"')][-1]


def archive(what: str, folder: Path) -> Path:
    """Make a file of `save`."""
    file = folder / "run.lellm"
    run().save(file)
    lines = ARCHIVES[what](gzip.decompress(file.read_bytes()).splitlines()[:-1])
    body = b"".join(line + b"\n" for line in lines)
    end = json.dumps(["end", len(lines), hashlib.sha256(body).hexdigest()]).encode() + b"\n"
    file.write_bytes(gzip.compress(body + end, 9))
    return file


# -- folders ---------------------------------------------------------------------------------

FOLDERS: dict[str, Callable[[], list[bytes]]] = {
    "a dense mark": lambda: [b'["mark","note","0/1",' + RAW],
    "many small marks": lambda: [b'["mark","note","0/1%d",1' % i for i in range(40_000)],
    "one mark again and again": lambda: [b'["mark","note","0/1",1'] * 50_000,
    "a dense frame": lambda: [b'["frame",0,4,[0,1,1,1,1],[["k",' + RAW + b"]]"],
    "many frames": lambda: [b'["frame",0,%d,[1,1,1,1,1],[]' % i for i in range(4, 35_000)],
    "many lines": lambda: [b'["line",%d,"%d",0,1' % (i, i) for i in range(1, 40_000)],
    "anchors backwards": lambda: [b'["anchor",0,%d,0' % i for i in range(60_000, 3, -1)],
    "values": lambda: [b'["value",%d,0' % i for i in range(5000, 60_000)],
    "pieces of lists": lambda: [b'["items",%d,0,0' % i for i in range(5000, 60_000)],
    "a long number": lambda: [b'["value",%b,0' % (b"9" * 1_000_000)],
    "a long name": lambda: [b'["mark","note","%b",0' % (b"x" * 1_000_000)],
    "deep facts": lambda: [b'["template",900,%b' % (b"[" * 600_000)],
}


def in_folder(what: str, folder: Path) -> Path:
    """Make a folder of runs."""
    run(store=folder).close()
    file = folder / "run-000001.jsonl"
    size = file.stat().st_size
    with file.open("ab") as more:
        more.write(sealed(FOLDERS[what](), size))
    return folder


MAKERS = {
    **{f"a database: {what}": (database, what) for what in DATABASES},
    **{f"a saved run: {what}": (archive, what) for what in ARCHIVES},
    **{f"a folder: {what}": (in_folder, what) for what in FOLDERS},
}
