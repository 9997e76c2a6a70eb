"""Making nodes of what users give: functions, graphs, objects (SEMANTICS G1)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lellm_nb.arguments import refusal, shown
from lellm_nb.errors import EmptyParallelError, InvalidNodeError
from lellm_nb.graph.item_branches import ItemBranches
from lellm_nb.graph.node import Custom, Map, Node, Parallel, Runnable, Subgraph, Task
from lellm_nb.graph.node_options import check_name, part_of
from lellm_nb.graph.shapes.shape import GraphShape
from lellm_nb.state.lens import StateLens, as_lens
from lellm_nb.state.merge import as_merge

__all__ = ["make_map", "make_node", "make_parallel", "recomposed"]


def make_node(name: str, target: Any, **options: Any) -> Node:
    """Make a node of what a user gave: a callable, a graph, or something with `execute`.

    Raises:
        InvalidNodeError: It is none of these.
    """
    check_name(name)
    if isinstance(target, Node):
        return _renamed(name, target)
    if isinstance(target, GraphShape):
        return Subgraph(name, target, as_lens(None), **options)
    if inspect.isclass(target):
        raise InvalidNodeError(name, f"{target.__name__} is a class; give an instance of it.")
    if isinstance(target, Runnable):
        return Custom(name, target, **options)
    if callable(target):
        return Task(name, target, **options)
    hint = " Did you forget .build()?" if hasattr(type(target), "build") else ""
    raise InvalidNodeError(
        name,
        f"{shown(target)} cannot run. A node is a function of ctx, a graph, or an object with an"
        f" execute(ctx) method.{hint}",
    )


def _renamed(name: str, node: Node) -> Node:
    return node if node.name == name else replace(node, name=name)


def recomposed(node: Any, code: Any) -> Parallel | Subgraph | None:
    """Return a composite with other code of its own, `None` where it is none for it.

    Args:
        code: The merge of a Parallel, a strategy or a function; the lens of a subgraph.
    """
    if isinstance(node, Parallel) and not isinstance(code, Node | GraphShape):
        if callable(code) or hasattr(code, "merge"):
            return replace(node, merge=as_merge(code))
    elif isinstance(node, Subgraph) and isinstance(code, StateLens):
        return replace(node, lens=as_lens(code))
    return None


def make_parallel(
    name: str, branches: Mapping[str, Any], *, merge: Any, on_error: str, executor: Any = None
) -> Parallel | EmptyParallelError:
    """Make a Parallel; an empty one is a structural problem, to be reported by `build`.

    Raises:
        InvalidNodeError: Something it was given does not fit; names it.
    """
    refuse = partial(InvalidNodeError, check_name(name))
    given: Any = branches
    if not isinstance(given, Mapping):
        raise refusal(given, "branches", "a mapping of names to what runs", refuse)
    made = {check_name(b, "branch"): make_node(b, target) for b, target in given.items()}
    parallel = Parallel(name, made, as_merge(merge, part_of(name)), on_error, executor)
    return parallel if made else EmptyParallelError(name)


def make_map(name: str, target: Any, *, merge: Any, **options: Any) -> Map:
    """Make a Map of what runs for each item.

    Raises:
        InvalidNodeError: Something it was given does not fit; names it.
    """
    each = make_node(check_name(name), target)
    return Map(name, ItemBranches(each), as_merge(merge, part_of(name)), **options)
