"""Breakpoints on nodes, edges and errors: conversations about where a run stops, and why."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, StopReason
from lellm_nb.errors import DebuggerError, LoopLimitError, NoSuchNodeError
from tests.strategies import fanned, finish_debugger, nested, note, review, steps

R = StopReason


def counting(times=5):
    """A graph that counts to `times` in node `add`, then ends in `done`."""

    def add(ctx):
        ctx.reduce("n", 1, Reducer.SUM)

    g = GraphBuilder("loop").node("add", add).node("done", note)
    g.edge_if("add", "add", lambda s: s["n"] < times).edge("add", "done")
    return g.start("add").end("done").build()


def twice_inside(**more):
    """A subgraph of two nodes that is entered twice, working on the key ``part``."""
    inner = GraphBuilder("inner").node("llm", _count).node("tool", _count)
    inner.edge("llm", "tool").start("llm").end("tool")
    g = GraphBuilder("outer").subgraph("agent", inner.build(), lens="part").node("done", note)
    g.edge_if("agent", "agent", lambda s: s["part"]["n"] < 4).edge("agent", "done")
    return g.start("agent").end("done").build()


def _count(ctx):
    ctx.reduce("n", 1, Reducer.SUM)


def stops_of(dbg, most=50):
    """Run on from stop to stop; returns where each was."""
    found = []
    for _ in range(most):
        stop = dbg.run()
        if stop.reason is not R.BREAKPOINT:
            return found, stop
        found.append((stop.breakpoint.id, stop.frame.index))
    raise AssertionError("never stops stopping")


# -- on nodes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "before"),
    [
        ({}, ["agent/llm", "agent#2/llm"]),
        ({"visit": 1}, ["agent/llm", "agent#2/llm"]),
        ({"visit": 2}, []),
        ({"ignore": 1}, ["agent#2/llm"]),
        ({"when": lambda s: s["n"] == 2}, ["agent#2/llm"]),
        ({"when": lambda s: "part" in s}, []),
    ],
)
def test_a_condition_is_asked_of_the_level_that_the_node_is_in(options, before):
    """`when` gets the state of the node's level; `visit` counts within the level's entry."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_at("agent/llm", **options)
    met = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        met.append(dbg.stack[-1])

    assert met == before
    assert stop.reason is R.COMPLETED


def test_after_a_nested_node_stands_at_its_commit():
    """`after=True` stops once the node has committed, inside the composite."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_at("agent/tool", after=True)
    stop = dbg.run()

    assert (stop.reason, stop.frame.path, stop.frame.kind) == (R.BREAKPOINT, "agent/tool", "commit")
    assert dbg.run().frame.path == "agent#2/tool"
    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize("after", [False, True])
def test_a_breakpoint_at_a_composite(after):
    """Before it is entered, or after its exit: never in between."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_at("agent", after=after)
    heads = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        heads.append((stop.frame.index, stop.frame.kind))

    assert heads == ([(3, "exit"), (6, "exit")] if after else [(0, "start"), (3, "exit")])


def test_a_breakpoint_at_a_branch_of_one_node():
    """A branch is named ``par/a``; its siblings have committed or wait for it."""
    dbg = Debugger(fanned())
    dbg.break_at("par/a", when=lambda s: s["log"] == ["first"])
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint.path) == (R.BREAKPOINT, "par/a")
    assert not [f for f in dbg.frames if f.path == "par/a"]
    assert finish_debugger(dbg).reason is R.COMPLETED


@pytest.mark.parametrize("path", ["par/deep/two", "par/check/ok", "par"])
@pytest.mark.parametrize("after", [False, True])
def test_a_breakpoint_inside_branches_is_met_once(path, after):
    """Nodes of a graph in a branch, barriers in branches, and the Parallel itself."""
    dbg = Debugger(fanned())
    mark = dbg.break_at(path, after=after)
    hits = 0
    while (stop := dbg.run()).reason is not R.COMPLETED:
        if stop.reason is R.BREAKPOINT:
            hits += 1
            done = [f.kind for f in dbg.frames if f.static_path == path and f.kind != "decision"]
            assert bool(done) is after
        else:
            dbg.approve()

    assert hits == mark.hits == 1


