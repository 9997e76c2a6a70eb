"""The Debugger's verbs that run on: conversations, as people have them."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Approve, Debugger, GraphBuilder, Reducer, StopReason
from lellm_nb.errors import (
    DebuggerError,
    NodeExecutionError,
    NoSuchFrameError,
    NoSuchNodeError,
    NotWaitingError,
)
from tests.strategies import chain, fanned, finish_debugger, nested, note, review, steps

R = StopReason


def looping(times=5):
    """A graph that counts to `times` in node `add`, then ends in `done`."""

    def add(ctx):
        ctx.reduce("n", 1, Reducer.SUM)

    g = GraphBuilder("loop").node("add", add).node("done", note)
    g.edge_if("add", "add", lambda s: s["n"] < times).edge("add", "done")
    return g.start("add").end("done").build()


# -- the documentation's conversation ----------------------------------------------------


def test_the_documentations_example_runs_as_printed():
    """DESIGN: draft, reject, again, approve, publish; and a fork beside it."""
    dbg = Debugger(review(), {"topic": "otters"})
    stop = dbg.run()
    assert stop.reason is R.BARRIER
    assert [p.id for p in stop.pending] == ["approve#0"]

    assert dbg.reject("too short").reason is R.STEP
    dbg.run()
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["published"] is True
    assert dbg.state["drafts"] == 2

    assert [w.frame.index for w in dbg.who("draft")] == [4, 1]
    assert len(dbg.frames.to_pandas()) == len(dbg.frames) == 8

    fork = dbg.fork(at=1, put={"draft": "shorter"})
    assert fork.run().reason is R.BARRIER
    assert fork.state["draft"] == "shorter"
    assert dbg.state["draft"] == "An essay about otters"
    assert "first difference" in repr(dbg.compare(fork))


# -- step --------------------------------------------------------------------------------


def test_stepping_through_a_graph():
    """A step is one commit; the one that commits the end node has completed."""
    dbg = Debugger(steps("a", "b"))

    first = dbg.step()
    assert (first.reason, first.frame.index, first.frame.node) == (R.STEP, 1, "a")
    assert dbg.position.node == "b"
    second = dbg.step()
    assert (second.reason, second.frame.next_node) == (R.COMPLETED, None)
    assert dbg.step().reason is R.COMPLETED
    assert len(dbg.frames) == 3


def test_stepping_several_at_once():
    """`step(n)` makes n commits; a barrier or the end stops it."""
    dbg = Debugger(steps("a", "b", "c", "d"))

    assert dbg.step(2).frame.index == 2
    assert dbg.step(10).reason is R.COMPLETED
    waits = Debugger(review(), {"topic": "x"})
    assert waits.step(10).reason is R.BARRIER
    assert waits.head == 2


def test_a_breakpoint_stops_step_n_but_not_its_first_step():
    """DESIGN: breakpoints stop all of them; a single step always moves."""
    dbg = Debugger(steps("a", "b", "c", "d"))
    dbg.break_at("c")

    assert dbg.step(4).reason is R.BREAKPOINT
    assert dbg.head == 2
    assert dbg.step().frame.node == "c"


# -- run ---------------------------------------------------------------------------------


def test_running_until_a_node():
    """`until` a node, or (node, visit): stops before it runs."""
    dbg = Debugger(looping())

    assert dbg.run(until=("add", 3)).frame.index == 2
    assert dbg.state == {"n": 2}
    stop = dbg.run(until="done")
    assert (stop.reason, stop.frame.index) == (R.STEP, 5)
    assert dbg.position.node == "done"
    assert dbg.run().reason is R.COMPLETED


def test_running_until_the_same_node_again():
    """`run(until=x)` standing before x goes on to the next time."""
    dbg = Debugger(looping())
    heads = [dbg.run(until="add").frame.index for _ in range(6)]

    assert heads == [0, 1, 2, 3, 4, 6]


def test_running_until_a_frame_fits():
    """`until` a predicate on a frame: stops after it."""
    dbg = Debugger(looping())
    stop = dbg.run(until=lambda frame: frame.state["n"] == 4)

    assert (stop.reason, stop.frame.index) == (R.STEP, 4)
    assert dbg.run(until=lambda frame: False).reason is R.COMPLETED


def test_a_predicate_that_raises_stops_there_and_is_shown():
    """DESIGN: a stop never raises for user code."""
    dbg = Debugger(looping())
    stop = dbg.run(until=lambda frame: 1 // 0)

    assert isinstance(stop.error, ZeroDivisionError)
    assert stop.frame.index == 1


def test_running_on_after_the_end_adds_nothing():
    """COMPLETED again, and no frame."""
    dbg = Debugger(steps("a"))

    assert [dbg.run().reason for _ in range(3)] == [R.COMPLETED] * 3
    assert len(dbg.frames) == 2


def test_an_unknown_node_is_refused_before_anything_runs():
    """Bad input: the nearest name, and the paths that exist."""
    dbg = Debugger(nested())
    for ask in (lambda: dbg.run(until="tol"), lambda: dbg.run_back("tol")):
        with pytest.raises(NoSuchNodeError, match="agent/tool"):
            ask()
    assert dbg.head == 0


# -- over, into, out ---------------------------------------------------------------------


def test_over_runs_a_whole_composite():
    """`over` ends when the composite that was entered has left."""
    g = GraphBuilder("g").node("a", note).subgraph("sub", steps("x", "y")).node("b", note)
    dbg = Debugger(g.edge("a", "sub").edge("sub", "b").start("a").end("b").build())

    assert dbg.over().frame.path == "a"
    stop = dbg.over()
    assert (stop.reason, stop.frame.path, stop.frame.kind) == (R.STEP, "sub", "exit")
    assert dbg.over().reason is R.COMPLETED


def test_into_is_step():
    """`into` makes the first commit inside."""
    g = GraphBuilder("g").subgraph("sub", steps("x", "y")).start("sub").end("sub")
    dbg = Debugger(g.build())

    assert dbg.into().frame.path == "sub/x"
    assert dbg.stack == ["sub", "sub/y"]
    assert dbg.over().frame.path == "sub/y"
    assert dbg.into().frame.kind == "exit"


def test_out_runs_until_the_current_level_has_left():
    """`out` from inside; at the outermost level it runs on."""
    inner = GraphBuilder("middle").subgraph("deep", steps("x", "y", "z")).node("m", note)
    inner = inner.edge("deep", "m").start("deep").end("m").build()
    g = GraphBuilder("g").subgraph("sub", inner).node("b", note)
    dbg = Debugger(g.edge("sub", "b").start("sub").end("b").build())
    dbg.step()

    assert dbg.stack == ["sub", "sub/deep", "sub/deep/y"]
    assert dbg.out().frame.path == "sub/deep"
    assert dbg.out().frame.path == "sub"
    assert dbg.out().reason is R.COMPLETED
    assert dbg.out().reason is R.COMPLETED


def test_out_leaves_one_level_also_where_two_end_at_once():
    """DESIGN: `out` ends when the current level has left, and not the one around it."""
    inner = GraphBuilder("middle").subgraph("deep", steps("x", "y")).start("deep").end("deep")
    g = GraphBuilder("g").subgraph("sub", inner.build()).start("sub").end("sub")
    dbg = Debugger(g.build())
    dbg.step()

    assert dbg.out().frame.path == "sub/deep"


@pytest.mark.parametrize("composite", ["subgraph", "parallel"])
def test_a_stop_inside_a_composite_stays_there(composite):
    """P5: a stop after the last inner frame does not leave the composite any more."""
    g = GraphBuilder("g")
    if composite == "subgraph":
        g.subgraph("sub", steps("x", "y"))
    else:
        g.parallel("sub", {"x": note, "y": note})
    dbg = Debugger(g.start("sub").end("sub").build())
    stop = dbg.run(until=lambda frame: frame.path == "sub/y")

    assert (stop.reason, stop.frame.path) == (R.STEP, "sub/y")
    dbg.rewind(0)
    dbg.break_at("sub/y", after=True)
    assert dbg.run().frame.path == "sub/y"
    assert dbg.run().reason is R.COMPLETED


def test_out_of_a_composite_in_a_loop_stops_at_this_entry():
    """B2: `agent#2` is another entry; out of the first stops at the first."""
    dbg = Debugger(nested())
    dbg.run()
    dbg.approve()
    stop = dbg.out()

    assert (stop.frame.path, stop.frame.visit) == ("agent", 1)
    dbg.run()
    dbg.approve()
    stop = dbg.out()
    assert (stop.frame.kind, stop.frame.visit) == ("exit", 2)


def test_over_a_parallel_stops_at_the_join_or_where_it_holds():
    """Breakpoints and barriers stop `over` and `out` as well."""
    dbg = Debugger(fanned())
    dbg.step()

    stop = dbg.over()
    assert stop.reason is R.BARRIER
    assert stop.pending[0].id == "par/check/ok#0"
    dbg.approve()
    dbg.break_at("par/check/go")
    assert dbg.out().reason is R.BREAKPOINT
    dbg.run(until="last")
    assert dbg.frames[-1].kind == "join"


# -- breakpoints -------------------------------------------------------------------------


def test_a_breakpoint_stops_before_its_node_every_time():
    """P5: going on ignores the breakpoint just reported."""
    dbg = Debugger(looping(3))
    mark = dbg.break_at("add")
    stops = [dbg.run() for _ in range(4)]

    assert [s.reason for s in stops] == [R.BREAKPOINT] * 3 + [R.COMPLETED]
    assert [s.frame.index for s in stops] == [0, 1, 2, 4]
    assert all(s.breakpoint is mark for s in stops[:3])
    assert mark.hits == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"visit": 3}, [2]),
        ({"ignore": 2}, [2, 3, 4]),
        ({"when": lambda s: s.get("n", 0) % 2 == 1}, [1, 3]),
        ({"after": True}, [1, 2, 3, 4, 5]),
        ({"after": True, "visit": 2}, [2]),
        ({"after": True, "when": lambda s: s["n"] == 4}, [4]),
        ({"when": lambda s: s.get("n", 0) > 0, "ignore": 1}, [2, 3, 4]),
    ],
)
def test_breakpoints_with_conditions(options, expected):
    """`when`, `visit`, `ignore`, `after`; `when` gets the state of the node's level."""
    dbg = Debugger(looping(5))
    dbg.break_at("add", **options)
    heads = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        heads.append(stop.frame.index)

    assert heads == expected
    assert stop.reason is R.COMPLETED


