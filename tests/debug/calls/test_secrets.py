"""Keys go nowhere, wherever they are sent; what was redacted is not served (K5, K14)."""

from __future__ import annotations

import gzip
import logging
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from lellm_nb import Debugger, FolderStore, InMemoryStore, Redactor, StopReason
from lellm_nb.store.sqlite.store import SqliteStore
from tests.calls.server import COOKIE
from tests.debug.calls.agents import KEY, ask, client, debug, heard, one, talk, user

R = StopReason
SECRETS = {
    "header": KEY,
    "body": "sk-proj-" + "b1" * 20,
    "url": "sk-proj-" + "c2" * 20,
    "query": "AIza" + "d3" * 17 + "x",
    "user": "a-password-of-somebody",
    "path": "sk-proj-" + "e4" * 20,
    "cookie": COOKIE.partition("=")[2],
    "answer": "sk-proj-" + "f5" * 20,
    "argument": "sk-proj-" + "a6" * 20,
}


def leaks(server: Any, ai: Any) -> Any:
    """A node that sends a key in every place there is, and is answered one."""

    def node(ctx):
        ask(ai, f"my key is {SECRETS['body']}")
        query = f"q={SECRETS['url']}&api_key={SECRETS['query']}"
        httpx.get(f"{server.url}/a?{query}".replace("//", f"//me:{SECRETS['user']}@"))
        httpx.get(f"{server.url}/bot{SECRETS['path']}/send", headers={"x-api-key": KEY})
        httpx.post(f"{server.url}/form", data={"password": "x", "text": SECRETS["body"]})
        httpx.post(f"{server.url}/echo", json={"say": SECRETS["answer"]}, cookies={"k": KEY})
        ctx.call(len, SECRETS["argument"])
        ask(ai, "refused", "broken", extra_body={"note": SECRETS["body"]})

    return node


def of(text: str) -> list[str]:
    return [place for place, secret in SECRETS.items() if secret in text]


@pytest.fixture
def dbg(server, ai) -> Debugger:
    made = debug(leaks(server, ai))
    made.run()
    return made


def test_what_was_sent_is_held_in_memory(server, dbg):
    """K14: a call holds what was sent; headers and cookies are not even held."""
    assert SECRETS["body"] in dbg.calls[0].messages[0]["content"]
    assert all(SECRETS[place] in str(server.asked) for place in ("header", "body", "url", "path"))
    facts = [exchange.facts() for call in dbg.calls for exchange in call.exchanges]
    assert not {"header", "cookie", "query", "user"} & set(of(str(facts)))


def test_nothing_is_shown(dbg):
    """K5, K14: in reprs, words, tables, stops, failures and logs."""
    stop = dbg.last_stop
    shown = [
        repr(dbg.calls),
        repr(dbg),
        repr(stop),
        str(stop.error),
        repr(dbg.frames),
        repr(dbg.tree),
    ]
    for call in dbg.calls:
        shown += [repr(call), str(call), repr(call.exchanges), repr(call.diff(dbg.calls[0]))]
    shown += [dbg.calls.to_pandas().to_csv(), dbg.frames.to_pandas().to_csv()]

    assert of("\n".join(shown)) == []


@pytest.mark.parametrize("left", ["before", "miss"])
def test_nothing_is_shown_of_a_stop(server, ai, left):
    """K14: what a stop says of a call, too."""
    words = [SECRETS["body"]]
    made = debug(lambda ctx: {"said": ask(ai, words[0])})
    if left == "before":
        made.break_on_call()
        stop = made.run()
    else:
        made.run()
        words[0] = SECRETS["argument"] + " other"
        stop = made.rerun(1).last_stop
        assert stop.reason is R.PAUSED

    assert of(f"{stop!r} {stop.error} {stop.inside} {stop.call} {stop.call!r} {made!r}") == []