def test_ignoring_counts_only_hits_that_its_condition_lets_through():
    """`ignore` comes after `when` and `visit`: it counts what would have stopped."""
    dbg = Debugger(counting(9))
    dbg.break_at("add", when=lambda s: s.get("n", 0) % 2, ignore=2)

    found, stop = stops_of(dbg)

    assert [index for _, index in found] == [5, 7]
    assert stop.reason is R.COMPLETED


def test_two_stops_at_one_place_are_both_reported():
    """P5: going on ignores the stop just reported, and no other one."""
    dbg = Debugger(steps("a", "b", "c"))
    one, two = dbg.break_at("b"), dbg.break_at("b", when=lambda s: True)

    found, stop = stops_of(dbg)

    assert found == [(one.id, 1), (two.id, 1)]
    assert stop.reason is R.COMPLETED
    assert (one.hits, two.hits) == (1, 1)


def test_a_condition_that_raises_stops_and_offers_to_disable():
    """Issue 4: stop there, show it, offer to disable; the name of the stop is in the text."""
    dbg = Debugger(counting(3))
    mark = dbg.break_at("add", when=lambda s: s["absent"] > 1)
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert isinstance(stop.error, KeyError)
    assert f"dbg.breakpoints.disable({mark.id})" in repr(stop)
    dbg.breakpoints.disable(mark.id)
    assert dbg.run().reason is R.COMPLETED


def test_a_condition_whose_answer_has_no_truth_raises_like_any_other():
    """What `when` returns is asked for its truth under the same guard."""

    class Odd:
        def __bool__(self):
            raise TypeError("ambiguous")

    dbg = Debugger(counting(3))
    dbg.break_at("add", when=lambda s: Odd())

    assert isinstance(dbg.run().error, TypeError)
    assert dbg.head == 0


def test_a_condition_may_not_change_what_it_looks_at():
    """Conditions get the frozen state, as nodes do; the attempt is shown as their error."""
    dbg = Debugger(steps("a", "b"))
    dbg.break_at("b", when=lambda s: s["log"].append("x"))
    stop = dbg.run()

    assert stop.error is not None
    assert dbg.state["log"] == ["a"]


# -- on edges ----------------------------------------------------------------------------


def routed():
    """A condition node, a goto, an error route and a fallback, each an edge to stop on."""

    def pick(ctx):
        ctx.reduce("n", 1, Reducer.SUM)

    def jump(ctx):
        ctx.goto("breaks")

    def breaks(ctx):
        raise ValueError("broken")

    g = GraphBuilder("routed").node("pick", pick)
    g.condition("ask", [("pick", lambda s: s["n"] < 2), ("jump", lambda s: True)])
    g.task(jump, goto=["breaks"])
    g.node("breaks", breaks).node("mend", note).node("done", note)
    g.edge("pick", "ask").edge_fallback("mend", "done").edge("breaks", "done")
    g.on_error("breaks", "mend")
    return g.start("pick").end("done").build()


@pytest.mark.parametrize(
    ("edge", "at", "next_node"),
    [
        (("pick", "ask"), [1, 3], "ask"),
        (("ask", "pick"), [2], "pick"),
        (("ask", "jump"), [4], "jump"),
        (("jump", "breaks"), [5], "breaks"),
        (("breaks", "mend"), [6], "mend"),
        (("mend", "done"), [7], "done"),
        (("breaks", "done"), [], None),
    ],
)
def test_an_edge_of_any_kind_can_be_stopped_on(edge, at, next_node):
    """Normal and fallback edges, a condition's cases, declared gotos and error routes."""
    dbg = Debugger(routed())
    mark = dbg.break_on(edge=edge)
    heads = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        heads.append(stop.frame.index)
        assert stop.breakpoint is mark
        assert stop.frame.next_node == dbg.position.node == next_node

    assert heads == at
    assert stop.reason is R.COMPLETED


def test_a_conditional_edge_is_stopped_on_only_when_it_is_taken():
    """The stop comes after the step that took it, before the next node runs."""
    dbg = Debugger(counting(3))
    dbg.break_on(edge=("add", "done"))
    stop = dbg.run()

    assert (stop.frame.index, stop.frame.next_node) == (3, "done")
    assert dbg.state == {"n": 3}
    assert dbg.run().reason is R.COMPLETED