def test_a_breakpoint_condition_that_raises_stops_there_and_is_shown():
    """A stop never raises for user code."""
    dbg = Debugger(looping())
    dbg.break_at("done", when=lambda s: s["missing"])
    stop = dbg.run()

    assert stop.reason is R.BREAKPOINT
    assert isinstance(stop.error, KeyError)
    assert dbg.position.node == "done"


def test_a_breakpoint_inside_a_composite_holds_for_every_entry():
    """N2: kept by path without visits; a bare name works where it is unique."""
    dbg = Debugger(nested())
    mark = dbg.break_at("tool", when=lambda s: "agent/llm" in s["log"])
    paths = []
    for _ in range(2):
        dbg.run()
        dbg.approve()
        assert dbg.run().breakpoint is mark
        paths.append(dbg.stack[-1])

    assert mark.path == "agent/tool"
    assert paths == ["agent/tool", "agent#2/tool"]


def test_a_bare_name_that_is_not_unique_lists_the_paths():
    """DESIGN: else the error lists the paths."""
    g = GraphBuilder("g").subgraph("one", steps("x")).subgraph("two", steps("x"))
    dbg = Debugger(g.edge("one", "two").start("one").end("two").build())
    with pytest.raises(NoSuchNodeError, match="one/x, two/x"):
        dbg.break_at("x")

    assert dbg.break_at("two/x").path == "two/x"


