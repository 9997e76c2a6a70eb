"""The tables of a SQLite store, and the steps that bring an old file up to date."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import time

from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError

__all__ = ["APPLICATION", "check_schema", "migrate"]

APPLICATION = 0x6C6C6E62
"""``llnb``: what ``file`` shows of a store, and how one is told from other databases."""

STEPS: tuple[tuple[str, str], ...] = (
    (
        "runs, frames and checkpoints",
        """
        create table runs (
            id integer primary key, trace text not null unique, name text not null,
            created real not null, facts blob not null, owner blob, sum integer not null);
        create table lines (
            id integer primary key, name text not null, base integer not null,
            first integer not null, sum integer not null);
        create table frames (
            id integer primary key, template integer not null, visit integer not null,
            cursor integer not null, started real not null, duration real not null,
            body blob not null, sum integer not null);
        create table anchors (id integer primary key, body blob not null, sum integer not null);
        create table templates (
            run integer not null, number integer not null, body blob not null,
            sum integer not null, primary key (run, number)) without rowid;
        create table large (
            run integer not null, number integer not null, body blob not null,
            sum integer not null, primary key (run, number)) without rowid;
        create table items (
            run integer not null, number integer not null, start integer not null,
            body blob not null, sum integer not null,
            primary key (run, number, start)) without rowid;
        create table marks (
            run integer not null, kind text not null, key text not null, body blob not null,
            sum integer not null, primary key (run, kind, key)) without rowid;
        create table checkpoints (
            number integer primary key, id text not null unique, trace text not null,
            protected integer not null, body blob not null, sum integer not null);
        create index checkpoints_of on checkpoints (trace, number);
        create table mutations (
            trace text not null, step integer not null, at integer not null,
            body blob not null, sum integer not null,
            primary key (trace, step, at)) without rowid;
        """,
    ),
    (
        "checkpoints as what changed",
        """
        create table snapshots (
            number integer primary key, base integer, body blob not null, sum integer not null);
        create index snapshots_on on snapshots (base);
        """,
    ),
)
"""Every step that ever was, oldest first. One that was released never changes."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file up to date; each step and its record are one transaction.

    Raises:
        CheckpointStoreError: The file was written by a newer version.
    """
    db.execute("begin immediate")
    try:
        db.execute(
            "create table if not exists migrations"
            " (number integer primary key, name text not null, at real not null)"
        )
        (done,) = db.execute("select count(*) from migrations").fetchone()
        db.execute("commit")
    except BaseException:
        db.execute("rollback")
        raise
    if done > len(STEPS):
        raise CheckpointStoreError(
            f"This file has format {done}, and this version of lellm_nb knows up to"
            f" {len(STEPS)}: install a newer one."
        )
    for number, (name, script) in enumerate(STEPS[done:], done + 1):
        db.execute("begin immediate")
        try:
            (now,) = db.execute("select count(*) from migrations").fetchone()
            if now < number:  # else another process was faster
                for statement in script.split(";"):
                    if statement.strip():
                        db.execute(statement)
                db.execute("insert into migrations values (?, ?, ?)", (number, name, time.time()))
                db.execute(f"pragma application_id = {APPLICATION}")
                db.execute(f"pragma user_version = {number}")
            db.execute("commit")
        except BaseException:
            db.execute("rollback")
            raise


def check_schema(db: sqlite3.Connection) -> None:
    """Look whether a file holds what a store wrote, and nothing that would run.

    Raises:
        CorruptedCheckpointError: It does not.
    """
    (application,) = db.execute("pragma application_id").fetchone()
    found = db.execute("select type, name, sql from sqlite_master").fetchall()
    if found and application != APPLICATION:
        raise CorruptedCheckpointError("This is a database of something else, not a store.")
    ours = _ours()
    for kind, name, sql in found:
        if ours.get((kind, name)) != _plain(sql):
            what = f"no {kind}s" if kind not in ("table", "index") else f"no such {kind}"
            raise CorruptedCheckpointError(f"A store has {what}, and this file has {name!r}.")


@functools.cache
def _ours() -> dict[tuple[str, str], str]:
    """Return what SQLite says of every table and index that a store ever had, by its name."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        found = db.execute("select type, name, sql from sqlite_master").fetchall()
        return {(kind, name): _plain(sql) for kind, name, sql in found}


def _plain(sql: str | None) -> str:
    """Return a definition without what its layout was; nothing for an index of SQLite's own."""
    return " ".join(sql.split()).lower() if sql is not None else ""
