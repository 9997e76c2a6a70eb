"""Secrets stay out of stores and files, and a resumed run asks for them again."""

from __future__ import annotations

import datetime
import gzip

import pytest

from lellm_nb import Checkpoint, Debugger, GraphBuilder, MutationLogEntry
from lellm_nb.errors import RedactedValueError
from lellm_nb.record.redaction.redactor import Redacted, Redactor
from lellm_nb.store import DiskSink, InMemoryStore, SqliteMutationLog, SqliteStore

KEYS = {
    "OpenAI key": "sk-proj-" + "aB3" * 12,
    "Anthropic key": "sk-ant-api03-" + "xY9" * 12,
    "AWS key": "AKIA" + "ABCD1234" * 2,
    "GitHub token": "ghp_" + "a1B2" * 9,
    "Google key": "AIza" + "a" * 35,
    "Slack token": "xoxb-1234567890-abcdef",
    "Hugging Face token": "hf_" + "aB" * 17,
    "Stripe key": "sk_live_" + "a1" * 12,
    "bearer token": "Bearer " + "abcDEF123." * 3,
    "JSON web token": "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKK",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEo wIBAAK\n-----END RSA PRIVATE KEY-----",
}


def graph(count=3):
    """A node that writes the key in every way it can, and a barrier."""
    g = GraphBuilder("g")

    @g.task
    def use(ctx):
        key = ctx.state["key"]
        print("calling with", key)
        ctx.emit(f"the key is {key}")
        ctx.append("log", {"header": f"token {key}"})
        if ctx.visit == 2:
            ctx.put("large", [key] * 200)

    @g.task
    def fail(ctx):
        raise ValueError(f"refused: {ctx.state['key']}")

    g.barrier("ok").edge_if("use", "use", lambda s: len(s["log"]) < count)
    return g.edge("use", "ok").edge("ok", "fail").start("use").end("fail").build()


@pytest.mark.parametrize(("name", "key"), KEYS.items())
def test_common_keys_are_caught_by_default(name, key, tmp_path):
    """In state, output, stream, errors, notes and lists; visibly; on disk and in a file."""
    store = SqliteStore(tmp_path / "runs.db")
    dbg = Debugger(graph(80), {"key": key}, store=store)
    dbg.run()
    dbg.modify("other", {"deep": (key,)})
    dbg.run()
    dbg.note(1, f"it used {key}")
    dbg.save(tmp_path / "saved")
    store.db.execute("pragma wal_checkpoint(truncate)")

    secret = key.split("\n")[1] if name == "private key" else key.removeprefix("Bearer ")
    on_disk = b"".join(_unpacked(store))
    assert secret.encode() not in on_disk
    assert secret.encode() not in gzip.decompress((tmp_path / "saved").read_bytes())
    assert dbg.state["key"] == key
    read = Debugger.open(store)
    assert f"[redacted: {name}]" in str(read.state["key"])
    assert f"[redacted: {name}]" in read.frames[1].output
    assert f"[redacted: {name}]" in str(read.frames[-1].error.__cause__)


def _unpacked(store):
    from lellm_nb.store.packing import unpack

    for table in ("frames", "anchors", "large", "items", "marks", "templates"):
        for (body,) in store.db.execute(f"select body from {table}"):
            import zlib

            yield unpack(body, zlib.crc32(body), what=table)


def test_what_looks_like_no_key_stays():
    """Words with a hyphen, short strings and hashes are left alone."""
    hide = Redactor()
    for text in ("task-force", "sk-short", "Bearer of news", "eyJ", "a" * 40, "ghp_x"):
        assert hide.apply(text) is text


def test_paths_are_redacted_whatever_they_hold(tmp_path):
    """By rule, with wildcards."""
    store = SqliteStore(tmp_path / "r.db", redact=Redactor(paths=["config.*.password", "pin"]))
    g = GraphBuilder("g").node("a", lambda ctx: ctx.put(("config", "db", "password"), "new"))
    start = {"config": {"db": {"password": "old", "user": "me"}}, "pin": 1234}
    dbg = Debugger(g.start("a").end("a").build(), start, store=store)
    dbg.run()

    read = Debugger.open(store)

    for frame in read.frames:
        assert frame.state["config"]["db"] == {"password": Redacted("[redacted]"), "user": "me"}
        assert frame.state["pin"] == Redacted("[redacted]")


def test_a_resumed_run_asks_before_a_node_could_read_a_secret(tmp_path):
    """It holds, names the path, and goes on when the value is given; which is not stored."""
    seen = []

    def shape():
        g = GraphBuilder("g").node("a", lambda ctx: None).barrier("ok")
        g.node("b", lambda ctx: seen.append(ctx.state["key"]))
        return g.edge("a", "ok").edge("ok", "b").start("a").end("b").build()

    key = KEYS["OpenAI key"]
    dbg = Debugger(shape(), {"key": key}, store=tmp_path / "r.db")
    dbg.run()
    dbg.close()
    again = Debugger.open(tmp_path / "r.db", graph=shape())
    again.approve()

    stop = again.run()

    assert stop.reason.name == "PAUSED"
    assert isinstance(stop.error, RedactedValueError)
    assert stop.error.paths == [("key",)]
    again.supply({"key": key})
    assert again.run().reason.name == "COMPLETED"
    assert seen == [key]
    assert "redacted" in str(Debugger.open(tmp_path / "r.db").state["key"])


def test_nothing_is_redacted_where_that_is_wanted():
    """An empty set of patterns."""
    store = InMemoryStore(redact=Redactor(patterns={}))
    g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
    Debugger(g, {"key": KEYS["AWS key"]}, store=store).run()

    assert Debugger.open(store).state["key"] == KEYS["AWS key"]


def test_checkpoints_snapshots_and_logs_are_redacted_as_well(tmp_path):
    """Whatever writes to a disk."""
    key = KEYS["GitHub token"]
    store = SqliteStore(tmp_path / "r.db")
    store.save("run", Checkpoint("b", "a", {"key": key}, 0))
    log = SqliteMutationLog(store)
    now = datetime.datetime.now(datetime.UTC)
    log.append(MutationLogEntry("run", 1, "a", None, 0, {"Put": ["key", f"it is {key}"]}, now))
    sink = DiskSink(tmp_path / "disk")
    g = GraphBuilder("g").node("a", lambda ctx: {"key": key}).start("a").end("a").build()
    g.run({}, checkpoint=sink)
    store.compact()

    for file in [tmp_path / "r.db", *sink.snapshots()]:
        assert key.encode() not in file.read_bytes()
    assert "redacted" in str(store.load_latest("run").state["key"])
    assert "redacted" in str(log.replay("run")[0].mutation)
    assert "redacted" in str(sink.read(sink.snapshots()[0])["state"]["key"])
