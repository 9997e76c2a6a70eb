"""G1, G3: nodes, and builds that report everything at once."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import ExecutionSession, Graph, GraphBuilder
from lellm_nb.errors import (
    BuildErrors,
    DuplicateNodeError,
    EmptyParallelError,
    FallbackLoopError,
    GraphError,
    InvalidNodeError,
    LellmError,
    MissingEndError,
    MissingStartError,
    UnknownNodeError,
)
from tests.graph.graphs import built
from tests.strategies import finish, note, steps

# -- G1 ----------------------------------------------------------------------------------


def test_a_task_is_a_sync_or_an_async_callable():
    """G1: functions, coroutine functions, lambdas, bound methods and callable objects."""

    class Adder:
        def __call__(self, ctx):
            return {"called": True}

        def method(self, ctx):
            return {"method": True}

    async def later(ctx):
        await asyncio.sleep(0)
        ctx.put("later", True)

    g = GraphBuilder("g").node("a", Adder()).node("b", Adder().method).node("c", later)
    g.node("d", lambda ctx: {"lambda": True})
    g.edge("a", "b").edge("b", "c").edge("c", "d").start("a").end("d")

    assert g.build().run().state == {**dict.fromkeys(["called", "method", "later", "lambda"], True)}


def test_the_task_decorator_gives_the_function_back():
    """G1: a decorated function can still be called and patched; other methods chain."""
    g = GraphBuilder("g")

    @g.task
    def a(ctx):
        return {"a": 1}

    @g.task(name="other", goto=["a"])
    def b(ctx):
        return {"b": 1}

    assert a(None) == {"a": 1}
    assert b(None) == {"b": 1}
    assert list(g.edge("a", "other").start("a").end("other").build().nodes) == ["a", "other"]


def test_any_object_with_execute_is_a_node():
    """G1: sync or async; what it returns is a task's return value."""

    class Fetch:
        def execute(self, ctx):
            return {"fetched": ctx.state["url"]}

    class Later:
        async def execute(self, ctx):
            ctx.put("later", ctx.node)

    g = GraphBuilder("g").node("fetch", Fetch()).node("later", Later())
    g.edge("fetch", "later").start("fetch").end("later")

    assert g.build().run({"url": "x"}).state == {"url": "x", "fetched": "x", "later": "later"}


@pytest.mark.parametrize(
    ("n", "expected"), [(1, "small"), (5, "middle"), (50, "big"), (500, "huge")]
)
def test_a_condition_goes_to_the_first_target_that_holds(n, expected):
    """G1: ordered pairs, first true wins, none true means the ordinary edge rules."""
    g = built("small", "middle", "big", "huge", "end")
    g.condition(
        "ask",
        [
            ("small", lambda s: s["n"] < 3),
            ("middle", lambda s: s["n"] < 10),
            ("big", lambda s: s["n"] < 100),
        ],
    )
    g.edge("ask", "huge")
    for name in ("small", "middle", "big", "huge"):
        g.edge(name, "end")
    session = finish(ExecutionSession({"n": n}, g.start("ask").end("end").build()))
    frames = session.frame_stack.frames

    assert [f.node for f in frames] == ["ask", expected, "end"]
    assert frames[0].mutations == ()
    assert frames[0].route.kind == ("normal" if expected == "huge" else "conditional")


def test_a_condition_records_what_it_asked():
    """G1: the frame's route has every predicate that was asked, with its answer."""
    g = built("a", "b")
    g.condition("ask", [("a", lambda s: False), ("b", lambda s: True), ("a", lambda s: True)])
    session = finish(ExecutionSession({}, g.edge("b", "a").start("ask").end("a").build()))

    assert session.frame_stack[0].route.tried == (("ask -> a", False), ("ask -> b", True))


def test_nodes_keep_the_order_in_which_they_were_added():
    """G3: node order is insertion order."""
    graph = steps("z", "a", "m")

    assert list(graph.nodes) == ["z", "a", "m"]
    assert [edge.label for edge in graph.edges] == ["z -> a", "a -> m"]


def test_a_graph_does_not_follow_its_builder():
    """A built graph is frozen data: many sessions share it."""
    g = built("a", "b").edge("a", "b").start("a").end("b")
    graph = g.build()
    g.node("c", note).edge("b", "c").end("c")

    assert list(graph.nodes) == ["a", "b"]
    assert len(graph.edges) == 1
    with pytest.raises(TypeError):
        graph.nodes["c"] = None


# -- G3 ----------------------------------------------------------------------------------


def problems_of(builder):
    """The members of the group that `build` raises."""
    with pytest.raises(BuildErrors) as caught:
        builder.build()
    return caught.value


