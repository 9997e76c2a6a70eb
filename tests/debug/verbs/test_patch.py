"""New code for a node that has run: patched in, or defined again in a cell."""

from __future__ import annotations

import asyncio
import types

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError, LellmError, NoSuchNodeError
from tests.debug.graphs_changing import fails, named
from tests.strategies import chain, fanned, finish_debugger, nested, note, steps

R = StopReason


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
