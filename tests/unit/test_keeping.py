"""A run that is kept: closed, opened, read, gone on with, saved to a file and loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lellm_nb import Approve, Debugger, GraphBuilder, GraphHashMode, InMemoryStore, Reducer
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CheckpointStoreError,
    CorruptedCheckpointError,
    DebuggerError,
    GraphMismatchError,
    SerializationError,
)
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.sqlite import SqliteStore
from tests.strategies import fanned, finish_debugger, nested, review, steps


@pytest.fixture
def file(tmp_path):
    """A store that is not there yet."""
    return tmp_path / "runs.db"


def paths(dbg):
    """The paths of a line's frames."""
    return [frame.path for frame in dbg.frames]


def reopened(dbg, file, graph):
    """Close a debugger and open its run again, as another process would."""
    dbg.close()
    return Debugger.open(file, graph=graph)


# -- going on -----------------------------------------------------------------------


def test_a_run_goes_on_where_it_stood(file):
    """Every frame is there, and the next node runs next."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.step(2)

    again = reopened(dbg, file, steps("a", "b", "c"))

    assert paths(again) == ["", "a", "b"]
    assert again.status_line == dbg.status_line
    assert again.run().reason.name == "COMPLETED"
    assert again.state["log"] == ["a", "b", "c"]


def test_a_barrier_that_waited_waits_again(file):
    """The card is back, under the same id."""
    dbg = Debugger(review(), {"topic": "otters"}, store=file)
    dbg.run()

    again = reopened(dbg, file, review())

    assert [p.id for p in again.pending] == ["approve#0"]
    assert again.status == "waiting"
    again.reject("too short")
    again.run()
    assert [p.id for p in again.pending] == ["approve#1"]
    assert again.state["drafts"] == 2


def test_a_run_goes_on_in_the_middle_of_a_subgraph(file):
    """The inner level is where it was, counters included."""
    dbg = Debugger(nested(), {}, store=file)
    dbg.step(3)
    dbg.approve() if dbg.pending else dbg.step()

    again = reopened(dbg, file, nested())
    finish_debugger(again)
    whole = Debugger(nested(), {})
    finish_debugger(whole)

    assert paths(again) == paths(whole)
    assert again.state == whole.state


def test_a_run_goes_on_with_branches_in_flight(file):
    """Each branch is where it was; the barrier inside one waits again."""
    dbg = Debugger(fanned(), {}, store=file)
    dbg.step(4)

    again = reopened(dbg, file, fanned())
    assert again.position == dbg.position
    finish_debugger(again)

    assert again.state["log"] is not None
    assert again.status == "completed"


def test_the_head_comes_back_where_it_was_moved(file):
    """A rewind is kept, and what was left is still there."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.run()
    dbg.rewind(1)

    again = reopened(dbg, file, steps("a", "b", "c"))

    assert (again.head, len(again.frames)) == (1, 4)
    again.step()
    assert again.lines == ["main", "fork 1"]


