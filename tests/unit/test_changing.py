"""Changing without losing: new code, a history folded again, forks, joins, notes and pins."""

from __future__ import annotations

import asyncio
import dataclasses
import types

import pytest

from lellm_nb import (
    Debugger,
    GraphBuilder,
    Reducer,
    ReducerRegistry,
    StateKey,
    StopReason,
    typed_state,
)
from lellm_nb.errors import (
    BusyError,
    DebuggerError,
    InvalidNodeError,
    LellmError,
    NoSuchFrameError,
    NoSuchNodeError,
    ReducerError,
    StateError,
    StateTypeError,
)
from tests.strategies import chain, fanned, finish_debugger, nested, note, priced, review, steps

R = StopReason


def seen(dbg):
    """Everything a reader sees of every line."""
    frames = [f for line in dbg._session.history.lines.values() for f in line]
    return [(f.index, f.kind, f.path, repr(f.mutations), repr(f.position)) for f in frames]


# -- new code ----------------------------------------------------------------------------


def test_a_failed_run_succeeds_with_a_patched_function():
    """Fix one function and retry: what ran before is kept, and does not run again."""
    runs = []

    def load(ctx):
        runs.append("load")
        return {"text": "12 apples"}

    def parse(ctx):
        runs.append("parse")
        return {"count": int(ctx.state["text"])}

    dbg = Debugger(chain(load, parse))
    assert dbg.run().reason is R.FAILED
    dbg.patch({"parse": lambda ctx: {"count": int(ctx.state["text"].split()[0])}})
    stop = dbg.retry()

    assert (stop.reason, dbg.state["count"]) == (R.COMPLETED, 12)
    assert runs == ["load", "parse"]
    assert [f.kind for f in dbg.frames] == ["start", "commit", "error", "commit"]


def test_retrying_with_await():
    """`aretry` runs the new function, too."""

    async def conversation():
        dbg = Debugger(chain(named("a", 0), fails))
        reasons = [(await dbg.arun()).reason]
        dbg.patch({"fails": lambda ctx: {"mended": True}})
        reasons.append((await dbg.aretry()).reason)
        return reasons, dbg.state

    assert asyncio.run(conversation()) == ([R.FAILED, R.COMPLETED], {"a": 0, "mended": True})


def test_frames_older_than_the_code_are_marked():
    """`has_old_code`: made by code that has been replaced since; new ones are not."""
    dbg = Debugger(steps("a", "b"))
    dbg.run()
    dbg.patch({"b": lambda ctx: ctx.put("b", "new")})

    assert [dbg.has_old_code(i) for i in range(3)] == [False, False, True]
    dbg.rewind(1)
    dbg.run()
    assert dbg.state["b"] == "new"
    assert not dbg.has_old_code(2)
    assert dbg.branch("main").has_old_code(2)


def test_new_code_for_a_node_inside():
    """A path, or a name that is unique; in subgraphs and branches, and for a branch itself."""
    dbg = Debugger(nested())
    dbg.patch({"agent/llm": lambda ctx: ctx.append("log", "new llm"), "done": note})
    assert finish_debugger(dbg).reason is R.COMPLETED
    assert dbg.state["log"].count("new llm") == 2
    fan = Debugger(fanned())
    fan.patch({"par/a": lambda ctx: ctx.append("log", "A"), "two": lambda ctx: None})
    finish_debugger(fan)
    assert "A" in fan.state["log"]
    assert "par/deep/two" not in fan.state["log"]


def test_a_new_condition_for_an_edge():
    """`patch(edges=…)`: a run that found no way out is routed, and nothing runs again."""
    runs = []

    def pick(ctx):
        runs.append("pick")
        return {"n": 1}

    g = GraphBuilder("g").node("pick", pick).node("end", note)
    g.edge_if("pick", "end", lambda s: s["absent"])
    dbg = Debugger(g.start("pick").end("end").build())
    stop = dbg.run()
    assert stop.reason is R.FAILED
    assert "pick -> end" in str(stop.error)
    dbg.patch(edges={("pick", "end"): lambda s: s["n"] == 1})
    stop = dbg.retry()

    assert (stop.reason, stop.frame.kind) == (R.STEP, "route")
    assert dbg.run().reason is R.COMPLETED
    assert runs == ["pick"]


