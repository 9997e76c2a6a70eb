"""C13: where a value stands in the root's state, and what is told of what is below a secret."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Checkpoint, Debugger, GraphBuilder, InMemoryStore, Redactor, SqliteStore
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.redaction.checkpoint import redacted
from lellm_nb.record.redaction.redactor import Redacted
from lellm_nb.record.redaction.secret_paths import ANYWHERE, JOINED, SecretPaths, place_inside
from tests.record.redaction.matrix.story import KEY
from tests.record.redaction.test_finished_form import all_of


@pytest.mark.parametrize(
    ("rule", "path", "hidden"),
    [
        ("users[1].pin", ("users", 1, "pin"), True),
        ("users[1].pin", ("users", 0, "pin"), False),
        ("users[1].pin", ("users", JOINED, "pin"), True),
        ("users[1].pin", ("users", JOINED, 0, "pin"), True),
        ("users[*]", ("users", JOINED), True),
        ("users[*]", ("users",), False),
        ("config.pin", ("config", JOINED, "pin"), True),
        ("agent.pin", (ANYWHERE, "pin"), True),
        ("agent.pin", (ANYWHERE, "config", "pin"), False),
        ("agent.pin", ("pin",), False),
        ("agent.*", (ANYWHERE, "anything"), False),
        ("a.*.c", ("a", "b", "b", "c"), True),
        ("a.*.c", ("a", "b", "cc"), False),
        ("a.*.c", ("a", "b", "c", 0), True),
        ("k?y", ("key",), True),
    ],
)
def test_a_path_is_matched_part_by_part(rule: str, path: Any, hidden: bool) -> None:
    assert SecretPaths([rule]).hide(path) is hidden


def test_a_lens_of_functions_is_asked_where_it_puts_what_is_set() -> None:
    class Deep:
        def get(self, outer: Any) -> Any:
            return outer["a"]["b"]

        def set(self, outer: Any, inner: Any) -> Any:
            return {**outer, "a": {"b": dict(inner)}}

    class Renaming(Deep):
        def set(self, outer: Any, inner: Any) -> Any:
            return {**outer, "total": inner["sum"]}

    class Node:
        def __init__(self, lens: Any) -> None:
            self.lens = lens

    assert place_inside(Node(Deep())) == ("a", "b")
    assert place_inside(Node(Renaming())) == (ANYWHERE,)
    assert place_inside(None) == (ANYWHERE,)


def test_two_secret_keys_leave_two_keys() -> None:
    """Nothing is lost where both have the same words in their place."""
    codec = Codec(redactor=Redactor())
    read = codec.loads(codec.dumps({KEY: 1, f"{KEY}x": 2, "fine": 3}))

    assert sorted(read.values()) == [1, 2, 3]
    assert KEY not in str(read)


def test_a_password_called_password_changes_no_key(tmp_path: Path) -> None:
    """A text that is a name in a path is not looked for elsewhere: keys are called so."""
    store = SqliteStore(tmp_path / "r.db", redact=Redactor(paths=["login.password"]))
    g = GraphBuilder("g").node("a", lambda ctx: {"login": {"password": "password"}, "kind": 1})
    Debugger(g.start("a").end("a").build(), {}, store=store).run()
    read = Debugger.open(store).state

    assert read["login"] == {"password": Redacted("[redacted]")}


def test_a_word_of_ours_at_a_secret_path_leaves_the_run_readable(tmp_path: Path) -> None:
    """What is met at a path is taken out of what people said, and not of how a row is built."""
    store = SqliteStore(tmp_path / "r.db", redact=Redactor(paths=["pin"]))
    g = GraphBuilder("g").node("a", lambda ctx: {"pin": "commit", "say": "a commit", "n": 2.5})
    g.node("b", lambda ctx: {"at": (1, 2)}).edge("a", "b").start("a").end("b")
    Debugger(g.build(), {"pin": "reason"}, store=store).run()
    read = Debugger.open(store)

    assert [frame.kind for frame in read.frames] == ["start", "commit", "commit"]
    assert read.state["at"] == (1, 2)
    assert str(read.state["say"]) == "a [redacted]"


def test_a_run_with_a_secret_in_a_node_s_name_can_be_read(tmp_path: Path) -> None:
    """The name is another one in the store: everything else is there."""
    store = SqliteStore(tmp_path / "r.db")
    g = GraphBuilder("g").node(f"use {KEY}", lambda ctx: {"n": 1}).node("b", lambda ctx: None)
    graph = g.edge(f"use {KEY}", "b").start(f"use {KEY}").end("b").build()
    Debugger(graph, {}, store=store).run()
    read = Debugger.open(store)

    assert [frame.path for frame in read.frames] == ["", "use [redacted: Anthropic key]", "b"]
    assert read.state["n"] == 1
    assert KEY.encode() not in all_of(store)


def test_a_store_takes_out_what_the_debugger_calls_secret_and_what_it_does_itself() -> None:
    """Also what is called so later on."""
    store = InMemoryStore(redact=Redactor(paths=["pin"]))
    g = GraphBuilder("g").node("a", lambda ctx: {"pin": 1234567, "code": 7654321, "word": 1112223})
    graph = g.edge("a", "b").node("b", lambda ctx: {"word": 1112223}).start("a").end("b").build()
    dbg = Debugger(graph, {}, store=store, redact=Redactor(paths=["code"]))
    dbg.step()
    dbg.redact = Redactor(paths=["word"])
    dbg.run()
    read = Debugger.open(store)

    assert read.frames[1].state["pin"] == read.frames[1].state["code"] == Redacted("[redacted]")
    assert read.frames[1].state["word"] == 1112223
    assert read.state["word"] == Redacted("[redacted]")


def test_a_saved_file_takes_out_what_the_debugger_calls_secret(tmp_path: Path) -> None:
    g = GraphBuilder("g").node("a", lambda ctx: {"pin": 1234567}).start("a").end("a")
    dbg = Debugger(g.build(), {}, redact=Redactor(paths=["pin"]))
    dbg.run()
    dbg.save(tmp_path / "run.lellm")

    assert Debugger.load(tmp_path / "run.lellm").state["pin"] == Redacted("[redacted]")
    assert dbg.state["pin"] == 1234567


def test_an_object_that_holds_a_secret_is_not_handed_to_a_store_of_one_s_own() -> None:
    """Its repr may tell nothing: what it leads to does."""

    class Client:
        def __init__(self, key: str) -> None:
            self.headers = {"auth": [key]}

        def __repr__(self) -> str:
            return "Client()"

    held, free = Client(KEY), Client("none")
    state = {"held": held, "free": free, "list": [free, held, 1]}
    made = redacted(Checkpoint("b", "a", state, 0), Redactor()).state

    assert isinstance(made["held"], Redacted)
    assert made["free"] is free
    assert made["list"][0] is free
    assert isinstance(made["list"][1], Redacted)
    assert made["list"][2] == 1


def test_one_thread_that_looks_closely_leaves_the_others_theirs() -> None:
    """C13: who is done first does not end the close look of another one."""
    redactor, go, inside = Redactor(paths=["pin"]), threading.Event(), threading.Event()
    codec, written = Codec(redactor=redactor), []

    def slow() -> None:
        def make() -> Any:
            if redactor.is_looking:
                inside.set()
                assert go.wait(30)
            return codec.plain({"pin": 1234567})

        written.append(codec.written(make)[0])

    thread = threading.Thread(target=slow)
    thread.start()
    assert inside.wait(30)
    quick = codec.dumps({"pin": 7654321})
    go.set()
    thread.join(30)

    assert b"7654321" not in quick
    assert b"1234567" not in written[0]
    assert not redactor.on
