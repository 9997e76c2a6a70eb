"""lellm_nb: the engine alone, a session that captures, and the Debugger."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmarks.jokes as work
from benchmarks.shapes import Chain, Kept, Lies, Node, Prepared, Reopened, Travel
from lellm_nb import (
    Debugger,
    ExecutionEngine,
    ExecutionSession,
    Graph,
    GraphBuilder,
    Reducer,
    ReducerRegistry,
)
from lellm_nb.errors import LellmError, StepsExceededError
from lellm_nb.store import SqliteStore

__all__ = [
    "IMPORT",
    "fan",
    "graph_of",
    "jokes",
    "keep",
    "lies",
    "mapped",
    "prepare",
    "reopen",
    "travel",
]

IMPORT = "from lellm_nb import Debugger, GraphBuilder"
NEVER = 10**9
FILE = "runs.db"


def _task(node: Node) -> Callable[[Any], Any]:
    if node.ctx_fn is not None:
        return node.ctx_fn
    fn = node.fn

    async def task(ctx: Any) -> Any:
        return await fn(ctx.state)

    return task


def graph_of(chain: Chain) -> Graph:
    """Build the graph of a chain; one that loops for ever has an end it never takes."""
    rules = dict.fromkeys(chain.append, Reducer.APPEND)
    rules |= dict.fromkeys(chain.merge, Reducer.MERGE_OBJECT)
    g = GraphBuilder("chain", reducers=ReducerRegistry(rules))
    line: list[str] = []
    for node in chain.nodes:
        if chain.beside and node.name == chain.beside[1]:
            continue
        if chain.beside and node.name == chain.beside[0]:
            both = {n.name: _task(n) for n in chain.nodes if n.name in chain.beside}
            line.append("beside")
            g.parallel("beside", both)
        else:
            line.append(node.name)
            g.node(node.name, _task(node))
    for a, b in itertools.pairwise(line):
        g.edge(a, b)
    if not chain.loop:
        return g.start(line[0]).end(line[-1]).build()
    g.node("end", lambda _: None)
    if chain.done is not None:
        g.edge_if(line[-1], "end", chain.done).edge(line[-1], line[0])
    else:
        g.edge(line[-1], line[0]).edge_fallback(line[-1], "end")
    return g.start(line[0]).end("end").build()


def prepare(chain: Chain, how: str, graph: Graph | None = None) -> Prepared:
    """Get a chain ready; a graph that was built before is used again."""
    graph = graph or graph_of(chain)
    steps = chain.steps
    if how == "engine":
        engine = ExecutionEngine(chain.state)

        async def inline() -> None:
            try:
                await graph.run_inline(engine, steps)
            except StepsExceededError:
                return

        return Prepared(inline, engine)
    if how == "session":
        session = ExecutionSession(chain.state, graph)

        async def run() -> None:
            await session.run(max_steps=steps)

        return Prepared(run, session, lambda: len(session.line) - 1)
    dbg = debugger(chain, graph, stops=how == "stops")
    if how == "ten stops":
        _ten_stops(dbg, chain)

    async def through_runner() -> None:
        stop = dbg.run()
        assert stop.error is None, stop

    return Prepared(through_runner, dbg, lambda: len(dbg.frames) - 1)


def debugger(chain: Chain, graph: Graph, *, stops: bool) -> Debugger:
    """Make a Debugger, with a breakpoint and a watch that never stop the run if asked for."""
    dbg = Debugger(graph, chain.state, max_steps=chain.steps)
    if stops:
        dbg.break_at(chain.nodes[0].name, when=lambda state: state["b"] == "never")
        watch = getattr(dbg, "watch", None)
        if watch is not None:
            watch("d")
    return dbg


def _ten_stops(dbg: Debugger, chain: Chain) -> None:
    """Set ten breakpoints with conditions that never hold, spread over the nodes."""
    for i in range(10):
        node = chain.nodes[i % len(chain.nodes)].name
        dbg.break_at(node, when=lambda state, i=i: state["b"] == f"never {i}")


def travel(chain: Chain, how: str) -> Travel:
    """Run a chain, and offer its history."""
    run = prepare(chain, how)
    asyncio.run(_go(run))
    if how != "session":
        return _travel_in(run.keep)
    session: ExecutionSession = run.keep
    line = session.line

    async def fork(index: int) -> None:
        child = session.fork(line[index])
        await child.step()

    return Travel(
        len(line),
        lambda: list(line),
        line.__getitem__,
        lambda index: line[index].state["a"],
        lambda index: session.rewind(line[index]),
        fork,
        session,
    )


def _travel_in(dbg: Debugger) -> Travel:
    async def fork(index: int) -> None:
        dbg.fork(at=index).step()

    return Travel(
        len(dbg.frames),
        lambda: list(dbg.frames),
        lambda index: dbg.frames[index],
        lambda index: dbg.frames[index].state["a"],
        dbg.rewind,
        fork,
        dbg,
    )


async def _go(run: Prepared) -> None:
    await run.go()


def keep(chain: Chain, folder: Path, synchronous: str) -> Kept:
    """Get a chain ready, in a Debugger that keeps its run in a SQLite file."""
    store = SqliteStore(folder / FILE, synchronous=synchronous)
    dbg = Debugger(graph_of(chain), chain.state, store=store, max_steps=chain.steps)

    async def through_runner() -> None:
        stop = dbg.run()
        assert stop.error is None, stop

    def close() -> None:
        dbg.close()
        store.close()

    return Kept(through_runner, close)


def reopen(chain: Chain, folder: Path) -> Reopened:
    """Offer what a run left."""
    graph = graph_of(chain)
    held: list[Debugger] = []

    def again() -> Debugger:
        if held:
            held.pop().close()
        held.append(Debugger.open(folder / FILE, graph=graph))
        return held[0]

    def shown() -> Any:
        from lellm_nb.notebook import shown_panel

        return shown_panel(again())

    return Reopened(
        chain.steps + 1,
        lambda: again().state["a"],
        lambda index: held[0].frames[index].state["a"],
        shown,
    )


def fan(branches: int, how: str) -> Prepared:
    """Get a Parallel of `branches` coroutines ready, merged by a reducer."""

    def branch(i: int) -> Callable[[Any], Any]:
        async def task(ctx: Any) -> dict[str, int]:
            await asyncio.sleep(0)
            return {"sum": i}

        return task

    g = GraphBuilder("fan", reducers=ReducerRegistry({"sum": Reducer.SUM}))
    g.parallel("all", {f"b{i}": branch(i) for i in range(branches)})
    graph = g.start("all").end("all").build()
    return prepare(Chain((), {"sum": 0}, NEVER), how, graph)


def mapped(items: int, how: str, threads: bool = False) -> Prepared:
    """Get a map over `items` items ready, what it made collected under a key."""

    async def plus_one(ctx: Any) -> Any:
        return ctx.item + 1

    each: Any = (lambda ctx: ctx.item + 1) if threads else plus_one
    g = GraphBuilder("map").map("plus_one", each, over="items", into="made")
    graph = g.start("plus_one").end("plus_one").build()
    return prepare(Chain((), {"items": list(range(items))}, NEVER), how, graph)


def jokes(subjects: list[str], how: str) -> Prepared:
    """Get a Parallel of subgraphs ready, one for each subject: 12 node runs each."""
    branches = {f"joke {i}": _joke(i) for i in range(len(subjects))}
    g = GraphBuilder("fan").parallel("all", branches, merge=_collected)
    graph = g.start("all").end("all").build()
    return prepare(Chain((), {"subjects": subjects}, NEVER), how, graph)


def _joke(number: int) -> Graph:
    async def edit(ctx: Any) -> Any:
        return await work.edit({"subject": ctx.state["subjects"][number]})

    async def generate(ctx: Any) -> Any:
        return await work.generate(ctx.state)

    async def bump(ctx: Any) -> Any:
        update = await work.bump(ctx.state)
        if not work.enough(update):
            ctx.goto("bump")
        return update

    g = GraphBuilder("joke").node("edit", edit).node("generate", generate).node("bump", bump)
    return g.edge("edit", "generate").edge("generate", "bump").start("edit").end("bump").build()


def _collected(states: Any) -> dict[str, Any]:
    return {"jokes": [state["jokes"][0] for state in states.values()]}


def lies(how: str = "session") -> Lies:
    """Five steps: one that tries to append in place, and one with a list of its own."""
    shown: list[str] = []
    note = ""
    for own in (False, True):
        items: list[int] = []

        def step(ctx: Any, own: bool = own, items: list[int] = items) -> Any:
            nonlocal note
            if own:
                items.append(0)
                return {"items": items}
            try:
                ctx.state["items"].append(0)
            except LellmError as error:
                note = str(error).replace("\n", " ")
                ctx.append("items", 0)
            return None

        g = GraphBuilder("lies").node("a", step).node("end", lambda _: None)
        graph = g.edge("a", "a").edge_fallback("a", "end").start("a").end("end").build()
        dbg = Debugger(graph, {"items": []}, max_steps=5)
        dbg.run()
        shown.append(" ".join(str(len(frame.state["items"])) for frame in dbg.frames[1:]))
    return Lies(shown[0], shown[1], note)