def test_the_whole_tree_comes_back(file):
    """Lines with their names, notes, pins and breakpoints; how nodes run."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.run()
    fork = dbg.fork(at=1, put={"x": 1}, name="what if")
    fork.run()
    empty = dbg.fork(at=2, name="nothing yet")
    dbg.note(2, "look here")
    dbg.note(1, "gone again")
    dbg.note(1, "")
    dbg.pin(1)
    dbg.break_at("b", visit=3)
    dbg.break_at("c").enabled = True
    dbg.break_on(("a", "b"))
    dbg.break_on_error()
    dbg.watch("log")
    dbg.watch(("plan", "steps", 0))
    dbg.break_at("a", when=lambda s: True)
    dbg.breakpoints.disable(1)
    dbg.mode("b", "ask")

    again = reopened(dbg, file, steps("a", "b", "c"))

    assert again.lines == ["main", "what if", "nothing yet"]
    assert again.branch("what if").state == fork.state
    assert again.branch("nothing yet").state == empty.state
    history = again._session.history
    assert {f.index: text for f, text in history.notes.items()} == {2: "look here"}
    assert [f.index for f in history.pins] == [1]
    labels = [stop.label for stop in again.breakpoints]
    assert labels == [stop.label for stop in dbg.breakpoints]
    assert [stop.id for stop in again.breakpoints] == [1, 2, 3, 4, 5, 6, 7]
    assert not again.breakpoints[0].enabled
    assert again.modes == {"b": "ask"}


def test_several_runs_in_one_file_keep_apart(file):
    """The newest is opened by default; others by name, id, or how the id begins."""
    store = SqliteStore(file)
    first = Debugger(steps("a", "b"), {}, store=store, name="first")
    second = Debugger(steps("c", "d"), {}, store=store, name="second")
    first.run()
    second.step()

    assert paths(Debugger.open(file)) == ["", "c"]
    assert paths(Debugger.open(file, "first")) == ["", "a", "b"]
    assert paths(Debugger.open(file, first.trace_id)) == ["", "a", "b"]
    assert paths(Debugger.open(file, first.trace_id[:12])) == ["", "a", "b"]
    with pytest.raises(CheckpointNotFoundError) as caught:
        Debugger.open(file, "third")
    assert "first" in str(caught.value)


def test_a_custom_reducer_comes_from_the_graph(file):
    """Its name is stored, and what it made; going on needs the function."""

    def graph():
        shout = Reducer.custom(lambda old, new: f"{old}{new}!", name="shout")
        g = GraphBuilder("g", reducers={"word": shout})
        g.node("a", lambda ctx: {"word": "hey"}).edge_if("a", "a", lambda s: len(s["word"]) < 12)
        return g.node("z", lambda ctx: None).edge("a", "z").start("a").end("z").build()

    dbg = Debugger(graph(), {"word": ""}, store=file)
    dbg.step(2)
    seen = dbg.state

    assert Debugger.open(file).state == seen
    again = reopened(dbg, file, graph())
    again.run()
    whole = Debugger(graph(), {"word": ""})
    whole.run()
    assert again.state == whole.state


# -- reading ------------------------------------------------------------------------


def test_reading_needs_no_graph(file):
    """Frames, states, routes, errors and outputs are there; moving on is refused by name."""
    g = GraphBuilder("g")

    @g.task
    def a(ctx):
        print("hello")
        ctx.put("n", 1)

    @g.task
    def b(ctx):
        raise ValueError("no way")

    graph = g.edge("a", "b").start("a").end("b").build()
    dbg = Debugger(graph, {}, store=file)
    dbg.run()
    dbg.close()

    read = Debugger.open(file)

    assert read.status_line == dbg.status_line
    assert read.frames[1].output == "hello\n"
    assert read.frames[1].route == dbg.frames[1].route
    failed = read.frames[2]
    assert str(failed.error) == str(dbg.frames[2].error)
    assert isinstance(failed.error.__cause__, ValueError)
    assert "raise ValueError" in failed.error.__cause__.__notes__[0]
    assert failed.error.state == {"n": 1}
    assert list(read.frames.to_pandas()["path"]) == ["", "a", "b"]
    assert read.back().frame.index == 1
    with pytest.raises(DebuggerError, match="opened for reading"):
        read.step()


def test_a_run_can_be_read_while_it_is_written(file):
    """Another process sees the frames as they are committed, lines included."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.step()
    reader = Debugger.open(file)
    assert paths(reader) == ["", "a"]

    dbg.step()
    dbg.fork(at=1, put={"x": 1}, name="other")

    assert reader.refresh() == 2
    assert paths(reader) == ["", "a", "b"]
    assert reader.head == 2
    assert reader.branch("other").state["x"] == 1
    assert reader.refresh() == 0


