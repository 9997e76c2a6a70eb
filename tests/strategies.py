"""Graphs and mutation logs for every test: a few fixed ones, and Hypothesis strategies.

The strategies are written to grow: a new kind of mutation or value joins one list here,
a new kind of node the one in `strategies_graphs`, so that the old properties meet it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from lellm_nb import (
    Answer,
    Approve,
    Debugger,
    Decision,
    Delete,
    ExecutionSession,
    Graph,
    GraphBuilder,
    Put,
    Reduce,
    Reducer,
)
from lellm_nb.state import ChannelUpdate

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


def order_desk() -> Graph:
    """Price each line of an order inside ``agent`` (lens ``job``), look at two things, book."""

    def pick(ctx: Any) -> None:
        ctx.put("current", ctx.state["lines"][len(ctx.state["priced"])])

    def price(ctx: Any) -> None:
        ctx.append("priced", ctx.state["current"])
        ctx.put("total", ctx.state["total"] + ctx.state["current"])

    def discount(ctx: Any) -> None:
        ctx.put("total", ctx.state["total"] - 30)

    agent = GraphBuilder("pricing").node("pick", pick).node("price", price)
    agent.node("discount", discount).node("done", note)
    agent.edge("pick", "price").edge("price", "discount")
    agent.edge_if("discount", "pick", lambda s: len(s["priced"]) < len(s["lines"]))
    agent.edge("discount", "done")
    g = GraphBuilder("order desk")
    g.node("start", lambda ctx: {"job": {"lines": ctx.state["lines"], "priced": [], "total": 0}})
    g.subgraph("agent", agent.start("pick").end("done").build(), lens="job")
    g.parallel("checks", {"limit": note, "stock": note})
    g.node("book", lambda ctx: {"booked": ctx.state["job"]["total"]})
    g.edge("start", "agent").edge("agent", "checks").edge("checks", "book")
    return g.start("start").end("book").build()


def priced(*lines: int) -> Debugger:
    """An order desk that has run: of two lines, frames 2 to 8 are of ``agent``, the last is 13."""
    dbg = Debugger(order_desk(), {"customer": "C-17", "lines": list(lines or (100, 10))})
    dbg.run()
    return dbg


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
        waiting = session.waiting[0]
        usual = Approve() if session.asked(waiting) is None else Answer(1)
        await session.decide((answers or {}).get(waiting.barrier_id, usual), waiting.barrier_id)
    raise AssertionError(f"still going after {most} steps: {session.position!r}")


def finish_debugger(dbg: Debugger, most: int = 5_000) -> Any:
    """Run a debugger to its end, approving whatever waits."""
    for _ in range(most):
        stop = dbg.run()
        if not stop.pending:
            return stop
        waits = stop.pending[0]
        dbg.approve(waits.id) if waits.question is None else dbg.answer(1, waits.id)
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
    st.builds(lambda v: ChannelUpdate("log", v, Reducer.APPEND), st.lists(values, max_size=3)),
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
