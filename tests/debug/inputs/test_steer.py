"""Writing into a run that is going on: at its next commit, by whoever moves it."""

from __future__ import annotations

import asyncio
import itertools
import threading

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import BusyError, DebuggerError, NoSuchNodeError, StateError, StateTypeError
from tests.strategies import nested, review, steps


class Gates:
    """Nodes that tell when they run, and go on when they are let."""

    def __init__(self):
        self.here = {name: threading.Event() for name in "abc"}
        self.on = {name: threading.Event() for name in "abc"}

    def node(self, ctx):
        self.here[ctx.node].set()
        assert self.on[ctx.node].wait(20)
        ctx.append("log", f"{ctx.node}{ctx.state.get('n', '')}")

    def arrive(self, name):
        assert self.here[name].wait(20)

    def let(self, *names):
        for name in names:
            self.on[name].set()


def gated(gates, order="abc"):
    """Nodes in a row, each with its gate."""
    g = GraphBuilder("g")
    for name in order:
        g.node(name, gates.node)
    for one, other in itertools.pairwise(order):
        g.edge(one, other)
    return g.start(order[0]).end(order[-1]).build()


def test_at_rest_it_is_an_edit_at_the_head():
    """On the same line, and the run goes on with it."""
    dbg = Debugger(steps("a", "b"), {"n": 1, "m": 2})
    dbg.step()

    stop = dbg.steer(put={"n": 5}, delete="m")

    assert (stop.reason.name, stop.frame.kind, stop.frame.index) == ("STEP", "edit", 2)
    assert (dbg.state["n"], "m" in dbg.state, dbg.line) == (5, False, "main")
    dbg.run()
    assert dbg.state["log"] == ["a", "b"]


def test_a_run_that_is_going_on_is_written_into_at_its_next_commit():
    """No node starts in between, and the run goes on by itself."""
    gates = Gates()
    dbg = Debugger(gated(gates))
    handle = dbg.start()
    gates.arrive("a")

    dbg.steer(put={"n": 7})
    with pytest.raises(BusyError):
        dbg.step()
    gates.let("a", "b", "c")
    stop = handle.result(20)

    assert stop.reason.name == "COMPLETED"
    assert [f.kind for f in dbg.frames] == ["start", "commit", "edit", "commit", "commit"]
    assert dbg.state["log"] == ["a", "b7", "c7"]
    assert dbg.frames[2].changed_keys == ["n"]


def test_several_writes_are_made_in_their_order():
    """Each is a frame of its own."""
    gates = Gates()
    dbg = Debugger(gated(gates))
    handle = dbg.start()
    gates.arrive("a")

    dbg.steer(put={"n": 1})
    dbg.steer(put={"n": 2})
    gates.let("a", "b", "c")
    handle.result(20)

    assert [f.state.get("n") for f in dbg.frames] == [None, None, 1, 2, 2, 2]


def test_a_step_writes_before_it_comes_back():
    """It makes its one commit, and the edit."""
    gates = Gates()
    dbg = Debugger(gated(gates))
    gates.let("b", "c")
    stopped = []
    thread = threading.Thread(target=lambda: stopped.append(dbg.step()))
    thread.start()
    gates.arrive("a")

    dbg.steer(put={"n": 1})
    gates.let("a")
    thread.join(20)

    assert [f.kind for f in dbg.frames] == ["start", "commit", "edit"]
    assert stopped[0].reason.name == "STEP"
    assert not dbg.busy


def test_after_the_last_node_it_is_written_at_the_end():
    """The run is completed all the same."""
    gates = Gates()
    dbg = Debugger(gated(gates, "a"))
    handle = dbg.start()
    gates.arrive("a")

    dbg.steer(put={"n": 1})
    gates.let("a")

    assert handle.result(20).reason.name == "COMPLETED"
    assert dbg.state["n"] == 1
    assert dbg.status == "completed"


def test_a_pause_and_a_limit_still_hold():
    """Going on after a write is the same run: its steps are counted together."""
    gates = Gates()
    dbg = Debugger(gated(gates))
    handle = dbg.start(more=2)
    gates.arrive("a")
    dbg.steer(put={"n": 1})
    gates.let("a", "b")
    assert handle.result(20).reason.name == "LIMIT"
    assert dbg.at("b").step == 2

    handle = dbg.start()
    gates.arrive("c")
    dbg.steer(put={"n": 2})
    dbg.pause()
    gates.let("c")
    assert handle.result(20).reason.name in ("PAUSED", "COMPLETED")
    assert dbg.state["n"] == 2


def test_a_breakpoint_of_the_next_node_still_stops():
    """It is asked after the write, and sees it."""
    gates = Gates()
    dbg = Debugger(gated(gates))
    dbg.break_at("b", when=lambda s: s.get("n") == 1)
    handle = dbg.start()
    gates.arrive("a")

    dbg.steer(put={"n": 1})
    gates.let("a", "b", "c")
    stop = handle.result(20)

    assert (stop.reason.name, stop.frame.kind) == ("BREAKPOINT", "edit")
    assert dbg.run().reason.name == "COMPLETED"


