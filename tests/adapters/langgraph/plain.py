"""A case on plain LangGraph: what the debugger has to come to."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from tests.adapters.langgraph.case import Case, question_of

__all__ = ["Ended", "first_asked", "normal", "plain_states", "run_plain", "without_repeats"]

MOST = 200  # goes, so that a graph that asks for ever fails its test


@dataclass
class Ended:
    """How a run on plain LangGraph ended: its values and what ran; or why it failed."""

    values: Any
    ran: Counter[str]
    error: BaseException | None = None


def normal(value: Any) -> Any:
    """Return a value in a form that compares: plain containers, and messages by what they say.

    Ids of tool messages are made up by LangGraph anew in each run.

    Example:
        >>> normal({"x": (1, 2)})
        {'x': [1, 2]}
    """
    if isinstance(value, BaseMessage):
        calls = [
            (one["name"], normal(one["args"]), one["id"])
            for one in getattr(value, "tool_calls", ())
        ]
        own = value.tool_call_id if isinstance(value, ToolMessage) else value.id
        return (type(value).__name__, normal(value.content), own, calls)
    if isinstance(value, Mapping):
        return {key: normal(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [normal(inner) for inner in value]
    if isinstance(value, (set, frozenset)):
        return set(value)
    return value


def first_asked(case: Case, asked: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Return the id and the answer of what is answered next: the first of `answers` that waits.

    Args:
        asked: Id and interrupt value of all that wait.
    """
    by_question = {question_of(value): id for id, value in asked}
    for question, answer in case.answers.items():
        if question in by_question:
            return by_question[question], answer
    raise AssertionError(f"nobody answers {list(by_question)}")


async def _goes(case: Case, history: list[Any] | None = None) -> Ended:
    graph = case.graph.copy(update={"checkpointer": InMemorySaver()})
    config = {**(case.config or {})}
    config["configurable"] = {"thread_id": "plain", **config.get("configurable", {})}
    more = {} if case.context is None else {"context": case.context}
    given: Any = copy.deepcopy(case.input)
    try:
        for _ in range(MOST):
            told = await graph.ainvoke(given, config, **more)
            now = await graph.aget_state(config)
            # the snapshot has none of an error handler, and before 1.1 also those that are answered
            news = told.get("__interrupt__") if isinstance(told, dict) else None
            asked = [(one.id, one.value) for one in news or now.interrupts]
            if asked:
                id, answer = first_asked(case, asked)
                given = Command(resume={id: answer})
            elif now.next:  # a static interrupt
                given = None
            else:
                if history is not None:
                    history += [one async for one in graph.aget_state_history(config)]
                return Ended(normal(now.values), case.ran.counts)
        raise AssertionError("it has no end")
    except AssertionError:
        raise
    except Exception as error:
        return Ended(None, case.ran.counts, error)


def run_plain(case: Case) -> Ended:
    """Run a case to its end with a saver in memory, answering in the order of `answers`."""
    return asyncio.run(_goes(case))


def plain_states(case: Case) -> list[Any]:
    """Run a case plainly, and return the root states that it went through, oldest first.

    A state that is the same as the one before it is not told again.
    """
    history: list[Any] = []
    asyncio.run(_goes(case, history))
    told = [normal(one.values) for one in history if one.metadata["source"] != "input"]
    return without_repeats(reversed(told))


def without_repeats(states: Iterable[Any]) -> list[Any]:
    """Return the states, each run of equal ones once, and none that is empty.

    Example:
        >>> without_repeats([{}, {"n": 1}, {"n": 1}, {"n": 2}])
        [{'n': 1}, {'n': 2}]
    """
    return [state for state, _ in groupby(states) if state]