def test_an_edge_inside_a_composite():
    """The source is a path; the target is a name of that level, or its path."""
    for target in ("tool", "agent/tool"):
        dbg = Debugger(twice_inside(), {"part": {"n": 0}})
        dbg.break_on(edge=("agent/llm", target))
        met = []
        while (stop := dbg.run()).reason is R.BREAKPOINT:
            met.append(stop.frame.path)
        assert met == ["agent/llm", "agent#2/llm"]


def test_an_edge_out_of_a_composite_is_stopped_on_at_its_exit():
    """A composite leaves along its own edges, in the frame of its exit."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_on(edge=("agent", "agent"))
    stop = dbg.run()

    assert (stop.frame.kind, stop.frame.path, stop.frame.index) == ("exit", "agent", 3)


def test_an_edge_after_a_decision():
    """A barrier's way out is found by the decision; deciding stays where it is by itself."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.break_on(edge=("approve", "draft"))
    dbg.run()
    dbg.reject("no")

    assert dbg.frames[dbg.head].next_node == "draft"
    # the step that took the edge was the decision itself: going on does not meet it again
    assert dbg.run().reason is R.BARRIER


def test_a_decision_by_button_stops_on_its_edge():
    """A button decides and runs on to the next stop: the edge it takes is one."""
    dbg = Debugger(review(), {"topic": "x"})
    mark = dbg.break_on(edge=("approve", "publish"))
    dbg.run()
    stop = dbg.approve(then_run=True)

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert dbg.position.node == "publish"


@pytest.mark.parametrize(
    ("edge", "says"),
    [
        (("add", "nowhere"), "add -> done"),
        (("dune", "add"), "done"),
        (("done", "add"), "There is no edge 'done -> add'"),
        ("add", "source, target"),
        (("add",), "source, target"),
        (("add", 3), "source, target"),
        (None, "source, target"),
    ],
)
def test_an_edge_that_is_not_there(edge, says):
    """Bad input: the edges that there are, or what an edge is."""
    dbg = Debugger(counting())
    with pytest.raises((NoSuchNodeError, DebuggerError), match=says):
        dbg.break_on(edge=edge)
    assert len(dbg.breakpoints) == 0


# -- on errors ---------------------------------------------------------------------------


def test_an_error_that_a_route_takes_is_still_stopped_on():
    """`break_on_error` stops at every failure, also one that leads on."""
    dbg = Debugger(routed())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint, stop.frame.kind) == (R.BREAKPOINT, mark, "error")
    assert "broken" in str(stop.error.__cause__)
    assert dbg.position.node == "mend"
    assert dbg.run().reason is R.COMPLETED


def test_an_error_that_nothing_takes_fails_the_run():
    """Without a route the run stands at the failure, and says FAILED as ever."""

    def bad(ctx):
        raise ValueError("no")

    dbg = Debugger(GraphBuilder("g").node("bad", bad).start("bad").end("bad").build())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.FAILED, mark)
    assert mark.hits == 1


def test_an_error_in_a_branch_is_stopped_on_before_the_siblings_go_on():
    """A failure inside a branch that has an error route of its own."""

    def bad(ctx):
        raise ValueError("no")

    inner = GraphBuilder("inner").node("bad", bad).node("mend", note).edge("bad", "mend")
    inner.on_error("bad", "mend")
    g = GraphBuilder("g").parallel("par", {"x": inner.start("bad").end("mend").build(), "y": note})
    dbg = Debugger(g.start("par").end("par").build())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert [f.path for f in dbg.frames if f.kind == "error"] == ["par/x/bad"]
    assert not [f for f in dbg.frames if f.node == "mend"]
    assert dbg.run().reason is R.COMPLETED


def test_an_error_stops_a_patient_parallel_before_its_siblings_go_on():
    """P5 and P3: no new node starts after the hit; going on, the siblings finish."""
    broken = [True]

    async def bad(ctx):
        if broken[0]:
            raise ValueError("no")
        note(ctx)

    async def slow(ctx):
        await asyncio.sleep(0.01)
        note(ctx)

    line = GraphBuilder("line").node("one", slow).node("two", slow).edge("one", "two")
    g = GraphBuilder("g")
    branches = {"x": bad, "y": line.start("one").end("two").build()}
    g.parallel("par", branches, on_error="collect_all")
    dbg = Debugger(g.start("par").end("par").build())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.FAILED, mark)
    assert "par/y/two" not in [f.path for f in dbg.frames]
    broken[0] = False
    assert dbg.run().reason is R.COMPLETED
    assert sorted(dbg.state["log"]) == ["par/x", "par/y/one", "par/y/two"]


