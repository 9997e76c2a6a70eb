"""What a compiled graph looks like to whoever draws it, walks it and asks for its code."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.managed import RemainingSteps

from lellm_nb.adapters.langgraph.shape import shape_of
from lellm_nb.graph.walk import levels, node_at, nodes
from lellm_nb.notebook.model.node_card import code_of, doc_of, functions_of, mend_of
from tests.adapters.langgraph.compiled.shaped import (
    INNER,
    SHAPES,
    Log,
    NodeError,
    agent,
    chain,
    first,
    flow,
    handlers,
    joined,
    loop,
    map_reduce,
    nested,
    write,
)


def edges(shape):
    """Edges as text, with their kinds."""
    return {edge.label: edge.kind for edge in shape.edges}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("chain", {"a -> b": "normal"}),
        ("loop", {"llm -> tools": "conditional", "tools -> llm": "normal"}),
        ("map_reduce", {"plan -> work": "conditional", "work -> sum": "normal"}),
        ("handoff", {"alice -> bob": "goto", "bob -> alice": "goto"}),
        ("joined", {"a -> c": "normal", "b -> c": "normal", "c -> late": "normal"}),
        ("routed", {}),
        ("flow", {}),
        ("raw", {"one -> two": "normal"}),
    ],
)
def test_the_edges_are_what_the_graph_declares(name, said):
    """Neither START nor END is a node, so what leads from and to them is no edge."""
    shape = shape_of(SHAPES[name]())

    assert edges(shape) == said
    assert not {"__start__", "__end__"} & shape.nodes.keys()


@pytest.mark.parametrize(
    ("name", "start", "starts", "ends"),
    [
        ("chain", "a", ("a",), ("b",)),
        ("loop", "llm", ("llm",), ("llm",)),
        ("handoff", "alice", ("alice",), ("alice", "bob")),
        ("joined", "", ("a", "b"), ("late",)),
        ("routed", "", ("x", "y"), ("x", "y")),
        ("flow", "flow", ("flow",), ("flow",)),
        ("raw", "one", ("one",), ("two",)),
    ],
)
def test_a_start_has_a_name_where_there_is_one_start(name, start, starts, ends):
    """Where several nodes come first, or a function says which, none of them is the start."""
    shape = shape_of(SHAPES[name]())

    assert (shape.start, shape.starts, shape.ends, shape.end) == (start, starts, ends, "")


def test_a_branch_that_does_not_say_where_it_leads_leads_nowhere_yet():
    """LangGraph's own picture leaves out what comes after such a branch."""
    shape = shape_of(map_reduce(says=False))

    assert edges(shape) == {"work -> sum": "normal"}
    assert shape.analyze().findings == ()


def test_a_node_that_no_declared_edge_leads_to_is_told():
    """It may be right: only the run knows where a Command goes."""
    graph = StateGraph(Log).add_node("a", first).add_node("b", first).add_edge(START, "a").compile()
    (found,) = shape_of(graph).analyze().infos

    assert (found.code, found.nodes) == ("unreachable", ("b",))
    assert "only a Command or a Send can" in found.message


def test_graphs_inside_are_composites_and_so_is_a_function_that_calls_one():
    """Paths are those of the nest, outer before inner."""
    shape = shape_of(nested())

    assert {path: node.kind for path, node in nodes(shape)} == {
        "prep": "task",
        "sub": "subgraph",
        "sub/agent": "subgraph",
        "sub/agent/llm": "task",
        "sub/agent/tools": "task",
        "sub/after": "task",
        "call": "subgraph",
        "call/llm": "task",
        "call/tools": "task",
    }
    assert [level.name for _, level in levels(shape)] == [
        "outer",
        "middle",
        "LangGraph",
        "LangGraph",
    ]
    assert shape.level("sub").name == "middle"
    assert shape.level("call") is INNER
    assert (shape.level(""), shape.level("prep")) == (shape.compiled, None)


def test_a_function_that_names_the_graph_it_is_in_holds_no_graph():
    """It would go on for ever; nor is the older self inside, that a cell run again leaves there."""
    space = SimpleNamespace(graph=None)

    def work(state):
        return space.graph.invoke(state) if state["n"] else {}

    space.graph = chain(work=work)
    space.graph = chain(work=work)

    assert node_at(shape_of(space.graph), "work").kind == "task"


