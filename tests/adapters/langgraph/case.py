"""A graph to be debugged, what it is asked and answered, and a count of what ran."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Case", "Ran", "question_of", "step_node"]


class Ran:
    """How often each function ran, counted by the functions themselves, on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def __call__(self, name: str) -> int:
        """Count one run and say how many there are."""
        with self._lock:
            self._counts[name] += 1
            return self._counts[name]

    @property
    def counts(self) -> Counter[str]:
        """What ran so far, as a copy."""
        with self._lock:
            return Counter(self._counts)

    def clear(self) -> None:
        """Count from nothing again."""
        with self._lock:
            self._counts.clear()


@dataclass
class Case:
    """One situation: debugged and run plainly, it has to come to the same.

    Attributes:
        graph: What LangGraph compiled; debugged as it is.
        input: What it is given; never changed.
        answers: The answer to each question, in the order in which they are given where
            several wait; a question is the value of the interrupt (`question_of`).
        ran: Counted by the functions of the graph.
        again: Functions that run again from their start whenever the run goes on, as LangGraph
            has it: they call a graph, are an entrypoint, or ask (`interrupt`).
        config: What a person gives beside the input.
        context: The same, for `Runtime.context`.
        stream: Whether models are asked for tokens (L15).
        right: The end that it has to come to where plain LangGraph itself comes to another one.
        once: Functions that something outside remembers (a cache, a store): once they ran, they
            need not run again; they are left out of the count of what runs after a rewind.
    """

    graph: Any
    input: Any
    ran: Ran
    answers: Mapping[Any, Any] = field(default_factory=dict)
    again: frozenset[str] = frozenset()
    config: dict[str, Any] | None = None
    context: Any = None
    stream: bool = True
    right: Any = None
    once: frozenset[str] = frozenset()

    def given(self) -> dict[str, Any]:
        """Return what `Debugger` takes beside graph and input."""
        more: dict[str, Any] = {} if self.stream else {"stream": False}
        if self.config is not None:
            more["config"] = self.config
        if self.context is not None:
            more["context"] = self.context
        return more


def question_of(value: Any) -> Any:
    """Return what an interrupt asks, as the key of `Case.answers`.

    Example:
        >>> question_of({"ask": "sure?"}), question_of("sure?")
        ('sure?', 'sure?')
    """
    if isinstance(value, Mapping):
        if "action_requests" in value:
            return " + ".join(action["name"] for action in value["action_requests"])
        for key in ("ask", "name"):
            if key in value:
                return value[key]
        return repr(dict(value))
    return value


def step_node(ran: Ran, name: str, **update: Any) -> Callable[[Any], dict[str, Any]]:
    """Return a node that is counted, appends its name to `log`, and writes what is given."""

    def node(state: Any) -> dict[str, Any]:
        ran(name)
        return {"log": [name], **update}

    node.__name__ = name
    return node
