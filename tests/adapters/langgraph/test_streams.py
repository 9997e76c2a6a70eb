"""Prints, tokens, custom chunks, callbacks and what nodes are given beside the state (L7, L15)."""

from __future__ import annotations

import gc
import logging
from collections import Counter
from typing import Any

import pytest
from langchain_core.callbacks import (
    AsyncCallbackHandler,
    BaseCallbackHandler,
    CallbackManager,
)
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.base import BaseTracer
from langgraph.graph import START, MessagesState, StateGraph

from lellm_nb import Debugger, StopReason
from lellm_nb.record.chunks import chunk_text
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.graphs import CASES as FIRST
from tests.adapters.langgraph.graphs import Log, agent_hitl, chain, nested, tool_loop
from tests.adapters.langgraph.graphs_functional import context_and_store, streams
from tests.adapters.langgraph.law import debugger, finish
from tests.adapters.langgraph.models import Scripted
from tests.adapters.langgraph.plain import run_plain

R = StopReason


def said(frame):
    """Return all that a frame's stream says, as people read it."""
    return "".join(chunk_text(chunk) for chunk in frame.stream)


# -- whose it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["step", "run"])
def test_tokens_prints_and_chunks_are_those_of_the_node_that_made_them(way):
    """Also where three of one super-step run side by side, one of them in a subgraph."""
    case = streams()
    dbg = debugger(case)
    finish(case, dbg, way)
    frames = {frame.node: frame for frame in dbg.frames if frame.kind == "commit"}

    for name in "abc":
        assert frames[name].output == f"{name} prints\n"
        assert f"hello from {name}" in said(frames[name])
        assert {"from": name} in list(frames[name].stream)
        others = set("abc") - {name}
        assert not any(f"from {other}" in said(frames[name]) for other in others)


def test_a_model_is_heard_word_by_word():
    """L15: messages mode makes models stream."""
    case = streams()
    dbg = debugger(case)
    finish(case, dbg, "step")
    frame = dbg.at("a")

    assert len([chunk for chunk in frame.stream if chunk_text(chunk).strip()]) >= 3
    assert dbg.state["messages"][1].content == "hello from a"


class Both(Scripted):
    """Answers one thing where it streams and another where it does not, as some models do."""

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **more: Any):
        yield ChatGenerationChunk(message=AIMessageChunk("streamed"))


def test_without_stream_a_model_is_asked_as_invoke_asks_it():
    """L15: `stream=False` takes the same path as `invoke`."""
    model = Both(script=lambda messages: AIMessage("generated"))

    def llm(state: MessagesState) -> dict:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("llm", llm).add_edge(START, "llm").compile()
    given = {"messages": [HumanMessage("hi")]}
    heard = []
    for stream in (True, False):
        dbg = Debugger(graph, given, stream=stream)
        dbg.run()
        heard.append(dbg.state["messages"][-1].content)

    assert graph.invoke(given)["messages"][-1].content == "generated"
    assert heard == ["streamed", "generated"]


def test_what_a_frame_said_stays_with_it_when_the_run_is_rewound():
    """A node that runs again has a stream of its own."""
    case = streams()
    dbg = debugger(case)
    finish(case, dbg, "run")
    old = dbg.at("a")
    dbg.rewind(0)
    finish(case, dbg, "run")

    assert dbg.at("a") is not old
    assert said(dbg.at("a")) == said(old)


# -- callbacks -----------------------------------------------------------------------------


class Hears(BaseCallbackHandler):
    """Counts what it is called for."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.errors: list[BaseException] = []

    def on_chat_model_start(self, *given: Any, **more: Any) -> None:
        self.heard["model"] += 1

    def on_llm_end(self, *given: Any, **more: Any) -> None:
        self.heard["model end"] += 1

    def on_tool_start(self, *given: Any, **more: Any) -> None:
        self.heard["tool"] += 1

    def on_tool_end(self, *given: Any, **more: Any) -> None:
        self.heard["tool end"] += 1

    def on_chain_error(self, error: BaseException, **more: Any) -> None:
        self.errors.append(error)

    on_tool_error = on_llm_error = on_chain_error


class HearsLater(AsyncCallbackHandler):
    """The same, awaited."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.errors: list[BaseException] = []

    async def on_chat_model_start(self, *given: Any, **more: Any) -> None:
        self.heard["model"] += 1

    async def on_tool_start(self, *given: Any, **more: Any) -> None:
        self.heard["tool"] += 1

    async def on_chain_error(self, error: BaseException, **more: Any) -> None:
        self.errors.append(error)