def test_a_patched_node_keeps_its_options():
    """Retries, timeouts, gotos and declared side effects belong to the node."""
    tries = []

    def bad(ctx):
        tries.append(1)
        raise ValueError("no")

    g = GraphBuilder("g")
    g.task(note, name="a", retries=2, backoff=0, side_effects=True)
    dbg = Debugger(g.start("a").end("a").build())
    dbg.patch({"a": bad})
    dbg.run()

    assert len(tries) == 3
    assert dbg.modes == {"a": "recorded"}


@pytest.mark.parametrize(
    ("nodes", "edges", "says"),
    [
        ({"llmm": note}, None, "agent/llm"),
        ({"agent/nothing": note}, None, "agent/llm"),
        ({"": note}, None, "agent"),
        (None, {("plan", "done"): lambda s: True}, "agent -> plan"),
        (None, {("agent", "done"): lambda s: True}, "There is no conditional edge 'agent -> done'"),
    ],
)
def test_a_patch_for_what_is_not_there(nodes, edges, says):
    """Bad input: names the nearest, and nothing is changed."""
    dbg = Debugger(nested())
    graph = dbg.graph
    with pytest.raises(NoSuchNodeError, match=says):
        dbg.patch(nodes, edges)
    assert dbg.graph is graph


@pytest.mark.parametrize("nodes", [{"plan": None}, {"plan": 3}, {"plan": "x"}, {"approve": note}])
def test_a_patch_with_what_is_no_function(nodes):
    """Bad input: not callable, or a barrier that would become something else."""
    dbg = Debugger(nested())
    graph = dbg.graph
    with pytest.raises(LellmError, match=r"cannot run|no function"):
        dbg.patch(nodes)
    assert dbg.graph is graph


def test_a_composite_is_not_patched_away():
    """A node with nodes inside keeps them: positions within it must stay."""
    dbg = Debugger(nested())
    with pytest.raises(DebuggerError, match="inside"):
        dbg.patch({"agent": note})


# -- redefinition ------------------------------------------------------------------------

CELL = """
def load(ctx):
    return {"text": "12 apples"}

def parse(ctx):
    return {"count": int(ctx.state["text"])}

async def tell(ctx):
    return {"told": len(str(ctx.state["count"]))}
"""


def cell():
    """A notebook's namespace, with functions defined in it."""
    module = types.ModuleType("a_notebook")
    exec(CELL, module.__dict__)
    return module.__dict__


def test_a_function_that_is_defined_again_is_picked_up_by_name():
    """Issue 4: redefinition in a cell; `retry()` runs the new one; older frames are marked."""
    names = cell()
    dbg = Debugger(chain(names["load"], names["parse"], names["tell"]))
    assert dbg.run().reason is R.FAILED
    exec("def parse(ctx): return {'count': int(ctx.state['text'].split()[0])}", names)
    stop = dbg.retry()

    assert (stop.reason, dbg.state["count"]) == (R.STEP, 12)
    assert dbg.run().reason is R.COMPLETED
    assert not dbg.has_old_code(3)
    exec("async def tell(ctx): return {'told': 'anew'}", names)
    assert not dbg.has_old_code(4)  # nobody has looked yet
    dbg.rewind(3)
    dbg.run()
    assert dbg.state["told"] == "anew"
    assert dbg.branch("main").has_old_code(4)


def test_a_redefinition_inside_composites():
    """Nodes of subgraphs and branches are picked up too."""
    names = cell()
    inner = chain(names["load"], names["parse"], name="inner")
    g = GraphBuilder("g").subgraph("sub", inner)
    g.parallel("par", {"x": names["tell"], "y": inner}, merge=lambda states: {"count": 0})
    dbg = Debugger(g.edge("sub", "par").start("sub").end("par").build())
    assert dbg.run().reason is R.FAILED
    exec("def parse(ctx): return {'count': 1}\ndef tell(ctx): return {'told': 1}", names)

    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize(
    "code",
    [
        "parse = 3",
        "del parse",
        "class parse: pass",
        "def other(ctx): return {}\nparse = other",
        "parse = lambda ctx: {}",
    ],
)
def test_what_is_no_new_version_of_a_function_is_left_alone(code):
    """Another thing under the name is not taken for the node's new code."""
    names = cell()
    graph = chain(names["load"], names["parse"])
    dbg = Debugger(graph, {})
    exec(code, names)
    dbg.run()

    assert dbg.graph is graph


