"""`Debugger.runs(store)`: the runs of a store as rows, without reading them."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

import tests.corpus.make as corpus
from lellm_nb import (
    Checkpoint,
    Debugger,
    GraphBuilder,
    InMemoryStore,
    NoopBarrierSink,
    SqliteStore,
    StoreSink,
)
from lellm_nb.cli import main
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, DebuggerError
from lellm_nb.store.rows import Batch
from lellm_nb.store.run.run_reader import RunReader
from tests.strategies import chain, fanned, nested, review, steps

COLUMNS = ["run", "name", "when", "turns", "frames", "status", "error", "tokens", "cost"]


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    """A store of each kind."""
    return InMemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "runs.db")


def fails(ctx):
    """Raise."""
    raise ValueError("no \x1b[31mluck")


def pays(ctx):
    """Cost something."""
    ctx.set_token_cost(7.5)


def test_each_run_is_a_row_newest_first(store):
    """DESIGN: its columns, typed; a table without a run has them as well."""
    assert list(Debugger.runs(store).columns) == COLUMNS
    assert len(Debugger.runs(store)) == 0
    first = Debugger(steps("a", "b"), {}, store=store, name="first")
    first.run()
    second = Debugger(review(), {"topic": "otters"}, store=store, name="second")
    second.run()
    found = Debugger.runs(store)

    assert found["run"].tolist() == [second.trace_id, first.trace_id]
    assert found["name"].tolist() == ["second", "first"]
    assert found["status"].tolist() == ["waiting", "completed"]
    assert found["frames"].tolist() == [len(second.frames), len(first.frames)]
    assert found["turns"].tolist() == [1, 1]
    assert found["error"].isna().all()
    assert found["cost"].isna().all()
    assert str(found.dtypes["when"]) == "datetime64[ns, UTC]"
    assert found["when"].is_monotonic_decreasing


@pytest.mark.parametrize(
    "make", [nested, fanned, review, lambda: steps("a", "b"), lambda: chain(fails, pays)]
)
def test_the_status_is_that_of_the_debugger_wherever_it_stands(make, store):
    """DESIGN: at every frame of nested, parallel, waiting and failed runs."""
    dbg = Debugger(make(), {"topic": "otters"}, store=store)
    for _ in range(60):
        assert Debugger.runs(store)["status"].tolist() == [dbg.status]
        stop = dbg.step()
        if stop.reason.name == "FAILED":
            break
        while dbg.status == "waiting":
            dbg.approve(dbg.pending[0].id)
    for frame in list(dbg.frames):
        dbg.rewind(frame)
        assert Debugger.runs(store)["status"].tolist() == [dbg.status], frame


def test_a_failed_run_says_why(store):
    """DESIGN: in one line, and no terminal is steered by it."""
    dbg = Debugger(chain(fails), {}, store=store)
    dbg.run()
    [row] = Debugger.runs(store).itertuples()

    assert row.status == "failed"
    assert r"no \x1b[31mluck" in row.error
    g = GraphBuilder("g").node("a", pays).node("b", pays).edge_if("a", "b", lambda s: False)
    Debugger(g.start("a").end("b").build(), {}, store=store).run()
    assert "UnroutedError" in Debugger.runs(store)["error"][0]


def test_tokens_are_added_up_on_all_lines(store):
    """DESIGN: each frame once, also after the run was opened again."""
    g = GraphBuilder("g").node("a", pays).node("b", pays).edge("a", "b").start("a").end("b")
    graph = g.build()
    dbg = Debugger(graph, {}, store=store)
    dbg.run()
    assert Debugger.runs(store)["tokens"].tolist() == [15.0]
    dbg.fork(at=1).run()
    dbg.close()
    again = Debugger.open(store, graph=graph)
    again.rewind(0)
    again.fork().step()

    assert Debugger.runs(store)["tokens"].tolist() == [30.0]


def test_a_run_without_a_note_is_added_up_as_long_as_it_is_short(store, monkeypatch):
    """Old files say nothing of their sum: a long one's is not known."""
    dbg = Debugger(chain(pays), {}, store=store)
    dbg.run()
    rows = store.run_rows(dbg.trace_id)
    dbg.close()
    rows.write(Batch(marks=[("totals", "", None)]))
    rows.release()

    assert Debugger.runs(store)["tokens"].tolist() == [7.5]
    monkeypatch.setattr("lellm_nb.store.run.run_totals.FEW", 1)
    assert Debugger.runs(store)["tokens"].isna().all()
    opened = Debugger.open(store, graph=chain(pays))
    opened.fork(at=0).run()
    assert Debugger.runs(store)["tokens"].isna().all()