# -- the list ----------------------------------------------------------------------------


def test_all_stops_are_listed_in_words():
    """`breakpoints` shows each with its number, what it is, and how often it was met."""
    dbg = Debugger(counting(3))

    def big(state):
        return state["n"] > 1

    dbg.break_at("add", visit=2)
    dbg.break_at("done", when=big, after=True)
    dbg.break_on(edge=("add", "done"))
    dbg.break_on_error()
    dbg.watch("n")
    dbg.watch(big)
    dbg.breakpoints.disable(4)

    assert repr(dbg.breakpoints).splitlines() == [
        "<Breakpoint 1 before add visit 2, hits 0>",
        "<Breakpoint 2 after done if big, hits 0>",
        "<EdgeStop 3 on add -> done, hits 0>",
        "<ErrorStop 4 on any error (disabled), hits 0>",
        "<Watch 5 when n changes (nothing has this key yet), hits 0>",
        "<Watch 6 when big changes, hits 0>",
    ]
    assert repr(Debugger(counting()).breakpoints) == "(no breakpoints)"


def test_a_stop_is_removed_by_itself_its_number_its_label_or_its_place():
    """Numbers are not used again."""
    dbg = Debugger(counting(3))
    first, edge = dbg.break_at("add"), dbg.break_on(edge=("add", "done"))
    watch, last = dbg.watch("n"), dbg.break_at("done")
    dbg.breakpoints.remove(first)
    dbg.breakpoints.remove(edge.label)
    dbg.breakpoints.remove("n")
    dbg.breakpoints.remove(last.id)

    assert len(dbg.breakpoints) == 0
    assert dbg.break_at("add").id == watch.id + 2
    with pytest.raises(DebuggerError, match="Set: 5 \\(before add\\)"):
        dbg.breakpoints.remove("n")
    with pytest.raises(DebuggerError, match="no breakpoint 1"):
        dbg.breakpoints.enable(1)


def test_a_disabled_stop_is_kept_and_neither_stops_nor_counts():
    """Disabled, each kind lets the run through; enabled again, it stops."""
    dbg = Debugger(routed())
    marks = [
        dbg.break_at("pick"),
        dbg.break_at("pick", after=True),
        dbg.break_on(edge=("pick", "ask")),
        dbg.break_on_error(),
        dbg.watch("n"),
        dbg.watch(lambda s: s.get("n")),
    ]
    for mark in marks:
        dbg.breakpoints.disable(mark)

    assert dbg.run().reason is R.COMPLETED
    assert [mark.hits for mark in marks] == [0] * 6
    dbg.rewind(0)
    for mark in marks:
        dbg.breakpoints.enable(mark)
    met = set()
    while (stop := dbg.run()).reason in (R.BREAKPOINT, R.WATCH):
        met.add(stop.breakpoint)
    assert marks[0] in met
    assert marks[3] in met
    assert stop.reason is R.COMPLETED


def test_stops_survive_rewinding_forking_new_code_and_branches():
    """Kept by path: the line, the code and the frame they were set at do not matter."""
    dbg = Debugger(counting(3))
    dbg.break_at("add", visit=3)
    dbg.break_on(edge=("add", "done"))
    assert stops_of(dbg)[0] == [(1, 2), (2, 3)]
    dbg.rewind(0)
    assert stops_of(dbg)[0] == [(1, 2), (2, 3)]
    dbg.patch({"add": lambda ctx: ctx.reduce("n", 1, Reducer.SUM)})
    dbg.rewind(1)
    assert stops_of(dbg)[0] == [(1, 2), (2, 3)]
    fork = dbg.fork(0)
    assert stops_of(fork)[0] == [(1, 2), (2, 3)]
    again = dbg.branch("fork 1")
    again.rewind(0)
    assert [stop.label for stop in again.breakpoints] == [s.label for s in dbg.breakpoints]


