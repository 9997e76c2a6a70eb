"""C13: a secret is found in what is written, whatever it stood in."""

from __future__ import annotations

import base64
import dataclasses
import pathlib
import zlib
from pathlib import Path
from typing import Any

import numpy
import pandas
import pydantic
import pytest

from lellm_nb import Checkpoint, Debugger, DiskSink, GraphBuilder, register_type
from lellm_nb.record.redaction.checkpoint import redacted
from lellm_nb.record.redaction.redactor import Redacted, Redactor
from lellm_nb.store.sqlite.store import SqliteStore

KEY = "sk-ant-api03-" + "AbCdEfGh12345678" * 2


@register_type
@dataclasses.dataclass(frozen=True)
class Config:
    api_key: str


@register_type
class Model(pydantic.BaseModel):
    api_key: str


class Client:
    def __repr__(self) -> str:
        return f"Client(api_key={KEY!r})"


PLACES: dict[str, Any] = {
    "a dataclass": Config(KEY),
    "a model": Model(api_key=KEY),
    "a marker's repr": Client(),
    "a set": {KEY},
    "a key": {KEY: 1},
    "a key of another kind": {(KEY, 1): 1},
    "an array": numpy.array([KEY]),
    "a table": pandas.DataFrame({"k": [KEY]}),
    "a path": pathlib.PurePosixPath("/x") / KEY,
    "bytes": KEY.encode(),
    "a tuple": (KEY, 1),
    "deep": {"a": [{"b": (Config(KEY),)}]},
}


def ran(value: Any, **options: Any) -> Debugger:
    g = GraphBuilder("g").node("a", lambda ctx: {"value": value, "n": 1}).start("a").end("a")
    dbg = Debugger(g.build(), **options)
    dbg.run()
    return dbg


def all_of(store: SqliteStore) -> bytes:
    """Everything in a store, unpacked."""
    found = []
    for (table,) in store.query("look", "select name from sqlite_master where type = 'table'"):
        for row in store.query("look", f"select * from {table}"):
            found += [_unpacked(cell) if isinstance(cell, bytes) else str(cell) for cell in row]
    return "\n".join(found).encode()


def _unpacked(cell: bytes) -> str:
    return (zlib.decompress(cell[1:]) if cell[:1] == b"z" else cell).decode(errors="replace")


@pytest.mark.parametrize("place", PLACES)
def test_no_store_file_or_checkpoint_has_it(place: str, tmp_path: Path) -> None:
    value = PLACES[place]
    store = SqliteStore(tmp_path / "runs.db")
    dbg = ran(value, store=store)
    ran(value).graph.run({}, checkpoint=DiskSink(tmp_path / "disk"))
    kept = all_of(store) + b"".join(p.read_bytes() for p in (tmp_path / "disk").iterdir())
    cleaned = redacted(Checkpoint("b", "a", {"value": value, "n": 1}, 0), Redactor())

    assert KEY.encode() not in kept
    assert base64.b64encode(KEY.encode()) not in kept
    assert KEY not in repr(cleaned.state)
    assert cleaned.state["n"] == 1
    read = Debugger.open(store).state
    assert read["n"] == 1
    assert "redacted" in repr(read["value"])
    dbg.close()


def test_what_takes_a_stand_in_stays_what_it_is(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "runs.db")
    ran(Config(KEY), store=store).close()
    read = Debugger.open(store).state["value"]

    assert isinstance(read, Config)
    assert isinstance(read.api_key, Redacted)


def test_names_of_runs_and_lines_and_state_keys(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "runs.db")
    dbg = ran(1, store=store, name=f"run {KEY}")
    dbg.fork(at=0, name=f"line {KEY}", put={KEY: 1}).step()
    dbg.close()

    assert KEY.encode() not in all_of(store)
    assert [info.name for info in store.runs()] == ["run [redacted: Anthropic key]"]