def managed(handlers):
    """Return a manager whose handlers hear of what is inside as well."""
    return CallbackManager(handlers, inheritable_handlers=handlers)


@pytest.mark.parametrize("form", [list, managed, CallbackManager], ids=["list", "manager", "own"])
@pytest.mark.parametrize("hears", [Hears, HearsLater])
@pytest.mark.parametrize("way", ["step", "run"])
def test_callbacks_of_the_config_are_called_as_on_plain_langgraph(way, hears, form):
    """L7, L11: models and tools are heard once each; a held task is no error."""
    plain, ours = hears(), hears()
    case = tool_loop()
    case.config = {"callbacks": form([plain])}
    run_plain(case)
    case = tool_loop()
    case.config = {"callbacks": form([ours])}
    dbg = debugger(case)
    finish(case, dbg, way)

    assert ours.heard == plain.heard
    assert ours.errors == []


class Traces(BaseTracer):
    """Keeps every run that ends, as a tracer sends them."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Any] = []

    def _persist_run(self, run: Any) -> None:
        self.runs.append(run)


def all_runs(runs):
    """Return the runs and what is in them."""
    return [one for run in runs for one in (run, *all_runs(run.child_runs))]


@pytest.mark.parametrize("make", [nested, agent_hitl, chain])
def test_a_held_task_is_no_failure_to_a_tracer(make):
    """LANGGRAPH.md: what would say so is filtered (LangSmith, OTel)."""
    tracer = Traces()
    case = make()
    case.config = {"callbacks": [tracer]}
    dbg = debugger(case)
    finish(case, dbg, "step")
    failed = [run.error for run in all_runs(tracer.runs) if run.error]

    assert tracer.runs
    assert not [error for error in failed if "Hold" in error]
    if not case.answers:
        assert failed == []


@pytest.mark.parametrize("name", FIRST)
def test_nothing_is_logged_or_printed_by_holding_tasks(name, caplog, capsys):
    """A person sees what their own nodes say, and nothing else: no future that nobody awaited."""
    case = FIRST[name]()
    dbg = debugger(case)
    with caplog.at_level(logging.WARNING):
        finish(case, dbg, "step")
        dbg.rewind(1)
        finish(case, dbg, "run")
        gc.collect()

    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CASES)
def test_no_case_warns_of_what_langgraph_alone_does_not(name, capsys):
    """Coroutines that nobody awaited, saver classes, settings: a drive is as quiet as plain."""
    case = CASES[name]()
    finish(case, debugger(case), "run")

    assert "Error in" not in capsys.readouterr().err


# -- what nodes are given ------------------------------------------------------------------


def test_context_config_and_store_reach_nodes_of_every_level():
    """As with `invoke(…, config, context=…)`."""
    case = context_and_store()
    dbg = debugger(case)
    finish(case, dbg, "step")

    assert dbg.state["log"] == run_plain(context_and_store()).values["log"]
    assert {"kept": "ada"} in list(dbg.at("keep").stream)
    assert case.graph.store.get(("notes",), "k").value == {"v": "ada"}


def test_tags_and_metadata_of_the_config_are_those_that_a_person_gave():
    """Nodes see them, beside what LangGraph adds."""
    seen = []

    def node(state: Log, config: RunnableConfig) -> dict:
        seen.append((config["metadata"], config["tags"], config["configurable"]))
        return {"log": ["node"]}

    graph = StateGraph(Log).add_node("node", node).add_edge(START, "node").compile()
    config = {"metadata": {"mine": 1}, "tags": ["red"], "configurable": {"thread_id": "t7"}}
    Debugger(graph, {"log": []}, config=config).run()
    metadata, tags, configurable = seen[0]

    assert metadata["mine"] == 1
    assert "red" in tags
    assert configurable["thread_id"] == "t7"
    assert config == {
        "metadata": {"mine": 1},
        "tags": ["red"],
        "configurable": {"thread_id": "t7"},
    }