def test_an_entrypoint_holds_the_tasks_that_its_function_names():
    """They are there to see before they ran; the state is what was returned and what is kept."""
    shape = shape_of(flow)

    assert [path for path, _ in nodes(shape)] == ["flow", "flow/write"]
    assert node_at(shape, "flow/write").fn is write.func
    assert shape.state_keys == ("__end__", "__previous__")


def test_an_entrypoint_without_tasks_is_a_task():
    @entrypoint()
    def alone(topic):
        return topic

    assert node_at(shape_of(alone), "alone").kind == "task"


@handlers
def test_what_a_node_waits_for_and_who_takes_its_failure():
    """A handler of its own is a node beside it, at ``<node>.error``."""

    def mend(state, error: NodeError):
        return {}

    g = StateGraph(Log).add_node("a", first, error_handler=mend).add_node("b", first)
    shape = shape_of(g.add_edge(START, "a").add_edge("a", "b").compile())

    assert list(shape.nodes) == ["a", "a.error", "b"]
    assert edges(shape) == {"a -> b": "normal", "a -> a.error": "error"}
    assert shape.nodes["a"].error_handler
    assert shape.nodes["a.error"].fn is mend
    assert shape.ends == ("b",)
    assert shape_of(joined()).nodes["late"].defer


def test_a_node_that_is_only_called_like_a_handler_is_none():
    shape = shape_of(chain("load", "load.error"))

    assert edges(shape) == {"load -> load.error": "normal"}


def test_the_function_of_a_node_is_the_one_that_the_user_wrote():
    """So its source and its docstring can be shown, and errors can point at it."""

    async def later(state):
        return {}

    shape = shape_of(chain("a", later=later))

    assert shape.nodes["a"].fn is first
    assert shape.nodes["later"].fn is later
    assert doc_of(functions_of(shape.nodes["a"])) == "Says where it was."


def test_a_node_of_tools_shows_the_code_of_its_tools():
    """That is the user's; what calls them is LangGraph's."""
    node = shape_of(agent()).nodes["tools"]

    assert node.fn is None
    assert "Pay it back." in code_of(functions_of(node))
    assert mend_of(node, "tools") == "run a cell that defines refund again"


def test_the_state_keys_are_the_visible_channels_without_managed_values():
    class State(MessagesState):
        left: RemainingSteps
        n: int

    g = StateGraph(State).add_node("a", lambda state: {}).add_edge(START, "a")
    shape = shape_of(g.compile())

    assert shape.state_keys == ("messages", "n")
    assert list(shape.reducers) == ["messages"]
    assert shape.reducers.types == {"n": int}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_drawn_as_text_and_as_pictures(name):
    """With every node in it, at every depth."""
    shape = shape_of(SHAPES[name]())
    named = [node.name for _, node in nodes(shape)]
    svg, mermaid, dot = shape.to_svg(), shape.to_mermaid(), shape.to_graphviz().source

    for each in named:
        assert each[:29] in svg
        assert f'"{each}"' in mermaid
        assert each in dot
    assert '""' not in mermaid
    assert shape._repr_mimebundle_()["text/plain"] == repr(shape)


def test_a_graph_looks_the_same_when_it_is_compiled_again():
    """Hash and fingerprint go by names and declared edges, and tell what is different."""
    one, two, other = shape_of(loop()), shape_of(loop()), shape_of(chain("llm", "tools"))

    assert one.canonical_hash == two.canonical_hash != other.canonical_hash
    assert one.fingerprint.diff(two.fingerprint) == ""
    assert "edge `llm -> tools` new" in one.fingerprint.diff(other.fingerprint)


def test_the_cycles_are_those_of_its_edges():
    (cycle,) = shape_of(loop()).analyze_cycles()

    assert cycle.nodes == ("llm", "tools")


def test_reading_a_graph_runs_nothing_of_it():
    """Not even what maps the writes of channels, which `get_graph` would call."""
    ran = []

    def route(state):
        ran.append("route")
        return "a"

    def node(state):
        ran.append("node")

    g = StateGraph(Log).add_node("a", node).add_conditional_edges(START, route)
    shape = shape_of(g.compile())
    shape.to_svg()

    assert (shape.start, ran) == ("", [])