def test_breakpoints_are_listed_switched_off_and_removed():
    """DESIGN: `breakpoints` lists, enables, removes."""
    dbg = Debugger(steps("a", "b", "c"))
    one, two = dbg.break_at("b"), dbg.break_at("c")
    dbg.breakpoints.disable(one)
    dbg.breakpoints.remove("c")

    assert list(dbg.breakpoints) == [one]
    assert dbg.run().reason is R.COMPLETED
    dbg.rewind(0)
    dbg.breakpoints.enable(one.id)
    assert dbg.run().reason is R.BREAKPOINT
    with pytest.raises(DebuggerError, match="no breakpoint"):
        dbg.breakpoints.remove(two)


def test_breakpoints_survive_fork_and_rewind():
    """DESIGN: they survive; the fork's are its own."""
    dbg = Debugger(steps("a", "b", "c"))
    dbg.break_at("c")
    dbg.run()
    fork = dbg.fork(0)

    assert fork.run().reason is R.BREAKPOINT
    fork.breakpoints.clear()
    assert fork.run().reason is R.COMPLETED
    dbg.rewind(0)
    assert dbg.run().reason is R.BREAKPOINT


def test_a_barrier_and_its_breakpoint():
    """A breakpoint at a barrier stops before it waits."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.break_at("approve")

    assert dbg.run().reason is R.BREAKPOINT
    assert dbg.pending == []
    assert dbg.run().reason is R.BARRIER


# -- failures and retry ------------------------------------------------------------------


def test_a_failure_is_returned_and_not_raised():
    """DESIGN: each verb returns a Stop and never raises for user code."""

    def a(ctx):
        raise ValueError("no")

    dbg = Debugger(chain(a))
    stops = [dbg.step(), dbg.run(), dbg.over(), dbg.into(), dbg.out(), dbg.retry()]

    assert {stop.reason for stop in stops} == {R.FAILED}
    assert all(isinstance(stop.error, NodeExecutionError) for stop in stops)
    assert "ValueError: no" in repr(stops[0])


def test_retry_is_for_a_failure():
    """Bad input: it says what to call instead."""
    dbg = Debugger(steps("a", "b"))
    for _ in range(2):
        with pytest.raises(DebuggerError, match="Nothing failed"):
            dbg.retry()
        dbg.step()


def test_stepping_again_is_the_same_as_retrying():
    """DESIGN: fixing the function and retrying is the same as stepping again."""
    world = {"up": False}

    def a(ctx):
        if not world["up"]:
            raise ConnectionError
        return {"ok": True}

    dbg = Debugger(chain(a))
    dbg.step()
    world["up"] = True

    assert dbg.step().reason is R.COMPLETED
    assert dbg.state == {"ok": True}


# -- barriers ----------------------------------------------------------------------------


def test_a_decision_decides_and_stays():
    """DESIGN: a call decides, makes the decision frame, and stays."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    stop = dbg.approve()

    assert (stop.reason, stop.frame.kind, stop.pending) == (R.STEP, "decision", ())
    assert dbg.position.node == "publish"
    assert "published" not in dbg.state