def test_a_graph_of_another_shape_is_refused_in_words(file):
    """Nothing is written; force mode goes on where the position still exists."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.step()
    dbg.close()
    other = steps("a", "b", "c", "d")

    with pytest.raises(GraphMismatchError, match="expected 0x") as caught:
        Debugger.open(file, graph=other)
    assert "node `d` new" in str(caught.value)

    forced = Debugger.open(file, graph=other, mode=GraphHashMode.FORCE)
    assert forced.run().frame.path == "d"
    forced.rewind(1)
    forced.close()
    with pytest.raises(CheckpointStoreError, match="'b'"):
        Debugger.open(file, graph=steps("a", "x"), mode=GraphHashMode.FORCE)


def test_a_state_can_be_brought_up_to_date(file):
    """The change is an edit, in the open."""
    dbg = Debugger(steps("a", "b"), {"old name": 1}, store=file)
    dbg.step()
    dbg.close()

    def rename(state):
        return {("new name" if key == "old name" else key): v for key, v in state.items()}

    again = Debugger.open(file, graph=steps("a", "b"), migrate=rename)

    assert again.state == {"log": ["a"], "new name": 1}
    assert again.frames[-1].kind == "edit"


def test_a_second_writer_is_refused_by_name(file):
    """Reading works meanwhile; after `close` the run is free."""
    dbg = Debugger(steps("a", "b"), {}, store=file)

    with pytest.raises(CheckpointStoreError, match=f"process {os.getpid()}"):
        Debugger.open(file, graph=steps("a", "b"))
    assert Debugger.open(file).status == "ready"
    dbg.close()
    assert Debugger.open(file, graph=steps("a", "b")).status == "ready"


def test_the_run_of_a_dead_process_is_free(file):
    """Nobody has to be asked for a lock that a killed kernel left."""
    code = (
        "import os, sys\n"
        "from lellm_nb import Debugger\n"
        "from tests.strategies import steps\n"
        "dbg = Debugger(steps('a', 'b'), {}, store=sys.argv[1])\n"
        "dbg.step(); os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], check=False, timeout=60)
    assert done.returncode == 9

    again = Debugger.open(file, graph=steps("a", "b"))

    assert again.run().reason.name == "COMPLETED"


def test_a_writer_that_was_closed_never_frees_another_ones_run(file):
    """Also when it is thrown away later."""
    import gc

    first = Debugger(steps("a", "b"), {}, store=file)
    first.close()
    second = Debugger.open(file, graph=steps("a", "b"))
    del first
    gc.collect()

    with pytest.raises(CheckpointStoreError, match="being written"):
        Debugger.open(file, graph=steps("a", "b"))
    second.close()


def test_another_process_reads_a_run_live_and_may_not_write_it(file):
    """It sees what was committed, and is told who writes."""
    dbg = Debugger(steps("a", "b", "c"), {}, store=file)
    dbg.step()
    code = (
        "import sys\n"
        "from lellm_nb import Debugger\n"
        "from lellm_nb.errors import CheckpointStoreError\n"
        "from tests.strategies import steps\n"
        "reader = Debugger.open(sys.argv[1])\n"
        "print(len(reader.frames), flush=True)\n"
        "sys.stdin.readline()\n"
        "print(reader.refresh(), reader.state['log'], flush=True)\n"
        "try:\n"
        "    Debugger.open(sys.argv[1], graph=steps('a', 'b', 'c'))\n"
        "except CheckpointStoreError as error:\n"
        "    print(error)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "2\n"
    dbg.step(2)
    out, _ = other.communicate("go\n", timeout=60)

    assert out.splitlines()[0] == "2 ['a', 'b', 'c']"
    assert f"process {os.getpid()}" in out.splitlines()[1]


def counting(times):
    """A loop that counts up to a number."""
    g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.visit}).node("z", lambda ctx: None)
    g.edge_if("a", "z", lambda s: s["n"] >= times).edge("a", "a")
    return g.start("a").end("z").build()


def test_walking_back_through_a_stored_run_is_quick(file):
    """Frames before are read in stretches."""
    dbg = Debugger(counting(900), {}, store=file, max_steps=2000)
    dbg.run()
    read = Debugger.open(file)

    assert len(read.who("n")) == 900
    assert read.run_back(until=lambda frame: frame.index == 5).frame.index == 5


def test_walking_on_through_a_stored_run_asks_the_file_seldom(file):
    """Frames after are read in stretches as well, and a position is looked for once in each."""
    dbg = Debugger(counting(900), {}, store=file, max_steps=2000)
    dbg.run()
    read = Debugger.open(file)
    asked = []
    read._stored.rows.store.db.set_trace_callback(asked.append)

    states = [read.frames[index].root_state.get("n") for index in range(900)]

    assert states == [None, *range(1, 900)]
    assert len(asked) < 60


def test_a_reader_sees_positions_that_were_written_later(file):
    """Where they stand in the file is looked up again when there is news."""
    dbg = Debugger(counting(900), {}, store=file, max_steps=2000)
    dbg.step(3)
    reader = Debugger.open(file)
    assert reader.frames[3].state["n"] == 3

    dbg.step(400)
    assert reader.refresh() == 400
    assert [frame.state["n"] for frame in reader.frames[1:]] == list(range(1, 404))


# -- values that cannot be saved ------------------------------------------------------


def test_a_value_that_cannot_be_saved_does_not_stop_the_run(file, tmp_path):
    """S7: a marker in the store; an explicit save names the path."""
    client = object()
    dbg = Debugger(steps("a", "b"), {"tools": [{"client": client}]}, store=file)
    dbg.run()

    assert dbg.state["tools"][0]["client"] is client
    marker = Debugger.open(file).state["tools"][0]["client"]
    assert marker.type == "builtins.object"
    with pytest.raises(SerializationError, match=r"tools\[0\].client") as caught:
        dbg.save(tmp_path / "x.lellm")
    assert caught.value.path == "tools[0].client"
    assert not (tmp_path / "x.lellm").exists()


# -- a store that fails ---------------------------------------------------------------


class Failing(MemoryRows):
    """Rows that refuse from the n-th write on, until they are mended."""

    def __init__(self, after):
        super().__init__("run", {"hash": "0x0"})
        self.left = after

    def _count(self):
        self.left -= 1
        if self.left < 0:
            raise CheckpointStoreError("the disk is full")

    def write(self, batch):
        self._count()
        super().write(batch)

    def write_frame(self, line, index, row):
        self._count()
        super().write_frame(line, index, row)


class FailingStore(InMemoryStore):
    """A store whose runs have such rows."""

    def __init__(self, after):
        super().__init__()
        self.rows = Failing(after)

    def begin_run(self, trace_id, name, facts):
        self.rows._facts = facts
        return self.rows


@pytest.mark.parametrize("after", range(1, 6))
def test_a_store_that_fails_holds_the_run(after):
    """R7: the frame stays in memory, nobody is told, and mending it goes on in order."""
    store = FailingStore(after)
    dbg = Debugger(steps("a", "b", "c", "d", "e", "f"), {}, store=store)
    told = []
    dbg.subscribe(lambda: told.append(dbg.head) if dbg.busy else None)

    stop = dbg.run()

    assert stop.reason.name == "FAILED"
    assert "the disk is full" in str(stop.error)
    assert dbg.head not in told
    assert dbg.step().reason.name == "FAILED"
    held = dbg.head
    store.rows.left = 1000
    assert dbg.run().reason.name == "COMPLETED"
    assert held < dbg.head
    assert store.rows.length(0) == len(dbg.frames)


def test_a_decision_that_is_not_stored_says_so():
    """The verb raises; the decision is in memory, and goes on when the store does."""
    store = FailingStore(1000)
    dbg = Debugger(review(), {"topic": "x"}, store=store)
    dbg.run()
    store.rows.left = 0

    with pytest.raises(CheckpointStoreError, match="full"):
        dbg.approve()
    store.rows.left = 1000
    assert dbg.run().reason.name == "COMPLETED"
    assert [f.kind for f in dbg.frames].count("decision") == 1


def test_a_store_that_takes_nothing_is_said_at_once():
    """The constructor raises, instead of a run that only seems to be kept."""
    with pytest.raises(CheckpointStoreError):
        Debugger(steps("a"), {}, store=FailingStore(0))


def test_what_is_no_store_is_refused():
    """By what it is."""
    with pytest.raises(DebuggerError, match="is no store"):
        Debugger(steps("a"), {}, store=7)


# -- memory, and stores of somebody else's ----------------------------------------------


def test_the_memory_store_keeps_the_whole_tree():
    """As long as the process lives."""
    store = InMemoryStore()
    dbg = Debugger(steps("a", "b"), {}, store=store)
    dbg.run()
    dbg.fork(at=1, put={"x": 1}, name="other")
    dbg.close()

    again = Debugger.open(store, graph=steps("a", "b"))

    assert again.lines == ["main", "other"]
    assert again.state == dbg.state


class Plain:
    """A `CheckpointStore` of somebody else's, which knows nothing of runs."""

    def __init__(self):
        self.saved = []

    def save(self, trace_id, checkpoint):
        self.saved.append((trace_id, checkpoint))

    def load_latest(self, trace_id):
        found = [c for trace, c in self.saved if trace == trace_id]
        return found[-1] if found else None


