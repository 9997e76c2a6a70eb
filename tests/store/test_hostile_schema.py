"""C12: nothing that a file holds is computed: its tables are ours, or it is not opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lellm_nb import Debugger, SqliteStore
from lellm_nb.errors import CorruptedCheckpointError
from tests.strategies import steps

RUNS = "id integer primary key, trace text, {}, created real, facts blob, owner blob, sum integer"

HOSTILE = {
    "a generated column": [
        "drop table runs",
        f"create table runs ({RUNS.format('name text as (hex(zeroblob(9)))')})",
    ],
    "a column with a default": [
        "drop table marks",
        "create table marks (run integer, kind text default (hex(zeroblob(9))), key text)",
    ],
    "a view in a table's place": ["drop table runs", "create view runs as select 1 as id"],
    "a trigger": ["create trigger evil after insert on runs begin select 1; end"],
    "an index of an expression": ["create index evil on runs (hex(name))"],
    "another table": ["create table more (x)"],
    "a virtual table": ["create virtual table evil using rtree(id, a, b)"],
    "an index of ours over something else": [
        "drop index checkpoints_of",
        "create index checkpoints_of on checkpoints (hex(trace))",
    ],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_store_with_what_is_not_ours_is_refused(what: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    dbg = Debugger(steps("a"), store=file)
    dbg.run()
    dbg.close()
    db = sqlite3.connect(file)
    for statement in HOSTILE[what]:
        db.execute(statement)
    db.commit()
    db.close()

    for readonly in (False, True):
        with pytest.raises(CorruptedCheckpointError, match="A store has no"):
            SqliteStore(file, readonly=readonly)