def test_a_button_decides_and_runs_on():
    """DESIGN: a button runs on to the next stop."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()

    assert dbg.reject("no", then_run=True).reason is R.BARRIER
    assert dbg.approve(then_run=True).reason is R.COMPLETED


@pytest.mark.parametrize(
    "verb",
    [
        lambda dbg, **more: dbg.approve(**more),
        lambda dbg, **more: dbg.reject("no", **more),
        lambda dbg, **more: dbg.modify("n", 1, **more),
        lambda dbg, **more: dbg.reroute("draft", **more),
        lambda dbg, **more: dbg.preview(Approve(), **more),
        lambda dbg, **more: dbg.reroute_targets(**more),
    ],
    ids=["approve", "reject", "modify", "reroute", "preview", "reroute_targets"],
)
def test_a_decision_for_what_does_not_wait_is_refused(verb):
    """B5: Debugger verbs raise, and list what waits; nothing is lost."""
    dbg = Debugger(review(), {"topic": "x"})
    with pytest.raises(NotWaitingError, match="No barrier waits"):
        verb(dbg)
    dbg.run()
    with pytest.raises(NotWaitingError, match="Waiting: approve#0") as caught:
        verb(dbg, id="approve#1")

    assert (caught.value.wanted, caught.value.waiting) == ("approve#1", ["approve#0"])
    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert len(dbg.frames) == 3


def test_preview_tells_what_a_decision_would_do_and_does_nothing():
    """DESIGN: state diff and next node."""
    from lellm_nb import Modify, Reject, Reroute

    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    approve, reject = dbg.preview(Approve()), dbg.preview(Reject("short"))
    modify, reroute = dbg.preview(Modify("topic", "y")), dbg.preview(Reroute("publish"))

    assert (approve.diff.keys, approve.next_node) == (["approve.approved"], "publish")
    assert (reject.diff.keys, reject.next_node) == (["approve.reject_reason"], "draft")
    assert modify.diff.keys == ["topic", "approve.approved"]
    assert modify.diff[0].old == "x"
    assert (list(reroute.diff), reroute.next_node) == ([], "publish")
    assert len(dbg.frames) == 3
    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert dbg.approve().frame.state == {**dbg.frames[2].state, "approve.approved": True}


def test_preview_of_a_nested_barrier_looks_at_its_level():
    """N2: the diff and the way on are those of the barrier's own graph."""
    dbg = Debugger(nested())
    dbg.run()
    would = dbg.preview(Approve())

    assert (would.diff.keys, would.next_node) == (["approve.approved"], "tool")
    assert dbg.reroute_targets() == ["llm", "approve", "tool"]


