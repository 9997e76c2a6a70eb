"""C13: what is secret by its place is so at every level, below it, and wherever it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger, GraphBuilder, Redactor, SqliteStore
from lellm_nb.errors import CheckpointStoreError
from tests.record.redaction.test_finished_form import all_of

SECRET = "hunter2-secret"


def kept(tmp_path: Path, node: Any, paths: list[Any], state: Any = None) -> bytes:
    store = SqliteStore(tmp_path / "runs.db", redact=Redactor(paths=paths))
    g = GraphBuilder("g").node("a", node).start("a").end("a")
    dbg = Debugger(g.build(), state or {}, store=store)
    dbg.run()
    dbg.close()
    return all_of(store)


@pytest.mark.parametrize(
    ("path", "write"),
    [
        ("users[0].password", {"users": [{"password": SECRET}]}),
        ("users[*].password", {"users": [{}, {"password": SECRET}]}),
        ("tokens[0]", {"tokens": [SECRET]}),
        ("config.*.pin", {"config": {"db": {"pin": SECRET}}}),
        (("config", "pin"), {"config": {"pin": SECRET}}),
        ("config", {"config": {"db": {"pin": SECRET}}}),
    ],
)
def test_a_path_is_written_as_the_product_writes_it(
    path: Any, write: dict[str, Any], tmp_path: Path
) -> None:
    assert SECRET.encode() not in kept(tmp_path, lambda ctx: write, [path])


def test_a_write_below_a_secret_path(tmp_path: Path) -> None:
    def node(ctx: Any) -> None:
        ctx.put(("config", "password"), SECRET)

    assert SECRET.encode() not in kept(tmp_path, node, ["config"], {"config": {"user": 1}})


def test_what_is_printed_and_raised_of_it(tmp_path: Path) -> None:
    def node(ctx: Any) -> None:
        print("signing in with", SECRET)
        raise ValueError(f"wrong: {SECRET}")

    found = kept(tmp_path, node, ["password"], {"password": SECRET})
    assert b"signing in with" in found
    assert SECRET.encode() not in found


def test_the_old_and_the_new_value_of_a_decision(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "runs.db", redact=Redactor(paths=["password"]))
    graph = GraphBuilder("g").barrier("ok").start("ok").end("ok").build()
    dbg = Debugger(graph, {"password": f"{SECRET}-old"}, store=store)
    dbg.run()
    dbg.modify("password", f"{SECRET}-new")
    dbg.close()
    assert SECRET.encode() not in all_of(store)


def test_a_path_from_the_root_holds_inside_of_a_subgraph(tmp_path: Path) -> None:
    inner = GraphBuilder("inner").node("llm", lambda ctx: {"api_key": SECRET, "model": "open-one"})
    inner.barrier("wait").edge("llm", "wait")
    g = GraphBuilder("g").subgraph("agent", inner.start("llm").end("wait").build(), lens="agent")
    store = SqliteStore(tmp_path / "runs.db", redact=Redactor(paths=["agent.api_key"]))
    dbg = Debugger(g.start("agent").end("agent").build(), {"agent": {}}, store=store)
    dbg.run()
    dbg.approve()
    dbg.run()
    dbg.close()
    found = all_of(store)
    assert SECRET.encode() not in found
    assert b"open-one" in found


def test_a_key_of_that_name_elsewhere_is_none(tmp_path: Path) -> None:
    found = kept(tmp_path, lambda ctx: {"api_key": "public-one"}, ["agent.api_key"])
    assert b"public-one" in found


@pytest.mark.parametrize("path", ["", (), 7, None])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(CheckpointStoreError, match="paths"):
        Redactor(paths=[path])