def test_a_patch_is_not_undone_by_a_name():
    """What was patched in by hand stays, also where the name means another version."""
    names = cell()
    old = names["parse"]
    dbg = Debugger(chain(names["load"], old))
    exec("def parse(ctx): return {'count': 'by name'}", names)
    dbg.run()
    assert dbg.state["count"] == "by name"
    dbg.patch({"parse": old})
    dbg.rewind(1)

    assert dbg.run().reason is R.FAILED
    exec("def parse(ctx): return {'count': 'newer'}", names)
    dbg.retry()
    assert dbg.state["count"] == "newer"


# -- without -----------------------------------------------------------------------------


class Bill:
    """price, discount, ship; counts what really runs."""

    def __init__(self):
        self.runs = []
        g = GraphBuilder("bill", reducers=ReducerRegistry({"total": Reducer.SUM}))
        for name, value in (("price", 100), ("discount", -120), ("ship", 5)):
            g.node(name, self.adds(name, value))
        g.node("thanks", note)
        g.edge("price", "discount").edge("discount", "ship")
        g.edge_if("ship", "thanks", lambda s: s["total"] >= 0).edge_fallback("ship", "end")
        g.node("end", self.adds("end", 0)).edge("thanks", "end")
        self.dbg = Debugger(g.start("price").end("end").build(), {"total": 0})

    def adds(self, name, value):
        def node(ctx):
            self.runs.append(name)
            ctx.put(f"{name} was here", True)
            return {"total": value}

        return node


def test_without_one_write_the_rest_is_folded_again():
    """No node runs; the new line ends where the same outcomes lead."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abc")]))
    dbg.run()
    child = dbg.without(2)

    assert child.state == {"a": 0, "c": 2}
    assert (child.line, child.status) == ("fork 1", "completed")
    assert dbg.state == {"a": 0, "b": 1, "c": 2}
    assert all(f.recorded for f in child.frames[2:])


def named(name, value):
    def node(ctx):
        return {name: value}

    node.__name__ = name
    return node


def test_a_reduced_value_is_folded_without_its_part():
    """The sum lacks what was unticked; which of a frame's mutations is told by its place."""
    bill = Bill()
    bill.dbg.run()
    assert bill.dbg.state["total"] == -15
    runs = list(bill.runs)
    first = bill.dbg.without(("discount", 1), 0)
    second = bill.dbg.without(("discount", 1), 1)

    assert first.state["total"] == -15
    assert "discount was here" not in first.state
    assert second.state["total"] == 105
    assert bill.runs == runs


def test_where_the_route_changes_the_line_ends():
    """Conditions see the state as it would have been; nothing is recorded there."""
    bill = Bill()
    bill.dbg.run()
    child = bill.dbg.without(("discount", 1), 1)

    assert child.frames[child.head].node == "ship"
    assert child.position.node == "thanks"
    assert child.status == "paused"
    assert bill.dbg.why(3).winner.target == "end"
    assert child.why(3).winner.target == "thanks"
    assert child.run().reason is R.COMPLETED


def test_without_goes_through_lenses():
    """A write inside a subgraph: the exit lifts what is left."""
    inner = chain(named("one", 1), named("two", 2), name="inner")
    g = GraphBuilder("g").subgraph("sub", inner, lens="part").node("end", note)
    dbg = Debugger(g.edge("sub", "end").start("sub").end("end").build())
    dbg.run()
    child = dbg.without(("sub/one", 1))

    assert child.status == "completed"
    assert child.state == {"part": {"two": 2}, "log": ["end"]}
    assert dbg.state["part"] == {"one": 1, "two": 2}


