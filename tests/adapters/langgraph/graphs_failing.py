"""What fails and is taken: tries, handlers, limits of time; and what is looked up in a cache."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from importlib.metadata import version

from langgraph.cache.memory import InMemoryCache
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.types import CachePolicy, Command, RetryPolicy, interrupt

from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.graphs_nesting import line

__all__ = ["CASES", "HANDLED_BESIDE", "HAS_HANDLERS", "HAS_TIMEOUTS", "NOW", "flaky"]

_TAKES = inspect.signature(StateGraph.add_node).parameters
HAS_HANDLERS, HAS_TIMEOUTS = "error_handler" in _TAKES, "timeout" in _TAKES
_VERSION = tuple(int(part) for part in version("langgraph").split(".")[:3] if part.isdigit())
HANDLED_BESIDE = HAS_HANDLERS and _VERSION >= (1, 2, 18)  # older ones raise the failure
"""Before, an error that a handler takes is raised all the same where a subgraph is beside it."""

NOW = {"initial_interval": 0.0, "jitter": False}
"""A retry policy without waiting."""


def flaky(ran: Ran, name: str, fails: int = 2) -> Callable[[Log], dict]:
    """Return a node that fails so many times, and then does not: each time it is run anew."""

    def node(state: Log) -> dict:
        if ran(name) % (fails + 1):
            raise ConnectionError(f"{name} is not there yet")
        return {"log": [name]}

    node.__name__ = name
    return node


def retried() -> Case:
    """A node that is tried three times, beside one that is not."""
    ran = Ran()
    policy = RetryPolicy(max_attempts=4, **NOW)
    g = StateGraph(Log).add_node("a", flaky(ran, "a"), retry_policy=policy)
    g.add_node("b", step_node(ran, "b")).add_node("c", step_node(ran, "c"))
    g.add_edge(START, "a").add_edge(START, "b").add_edge(["a", "b"], "c")
    return Case(g.compile(), {"log": []}, ran)


def retried_inside() -> Case:
    """The same in a subgraph, and in a task of an entrypoint that a node calls."""
    ran = Ran()
    policy = RetryPolicy(max_attempts=4, **NOW)

    @task(retry_policy=policy)
    def fetch(x: int) -> int:
        if ran("fetch") % 2:
            raise ConnectionError("not yet")
        return x + 1

    @entrypoint()
    def flow(x: int) -> int:
        ran("flow")
        return fetch(x).result()

    def call_it(state: Log) -> dict:
        ran("call_it")
        return {"log": [flow.invoke(1)]}

    inner = StateGraph(Log).add_node("i", step_node(ran, "i"))
    inner.add_node("shaky", flaky(ran, "shaky", 1), retry_policy=policy)
    inner.add_edge(START, "i").add_edge("i", "shaky")
    g = StateGraph(Log).add_node("sub", inner.compile()).add_node("call_it", call_it)
    g.add_edge(START, "sub").add_edge("sub", "call_it")
    return Case(g.compile(), {"log": []}, ran, again=frozenset({"flow", "call_it"}))


def handled() -> Case:
    """A node whose error a handler takes, and the handler writes (L5)."""
    ran = Ran()

    def bad(state: Log) -> dict:
        ran("bad")
        raise ValueError("boom")

    def fix(state: Log) -> dict:
        ran("fix")
        return {"log": ["fixed"]}

    g = StateGraph(Log).add_node("a", step_node(ran, "a"))
    g.add_node("bad", bad, error_handler=fix).add_node("b", step_node(ran, "b"))
    g.add_edge(START, "a").add_edge("a", "bad").add_edge("bad", "b")
    return Case(g.compile(), {"log": []}, ran)


def handled_beside() -> Case:
    """The same beside a subgraph, and the handler says where to go."""
    ran = Ran()

    def bad(state: Log) -> dict:
        ran("bad")
        raise ValueError("boom")

    def fix(state: Log) -> Command:
        ran("fix")
        return Command(goto="other", update={"log": ["fixed"]})

    g = StateGraph(Log).add_node("bad", bad, error_handler=fix)
    g.add_node("sub", line(ran, "x", "y").compile()).add_node("b", step_node(ran, "b"))
    g.add_node("other", step_node(ran, "other"))
    g.add_edge(START, "bad").add_edge(START, "sub").add_edge("sub", "b")
    return Case(g.compile(), {"log": []}, ran)


def handled_inside() -> Case:
    """A subgraph that fails inside, which a handler of the outer graph takes."""
    ran = Ran()

    def bad(state: Log) -> dict:
        ran("bad")
        raise ValueError("boom")

    def fix(state: Log) -> dict:
        ran("fix")
        return {"log": ["fixed"]}

    inner = StateGraph(Log).add_node("i", step_node(ran, "i")).add_node("bad", bad)
    inner.add_edge(START, "i").add_edge("i", "bad")
    g = StateGraph(Log).add_node("sub", inner.compile(), error_handler=fix)
    g.add_node("b", step_node(ran, "b")).add_edge(START, "sub").add_edge("sub", "b")
    return Case(g.compile(), {"log": []}, ran)


def handler_asks() -> Case:
    """A handler that asks what is to be done."""
    ran = Ran()

    def bad(state: Log) -> dict:
        ran("bad")
        raise ValueError("boom")

    def fix(state: Log) -> dict:
        ran("fix")
        return {"log": [interrupt("what now?")]}

    g = StateGraph(Log).add_node("bad", bad, error_handler=fix)
    g.add_node("b", step_node(ran, "b")).add_edge(START, "bad").add_edge("bad", "b")
    return Case(g.compile(), {"log": []}, ran, {"what now?": "go on"}, frozenset({"fix"}))


def timed_out() -> Case:
    """A node that never comes back, but has a limit and is tried again."""
    ran = Ran()

    async def slow(state: Log) -> dict:
        if ran("slow") % 2:
            await asyncio.Event().wait()  # never set: the limit ends it
        return {"log": ["slow"]}

    policy = RetryPolicy(max_attempts=2, retry_on=lambda error: True, **NOW)
    g = StateGraph(Log).add_node("slow", slow, timeout=0.02, retry_policy=policy)
    g.add_node("b", step_node(ran, "b")).add_edge(START, "slow").add_edge("slow", "b")
    return Case(g.compile(), {"log": []}, ran)


def cached_node() -> Case:
    """A node with a cache in a loop: it runs once, and is a frame each time."""
    ran = Ran()

    def same(state: Log) -> dict:
        ran("same")
        return {"log": ["same"]}

    def count(state: Log) -> dict:
        ran("count")
        return {"n": state["n"] + 1}

    policy = CachePolicy(key_func=lambda state: "always")
    g = StateGraph(Log).add_node("same", same, cache_policy=policy).add_node("count", count)
    g.add_edge(START, "same").add_edge("same", "count")
    g.add_conditional_edges("count", lambda state: "same" if state["n"] < 2 else END, ["same", END])
    graph = g.compile(cache=InMemoryCache())
    return Case(graph, {"log": [], "n": 0}, ran, once=frozenset({"same"}))


def cached_task() -> Case:
    """A task with a cache: called twice with one value, it runs once."""
    ran = Ran()

    @task(cache_policy=CachePolicy())
    def square(x: int) -> int:
        ran("square")
        return x * x

    @task
    def plus(x: int) -> int:
        ran("plus")
        return x + 1

    @entrypoint(cache=InMemoryCache())
    def flow(x: int) -> int:
        ran("flow")
        first = square(x).result()
        return plus(first).result() + square(x).result()

    return Case(flow, 3, ran, again=frozenset({"flow"}), once=frozenset({"square"}))


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        retried,
        retried_inside,
        cached_node,
        cached_task,
        *((handled, handled_inside, handler_asks) if HAS_HANDLERS else ()),
        *((handled_beside,) if HANDLED_BESIDE else ()),
        *((timed_out,) if HAS_TIMEOUTS else ()),
    )
}