def test_a_watch_that_a_node_in_flight_hits_still_stops():
    """What was hit beside the write is not lost."""
    gates = Gates()
    dbg = Debugger(gated(gates))
    dbg.watch("log")
    handle = dbg.start()
    gates.arrive("a")

    dbg.steer(put={"n": 1})
    gates.let("a", "b", "c")
    stop = handle.result(20)

    assert stop.reason.name == "WATCH"
    assert dbg.state["n"] == 1


def test_where_the_run_fails_before_nothing_is_written():
    """A warning says so, and `retry` goes on."""
    here, on = threading.Event(), threading.Event()

    def fails(ctx):
        here.set()
        on.wait(20)
        raise ValueError("no")

    g = GraphBuilder("g").node("a", fails).start("a").end("a").build()
    dbg = Debugger(g)
    told = []

    def run():
        import warnings

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            told.append(dbg.run())
            told.extend(str(one.message) for one in caught)

    thread = threading.Thread(target=run)
    thread.start()
    assert here.wait(20)
    dbg.steer(put={"n": 1})
    on.set()
    thread.join(20)

    assert told[0].reason.name == "FAILED"
    assert any("was not written" in text for text in told[1:])
    assert (dbg.status, "n" in dbg.state) == ("failed", False)


def test_branches_finish_what_is_in_flight_first():
    """The root is written, and the join keeps it."""
    gates = Gates()
    g = GraphBuilder("g").parallel("par", {"a": gates.node, "b": gates.node}).node("c", gates.node)
    g.edge("par", "c").start("par").end("c")
    dbg = Debugger(g.build())
    handle = dbg.start()
    gates.arrive("a")
    gates.arrive("b")

    dbg.steer(put={"n": 1})
    gates.let("a", "b", "c")

    assert handle.result(20).reason.name == "COMPLETED"
    assert dbg.state["n"] == 1
    assert dbg.state["log"][-1] == "c1"


def test_a_level_is_named_as_elsewhere():
    """It has to be open; one of two keys may be of another level."""
    dbg = Debugger(nested())
    with pytest.raises(DebuggerError, match="not in level 'agent' now"):
        dbg.steer(put={"agent:x": 1})
    dbg.step(2)

    dbg.steer(put={"agent:x": 1, "y": 2})

    assert [f.kind for f in dbg.frames[-2:]] == ["edit", "edit"]
    assert dbg.stack[-1].state["x"] == 1
    assert dbg.state["y"] == 2
    with pytest.raises(NoSuchNodeError, match="agent"):
        dbg.steer(put={"agnet:x": 1})


def test_a_run_through_its_barriers_is_written_into_while_it_waits():
    """It goes on waiting, and a decision after it is taken."""

    dbg = Debugger(review(), {"topic": "otters"})
    done = []

    def look():
        if dbg.status != "waiting" or len(done) > 1:
            return
        if not done:
            done.append("steered")
            threading.Thread(target=dbg.steer, args=({"note": "soon"},)).start()
        elif "note" in dbg.state:
            done.append("approved")
            threading.Thread(target=dbg.approve).start()

    dbg.subscribe(look)
    stop = asyncio.run(asyncio.wait_for(dbg.arun(through_barriers=True), 30))

    assert stop.reason.name == "COMPLETED"
    assert [f.kind for f in dbg.frames] == [
        *("start", "commit", "waiting", "edit", "decision", "commit"),
    ]


def test_it_is_kept_with_the_run(tmp_path):
    """As any edit is."""
    gates = Gates()
    dbg = Debugger(gated(gates), {}, store=tmp_path / "runs.db")
    handle = dbg.start()
    gates.arrive("a")
    dbg.steer(put={"n": 7})
    gates.let("a", "b", "c")
    handle.result(20)
    dbg.close()

    again = Debugger.open(tmp_path / "runs.db", graph=gated(Gates()))

    assert again.state == dbg.state
    assert [f.kind for f in again.frames] == [f.kind for f in dbg.frames]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({}, DebuggerError, r"writes nothing: steer\(put="),
        ({"put": 5}, StateTypeError, "put"),
        ({"put": {5: 1}}, StateError, "key"),
        ({"delete": 5}, StateTypeError, "delete"),
        ({"put": {("a", "b"): 1}}, StateError, "a"),
    ],
)
@pytest.mark.parametrize("running", [False, True])
def test_bad_input_is_refused_at_once(given, error, words, running):
    """Also while a run is going on, which nothing happens to."""
    gates = Gates()
    dbg = Debugger(gated(gates))
    handle = None
    if running:
        handle = dbg.start()
        gates.arrive("a")

    with pytest.raises(error, match=words):
        dbg.steer(**given)

    gates.let("a", "b", "c")
    if handle is not None:
        handle.result(20)
    assert "edit" not in [f.kind for f in dbg.frames]
