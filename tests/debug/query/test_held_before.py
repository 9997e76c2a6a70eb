"""Where the condition of an edge that was refused had held before."""

from __future__ import annotations

import dataclasses

from lellm_nb import Debugger, GraphBuilder, Reducer, typed_state
from lellm_nb.debug.query import held_before
from lellm_nb.notebook.tabs.route import route_rows
from tests.debug.breakpoints.graphs import twice_inside
from tests.debug.graphs import looping
from tests.strategies import note, review


def count(ctx):
    ctx.reduce("n", 1, Reducer.SUM)


def gated(condition, times=6):
    """Counts in a loop; at each turn an edge to `alarm` is asked first."""
    g = GraphBuilder("gated").node("add", count).node("alarm", note).node("done", note)
    g.edge_if("add", "alarm", condition).edge_if("add", "add", lambda s: s["n"] < times)
    return g.edge("add", "done").edge("alarm", "add").start("add").end("done").build()


def test_the_nearest_earlier_frame_is_named():
    """Contract: for each refused edge; taken, unasked and plain edges have none."""
    dbg = Debugger(looping(4))
    dbg.run()
    why = dbg.why(4)

    assert [row.result for row in why] == [False, None]
    assert why.held == (3, None)
    assert dbg.why(2).held == (None, None)  # it held there, and was taken
    assert list(why.to_pandas()["held"].fillna(-1)) == [3, -1]
    assert repr(why).splitlines()[1].endswith("(held at frame 3)")
    assert "held at" not in repr(dbg.why(2))


def test_none_where_it_never_held():
    """Neither before, nor where it raises."""
    dbg = Debugger(gated(lambda s: s.get("n", 0) > 100))
    dbg.run()
    assert dbg.why(3).held == (None, None, None)

    dbg = Debugger(gated(lambda s: s["n"] > 100))
    dbg.run()
    assert dbg.why(1).held == (None, None, None)  # at the start there is no n to ask


def test_a_state_of_the_past_counts_wherever_the_run_went():
    """Also the state with which the run began, at the start frame."""
    dbg = Debugger(gated(lambda s: s["n"] == 7), {"n": 7})
    dbg.run()

    assert dbg.why(1).held == (0, None, None)


def test_inside_of_a_level_its_own_states_are_asked_since_it_was_entered():
    """N2: another entry of the same graph is another past."""
    inner = GraphBuilder("inner").node("set", lambda ctx: {"x": ctx.state.get("x", 0) + 1})
    inner.node("clear", lambda ctx: {"x": 0}).node("ask", note).node("end", note)
    inner.edge("set", "clear").edge("clear", "ask")
    inner.edge_if("ask", "set", lambda s: s["x"] == 1).edge("ask", "end").start("set").end("end")
    graph = inner.build()
    g = GraphBuilder("outer").subgraph("sub", graph).parallel("both", {"deep": graph, "t": note})
    dbg = Debugger(g.edge("sub", "both").start("sub").end("both").build())
    while dbg.step().reason.name == "STEP":
        pass  # one commit at a time: the branches take turns

    for path in ("sub/ask", "both/deep/ask"):
        frame = dbg.at(path)
        held = dbg.frames[dbg.why(frame).held[0]]
        assert held.index >= dbg.at(path.replace("ask", "set")).index
        assert dbg.state_at(held, like=frame)["x"] == 1


def test_each_entry_of_a_loop_has_its_own_past():
    """A composite that is entered again begins anew."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.run()
    leaving = next(f for f in dbg.frames if f.kind == "exit" and f.visit == 2)

    assert dbg.why(leaving).held == (leaving.index - 1, None)


def test_after_a_decision():
    """A barrier's way is found by the decision, and asked of what came before it."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    dbg.reject("short")
    dbg.run()
    dbg.approve()
    why = dbg.why(dbg.head)

    held = [index for row, index in zip(why, why.held, strict=True) if row.result is False]
    assert held == [dbg.head - 1]


def test_conditions_are_asked_when_somebody_looks(monkeypatch):
    """Not by `why` itself, and of so many states only."""
    asked = []

    def never(state):
        asked.append(state.get("n", 0))
        return False

    dbg = Debugger(gated(never))
    dbg.run()
    asked.clear()
    why = dbg.why(6)
    assert asked == [6]
    assert why.held == why.held == (None, 5, None)
    assert asked == [6, 5, 4, 3, 2, 1, 0]

    monkeypatch.setattr(held_before, "MOST", 2)
    asked.clear()
    assert dbg.why(6).held == (None, 5, None)
    assert asked == [6, 5, 4]


def test_a_typed_state_a_fork_and_a_reopened_run(file):
    """The same wherever the frames come from; without the graph nothing can be asked."""

    @typed_state
    @dataclasses.dataclass
    class Counted:
        n: int = 0

    g = GraphBuilder("typed").node("add", lambda ctx: {"n": ctx.state.n + 1}).node("done", note)
    g.edge_if("add", "add", lambda s: s.n < 3).edge("add", "done").start("add").end("done")
    dbg = Debugger(g.build(), Counted())
    dbg.step(3)
    assert dbg.why(3).held == (2, None)
    dbg = Debugger(looping(4), store=file)
    dbg.run()
    fork = dbg.fork(at=2, put={"n": 9})
    fork.run()
    assert fork.why(4).held == (2, None)
    dbg.close()

    again = Debugger.open(file, graph=looping(4))
    assert again.why(4).held == (3, None)
    assert Debugger.open(file).why(4).held == (None, None)


def test_the_route_tab_has_it():
    """A page that is written asks of every frame, so a long one looks back at the first only."""
    dbg = Debugger(looping(4))
    dbg.run()

    rows = route_rows(dbg, dbg.frames[4], look_back=True)["rows"]
    assert [row.get("held") for row in rows] == [3, None]
    assert "held" not in route_rows(dbg, dbg.frames[4])["rows"][0]