def test_without_goes_through_joins_and_decisions():
    """Branches are merged again, and barriers decided as they were."""
    dbg = Debugger(fanned())
    finish_debugger(dbg)
    child = dbg.without(("par/a", 1))

    assert child.status == "completed"
    assert sorted(child.state["log"]) == sorted(x for x in dbg.state["log"] if x != "par/a")


def test_without_folds_only_as_far_as_the_head():
    """The head is where the run stands; what was left in the future is not folded."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abcd")]))
    dbg.run()
    dbg.rewind(3)
    child = dbg.without(1)

    assert child.head == 3
    assert child.state == {"b": 1, "c": 2}
    assert child.run().reason is R.COMPLETED


def test_without_passes_over_failures():
    """A failure that was retried committed nothing, and does not shift the fold."""
    broken = [True]

    def b(ctx):
        if broken:
            broken.clear()
            raise ValueError("no")
        return {"b": 1}

    dbg = Debugger(chain(named("a", 0), b, named("c", 2), named("d", 3)))
    dbg.run()
    dbg.run(until="d")
    assert [f.kind for f in dbg.frames] == ["start", "commit", "error", "commit", "commit"]
    dbg.run()
    dbg.rewind(4)
    child = dbg.without(1)

    assert child.state == {"b": 1, "c": 2}
    assert child.position.node == "d"


def test_without_keeps_edits():
    """An edit is part of the log: what a person put is still there."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abc")]))
    dbg.run()
    fork = dbg.fork(2, put={"by hand": True})
    fork.run()
    child = fork.without(1)

    assert child.state == {"b": 1, "c": 2, "by hand": True}


def test_an_edit_can_be_unticked_too():
    """`without` of an edit: its mutations are as good as a node's."""
    dbg = Debugger(chain(*[named(n, i) for i, n in enumerate("abc")]))
    dbg.run(until="b")
    fork = dbg.fork(1, put={"x": 1, "y": 2})
    fork.run()
    child = fork.without(2, 0)

    assert child.state == {"a": 0, "b": 1, "c": 2, "y": 2}


@pytest.mark.parametrize(
    ("frame", "mutation", "error", "says"),
    [
        (0, 0, DebuggerError, "no mutation"),
        (1, 9, DebuggerError, "it has 2"),
        (1, -1, DebuggerError, "no mutation"),
        (1, True, DebuggerError, "no mutation"),
        (1, "total", DebuggerError, "no mutation"),
        (99, 0, NoSuchFrameError, "frames 0 to"),
        (("prize", 1), 0, NoSuchFrameError, "did not run"),
    ],
)
def test_what_can_not_be_taken_away(frame, mutation, error, says):
    """Bad input: no such mutation, no such frame; no line is made."""
    dbg = Bill().dbg
    dbg.run()
    with pytest.raises(error, match=says):
        dbg.without(frame, mutation)
    assert dbg.lines == ["main"]


def test_without_with_await():
    """`awithout`."""
    dbg = Bill().dbg
    dbg.run()

    assert asyncio.run(dbg.awithout(("discount", 1), 1)).state["total"] == 105


# -- joins -------------------------------------------------------------------------------


class Fan:
    """A collect-all Parallel of which one branch fails as long as it is broken."""

    def __init__(self, on_error="collect_all"):
        self.broken = True
        self.runs = []
        g = GraphBuilder("g").node("first", note)
        branches = {"good": self.good, "bad": self.bad}
        g.parallel("par", branches, on_error=on_error).node("last", note)
        g.edge("first", "par").edge("par", "last")
        self.dbg = Debugger(g.start("first").end("last").build())

    async def good(self, ctx):
        self.runs.append("good")
        ctx.append("log", "good")

    async def bad(self, ctx):
        self.runs.append("bad")
        if self.broken:
            raise ValueError("no")
        ctx.append("log", "bad")