def test_a_run_is_not_read_in_full(store, monkeypatch):
    """DESIGN: the last row and what is noted say it; nothing is folded."""
    dbg = Debugger(steps(*(f"n{i}" for i in range(200))), {}, store=store)
    dbg.run()
    asked = []
    rows = type(store.run_rows(dbg.trace_id))
    frames = rows.frames

    def counted(self, line, start, stop):
        asked.append(stop - start)
        return frames(self, line, start, stop)

    monkeypatch.setattr(rows, "frames", counted)
    monkeypatch.setattr(RunReader, "__init__", lambda *a, **k: pytest.fail("it was read"))

    assert Debugger.runs(store)["status"].tolist() == ["completed"]
    assert asked == [1]


def test_runs_of_single_checkpoints_are_there(store):
    """DESIGN, C5: with their number, and where the newest stands."""
    graph = review()
    sink = StoreSink(store, graph.canonical_hash)
    graph.run({"topic": "otters"}, checkpoint=sink, barrier=NoopBarrierSink())
    store.save("by hand", Checkpoint("b", "a", {}, 0))
    Debugger(steps("a"), {}, store=store, name="whole").run()
    found = Debugger.runs(store).set_index("run")

    assert found.loc[sink.trace_id, "frames"] == len(store.list(sink.trace_id))
    assert found.loc[sink.trace_id, "status"] == "completed"
    assert found.loc["by hand", "status"] == "paused"
    assert len(found) == 3


def test_a_path_is_opened_and_closed(tmp_path):
    """DESIGN: a store, or a file of `save`; a stranger's file says what it is."""
    file, saved = tmp_path / "runs.db", tmp_path / "one.lellm"
    dbg = Debugger(review(), {"topic": "otters"}, store=file, name="mine")
    dbg.run()
    dbg.save(saved)

    for each in (file, str(file), saved):
        found = Debugger.runs(each)
        assert found["name"].tolist() == ["mine"]
        assert found["status"].tolist() == ["waiting"]
        assert found["frames"].tolist() == [len(dbg.frames)]
    with pytest.raises(CheckpointStoreError, match="no file"):
        Debugger.runs(tmp_path / "absent")
    (tmp_path / "text").write_text("hello, this is no database at all")
    with pytest.raises(CorruptedCheckpointError):
        Debugger.runs(tmp_path / "text")


def test_old_files_are_listed(tmp_path):
    """C5: what every version wrote."""
    folder = shutil.copytree(Path(corpus.__file__).parent / "0.1.0", tmp_path / "old")
    found = Debugger.runs(folder / "store.db")

    opened = Debugger.open(folder / "store.db")
    assert found[found["run"] == opened.trace_id]["status"].tolist() == [opened.status]


DAMAGE = [
    "update frames set body = x'00'",
    "update frames set body = 7",
    "update frames set template = 99",
    "delete from frames",
    "delete from templates",
    "update templates set body = x'7b7d'",
    "update marks set body = x'5b395d', sum = 0",
    "delete from lines",
    "update lines set first = 'x'",
    "update runs set facts = x'00'",
    "update runs set name = x'1b5b'",
    "update runs set created = 'soon'",
    "update runs set created = 1e300",
    "update runs set owner = x'ff'",
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_run_is_a_row_that_says_so(damage, tmp_path, capsys):
    """C12: never an exception; the other runs of the file are what they were."""
    file = tmp_path / "runs.db"
    for name in ("good", "bad"):
        dbg = Debugger(review(), {"topic": "otters"}, store=file, name=name)
        dbg.run()
        dbg.close()
    db = sqlite3.connect(file)
    where = {
        "frames": "id >= 2 << 44",
        "lines": "id >= 2 << 18",
        "templates": "run = 2",
        "marks": "run = 2",
        "runs": "id = 2",
    }
    [tableful] = [name for name in where if f" {name}" in damage]
    db.execute(f"{damage} where {where[tableful]}")
    db.commit()
    db.close()

    found = Debugger.runs(file)

    assert len(found) == 2
    assert found["status"][1] == "waiting"
    assert found["status"][0] in ("damaged", "waiting")
    assert (found["status"][0] == "damaged") == (found["error"].notna()[0])
    assert main(["runs", str(file)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_what_is_no_store_says_so():
    """The door: an argument is named."""
    for given in (None, 3, object(), SqliteStore):
        with pytest.raises(DebuggerError, match=r"store is a path, or a store, .* with runs\(\)"):
            Debugger.runs(given)


def test_a_store_that_only_lists_is_enough():
    """DESIGN: anything with a `runs` method; what it does not say is missing."""

    whole = InMemoryStore()

    class Listing:
        def runs(self):
            return whole.runs()

    Debugger(steps("a"), {}, store=whole, name="here").run()
    [row] = Debugger.runs(Listing()).itertuples()

    assert row.name == "here"
    assert row.frames == 2
