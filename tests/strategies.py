"""Graphs and mutation logs for every test: a few fixed ones, and Hypothesis strategies.

The strategies are written to grow: a new kind of node, mutation or value joins one
list here, so that the old properties meet it.

Random graphs are described by plain data (`Plan`) and built from it, so that a failing
example prints as something a person can read, and can be built twice.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from lellm_nb import (
    Approve,
    Debugger,
    Decision,
    Delete,
    ExecutionSession,
    Graph,
    GraphBuilder,
    Modify,
    Put,
    Reduce,
    Reducer,
    Reject,
    Reroute,
)

# -- fixed graphs ---------------------------------------------------------------


def chain(*functions: Callable[[Any], Any], name: str = "g", **options: Any) -> Graph:
    """A graph that runs functions one after another, under their own names."""
    builder = GraphBuilder(name, **options)
    names = [function.__name__ for function in functions]
    for function in functions:
        builder.task(function)
    for a, b in itertools.pairwise(names):
        builder.edge(a, b)
    return builder.start(names[0]).end(names[-1]).build()


def steps(*names: str, name: str = "g") -> Graph:
    """A graph of named nodes in a row; each adds its name to the list at ``log``."""
    builder = GraphBuilder(name)
    for each in names:
        builder.node(each, note)
    for a, b in itertools.pairwise(names):
        builder.edge(a, b)
    return builder.start(names[0]).end(names[-1]).build()


def note(ctx: Any) -> None:
    """Add the node's path to the list at ``log``."""
    ctx.append("log", ctx.path)


def review(**barrier: Any) -> Graph:
    """The graph of the documentation: draft, approve (loops back on a rejection), publish."""
    g = GraphBuilder("review")

    @g.task
    def draft(ctx):
        ctx.put("draft", f"An essay about {ctx.state['topic']}")
        ctx.reduce("drafts", 1, Reducer.SUM)

    @g.task
    async def publish(ctx):
        return {"published": True}

    g.barrier("approve", **barrier)
    g.edge("draft", "approve")
    g.edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
    g.edge("approve", "publish")
    return g.start("draft").end("publish").build()


def nested() -> Graph:
    """A loop of plan and agent (llm, approve, tool), run twice; then done."""
    inner = GraphBuilder("agent graph")
    inner.node("llm", note).barrier("approve").node("tool", note)
    inner.edge("llm", "approve").edge("approve", "tool").start("llm").end("tool")
    g = GraphBuilder("outer").node("plan", note).subgraph("agent", inner.build())
    g.node("done", note).edge("plan", "agent")
    g.edge_if("agent", "plan", lambda s: s["log"].count("plan") < 2).edge("agent", "done")
    return g.start("plan").end("done").build()


def fanned() -> Graph:
    """Start, three branches (a task, a barrier, a graph of two nodes), end."""
    inner = GraphBuilder("branch graph").node("one", note).node("two", note)
    inner.edge("one", "two").start("one").end("two")
    check = GraphBuilder("check graph").node("look", note).barrier("ok").node("go", note)
    check.edge("look", "ok").edge("ok", "go").start("look").end("go")
    g = GraphBuilder("fanned").node("first", note)
    g.parallel("par", {"a": note, "check": check.build(), "deep": inner.build()})
    g.node("last", note).edge("first", "par").edge("par", "last")
    return g.start("first").end("last").build()


# -- running to the end -----------------------------------------------------------


def finish(
    session: ExecutionSession, answers: Mapping[str, Decision] | None = None, most: int = 5_000
) -> ExecutionSession:
    """Step a session until nothing moves, answering barriers by their id."""
    asyncio.run(afinish(session, answers, most))
    return session