@pytest.mark.parametrize(
    ("how", "log", "runs"),
    [
        ("keep", ["first", "good", "last"], ["good", "bad"]),
        ("drop", ["first", "last"], ["good", "bad"]),
        ("retry", ["first", "good", "bad", "last"], ["good", "bad", "bad"]),
    ],
)
def test_a_join_of_failed_branches_is_resolved(how, log, runs):
    """P3: the Debugger offers keep, retry or drop; the good branch never runs again."""
    fan = Fan()
    assert fan.dbg.run().reason is R.FAILED
    fan.broken = False
    stop = fan.dbg.resolve_join(how)
    if how != "retry":
        assert (stop.reason, stop.frame.kind, stop.frame.path) == (R.STEP, "join", "par")
        stop = fan.dbg.run()

    assert stop.reason is R.COMPLETED
    assert fan.dbg.state["log"] == log
    assert fan.runs == runs


def test_a_retried_join_may_fail_again():
    """Then the offer stands again."""
    fan = Fan()
    fan.dbg.run()

    assert fan.dbg.resolve_join("retry").reason is R.FAILED
    assert fan.dbg.resolve_join("keep").reason is R.STEP


def test_resolving_a_join_with_await():
    """`aresolve_join`."""
    fan = Fan()
    fan.dbg.run()

    assert asyncio.run(fan.dbg.aresolve_join("drop")).frame.kind == "join"


@pytest.mark.parametrize("how", ["", "both", None, 1])
def test_a_join_is_resolved_in_one_of_three_ways(how):
    """Bad input: lists them."""
    fan = Fan()
    fan.dbg.run()
    with pytest.raises(DebuggerError, match="'keep', 'retry' or 'drop'"):
        fan.dbg.resolve_join(how)


@pytest.mark.parametrize("how", ["keep", "drop", "retry"])
@pytest.mark.parametrize("where", ["start", "end", "failed elsewhere", "fail fast"])
def test_there_must_be_a_join_to_resolve(how, where):
    """Bad input: nothing failed in a collect-all Parallel; the run stays where it is."""
    dbg = Fan("fail_fast" if where == "fail fast" else "collect_all").dbg
    if where == "failed elsewhere":
        dbg = Debugger(chain(named("a", 0), fails))
    if where != "start":
        dbg.run()
    if where == "end":
        dbg.resolve_join("drop")
        dbg.run()
    frames, head = len(dbg.frames), dbg.head
    with pytest.raises(DebuggerError, match="collect-all"):
        dbg.resolve_join(how)
    assert (len(dbg.frames), dbg.head) == (frames, head)


def fails(ctx):
    raise ValueError("no")


def test_a_join_is_not_resolved_while_branches_go_on():
    """Standing inside a collect-all Parallel in which nothing failed is no failure."""
    dbg = Fan().dbg
    dbg.step(2)
    assert dbg.frames[dbg.head].path == "par/good"
    with pytest.raises(DebuggerError, match="collect-all"):
        dbg.resolve_join("keep")


# -- forks -------------------------------------------------------------------------------


def test_a_fork_leaves_its_parent_byte_for_byte():
    """A law: whatever is done on a fork, the parent's frames read the same."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    before = seen(dbg)
    fork = dbg.fork(("agent/llm", 1), put={"log": []}, name="other")
    finish_debugger(fork)
    fork.back(2)

    assert seen(dbg)[: len(before)] == before
    assert (dbg.line, fork.line) == ("main", "other")


def test_a_fork_writes_at_the_frames_own_level():
    """DESIGN: `put` writes at the frame's own level; keys, paths and deletes in one frame."""
    inner = chain(named("one", 1), named("two", 2), name="inner")
    g = GraphBuilder("g").subgraph("sub", inner, lens="part").start("sub").end("sub")
    dbg = Debugger(g.build(), {"part": {"plan": {"a": 1}, "old": 1}})
    dbg.run()
    fork = dbg.fork(("sub/one", 1), put={"x": 1, ("plan", "a"): 2}, delete=["old"], name="inside")
    edit = fork.frames[fork.head]

    assert (edit.kind, edit.path) == ("edit", "sub/one")
    assert edit.state == {"plan": {"a": 2}, "one": 1, "x": 1}
    assert fork.run().reason is R.COMPLETED
    assert fork.state["part"] == {"plan": {"a": 2}, "one": 1, "x": 1, "two": 2}
    assert [w.frame.kind for w in fork.who("sub:x")] == ["edit"]