def everything_in(path: Path) -> str:
    """All bytes of a store or a file, and its rows, as text."""
    files = [file for file in [path, *path.rglob("*")] if file.is_file()]
    found = "".join(file.read_bytes().decode("latin-1") for file in files)
    for file in files:
        if file.suffix == ".db":
            rows = sqlite3.connect(file)
            for (table,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
                cells = (cell for row in rows.execute(f"SELECT * FROM {table}") for cell in row)
                found += "".join(
                    cell.decode("latin-1") if isinstance(cell, bytes) else str(cell)
                    for cell in cells
                )
        if file.suffix == ".lellm":
            found += gzip.decompress(file.read_bytes()).decode("latin-1")
    return found


@pytest.mark.parametrize("where", ["sqlite", "folder", "saved", "html"])
def test_nothing_is_written(server, ai, tmp_path, where):
    """K5, K10: in no store, file or page."""
    stores = {"sqlite": SqliteStore, "folder": FolderStore}
    names = {"sqlite": "runs.db", "folder": "runs", "saved": "one.lellm", "html": "one.html"}
    path = tmp_path / names[where]
    made = Debugger(
        one(leaks(server, ai)), {}, store=stores[where](path) if where in stores else None
    )
    made.run()
    if where == "saved":
        made.save(path)
    elif where == "html":
        made.export_html(path)
    else:
        made.close()
    written = everything_in(path)

    assert "bad schema" in written
    assert of(written) == []


def test_a_test_of_a_step_has_no_keys(server, ai):
    """K5, K10: it carries its calls, and stands in a file that others read."""
    secret = SECRETS["body"]
    made = debug(lambda ctx: {"said": ask(ai, f"my key is {secret}")})
    made.run()
    written = made.to_test(1)

    assert "my key is" in written
    assert of(written) == []


def stored(tmp_path: Path, kind: str) -> Any:
    if kind == "memory":
        return InMemoryStore()
    return SqliteStore(tmp_path / "runs.db") if kind == "sqlite" else FolderStore(tmp_path / "runs")


STORES = pytest.mark.parametrize("kind", ["sqlite", "folder", "memory"])


@STORES
def test_a_redacted_request_still_matches_after_it_was_read_again(server, ai, tmp_path, kind):
    """K3, K5: it is found in the form without secrets."""
    graph, store = one(talk(ai, f"my key is {SECRETS['body']}", "b")), stored(tmp_path, kind)
    made = Debugger(graph, {}, store=store)
    made.run()
    made.close()
    again = Debugger.open(store, graph=graph)
    fork = again.rerun(1)

    assert SECRETS["body"] not in again.calls[0].messages[0]["content"]
    assert (fork.last_stop.reason, server.count) == (R.COMPLETED, 2)
    assert [call.served for call in fork.calls] == [True, True]


@STORES
def test_a_redacted_answer_is_not_served_after_it_was_read_again(server, tmp_path, kind):
    """K5: a miss that says so; asked live it is new."""
    secret = SECRETS["answer"]

    def node(ctx):
        return {"n": len(httpx.get(f"{server.url}/echo/{secret}").json()["path"])}

    graph, store = one(node), stored(tmp_path, kind)
    made = Debugger(graph, {}, store=store)
    made.run()
    same = made.rerun(1).last_stop.reason, server.count
    made.close()
    again = Debugger.open(store, graph=graph)
    fork = again.rerun(1)

    assert same == (R.COMPLETED, 1)
    assert (fork.last_stop.reason, server.count) == (R.PAUSED, 1)
    assert "a secret was taken out of its answer" in fork.last_stop.inside
    live = again.rerun(1, miss="live")
    assert (live.last_stop.reason, server.count) == (R.COMPLETED, 2)


def test_what_somebody_calls_secret_is_shown_and_written_without(server, ai, tmp_path):
    """K14: by a pattern of one's own, as everywhere else."""
    store = SqliteStore(tmp_path / "runs.db")
    redact = Redactor(patterns={"name": r"Jane Doe"})
    made = Debugger(one(talk(ai, "I am Jane Doe")), {}, store=store, redact=redact)
    made.run()
    words = ["Jane Doe and I"]
    made.patch({"agent": lambda ctx: {"said": ask(ai, words[0])}})
    stop = made.rerun(1).last_stop
    made.close()

    assert "Jane Doe" not in f"{stop!r} {stop.inside} {stop.error}"
    assert "Jane Doe" not in everything_in(tmp_path / "runs.db")
    assert heard(server) == ["I am Jane Doe"]


def test_nothing_is_logged(server, ai, caplog):
    """K5: by us; what clients log is theirs."""
    caplog.set_level(logging.DEBUG, logger="lellm_nb")
    made = debug(leaks(server, ai))
    made.run()
    said = [record.getMessage() for record in caplog.records if record.name.startswith("lellm_nb")]

    assert of(str(said)) == []
    assert client(server) is not None
    assert user("x")
