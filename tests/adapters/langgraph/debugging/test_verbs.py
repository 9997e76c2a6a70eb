"""The verbs that move a LangGraph run: conversations, as people have them."""

from __future__ import annotations

import asyncio

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import NoSuchNodeError
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.graphs import Log, chain, functional, map_reduce, nested
from tests.adapters.langgraph.graphs_calling import stream_inside
from tests.adapters.langgraph.graphs_nesting import issue_8458, line, loop_over_subgraph
from tests.adapters.langgraph.law import debugger, finish
from tests.adapters.langgraph.plain import run_plain

R = StopReason


def paths(dbg, start=0):
    return [frame.path for frame in dbg.frames[start:]]


# -- step ----------------------------------------------------------------------------------


def test_a_step_is_one_task_and_the_last_one_completes():
    """A lone task of a super-step is one frame, which shows the state after it."""
    dbg = debugger(chain())
    first = dbg.step()

    assert (first.reason, first.frame.kind, first.frame.path) == (R.STEP, "commit", "a")
    assert first.frame.state == {"log": ["a0"], "n": 1}
    assert dbg.position.node == "b"
    assert dbg.step(4).frame.visit == 2
    assert dbg.step().reason is R.COMPLETED
    assert dbg.step().reason is R.COMPLETED
    assert paths(dbg) == ["", "a", "b", "c", "a", "b", "c"]


def test_the_start_frame_has_what_langgraph_made_of_the_input():
    """The input and `__start__` are frame 0, from which the first node is routed."""
    dbg = debugger(nested())

    assert (dbg.frames[0].kind, dbg.state, dbg.stack) == ("start", {"log": [], "ans": ""}, ["pre"])
    assert repr(dbg).endswith("ready · frame 0 of 0 · main>")


def test_tasks_of_one_super_step_are_stepped_one_by_one_and_then_joined():
    """L4: each writes in a frame of its own, and their level changes at the join."""
    case = map_reduce()
    dbg = debugger(case)
    dbg.step()
    kinds = []
    while (stop := dbg.step()).reason is R.STEP:
        kinds.append((stop.frame.kind, dict(case.ran.counts).get("work", 0)))
        if stop.frame.kind == "commit" and stop.frame.path != "sum":
            assert stop.frame.state["out"] == []
            assert stop.frame.changed_keys == ["out"]

    tasks = dbg.frames[2:6]
    join = dbg.frames[6]
    assert sorted(frame.path for frame in tasks) == ["side", "work", "work#2", "work#3"]
    assert join.kind == "join"
    assert set(join.path.split(" + ")) == {"side", "work"}
    assert join.state["out"] == ["side", 10, 20, 30]
    assert dbg.frames[7].path == "sum"
    assert {frame.static_path for frame in tasks} == {"side", "work"}


# what a cache has is committed without being asked for, and a hold that is caught begins again
@pytest.mark.parametrize("name", sorted(CASES.keys() - {"cached_node", "swallowed_hold"}))
def test_a_step_commits_one_task_at_most(name):
    """What calls it may come to its end, or to a question, in the same step; and a join."""
    case = CASES[name]()
    dbg = debugger(case)
    seen = len(dbg.frames)
    many = []

    def after() -> None:
        nonlocal seen
        new, seen = list(dbg.frames)[seen:], len(dbg.frames)
        if len([frame for frame in new if frame.kind == "commit"]) > 1:
            many.append(new)

    finish(case, dbg, "step", after)
    assert many == []


def test_steps_go_inside_subgraphs_also_where_a_function_calls_them():
    """N2: inner steps are frames like any other."""
    case = nested()
    dbg = debugger(case)
    finish(case, dbg, "step")
    found = set(paths(dbg))

    assert {"sub/deep/i1", "sub/deep/i2", "sub/deep/ip", "sub/deep", "sub/m2", "sub"} <= found
    assert {"call_other/o1", "call_other/o2", "call_other"} <= found