def test_a_fork_with_new_functions_has_them_alone():
    """`nodes`: on the new line only; the parent keeps its own."""
    dbg = Debugger(chain(named("a", 0), named("b", 1)))
    dbg.run()
    fork = dbg.fork(1, nodes={"b": lambda ctx: {"b": "new"}})
    fork.run()
    dbg.rewind(1)
    dbg.run()

    assert (fork.state["b"], dbg.state["b"]) == ("new", 1)


def test_a_fork_after_the_step_that_is_to_be_mended_warns():
    """A fork goes on *after* its frame; where the node turns again, its first run stays."""
    dbg = priced()
    mended = {"discount": lambda ctx: None}

    for at in (("discount", 1), 4, dbg.frames[4]):
        with pytest.warns(UserWarning, match=r"after frame 4, which ran agent/discount") as caught:
            fork = dbg.fork(at, nodes=mended)
        assert len(caught) == 1
        assert str(caught[0].message).endswith("with its new function, fork(at=3, …).")
        assert caught[0].filename == __file__
        assert fork.head == 4
    with pytest.warns(UserWarning, match=r"which ran checks/limit"):
        dbg.fork(("limit", 1), nodes={"limit": note})
    dbg.rewind(1)
    dbg.run(until="book")
    dbg.step()
    with pytest.warns(UserWarning, match=r"fork\(at=12, …\)"):
        dbg.fork(nodes={"book": note})


@pytest.mark.parametrize(
    ("at", "options", "says"),
    [
        (3, {"put": {"agent:total": 0}}, "to change 'total' of level 'agent', write 'total'."),
        (1, {"put": {"agent:total": 0}}, "fork at a frame of level 'agent'."),
        (3, {"delete": "agent:total"}, "write 'total'"),
    ],
)
def test_a_fork_that_writes_a_key_of_a_level_by_its_question_warns(at, options, says):
    """``level:key`` is how one asks; a fork writes at its frame's own level."""
    with pytest.warns(UserWarning, match="A fork writes at the level of its frame") as caught:
        priced().fork(at, **options)

    assert says in str(caught[0].message)


def test_a_fork_that_will_use_the_new_function_does_not_warn(recwarn):
    """Before the step, after another one, or from where the run stands in a loop."""
    dbg = priced()
    dbg.fork(3, nodes={"discount": note})
    dbg.fork(4, nodes={"price": note})
    dbg.fork(4, put={"total": 1, "http://x": 2})
    dbg.rewind(4)
    dbg.fork(nodes={"discount": note})
    outer = Debugger(nested())
    outer.run(until="tool")
    outer.approve()
    outer.step()
    outer.fork(nodes={"tool": note})

    assert [str(w.message) for w in recwarn] == []


def test_a_forks_new_functions_do_not_make_the_parents_frames_old():
    """What was patched on one line is no news for another."""
    dbg = Debugger(chain(named("a", 0), named("b", 1)))
    dbg.run()
    fork = dbg.fork(1)
    fork.patch({"b": lambda ctx: {"b": "new"}})

    assert not dbg.has_old_code(2)
    fork.run()
    assert not fork.has_old_code(2)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"put": {StateKey("total", int): "text"}}, StateTypeError, "int, but holds str"),
        ({"put": {"totl": 3}}, StateTypeError, "Fields: total"),
        ({"put": {3: 1}}, StateTypeError, "text"),
        ({"put": ["total"]}, StateTypeError, "mapping"),
        ({"put": {("total", "x"): 1}}, StateError, "total"),
        ({"delete": [3]}, StateTypeError, "text"),
        ({"delete": 3}, StateError, "delete"),
        ({"nodes": {"prize": note}}, NoSuchNodeError, "price"),
        ({"at": 0, "nodes": {"price": 3}}, InvalidNodeError, "price"),
        ({"name": "main"}, DebuggerError, "another name"),
        ({"name": ""}, DebuggerError, "name"),
        ({"name": 3}, DebuggerError, "name"),
        ({"at": 99}, NoSuchFrameError, "frames 0 to"),
        ({"at": ("prize", 1)}, NoSuchFrameError, "did not run"),
        ({"at": "price"}, NoSuchFrameError, "index"),
        ({"at": True}, NoSuchFrameError, "index"),
    ],
)
def test_a_fork_that_can_not_be_made(options, error, says):
    """Bad input: a `put` that breaks a key's type, a taken name, a wrong frame; no line is made."""

    @dataclasses.dataclass
    class Total:
        total: int = 0

    def price(ctx):
        ctx.put("total", 5)

    dbg = Debugger(chain(price), typed_state(Total)())
    dbg.run()
    with pytest.raises(error, match=says):
        dbg.fork(**options)
    assert dbg.lines == ["main"]
    assert dbg.fork(put={StateKey("total", int): 7}).state.total == 7