# -- going back --------------------------------------------------------------------------


def test_going_back_runs_nothing():
    """`back` moves the head; at the first frame it says START."""
    runs = []

    def a(ctx):
        runs.append("a")

    def b(ctx):
        runs.append("b")

    dbg = Debugger(chain(a, b))
    dbg.run()

    assert dbg.back().frame.index == 1
    assert dbg.back().frame.index == 0
    stop = dbg.back()
    assert (stop.reason, stop.frame.kind) == (R.START, "start")
    assert runs == ["a", "b"]
    assert len(dbg.frames) == 3


def test_going_back_several_frames():
    """`back(n)`; further than the start is the start."""
    dbg = Debugger(looping(5))
    dbg.run()

    assert dbg.back(2).frame.index == 4
    assert (dbg.back(4).reason, dbg.head) == (R.STEP, 0)
    dbg.rewind(3)
    assert (dbg.back(99).reason, dbg.head) == (R.START, 0)


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None, True], ids=repr)
def test_a_number_of_steps_is_a_whole_number_from_one(n):
    """Bad input: said at once."""
    dbg = Debugger(steps("a"))
    for verb in (dbg.step, dbg.back):
        with pytest.raises(DebuggerError, match="whole number"):
            verb(n)


def test_rewinding_to_any_way_of_naming_a_frame():
    """DESIGN: an index, a Frame, or (node, visit)."""
    dbg = Debugger(looping(5))
    dbg.run()

    assert dbg.rewind(2).frame.index == 2
    assert dbg.rewind(-1).frame.index == 6
    assert dbg.rewind(dbg.frames[4]).frame.index == 4
    assert dbg.rewind(("add", 3)).frame.index == 3
    assert dbg.rewind(("done", 1)).frame.index == 6


@pytest.mark.parametrize(
    ("which", "says"),
    [
        (7, "frames 0 to 6"),
        (-8, "frames 0 to 6"),
        (("add", 9), "visited 5 times"),
        (("ad", 1), "Ran: add, done"),
        ("add", "an index, a Frame"),
        (None, "an index, a Frame"),
        (1.0, "an index, a Frame"),
        (True, "an index, a Frame"),
    ],
    ids=repr,
)
def test_a_frame_that_does_not_exist(which, says):
    """Bad input: the error says what exists; the head stays."""
    dbg = Debugger(looping(5))
    dbg.run()
    for verb in (dbg.rewind, dbg._frame, lambda w: dbg.fork(w) if w is not None else dbg.rewind(w)):
        with pytest.raises(NoSuchFrameError, match=says):
            verb(which)
    assert dbg.head == 6
    assert dbg.lines == ["main"]