def test_a_subgraph_that_is_entered_again_has_its_visit_in_the_path():
    """B2: so that no path, and no id of a barrier, is there twice."""
    case = loop_over_subgraph()
    dbg = debugger(case)
    dbg.run()

    turn = ["sub/x", "sub/y", "sub", "count"]
    again = ["sub#2/x", "sub#2/y", "sub", "count", "sub#3/x", "sub#3/y", "sub", "count"]
    assert paths(dbg, 1) == turn + again
    assert dbg.at("sub", 2).index == 7
    assert dbg.at("count", 3).visit == 3


def test_tasks_of_the_functional_api_are_frames_of_their_entrypoint():
    """A `@task` call is a commit under the entrypoint's path."""
    case = functional()
    dbg = debugger(case)
    finish(case, dbg, "step")

    assert {"flow/square", "flow/inc"} <= {frame.static_path for frame in dbg.frames}
    assert dbg.state["__end__"] == {"r": 7, "ok": "yes"}


# -- over, into, out -----------------------------------------------------------------------


def test_over_into_and_out_of_a_subgraph():
    """`over` ends when the composite has left, `out` when the current level has."""
    dbg = debugger(issue_8458())

    assert dbg.over().frame.kind == "exit"
    assert (dbg.head, dbg.position.node) == (4, "review")
    dbg.rewind(0)
    assert dbg.into().frame.path == "sub/a"
    assert dbg.stack == ["sub", "sub/b"]
    stop = dbg.out()
    assert (stop.frame.path, stop.frame.kind) == ("sub", "exit")


def test_out_leaves_one_level_of_several():
    """From the innermost graph it comes to the one around it."""
    ran = Ran()
    inner = line(ran, "x", "y").compile()
    mid = StateGraph(Log).add_node("deep", inner).add_node("m", step_node(ran, "m"))
    mid.add_edge(START, "deep").add_edge("deep", "m")
    graph = StateGraph(Log).add_node("sub", mid.compile()).add_edge(START, "sub").compile()
    dbg = Debugger(graph, {"log": []})
    dbg.step()

    assert dbg.stack == ["sub", "sub/deep", "sub/deep/y"]
    assert dbg.out().frame.path == "sub/deep"
    assert dbg.out().frame.path == "sub"
    assert dbg.run().reason is R.COMPLETED


# -- run -----------------------------------------------------------------------------------


def test_run_goes_until_a_node_a_visit_or_a_frame_that_fits():
    """`until` a node stops before it, `until` a predicate after the frame."""
    dbg = debugger(chain())

    assert (dbg.run(until="c").frame.path, dbg.position.node) == ("b", "c")
    assert dbg.run(until=("b", 2)).frame.index == 4
    stop = dbg.run(until=lambda frame: frame.state["n"] == 5)
    assert (stop.reason, stop.frame.index) == (R.STEP, 5)
    assert dbg.run().reason is R.COMPLETED
    assert dbg.run().reason is R.COMPLETED
    assert len(dbg.frames) == 7


def test_run_until_a_node_of_a_subgraph():
    """A path leads inside; a bare name does where it is unique."""
    dbg = debugger(issue_8458())

    assert dbg.run(until="sub/c").frame.path == "sub/b"
    dbg.rewind(0)
    assert dbg.run(until="b").frame.path == "sub/a"
    with pytest.raises(NoSuchNodeError, match="review"):
        dbg.run(until="rewiev")


def test_run_adds_nothing_where_it_waits():
    """`run()` at an undecided barrier is BARRIER again, however often."""
    dbg = debugger(issue_8458())
    first = dbg.run()
    frames = len(dbg.frames)

    assert (first.reason, dbg.status_line) == (R.BARRIER, "waiting at review · frame 5 of 5 · main")
    assert [dbg.run().reason, dbg.step().reason] == [R.BARRIER, R.BARRIER]
    assert len(dbg.frames) == frames


@pytest.mark.parametrize("verb", ["run", "over"])
def test_a_node_that_reads_a_graphs_own_stream_runs_as_on_plain_langgraph(verb):
    """L15: where nothing stops inside it, it is not held there; `over` offers it as one step."""
    case = stream_inside()
    dbg = debugger(case)

    while dbg.status in ("ready", "paused"):
        getattr(dbg, verb)()
    assert dbg.status == "completed"
    assert dbg.state["log"] == run_plain(stream_inside()).values["log"] == ["x", "y", "end"]
    assert case.ran.counts == {"top": 1, "x": 1, "y": 1, "end": 1}