def test_build_reports_every_problem_at_once():
    """G3: one exception group; its members have fields and nearest-name hints."""
    g = built("draft", "publish")
    g.node("draft", note)  # twice
    g.edge("draft", "publsh").edge("drat", "publish").edge_fallback("publish", "publish")
    g.task(lambda ctx: None, name="jump", goto=["darft"])
    g.condition("ask", [("publihs", lambda s: True)])
    g.parallel("empty", {})
    g.on_error("draft", "rescue")
    group = problems_of(g)
    kinds = [type(problem) for problem in group.exceptions]
    unknown = {p.node: p for p in group.exceptions if isinstance(p, UnknownNodeError)}

    assert kinds.count(UnknownNodeError) == 5
    for kind in (
        MissingStartError,
        MissingEndError,
        DuplicateNodeError,
        EmptyParallelError,
        FallbackLoopError,
    ):
        assert kinds.count(kind) == 1
    assert set(unknown) == {"publsh", "drat", "darft", "publihs", "rescue"}
    assert "Did you mean 'publish'?" in str(unknown["publsh"])
    assert "Did you mean 'draft'?" in str(unknown["darft"])
    assert "draft -> publsh" in unknown["publsh"].where
    assert "'ask'" in unknown["publihs"].where
    assert unknown["rescue"].known == ["ask", "draft", "jump", "publish"]


def test_each_edge_end_is_a_problem_of_its_own():
    """G3: an edge between two unknown nodes is two problems."""
    group = problems_of(built("a").edge("x", "y").start("a").end("a"))

    assert [problem.node for problem in group.exceptions] == ["x", "y"]


def test_start_and_end_must_be_nodes():
    """G3: naming an unknown start or end is an unknown node, with a hint."""
    group = problems_of(built("first", "last").edge("first", "last").start("frist").end("lsat"))

    assert [problem.node for problem in group.exceptions] == ["frist", "lsat"]
    assert "Did you mean 'first'?" in str(group.exceptions[0])


def test_the_group_reads_as_a_list_and_can_be_taken_apart():
    """G3: str shows every problem; except* and split work; it is one of ours."""
    group = problems_of(built("a").edge("a", "b"))

    assert isinstance(group, ExceptionGroup)
    assert isinstance(group, LellmError)
    assert isinstance(group, GraphError)
    assert all(str(problem) in str(group) for problem in group.exceptions)
    unknown, rest = group.split(UnknownNodeError)
    assert isinstance(unknown, BuildErrors)
    assert isinstance(rest, BuildErrors)
    assert [type(p) for p in rest.exceptions] == [MissingStartError, MissingEndError]


def test_a_builder_can_be_mended_after_a_failed_build():
    """G3: nothing is lost by a build that failed."""
    g = built("a").edge("a", "b").start("a").end("b")
    problems_of(g)

    assert isinstance(g.node("b", note).build(), Graph)


@pytest.mark.parametrize("name", ["", "a/b", "a#1", 7, None])
def test_names_are_text_that_can_be_a_path_segment(name):
    """DESIGN: names are non-empty text without / and #."""
    with pytest.raises(InvalidNodeError) as caught:
        GraphBuilder("g").node(name, note)

    assert caught.value.node == name


@pytest.mark.parametrize(
    "target",
    [None, 3, "draft", ["a"], object(), {"a": 1}],
    ids=["None", "number", "text", "list", "object", "mapping"],
)
def test_a_node_that_cannot_run_is_refused_at_once(target):
    """G1: where the mistake is made, and by the node's name."""
    with pytest.raises(InvalidNodeError, match=r"'a'.*cannot run"):
        GraphBuilder("g").node("a", target)


def test_a_class_in_place_of_an_instance_is_refused():
    """G1: a common slip has a message of its own."""

    class Fetch:
        def execute(self, ctx):
            return None

    with pytest.raises(InvalidNodeError, match="give an instance"):
        GraphBuilder("g").node("a", Fetch)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g: g.edge_if("a", "b", "state = 1"),
        lambda g: g.edge_if("a", "b", None),
        lambda g: g.condition("c", [("a", 3)]),
        lambda g: g.condition("c", ["a"]),
        lambda g: g.barrier("c", timeout=0),
        lambda g: g.subgraph("c", GraphBuilder("inner")),
        lambda g: g.parallel("c", {"x": 3}),
        lambda g: g.parallel("c", {"x": note}, on_error="sometimes"),
        lambda g: g.task(lambda ctx: None),
        lambda g: g.task(3, name="c"),
    ],
)
def test_a_part_that_does_not_fit_is_refused_at_once(wrong):
    """G1, G3: what is wrong with one call is said by that call."""
    with pytest.raises(InvalidNodeError):
        wrong(built("a", "b"))


def test_an_async_predicate_is_refused():
    """R1: predicates are pure looks; a coroutine would always be true."""

    async def ask(state):
        return False

    with pytest.raises(InvalidNodeError, match="async"):
        built("a", "b").edge_if("a", "b", ask)