async def afinish(
    session: ExecutionSession, answers: Mapping[str, Decision] | None = None, most: int = 5_000
) -> None:
    """Do what `finish` does, with await."""
    for _ in range(most):
        if await session.step() is not None:
            continue
        if not session.waiting:
            return
        barrier_id = session.waiting[0].barrier_id
        await session.decide((answers or {}).get(barrier_id, Approve()), barrier_id)
    raise AssertionError(f"still going after {most} steps: {session.position!r}")


def finish_debugger(dbg: Debugger, most: int = 5_000) -> Any:
    """Run a debugger to its end, approving whatever waits."""
    for _ in range(most):
        stop = dbg.run()
        if not stop.pending:
            return stop
        dbg.approve(stop.pending[0].id)
    raise AssertionError(f"still waiting after {most} decisions: {stop!r}")


# -- values and mutation logs -------------------------------------------------------

KEYS = ("a", "b", "n", "items", "plan", "dotted.key")

scalars = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text("xyz é", max_size=4)

values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pqr"), inner, max_size=3)
    ),
    max_leaves=6,
)
"""JSON-ready values of small depth."""

states = st.dictionaries(st.sampled_from(KEYS), values, max_size=4)

_flat = st.one_of(
    st.builds(Put, st.sampled_from(KEYS), values),
    st.builds(Delete, st.sampled_from(KEYS)),
    st.builds(lambda n: Reduce("count", n, Reducer.SUM), st.integers(-9, 9)),
    st.builds(lambda v: Reduce("log", [v], Reducer.APPEND), values),
    st.builds(lambda n: Reduce("top", n, Reducer.MAX), st.integers(-9, 9)),
    st.builds(
        lambda v: Reduce("both", v, Reducer.MERGE_OBJECT),
        st.dictionaries(st.sampled_from("pqr"), scalars, max_size=2),
    ),
)

_inside = st.one_of(
    st.builds(lambda k, v: Put(("tree", k), v), st.sampled_from("pqr"), values),
    st.builds(lambda k: Delete(("tree", k)), st.sampled_from("pqr")),
    st.builds(lambda v: Put(("tree", "steps", 0), v), values),
    st.builds(lambda v: Reduce(("tree", "steps"), [v], Reducer.APPEND), values),
)
"""These need `TREE` in the state."""

TREE = {"tree": {"p": 1, "steps": ["first"]}}

mutations = _flat | _inside
logs = st.lists(mutations, max_size=20)
batches = st.lists(st.lists(mutations, max_size=4), max_size=8)


# -- random graphs ----------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """One node of a random graph.

    Attributes:
        kind: ``task``, ``barrier``, ``pause``, ``flaky``, ``graph`` or ``fan``.
        after: How often the conditional edge back to `back` is taken.
        inner: The plans inside a composite.
    """

    kind: str
    back: int = 0
    after: int = 0
    inner: tuple[Plan, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A random graph as plain data: nodes in a row, with conditional edges back."""

    nodes: tuple[Node, ...] = field(default_factory=tuple)

    def build(self, name: str = "root") -> Graph:
        """Make the graph."""
        g = GraphBuilder(name)
        names = [f"{node.kind[0]}{i}" for i, node in enumerate(self.nodes)]
        for i, node in enumerate(self.nodes):
            _add(g, name, names[i], node)
            if node.after:
                seen = f"{name}.{names[i]}"
                g.edge_if(names[i], names[node.back], _below(seen, node.after))
            if i + 1 < len(names):
                g.edge(names[i], names[i + 1])
            elif node.kind in ("barrier", "pause", "graph", "fan") or node.after:
                g.node("end", work(name)).edge(names[i], "end")
                names.append("end")
        return g.start(names[0]).end(names[-1]).build()

    @property
    def flat(self) -> bool:
        """Whether no composite is in it."""
        return not any(node.inner for node in self.nodes)


def _below(key: str, limit: int) -> Callable[[Any], bool]:
    return lambda state: state.get(key, 0) <= limit


