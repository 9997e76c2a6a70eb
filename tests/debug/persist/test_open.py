"""A kept run is opened: read without its graph, asked as a live one, written by one alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lellm_nb import Debugger, GraphBuilder, GraphHashMode
from lellm_nb.errors import CheckpointStoreError, DebuggerError, GraphMismatchError
from tests.debug.persist.graphs import paths
from tests.strategies import fanned, finish_debugger, nested, steps

# -- reading -----------------------------------------------------------------------------


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

    with pytest.warns(UserWarning, match="What changed: node `d` new"):
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


def test_walking_on_through_a_stored_run_asks_the_file_seldom(tmp_path):
    """Frames after are read in stretches as well, and a position is looked for once in each."""
    file = tmp_path / "runs.db"
    dbg = Debugger(counting(900), {}, store=file, max_steps=2000)
    dbg.run()
    read = Debugger.open(file)
    asked = []
    read._context.storage.stored.rows.store.db.set_trace_callback(asked.append)

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


# -- questions ---------------------------------------------------------------------------


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
