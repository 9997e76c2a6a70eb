"""The nodes of a LangGraph graph, with what of the user's they run."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from lellm_nb.graph.code.code_version import core_of
from lellm_nb.state.lens import IdentityLens

__all__ = ["LangGraphNode", "function_of"]


class LangGraphNode:
    """One node as front ends ask for it; nothing is run from here.

    Attributes:
        name: Unique in its graph; the last part of its path.
        key: Its name in `compiled.nodes`; empty where it was met at run time only.
        fn: The function that it runs, `None` where it runs something else.
        target: What it runs where that is no function: a model, a chain, a node of tools.
        tools: Of a node of tools, those that it runs, by name.
        defer: Whether it waits until nothing else is left to run.
        error_handler: LangGraph's name of the node that takes its failure; empty where none does.
        graph: The graph inside, as a shape; `None` where there is none.
    """

    __slots__ = (
        *("__weakref__", "defer", "error_handler", "fn", "graph", "key", "name", "target"),
        "tools",
    )

    goto: ClassVar[tuple[str, ...]] = ()
    side_effects: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        bound: Any = None,
        key: str = "",
        *,
        graph: Any = None,
        error_handler: str = "",
    ) -> None:
        found = getattr(bound, "tools_by_name", None)
        self.name = name
        self.key = key
        self.tools: Mapping[str, Any] = found if isinstance(found, Mapping) else _NO_TOOLS
        self.fn = None if self.tools else function_of(bound)
        self.graph = graph
        self.target = bound if self.fn is None and graph is None else None
        self.defer = False
        self.error_handler = error_handler

    @property
    def kind(self) -> str:
        """``"subgraph"`` where there is a graph inside, else ``"task"``."""
        return "task" if self.graph is None else "subgraph"

    @property
    def lens(self) -> Any:
        """Of a graph that is a node itself: what both states have under one name is the same."""
        return IdentityLens() if self.graph is not None and self.fn is None else None

    @property
    def functions(self) -> tuple[Any, ...]:
        """The functions of the user's in it: its own, or those of its tools."""
        if self.fn is not None:
            return (self.fn,)
        found = (function_of(tool) for tool in self.tools.values())
        return tuple(function for function in found if function is not None)

    def __repr__(self) -> str:
        return f"<LangGraphNode {self.name!r}: {self.kind}>"


_NO_TOOLS: Mapping[str, Any] = MappingProxyType({})


def function_of(runs: Any) -> Any:
    """Return the function that a Runnable or a tool runs, as the user gave it; `None` for no one.

    Of a plain and an async one it is the async one, as that is what an async run calls. Of a
    chain it is the only function in it.

    Example:
        >>> from langchain_core.runnables import RunnableLambda
        >>> function_of(RunnableLambda(len)), function_of(RunnableLambda(len) | str)
        (<built-in function len>, None)
    """
    if core_of(runs) is not None:
        return runs
    found = list(_functions(runs, 0))
    return found[0] if len(found) == 1 else None


def _functions(runs: Any, depth: int) -> Iterator[Any]:
    steps, inner = getattr(runs, "steps", None), getattr(runs, "bound", None)
    if depth > _DEEPEST:
        return
    if isinstance(steps, list | tuple):
        for step in steps:
            yield from _functions(step, depth + 1)
    elif inner is not None:
        yield from _functions(inner, depth + 1)
    else:
        plain = _callable(runs, "func")
        real = _callable(runs, "afunc") or _callable(runs, "coroutine")
        if real is not None and (plain is None or not _runs(real, plain)):
            yield real
        elif plain is not None:
            yield plain


_DEEPEST = 20


def _callable(runs: Any, name: str) -> Any:
    found = getattr(runs, name, None)
    return found if callable(found) else None


def _runs(real: Any, plain: Any) -> bool:
    """Tell whether an async function does nothing but run a plain one in a thread."""
    return isinstance(real, functools.partial) and any(given is plain for given in real.args)
