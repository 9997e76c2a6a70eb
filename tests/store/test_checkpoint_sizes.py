"""C6, C14: what a checkpoint costs on disk is what changed, however the state was built."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lellm_nb import Checkpoint, GraphBuilder, Reducer, RetentionPolicy, SqliteStore, StoreSink


def message(n: int) -> dict[str, str]:
    """500 letters that don't compress to nothing."""
    letters = random.Random(n).choices("abcdefghijklmnopqrstuvwxyz     ", k=500)
    return {"role": "user", "content": "".join(letters)}


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def appended(store: SqliteStore, count: int, **options) -> StoreSink:
    """A run that appends a message in each step and counts, as an agent does."""
    g = GraphBuilder("w3", reducers={"messages": Reducer.APPEND})

    @g.task
    def say(ctx):
        ctx.append("messages", message(ctx.state["n"]))
        ctx.put("n", ctx.state["n"] + 1)

    g.node("end", lambda ctx: None).edge_if("say", "say", lambda s: s["n"] < count)
    graph = g.edge("say", "end").start("say").end("end").build()
    sink = StoreSink(store, graph.canonical_hash, **options)
    graph.run({"messages": [], "n": 0}, checkpoint=sink, max_steps=count + 10)
    return sink


def rebuilt(store: SqliteStore, count: int) -> None:
    """Checkpoints made by hand, of states that share nothing."""
    known = [message(i) for i in range(count)]
    for n in range(count):
        messages = [dict(one) for one in known[:n]]
        store.save("run", Checkpoint("b", "a", {"messages": messages, "n": n}, 0))


def remade(store: SqliteStore, count: int) -> None:
    """A run whose node makes its list again in each step, and keeps the newest 100."""
    g = GraphBuilder("remade")

    @g.task
    def say(ctx):
        n = ctx.state["n"]
        return {"messages": [*ctx.state["messages"], message(n)][-100:], "n": n + 1}

    g.node("end", lambda ctx: None).edge_if("say", "say", lambda s: s["n"] < count)
    graph = g.edge("say", "end").start("say").end("end").build()
    sink = StoreSink(store, graph.canonical_hash)
    graph.run({"messages": [], "n": 0}, checkpoint=sink, max_steps=count + 10)


@pytest.mark.parametrize("make", [appended, rebuilt, remade])
def test_messages_are_written_about_once(make, tmp_path):
    """300 checkpoints of up to 300 messages: the text is 150 kB, each time anew 23 MB."""
    store = SqliteStore(tmp_path / "c.db")
    make(store, 300)
    store.close()

    assert size(tmp_path) < 800_000


def test_one_key_of_many_costs_itself(tmp_path):
    """A state of a thousand texts, one of which changes in each of two hundred steps."""
    store = SqliteStore(tmp_path / "c.db")
    state = {f"key {i}": f"value {i}" * 20 for i in range(1000)}
    for n in range(200):
        state[f"key {n}"] = n
        store.save("run", Checkpoint("b", "a", dict(state), 0))
    store.close()

    assert size(tmp_path) < 400_000


def test_one_entry_inside_a_list_or_a_mapping_costs_itself(tmp_path):
    """Also far inside: the state of one task of three hundred, with all of them rebuilt."""
    store = SqliteStore(tmp_path / "c.db")
    for n in range(200):
        tasks = [{"title": f"title {i}" * 10, "done": i < n} for i in range(300)]
        docs = {f"doc {i}": {"text": f"text {i}" * 10, "read": i < n} for i in range(300)}
        store.save("run", Checkpoint("b", "a", {"all": {"tasks": tasks, "docs": docs}}, 0))
    store.close()

    assert size(tmp_path) < 500_000


def test_what_retention_drops_gives_its_room_back(tmp_path):
    """The file of the newest three does not grow with the length of the run by what is gone."""
    store = SqliteStore(tmp_path / "c.db")
    sink = appended(store, 300, retention=RetentionPolicy.keep_latest(3))

    ((rows,),) = store.query("count", "select count(*) from snapshots")
    assert len(store.list(sink.trace_id)) == 3
    store.prune(sink.trace_id, 0)
    assert store.query("count", "select count(*) from snapshots") == [(0,)]
    store.compact()
    store.close()
    assert rows < 300
    assert size(tmp_path) < 60_000


def test_protecting_a_checkpoint_writes_no_state(tmp_path):
    """It is saved again under its id, and what it holds is the same."""
    store = SqliteStore(tmp_path / "c.db")
    sink = appended(store, 20)
    first, *_, last = store.list(sink.trace_id)
    before = store.query("read", "select number, sum from snapshots")

    for id in (first, last):
        assert sink.protect(id)

    assert store.query("read", "select number, sum from snapshots") == before
    assert store.load(last).protected
    assert store.prune(sink.trace_id, 0) == 19