def test_over_of_a_function_that_may_call_a_graph_ends_with_its_step():
    """Where it does not call it this time, its commit is all that there is to go over."""
    ran = Ran()
    inner = line(ran, "x", "y").compile()

    def top(state: Log) -> dict:
        ran("top")
        return inner.invoke({"log": []}) if state["log"] else {"log": ["none"]}

    g = StateGraph(Log).add_node("top", top).add_node("end", step_node(ran, "end"))
    dbg = Debugger(g.add_edge(START, "top").add_edge("top", "end").compile(), {"log": []})

    assert dbg.over().frame.path == "top"
    assert (ran.counts, dbg.state["log"]) == ({"top": 1}, ["none"])


# -- backward ------------------------------------------------------------------------------


def test_going_back_runs_nothing():
    """The past is looked at, frame by frame, and nothing of it is dropped."""
    case = nested()
    dbg = debugger(case)
    finish(case, dbg, "run")
    ran, frames = case.ran.counts, list(dbg.frames)
    states = [dbg.state]
    while dbg.back().reason is not R.START:
        states.append(dbg.state)

    assert case.ran.counts == ran
    assert list(dbg.frames) == frames
    assert states == [frame.root_state for frame in reversed(frames[: len(states)])]
    assert dbg.rewind(-1).frame is frames[-1]


def test_going_back_and_on_again_makes_a_line_of_its_own():
    """History is a tree: what was left is still there."""
    case = chain()
    dbg = debugger(case)
    dbg.run()
    old = list(dbg.frames)
    dbg.rewind(("b", 1))
    dbg.run()

    assert dbg.lines == ["main", "fork 1"]
    assert list(dbg.branch("main").frames) == old
    assert dbg.state == old[-1].state


def test_run_back_comes_to_the_node_it_names():
    """It stops where the node is about to run."""
    dbg = debugger(chain())
    dbg.run()
    dbg.run_back("b")

    assert (dbg.head, dbg.position.node) == (4, "b")
    dbg.run_back(("b", 1))
    assert dbg.head == 1
    assert dbg.run_back().reason is R.START


# -- around the verbs ----------------------------------------------------------------------


def test_the_graph_and_its_saver_are_left_alone():
    """The graph is not edited, and the thread of its owner is never written."""
    case = issue_8458()
    saver = InMemorySaver()
    graph = case.graph.copy(update={"checkpointer": saver})
    nodes, channels = dict(graph.nodes), dict(graph.channels)
    dbg = Debugger(graph, case.input, config={"configurable": {"thread_id": "mine"}})
    finish(case, dbg, "step")

    assert not saver.storage
    assert graph.checkpointer is saver
    assert (dict(graph.nodes), dict(graph.channels)) == (nodes, channels)


def test_every_verb_works_with_await_and_inside_a_running_loop():
    """A notebook cell always has a loop."""

    async def cell():
        case = issue_8458()
        dbg = debugger(case)
        reasons = [(await dbg.astep()).reason, dbg.step().reason, (await dbg.arun()).reason]
        dbg.answer("yes")
        return [*reasons, (await dbg.arun()).reason, (await dbg.aback()).reason], dbg.head

    reasons, head = asyncio.run(cell())
    assert [r.name for r in reasons] == ["STEP", "STEP", "BARRIER", "COMPLETED", "STEP"]
    assert head == 6


def test_a_debugger_opened_inside_a_node_works():
    """L11: a drive runs in a clean context."""
    case, found = chain(), []

    async def outer(state: Log) -> dict:
        dbg = debugger(case)
        found.append((await dbg.arun()).reason)
        return {"log": dbg.state["log"]}

    graph = StateGraph(Log).add_node("outer", outer).add_edge(START, "outer").compile()
    dbg = Debugger(graph, {"log": []})

    assert dbg.run().reason is R.COMPLETED
    assert found == [R.COMPLETED]
    assert dbg.state["log"] == ["a0", "b1", "c2", "a3", "b4", "c5"]
    assert paths(dbg) == ["", "outer"]
