"""LangGraph with its InMemorySaver: a checkpoint at every step, at its default durability."""

from __future__ import annotations

import contextlib
import itertools
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

import benchmarks.jokes as work
from benchmarks.shapes import Chain, Lies, Prepared, Travel

__all__ = ["FOREVER", "IMPORT", "builder_of", "fan", "jokes", "lies", "prepare", "travel"]

IMPORT = (
    "from langgraph.graph import StateGraph; from langgraph.checkpoint.memory import InMemorySaver"
)
FOREVER = 10**9


def _schema(chain: Chain) -> Any:
    fields: dict[str, Any] = {}
    for key in chain.state:
        how = operator.add if key in chain.append else operator.or_ if key in chain.merge else None
        fields[key] = Annotated[Any, how] if how else Any
    return TypedDict("State", fields)  # type: ignore[operator]  # keys known at run time only


def builder_of(chain: Chain, written: Callable[[Any], Any] = lambda fn: fn) -> Any:
    """Return a builder with a chain's nodes and edges.

    Args:
        written: Given a node's function, returns the one to use.
    """
    builder: Any = StateGraph(_schema(chain))
    for node in chain.nodes:
        builder.add_node(node.name, written(node.fn))
    groups: list[list[str]] = []
    for node in chain.nodes:
        if chain.beside and node.name == chain.beside[1]:
            groups[-1].append(node.name)
        else:
            groups.append([node.name])
    builder.add_edge(START, groups[0][0])
    for before, after in itertools.pairwise(groups):
        for name in after:
            builder.add_edge(before if len(before) > 1 else before[0], name)
    first, last = groups[0][0], groups[-1][0]
    if not chain.loop:
        builder.add_edge(last, END)
    elif chain.done is not None:
        done = chain.done
        builder.add_conditional_edges(last, lambda state: END if done(state) else first)
    else:
        builder.add_edge(last, first)
    return builder


def _run(app: Any, state: Any, limit: int) -> Callable[[], Any]:
    config = {"configurable": {"thread_id": "1"}, "recursion_limit": limit}

    async def go() -> None:
        try:
            async for _ in app.astream(state, config):
                pass
        except GraphRecursionError:
            return

    return go


def prepare(chain: Chain) -> Prepared:
    """Get a chain ready; the recursion limit ends one that loops for ever."""
    app = builder_of(chain).compile(checkpointer=InMemorySaver())
    go = _run(app, chain.fresh(), chain.steps if chain.done is None else FOREVER)
    return Prepared(go, app, lambda: len(app.checkpointer.storage["1"][""]))


def travel(chain: Chain) -> Travel:
    """Run a chain, and offer its checkpoints."""
    import asyncio

    run = prepare(chain)
    app = run.keep
    asyncio.run(_awaited(run))
    whole = {"configurable": {"thread_id": "1"}}
    ids = [state.config for state in app.get_state_history(whole)][::-1]

    async def fork(index: int) -> None:
        config = app.update_state(ids[index], {"d": "forked"})
        async for _ in app.astream(None, {**config, "recursion_limit": 1}):
            return

    async def fork_quietly(index: int) -> None:
        try:
            await fork(index)
        except GraphRecursionError:
            return

    return Travel(
        len(ids),
        lambda: list(app.get_state_history(whole)),
        lambda index: app.get_state(ids[index]),
        lambda index: app.get_state(ids[index]).values["a"],
        None,
        fork_quietly,
        run,
    )


async def _awaited(run: Prepared) -> None:
    await run.go()


def fan(branches: int) -> Prepared:
    """Get `branches` nodes ready that start side by side, merged by a reducer."""
    import asyncio

    class State(TypedDict):
        sum: Annotated[int, operator.add]

    def branch(i: int) -> Any:
        async def task(state: Any) -> dict[str, int]:
            await asyncio.sleep(0)
            return {"sum": i}

        return task

    builder: Any = StateGraph(State)
    for i in range(branches):
        builder.add_node(f"b{i}", branch(i))
        builder.add_edge(START, f"b{i}")
        builder.add_edge(f"b{i}", END)
    app = builder.compile(checkpointer=InMemorySaver())
    return Prepared(_run(app, {"sum": 0}, FOREVER), app)


def jokes(subjects: list[str]) -> Prepared:
    """Get the fan-out to subgraphs ready, as in LangGraph's own suite."""

    class State(TypedDict):
        subjects: list[str]
        jokes: Annotated[list[str], operator.add]

    class Joke(TypedDict):
        subject: str
        jokes: list[str]

    class Subject(TypedDict):
        subject: str

    class Jokes(TypedDict):
        jokes: list[str]

    inner: Any = StateGraph(Joke, input_schema=Subject, output_schema=Jokes)
    for fn in (work.edit, work.generate, work.bump):
        inner.add_node(fn.__name__, fn)
    inner.add_edge(START, "edit")
    inner.add_edge("edit", "generate")
    inner.add_edge("generate", "bump")
    inner.add_conditional_edges("bump", lambda state: END if work.enough(state) else "bump")
    outer: Any = StateGraph(State)
    outer.add_node("joke", inner.compile())
    outer.add_conditional_edges(
        START, lambda state: [Send("joke", {"subject": s}) for s in state["subjects"]], ["joke"]
    )
    outer.add_edge("joke", END)
    app = outer.compile(checkpointer=InMemorySaver())
    return Prepared(_run(app, {"subjects": subjects, "jokes": []}, FOREVER), app)


def lies() -> Lies:
    """Five steps: one that appends in place, and one with a list of its own."""
    shown: list[str] = []
    for own in (False, True):
        items: list[int] = []

        def step(state: Any, own: bool = own, items: list[int] = items) -> Any:
            if own:
                items.append(0)
                return {"items": items}
            state["items"].append(0)
            return {"n": state["n"] + 1}

        builder: Any = StateGraph(_schema(Chain((), {"items": [], "n": 0}, 5)))
        builder.add_node("a", step)
        builder.add_edge(START, "a")
        builder.add_conditional_edges("a", lambda state: "a")
        app = builder.compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": 5}
        with contextlib.suppress(GraphRecursionError):
            app.invoke({"items": [], "n": 0}, config)
        history = list(app.get_state_history(config))[::-1]
        after = [state for state in history if state.metadata["step"] > 0]
        shown.append(" ".join(str(len(state.values["items"])) for state in after))
    return Lies(*shown)
