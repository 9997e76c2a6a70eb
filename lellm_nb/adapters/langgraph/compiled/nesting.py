"""What is inside of a node: the graph that it is, the graph that it calls, the tasks it calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langgraph.func import task
from langgraph.pregel import Pregel

from lellm_nb.adapters.langgraph.compiled.nodes import function_of
from lellm_nb.graph.code.code_version import core_of

__all__ = ["called_graph", "tasks_of"]


def called_graph(node: Any, around: tuple[Any, ...]) -> Any:
    """Return the graph that the function of a node calls, as far as LangGraph finds it.

    Args:
        around: The graphs that the node is in. A function that names one of them calls itself;
            and where a cell was run again, the older self of one may be what the name means.
    """
    for graph in node.subgraphs:
        if isinstance(graph, Pregel) and not any(_is_again(graph, outer) for outer in around):
            return graph
    return None


def _is_again(graph: Any, outer: Any) -> bool:
    return graph is outer or _look(graph) == _look(outer)


def _look(graph: Any) -> list[Any]:
    functions = [function_of(node.bound) for node in graph.nodes.values()]
    return [graph.name, *graph.nodes, *(getattr(f, "__qualname__", None) for f in functions)]


@task
def _some_task() -> None:
    """Is here for its type alone, which has no public name."""


def tasks_of(function: Any) -> dict[str, Any]:
    """Return the functions of the tasks (``@task``) that a function names, by their names.

    It may not call them all, and may call others by way of other functions.
    """
    core = core_of(getattr(function, "__func__", function))
    found: dict[str, Any] = {}
    for value in () if core is None else _named_in(core):
        if isinstance(value, type(_some_task)):
            found.setdefault(str(getattr(value, "__name__", "task")), value.func)
    return found


def _named_in(function: Any) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # what it names was not made yet
            continue
    codes = [function.__code__]
    for code in codes:
        for name in code.co_names:
            if name in function.__globals__:
                yield function.__globals__[name]
        codes += [inner for inner in code.co_consts if isinstance(inner, type(code))]