def test_rewinding_and_going_on_keeps_everything():
    """History is a tree: `main` keeps its frames, the new line is `fork 1`."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    dbg.approve()
    dbg.run()
    main = list(dbg.frames)
    dbg.rewind(2)
    assert dbg.line == "main"
    assert list(dbg.frames) == main
    dbg.reject("no")

    assert dbg.line == "fork 1"
    assert [f.kind for f in dbg.frames] == ["start", "commit", "waiting", "decision"]
    assert list(dbg.branch("main").frames) == main
    assert dbg.lines == ["main", "fork 1"]


def test_run_back_stops_at_breakpoints_and_the_start():
    """DESIGN: stops at breakpoints, going into the past, where they would have stopped."""
    dbg = Debugger(looping(5))
    dbg.run()
    mark = dbg.break_at("add", when=lambda s: s.get("n") in (1, 3))

    first = dbg.run_back()
    assert (first.reason, first.frame.index, first.breakpoint) == (R.BREAKPOINT, 3, mark)
    assert dbg.run_back().frame.index == 1
    assert (dbg.run_back().reason, dbg.head) == (R.START, 0)
    assert (dbg.run_back().reason, dbg.head) == (R.START, 0)
    assert dbg.run().frame.index == 1


def test_going_on_from_where_run_back_stopped_ignores_that_breakpoint():
    """P5: the one just reported."""
    dbg = Debugger(looping(3))
    dbg.run()
    dbg.break_at("add", visit=2)
    dbg.run_back()

    assert dbg.run().reason is R.COMPLETED


def test_run_back_until():
    """`until` a node, (node, visit), or a predicate on a frame."""
    dbg = Debugger(looping(5))
    dbg.run()

    assert dbg.run_back(until="done").frame.index == 5
    assert dbg.run_back(until=("add", 2)).frame.index == 1
    dbg.rewind(6)
    assert dbg.run_back(until=lambda f: f.state.get("n") == 4).frame.index == 4


def test_run_back_inside_composites():
    """N2: a condition sees the state of the node's level as it was before it ran."""
    for graph, path in [(nested(), "agent/tool"), (fanned(), "par/check/go")]:
        dbg = Debugger(graph)
        finish_debugger(dbg)
        seen = []
        dbg.break_at(path, when=lambda s, seen=seen: seen.append(len(s["log"])) or True)
        stop = dbg.run_back()

        assert stop.reason is R.BREAKPOINT
        assert stop.frame.next_node == path.rpartition("/")[2]
        assert stop.frame.kind == "decision"
        assert seen == [len(stop.frame.state["log"])]


# -- fork --------------------------------------------------------------------------------


def test_forking_from_the_past_leaves_the_parent_where_it_is():
    """DESIGN: a line of its own over shared frames."""
    dbg = Debugger(looping(3))
    dbg.run()
    before = list(dbg.frames)
    fork = dbg.fork(1, put={"n": 2}, name="shortcut")
    stop = fork.run()

    assert stop.reason is R.COMPLETED
    assert fork.line == "shortcut"
    assert [f.kind for f in fork.frames] == ["start", "commit", "edit", "commit", "commit"]
    assert fork.frames[1] is dbg.frames[1]
    assert list(dbg.frames) == before
    assert dbg.head == 4
    assert dbg.branch("shortcut") is fork
    assert fork.branch("main").frames[4] is before[4]


def test_forking_with_new_functions():
    """`nodes`: on the new line only."""

    def add(ctx):
        ctx.reduce("n", 10, Reducer.SUM)

    dbg = Debugger(looping(3))
    dbg.step()
    fork = dbg.fork(nodes={"add": add})
    fork.run()
    dbg.run()

    assert fork.state["n"] == 11
    assert dbg.state["n"] == 3


def test_forking_deletes_keys():
    """`delete`: a key, or several."""
    dbg = Debugger(steps("a"), {"x": 1, "y": 2, "z": 3})

    assert dbg.fork(delete="x").state == {"y": 2, "z": 3}
    assert dbg.fork(delete=["x", "z", "absent"]).state == {"y": 2}
    assert dbg.state == {"x": 1, "y": 2, "z": 3}


def test_an_unknown_line_lists_those_that_are():
    """Bad input: `branch`."""
    dbg = Debugger(steps("a"))
    dbg.fork(name="spare")
    with pytest.raises(DebuggerError, match="Did you mean 'spare'"):
        dbg.branch("spar")


# -- async forms -------------------------------------------------------------------------


def test_every_verb_has_an_async_form():
    """DESIGN: async twins for use with await."""

    async def conversation():
        dbg = Debugger(review(), {"topic": "x"})
        reasons = [(await dbg.astep()).reason, (await dbg.arun()).reason]
        reasons.append((await dbg.areject("no")).reason)
        reasons.append((await dbg.arun(until="approve")).reason)
        reasons.append((await dbg.aover()).reason)
        reasons.append((await dbg.amodify("n", 1)).reason)
        reasons.append((await dbg.aback()).reason)
        reasons.append((await dbg.areroute("draft")).reason)
        reasons.append((await dbg.ainto()).reason)
        reasons.append((await dbg.arewind(5)).reason)
        reasons.append((await dbg.aapprove()).reason)
        reasons.append((await dbg.aout()).reason)
        reasons.append((await dbg.arun_back()).reason)
        with pytest.raises(DebuggerError):
            await dbg.aretry()
        with pytest.raises(NoSuchFrameError):
            await dbg.arewind(99)
        return reasons, dbg.lines

    reasons, lines = asyncio.run(conversation())

    assert [r.name for r in reasons] == [
        *("STEP", "BARRIER", "STEP", "STEP", "BARRIER", "STEP", "STEP", "STEP", "STEP"),
        *("STEP", "STEP", "COMPLETED", "START"),
    ]
    assert lines == ["main", "fork 1", "fork 2"]


