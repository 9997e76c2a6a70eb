"""What a person gives wrong is said at once, in words that help, and loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.func import task
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.adapters.langgraph import checks
from lellm_nb.errors import DebuggerError, LellmError, NoSuchFrameError
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.graphs import Log, chain, functional
from tests.adapters.langgraph.graphs_nesting import line
from tests.adapters.langgraph.law import debugger
from tests.adapters.langgraph.plain import normal

R = StopReason


# -- graphs --------------------------------------------------------------------------------


def test_a_graph_that_was_not_compiled_is_told_to_be():
    """The builder is what most people have at hand."""
    with pytest.raises(DebuggerError, match=r"\.compile\(\)"):
        Debugger(line(Ran(), "a"), {"log": []})


def test_a_remote_graph_is_refused_by_name():
    """It runs elsewhere: nothing of it can be held or gone back in."""
    remote = pytest.importorskip("langgraph.pregel.remote")
    graph = remote.RemoteGraph("mine", url="http://localhost:1")
    with pytest.raises(DebuggerError, match="RemoteGraph"):
        Debugger(graph, {"log": []})


def test_a_remote_graph_inside_a_graph_is_one_step():
    """As a node it is a function like any other: nothing is asked of it before it runs."""
    remote = pytest.importorskip("langgraph.pregel.remote")
    g = StateGraph(Log).add_node("a", step_node(Ran(), "a")).add_edge(START, "a")
    g.add_node("far", remote.RemoteGraph("mine", url="http://localhost:1")).add_edge("a", "far")
    dbg = Debugger(g.compile(), {"log": []})

    assert dbg.step().frame.path == "a"
    assert dbg.stack == ["far"]


def test_what_is_no_graph_at_all_is_refused():
    """A function, a task, a chain of runnables: the type is named."""

    @task
    def one(x: int) -> int:
        return x

    for wrong in (lambda s: s, one, RunnableLambda(lambda s: s), object(), None, StateGraph):
        with pytest.raises(DebuggerError):
            Debugger(wrong, {})


# -- inputs --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, {}, 3, "text", [1]], ids=repr)
def test_an_input_that_langgraph_refuses_is_refused_at_once_or_when_it_runs(wrong):
    """Its own words are told; nothing hangs, and no half a debugger is left."""
    graph = line(Ran(), "a").compile()
    assert _goes(lambda: Debugger(graph, wrong).run().reason is R.COMPLETED) == _goes(
        lambda: graph.invoke(wrong) is not None
    )


def _goes(run):
    """Tell whether a run ends well."""
    try:
        return run()
    except Exception:
        return False


def test_an_input_with_keys_that_are_no_channels_is_what_langgraph_makes_of_it():
    """It drops them in silence."""
    dbg = Debugger(line(Ran(), "a").compile(), {"log": ["in"], "colour": "red"})

    assert normal(dbg.state) == {"log": ["in"]}


def test_an_entrypoint_takes_anything():
    """Its input is one value of any kind."""
    dbg = Debugger(functional().graph, 0)

    assert dbg.run().reason is R.BARRIER


def test_an_input_that_cannot_be_copied_is_taken_all_the_same():
    """An open connection in the state is nothing that a frame could freeze."""

    class Connection:
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("cannot copy a connection")

    class Open(Log, total=False):
        conn: Any

    def node(state: Open) -> dict:
        return {"log": [type(state["conn"]).__name__]}

    graph = StateGraph(Open).add_node("node", node).add_edge(START, "node").compile()
    dbg = Debugger(graph, {"log": [], "conn": Connection()})

    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["Connection"]


# -- config and context --------------------------------------------------------------------


@dataclass
class Who:
    user: str


def with_context():
    def node(state: Log, runtime: Runtime[Who]) -> dict:
        return {"log": [runtime.context.user]}

    g = StateGraph(Log, context_schema=Who).add_node("node", node)
    return g.add_edge(START, "node").compile()


def test_a_context_that_is_missing_fails_where_it_is_asked_for():
    """As on plain LangGraph; with it, it goes."""
    stop = Debugger(with_context(), {"log": []}).run()
    assert stop.reason is R.FAILED
    assert "user" in str(stop.error)
    for given in (Who("ada"), {"user": "ada"}):
        dbg = Debugger(with_context(), {"log": []}, context=given)
        assert dbg.run().reason is R.COMPLETED
        assert dbg.state["log"] == ["ada"]


def test_a_context_of_the_wrong_form_is_refused():
    """LangGraph makes the dataclass of it, or cannot: said before anything runs."""
    with pytest.raises(DebuggerError, match="colour"):
        Debugger(with_context(), {"log": []}, context={"colour": "red"})


@pytest.mark.parametrize("wrong", [3, "text", ["x"], {"configurable": 3}], ids=repr)
def test_a_config_that_is_none_is_refused(wrong):
    """A mapping with mappings in it."""
    with pytest.raises(DebuggerError, match="config"):
        Debugger(line(Ran(), "a").compile(), {"log": []}, config=wrong)


def test_an_addressed_checkpoint_is_not_a_place_to_start_from():
    """It makes LangGraph fork and rename: `open_thread` reads it instead."""
    config = {"configurable": {"thread_id": "t", "checkpoint_id": "1ef"}}
    with pytest.raises(DebuggerError, match="open_thread"):
        Debugger(line(Ran(), "a").compile(), {"log": []}, config=config)


def test_options_of_langgraph_graphs_are_refused_for_a_graph_of_ours():
    """They would be lost in silence."""
    graph = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
    for option in ({"config": {}}, {"context": {}}, {"stream": False}):
        with pytest.raises(DebuggerError, match=next(iter(option))):
            Debugger(graph, {}, **option)


# -- verbs ---------------------------------------------------------------------------------


def test_a_frame_that_is_not_there_is_refused_and_nothing_moves():
    """Looking and going take an index, a frame, or (node, visit)."""
    dbg = debugger(chain())
    dbg.run()
    for wrong in (99, -99, ("a", 3), ("zzz", 1), "a frame"):
        with pytest.raises((NoSuchFrameError, LellmError)):
            dbg.rewind(wrong)
    other = debugger(chain())
    other.run()
    with pytest.raises(NoSuchFrameError):
        dbg.rewind(other.frames[2])

    assert dbg.head == 6


def test_a_channel_that_is_not_there_is_named_with_those_that_are():
    """who, history and watch know the keys."""
    dbg = debugger(chain())
    dbg.run()
    for ask in (dbg.who, dbg.history):
        with pytest.raises(LellmError, match="log"):
            ask("lgo")


def test_a_version_that_is_too_old_is_named(monkeypatch):
    """LangGraph below 1.0 has another inside: said before anything runs."""
    monkeypatch.setattr(checks, "installed", lambda: "0.6.11")
    with pytest.raises(DebuggerError, match=r"0\.6\.11"):
        Debugger(line(Ran(), "a").compile(), {"log": []})