def test_a_forks_stops_are_its_own():
    """Removed or disabled on one line, a stop stays on the other."""
    dbg = Debugger(counting(3))
    mark = dbg.break_at("add", visit=2)
    fork = dbg.fork(0)
    fork.breakpoints.disable(mark.id)
    dbg.breakpoints.clear()

    assert fork.run().reason is R.COMPLETED
    assert dbg.run().reason is R.COMPLETED
    fork.rewind(0)
    fork.breakpoints.enable(mark.id)
    assert fork.run().reason is R.BREAKPOINT


# -- limits ------------------------------------------------------------------------------


def test_a_limit_holds_and_running_goes_on_with_as_many_more():
    """Issue 4: `LIMIT`, and `run()` takes as many steps more; nothing is lost."""
    dbg = Debugger(counting(25), max_steps=10)
    stops = [dbg.run() for _ in range(3)]

    assert [(s.reason, s.frame.index) for s in stops] == [
        (R.LIMIT, 10),
        (R.LIMIT, 20),
        (R.COMPLETED, 26),
    ]
    assert dbg.state["n"] == 25


def test_a_limit_counts_from_where_the_run_went_on():
    """Rewound or stepped on, the next run has all its steps again."""
    dbg = Debugger(counting(25), max_steps=10)
    dbg.run()
    dbg.step(3)

    assert dbg.run().frame.index == 23
    dbg.rewind(5)
    assert dbg.run().frame.index == 15


def test_an_edge_with_a_limit_holds_the_run():
    """G5: the Debugger holds where an enforced `max_visits` would be exceeded."""
    g = GraphBuilder("g", enforce_max_visits=True).node("a", note).node("b", note)
    g.edge_if("a", "a", lambda s: True, max_visits=2).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build())
    stop = dbg.run()

    assert stop.reason is R.LIMIT
    assert isinstance(stop.error, LoopLimitError)
    dbg.patch(edges={("a", "a"): lambda s: False})
    assert dbg.run().reason is R.COMPLETED


# -- the other verbs ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["over", "out", "run"])
def test_every_way_forward_stops_at_an_edge(verb):
    """DESIGN: breakpoints stop all of them."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_on(edge=("agent/llm", "tool"))
    if verb == "out":
        dbg.rewind(0)
    stop = getattr(dbg, verb)()

    assert (stop.reason, stop.frame.path) == (R.BREAKPOINT, "agent/llm")


def test_run_back_meets_every_kind_of_stop():
    """Backward: before a node, after a node, on an edge, on an error; no user code runs."""
    dbg = Debugger(routed())
    dbg.run()
    marks = {
        dbg.break_at("mend").id: 6,
        dbg.break_at("jump", after=True).id: 5,
        dbg.break_on(edge=("ask", "pick")).id: 2,
        dbg.break_on_error().id: 6,
    }
    met = {}
    while (stop := dbg.run_back()).reason is R.BREAKPOINT:
        met.setdefault(stop.breakpoint.id, stop.frame.index)

    assert stop.reason is R.START
    assert met.keys() <= marks.keys()
    assert all(marks[id] == index for id, index in met.items())
    assert {2, 5, 6} == set(met.values())


def test_run_back_with_a_condition_that_raises():
    """It stops there and shows it, as forward."""
    dbg = Debugger(counting(3))
    dbg.run()
    mark = dbg.break_at("add", when=lambda s: s["absent"])
    stop = dbg.run_back()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert isinstance(stop.error, KeyError)


def test_stops_with_await():
    """The async twins report the same stops."""

    async def conversation():
        dbg = Debugger(counting(3))
        dbg.break_at("add", visit=2)
        dbg.break_on(edge=("add", "done"))
        forward = [(await dbg.arun()).reason for _ in range(3)]
        dbg.breakpoints.disable(2)
        back = [await dbg.arun_back() for _ in range(2)]
        return forward, [(s.reason, s.frame.index) for s in back]

    forward, back = asyncio.run(conversation())

    assert forward == [R.BREAKPOINT, R.BREAKPOINT, R.COMPLETED]
    assert back == [(R.BREAKPOINT, 1), (R.START, 0)]


def test_an_unknown_place_is_refused():
    """Bad input: names the nearest path."""
    dbg = Debugger(nested())
    for ask in (lambda: dbg.break_at("agent/lm"), lambda: dbg.break_on(edge=("agent/lm", "x"))):
        with pytest.raises(NoSuchNodeError, match="agent/llm"):
            ask()