def test_a_frame_of_another_session_is_refused_everywhere():
    """Bad input: every verb that takes a frame says whose it is."""
    other = Debugger(steps("a"))
    other.run()
    foreign = other.frames[1]
    dbg = Debugger(steps("a"))
    dbg.run()
    verbs = [
        *(dbg.rewind, dbg.fork, dbg.without, dbg.why, dbg.to_test, dbg.to_cell, dbg.pin),
        *(dbg.has_old_code, lambda f: dbg.note(f, "x"), lambda f: dbg.diff(f, 0)),
        lambda f: dbg.sweep(f, [{}], progress=False),
    ]
    for verb in verbs:
        with pytest.raises(NoSuchFrameError, match="another run"):
            verb(foreign)
    assert dbg.lines == ["main"]


def test_nothing_is_changed_while_a_run_is_going_on():
    """BusyError for every verb that changes; looking, pause and stop are allowed."""

    async def slow(ctx):
        await asyncio.sleep(30)

    dbg = Debugger(chain(named("a", 0), slow))
    dbg.step()
    handle = dbg.start()
    try:
        for verb in (
            *(dbg.step, dbg.over, dbg.into, dbg.out, dbg.run, dbg.retry, dbg.back, dbg.run_back),
            *(dbg.fork, dbg.approve, lambda: dbg.rewind(0), lambda: dbg.patch({"a": note})),
            *(lambda: dbg.without(1), lambda: dbg.resolve_join("keep"), lambda: dbg.reject("x")),
            *(lambda: dbg.sweep(0, [{}]), lambda: dbg.break_at("a"), lambda: dbg.watch("a")),
            *(lambda: dbg.break_on(edge=("a", "slow")), dbg.break_on_error, dbg.start),
            *(lambda: dbg.modify("a", 1), lambda: dbg.reroute("a"), lambda: dbg.mode("a", "ask")),
        ):
            with pytest.raises(BusyError):
                verb()
        dbg.note(1, "seen meanwhile")
        dbg.pin(1)
        looks = (
            *(dbg.state, dbg.frames, dbg.tree, dbg.status_line, dbg.pending, dbg.who("a")),
            *(dbg.history("a"), dbg.why(1), dbg.find("a"), dbg.evaluate("a"), dbg.timing()),
            *(dbg.diff(0, 1), dbg.loops(), dbg.compare("main"), dbg.to_cell(1), dbg.breakpoints),
        )
        assert all(look is not None for look in looks)
        assert dbg.status == "running"
    finally:
        dbg.stop()
        assert handle.result(10).reason is R.CANCELLED


# -- the tree ----------------------------------------------------------------------------