def work(graph: str) -> Callable[[Any], None]:
    """A node that counts its runs, notes its path, and copies what it read."""

    def work(ctx: Any) -> None:
        ctx.reduce(f"{graph}.{ctx.node}", 1, Reducer.SUM)
        ctx.append("log", f"{ctx.path} {ctx.visit}")
        ctx.put(f"last.{graph}", len(ctx.state.get("log", ())))

    return work


def _flaky(graph: str) -> Callable[[Any], None]:
    """A node that fails as long as ``broken`` is in the state of its level."""
    inner = work(graph)

    def flaky(ctx: Any) -> None:
        ctx.append("log", "never committed")
        if ctx.state.get("broken"):
            raise ValueError("broken")
        ctx.mutations.clear()
        inner(ctx)

    return flaky


def _pausing(graph: str) -> Callable[[Any], None]:
    inner = work(graph)

    def pausing(ctx: Any) -> None:
        inner(ctx)
        ctx.pause(f"ask-{graph}-{ctx.node}")

    return pausing


def _add(g: GraphBuilder, graph: str, name: str, node: Node) -> None:
    if node.kind == "barrier":
        # keys of its own, or the barriers of two branches would write the same ones
        g.barrier(name, approve_key=f"{graph}.{name} ok", reject_key=f"{graph}.{name} no")
    elif node.kind == "graph":
        g.subgraph(name, node.inner[0].build(f"{graph}.{name}"))
    elif node.kind == "fan":
        branches = {f"x{i}": plan.build(f"{graph}.{name}{i}") for i, plan in enumerate(node.inner)}
        g.parallel(name, {**branches, "solo": work(f"{graph}.{name}solo")})
    else:
        make = {"task": work, "flaky": _flaky, "pause": _pausing}[node.kind]
        g.node(name, make(graph))


@st.composite
def plans(
    draw: Any, depth: int = 0, flaky: bool = False, barriers: bool = True, least: int = 1
) -> Plan:
    """Random graphs: loops, barriers, conditional edges, failing nodes; nested to `depth`.

    Args:
        least: How many nodes the outermost level has at least.
    """
    kinds = ["task", "task"]
    if barriers:
        kinds += ["barrier", "pause"]
    if flaky:
        kinds += ["flaky"]
    if depth:
        kinds += ["graph", "fan"]
    nodes = []
    for i in range(draw(st.integers(least, least + (2 if depth else 3)))):
        kind = draw(st.sampled_from(kinds))
        inner: tuple[Plan, ...] = ()
        if kind == "graph":
            inner = (draw(plans(depth - 1, flaky, barriers)),)
        elif kind == "fan":
            inner = tuple(draw(st.lists(plans(depth - 1, flaky, barriers), min_size=1, max_size=2)))
        # only a node that counts its own runs may loop, or it would never end
        after = draw(st.integers(0, 2)) if kind in ("task", "pause") else 0
        nodes.append(Node(kind, draw(st.integers(0, i)) if after else 0, after, inner))
    return Plan(tuple(nodes))


flat_plans = plans(0) | plans(0, least=3)
nested_plans = plans(2) | plans(2, least=3)
tame_plans = plans(1, barriers=False)


def targets(graph: Graph) -> st.SearchStrategy[str]:
    """Node names of a graph."""
    return st.sampled_from(list(graph.nodes))


def decisions(barrier_id: str) -> st.SearchStrategy[Decision]:
    """Decisions for one barrier that lead along the edges; for the others see `reroutes`."""
    # inside a composite each barrier has a key of its own, or branches would conflict
    keys = st.just(f"of {barrier_id}") if "/" in barrier_id else st.sampled_from(KEYS)
    return st.one_of(
        st.just(Approve()),
        st.builds(Reject, st.text("xyz", max_size=3)),
        st.builds(Modify, keys, values),
    )


def reroutes(graph: Graph) -> st.SearchStrategy[Reroute]:
    """Jumps within a graph."""
    return st.builds(Reroute, targets(graph))