def test_a_plain_store_gets_a_checkpoint_per_commit():
    """And `open` goes on at the newest, without the past."""
    store = Plain()
    dbg = Debugger(review(), {"topic": "x"}, store=store)
    dbg.run()

    assert [c.last_node for _, c in store.saved] == ["", "draft", "approve"]
    again = Debugger.open(store, dbg.trace_id, review())
    assert [p.id for p in again.pending] == ["approve#0"]
    again.approve()
    assert again.run().reason.name == "COMPLETED"
    assert len(store.saved) == 5


def test_a_plain_store_that_fails_holds_the_run():
    """As any other does."""
    store = Plain()
    dbg = Debugger(steps("a", "b", "c"), {}, store=store)
    save, store.save = store.save, None

    stop = dbg.run()

    assert (stop.reason.name, dbg.head) == ("FAILED", 1)
    store.save = save
    assert dbg.run().reason.name == "COMPLETED"
    assert len(store.saved) == 4


# -- one file ---------------------------------------------------------------------------


def test_a_saved_file_is_the_run(tmp_path):
    """Every line, name, note and pin; and it goes on with its graph, in memory."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.run()
    dbg.fork(at=1, put={"draft": "shorter"}, name="short")
    dbg.note(1, "the first")
    dbg.pin(2)
    dbg.break_at("publish")
    file = tmp_path / "run.lellm"
    dbg.save(file)

    read = Debugger.load(file)
    assert (read.lines, read.status_line) == (dbg.lines, dbg.status_line)
    assert [stop.label for stop in read.breakpoints] == ["before publish"]
    again = Debugger.load(file, graph=review())
    before = file.read_bytes()
    again.approve()
    assert again.run().reason.name == "BREAKPOINT"
    assert again.run().reason.name == "COMPLETED"
    assert file.read_bytes() == before


def test_a_loaded_run_can_be_saved_again(tmp_path):
    """Also without its graph."""
    dbg = Debugger(nested(), {})
    finish_debugger(dbg)
    dbg.save(tmp_path / "one")

    Debugger.load(tmp_path / "one").save(tmp_path / "two")

    read = Debugger.load(tmp_path / "two", graph=nested())
    assert [f.position == g.position for f, g in zip(read.frames, dbg.frames, strict=True)]


def test_what_is_no_file_of_ours_is_refused(tmp_path):
    """By name, with nothing read into memory."""
    (tmp_path / "x").write_text("hello")

    with pytest.raises(CorruptedCheckpointError):
        Debugger.load(tmp_path / "x")
    with pytest.raises(CheckpointStoreError, match="read"):
        Debugger.load(tmp_path / "absent")
    with pytest.raises(CorruptedCheckpointError):
        Debugger.open(tmp_path / "x")


def test_a_failed_save_leaves_the_old_file(tmp_path):
    """A file is exchanged as a whole, or not at all."""
    dbg = Debugger(steps("a"), {})
    dbg.save(tmp_path / "x")
    before = (tmp_path / "x").read_bytes()
    bad = Debugger(steps("a"), {"o": object()})

    with pytest.raises(SerializationError):
        bad.save(tmp_path / "x")
    with pytest.raises(CheckpointStoreError):
        dbg.save(tmp_path / "no such folder" / "x")

    assert (tmp_path / "x").read_bytes() == before
    assert os.listdir(tmp_path) == ["x"]


def test_decisions_come_back_as_they_were(file):
    """Who, when, and what stood there before."""
    dbg = Debugger(review(), {"topic": "x"}, store=file)
    dbg.run()
    dbg.modify("draft", {"a": (1, 2)})

    record = Debugger.open(file).frames[-1].decision

    assert record == dbg.frames[-1].decision
    assert record.proposed.startswith("An essay")
    assert record.decision != Approve()


# -- questions ----------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [nested, fanned])
def test_a_stored_run_answers_as_the_live_one(graph, file):
    """Every question to a history has the same answer; `why` needs the graph's conditions."""
    live = Debugger(graph(), {"log": []}, store=file)
    finish_debugger(live)
    read = Debugger.open(file)
    live.close()
    again = Debugger.open(file, graph=graph())

    def asked(dbg):
        return [
            dbg.frames.to_pandas().to_csv(),
            repr(dbg.who("log")),
            repr(dbg.history("log")),
            repr(dbg.find("log")),
            repr(dbg.evaluate("len(state['log'])")),
            repr(dbg.loops()),
            repr(dbg.timing()),
            repr(dbg.diff(0, -1)),
            repr(dbg.tree),
            dbg.stack,
            dbg.paths,
            dbg.status_line,
        ]

    def reasons(dbg):
        return repr([dbg.why(frame) for frame in dbg.frames if frame.route is not None])

    for other in (read, again):
        for mine, its in zip(asked(live), asked(other), strict=True):
            assert mine == its
    assert reasons(again) == reasons(live)