def test_a_sync_verb_works_inside_a_running_event_loop():
    """DESIGN: a notebook cell always has one."""

    async def cell():
        return Debugger(steps("a")).run().reason

    assert asyncio.run(cell()) is R.COMPLETED


# -- branches ----------------------------------------------------------------------------


def test_breakpoints_in_branches_are_each_reported_once():
    """P5: on a hit no new node starts; going on ignores the ones just reported, and no others."""
    g = GraphBuilder("g")
    g.parallel("par", {"a": steps("x", "y"), "b": steps("x", "y"), "c": note})
    dbg = Debugger(g.start("par").end("par").build())
    for path in ("par/a/y", "par/b/y", "par/c"):
        dbg.break_at(path)
    hits = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        hits.append(stop.breakpoint.path)
        assert not [f for f in dbg.frames if f.path in {"par/a/y", "par/b/y", "par/c"} - set(hits)]

    assert sorted(hits) == ["par/a/y", "par/b/y", "par/c"]
    assert stop.reason is R.COMPLETED
    assert dbg.state["log"] == ["par/a/x", "par/a/y", "par/b/x", "par/b/y", "par/c"]


def test_a_failed_branch_is_retried_and_the_others_are_kept():
    """P3: commits that other branches made before a failure stay in the position."""
    runs, broken = [], [True]

    def good(ctx):
        runs.append("good")
        note(ctx)

    def bad(ctx):
        runs.append("bad")
        if broken[0]:
            raise ValueError("no")
        note(ctx)

    g = GraphBuilder("g").parallel("par", {"good": good, "bad": bad})
    dbg = Debugger(g.start("par").end("par").build())
    stop = dbg.run()
    broken[0] = False

    assert stop.reason is R.FAILED
    assert dbg.run().reason is R.COMPLETED
    assert runs == ["good", "bad", "bad"]
    assert dbg.state == {"log": ["par/good", "par/bad"]}


# -- odd places to stand -----------------------------------------------------------------


def test_a_fork_of_the_end_can_be_written_and_has_ended():
    """DESIGN: any frame can be forked from, the last one too."""
    dbg = Debugger(steps("a"))
    dbg.run()
    fork = dbg.fork(put={"n": 1})

    assert fork.run().reason is R.COMPLETED
    assert fork.state == {"log": ["a"], "n": 1}
    assert fork.stack == []
    assert dbg.state == {"log": ["a"]}


def test_a_fork_of_a_waiting_frame_waits_under_the_same_id():
    """B2: written to or not; each line is decided for itself."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    fork = dbg.fork(put={"topic": "y"})
    fork.reject("no")

    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert dbg.frames[-1].kind == "waiting"
    dbg.approve()
    assert [p.id for p in fork.run().pending] == ["approve#1"]
    assert fork.state["draft"] == "An essay about y"


def test_visits_stay_right_through_a_hundred_rewinds():
    """B2: counts belong to the position, however deep the lines are nested."""
    dbg = Debugger(looping(200), max_steps=300)
    for turn in range(1, 101):
        dbg.step(2)
        dbg.back()
        frame = dbg.step().frame

        assert (frame.visit, frame.cursor) == (turn + 1, turn + 1)
        assert frame.state == {"n": turn + 1}
        dbg.back()
    dbg.rewind(50)
    assert dbg.step().frame.visit == 51


def test_breakpoints_count_visits_of_the_line_they_are_on():
    """B2: after a rewind, `visit` means the visit on the new line."""
    dbg = Debugger(looping(5))
    dbg.run()
    dbg.rewind(1)
    dbg.break_at("add", visit=3)
    stop = dbg.run()

    assert (stop.reason, stop.frame.index) == (R.BREAKPOINT, 2)
    assert dbg.line == "fork 1"