def test_the_tree_tells_of_every_line():
    """Where each was forked, how far it is, how it stands, its notes and pins."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    one = dbg.fork(1, put={"draft": "better"}, name="better")
    one.run()
    two = one.fork(2, name="from the fork")
    two.step()
    two.approve()
    two.run()
    dbg.note(1, "first words")
    one.note(2, "by hand")
    one.pin(2)

    tree = dbg.tree
    assert [b.name for b in tree] == ["main", "better", "from the fork"]
    assert tree["better"].base == "main"
    assert (tree["better"].at, tree["better"].frames, tree["better"].status) == (1, 4, "waiting")
    assert (tree["from the fork"].base, tree["from the fork"].status) == ("better", "completed")
    assert tree["main"].notes == ((1, "first words"),)
    assert (tree["better"].notes, tree["better"].pins) == (((2, "by hand"),), (2,))
    assert [b.current for b in tree] == [True, False, False]
    assert repr(tree).splitlines() == [
        "main: 3 frames, waiting  <- head at frame 2",
        "  1: first words",
        "  better from frame 1: 4 frames, waiting",
        "    2: by hand (pinned)",
        "    from the fork from frame 2: 6 frames, completed",
    ]
    frame = tree.to_pandas()
    assert list(frame["line"]) == ["main", "better", "from the fork"]
    assert list(frame["notes"]) == [1, 1, 0]


def test_a_line_that_is_not_in_the_tree():
    """Bad input: the nearest name."""
    dbg = Debugger(steps("a"))
    dbg.fork(0, name="careful")
    with pytest.raises(DebuggerError, match="careful"):
        dbg.tree["carefull"]
    with pytest.raises(DebuggerError, match="careful"):
        dbg.branch("carefull")
    with pytest.raises(DebuggerError, match="careful"):
        dbg.compare("carefull")


def test_a_branch_is_opened_by_name():
    """The debugger of a line is one object, as long as it is on that line."""
    dbg = Debugger(steps("a", "b"))
    fork = dbg.fork(0, name="other")

    assert dbg.branch("main") is dbg
    assert dbg.branch("other") is fork
    assert fork.branch("main").line == "main"
    dbg.run()
    dbg.rewind(1)
    dbg.step()
    again = dbg.branch("main")
    assert (again.line, again.head) == ("main", 2)
    assert dbg.line == "fork 1"


def test_notes_and_pins_come_and_go():
    """An empty note takes it away; a pin is let go with `on=False`."""
    dbg = Debugger(steps("a"))
    dbg.run()
    dbg.note(("a", 1), "here")
    dbg.note(1, "here!")
    dbg.pin(dbg.frames[1])
    assert (dbg.tree["main"].notes, dbg.tree["main"].pins) == (((1, "here!"),), (1,))
    dbg.note(1, "")
    dbg.pin(1, on=False)
    assert (dbg.tree["main"].notes, dbg.tree["main"].pins) == ((), ())


def test_comparing_with_what_is_no_run():
    """Bad input: a name, or a Debugger."""
    dbg = Debugger(steps("a"))
    for other in (None, 3, dbg.frames[0]):
        with pytest.raises(DebuggerError, match="Debugger"):
            dbg.compare(other)


def test_comparing_after_an_edit_shows_where_and_what():
    """The first different key, the first different route, and a text's own difference."""
    long = "word " * 200

    def write(ctx):
        ctx.put("text", long + ctx.state["name"])

    g = GraphBuilder("g").node("write", write).node("left", note).node("right", note)
    g.edge_if("write", "left", lambda s: s["name"] == "a").edge("write", "right")
    g.node("end", note).edge("left", "end").edge("right", "end")
    dbg = Debugger(g.start("write").end("end").build(), {"name": "a"})
    dbg.run()
    fork = dbg.fork(0, put={"name": "b"})
    fork.run()
    found = dbg.compare(fork)

    assert found.first_key[1] == "name" or found.first_key[1] == "text"
    assert found.first_route.path == "write"
    assert "left or right" in repr(found)
    assert repr(found) == repr(dbg.compare(fork.line))
    assert len(repr(found)) < 3_000
    table = found.to_pandas()
    assert {"path", "different_keys", "same"} <= set(table.columns)


def test_a_reducer_that_refuses_says_so_when_folding():
    """A fold that can't be applied ends there, and the run stands at the failure."""
    rules = ReducerRegistry({"once": Reducer.ERROR})
    g = GraphBuilder("g", reducers=rules)
    g.node("a", lambda ctx: {"once": 1}).node("b", lambda ctx: ctx.delete("once"))
    g.node("c", lambda ctx: {"once": 2}).edge("a", "b").edge("b", "c")
    dbg = Debugger(g.start("a").end("c").build())
    assert dbg.run().reason is R.COMPLETED
    child = dbg.without(("b", 1))

    assert child.status == "failed"
    assert isinstance(child.frames[child.head].error.__cause__, ReducerError)
