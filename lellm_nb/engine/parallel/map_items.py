"""A map's list: what it is when the run comes there, and what becomes of it (SEMANTICS P6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from lellm_nb.errors import StateTypeError
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.graph.node import Map
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.rows.entered import MapItems, begin_items
from lellm_nb.state.claims import BranchResult
from lellm_nb.state.compact import MISSING, real, whole
from lellm_nb.state.frozen import freeze, frozen_list
from lellm_nb.state.mutation import Mutation, Put, parts_of
from lellm_nb.state.state import content_of, view

__all__ = ["bounded", "collected", "enter_map", "item_results"]

T = TypeVar("T")
R = TypeVar("R")


def enter_map(node: Map, level: Position) -> Fan:
    """Return the branches of a map for the list that is there now.

    Raises:
        StateTypeError: What `over` leads to is no list; says what it is.
        Exception: What a function `over` raised.
    """
    over = node.over
    if callable(over):
        found, named = over(view(level.data)), "The function over"
    else:
        found, named = _found(view(level.data), parts_of(over)), f"over={over!r}"
    if not _is_list(found):
        kind = "nothing" if found is MISSING else f"{type(found).__name__} ({safe_repr(found, 60)})"
        wanted = "a list of what each branch of the map is for"
        raise StateTypeError(
            over if isinstance(over, str) else None,
            wanted,
            kind,
            f"{named} of map {node.name!r} leads to {kind}; it has to be {wanted}.",
        )
    values = tuple([freeze(item, f"item {i}") for i, item in enumerate(found)])
    return begin_items(MapItems(values, node.item_key, node.into), level.data)


def _found(state: Any, path: Sequence[Any]) -> Any:
    """Return what is at a path of a state; a typed one has its fields."""
    value = state
    for part in path:
        try:
            value = value[part]
        except (LookupError, TypeError):
            value = getattr(value, part, MISSING) if isinstance(part, str) else MISSING
        if value is MISSING:
            break
    return value


def _is_list(found: Any) -> bool:
    text = isinstance(found, (str, bytes, bytearray, memoryview, Mapping))
    return isinstance(found, Sequence) and not text


def item_results(node: Map, results: Sequence[BranchResult]) -> list[BranchResult]:
    """Return what the branches of a map leave to be merged: not their item, nor what is collected.

    Where the end states of graphs are collected, what they wrote is in there.
    """
    inside = node.into is not None and node.item_key is not None
    own = {node.as_, node.into}
    return [
        r._replace(mutations=() if inside else [m for m in r.mutations if _top(m) not in own])
        for r in results
    ]


def bounded(
    work: Callable[[T], Coroutine[Any, Any, R]], limit: int
) -> Callable[[T], Coroutine[Any, Any, R]]:
    """Return what does the same work, for so many at a time."""
    room = asyncio.Semaphore(limit)

    async def in_turn(given: T) -> R:
        async with room:
            return await work(given)

    return in_turn


def _top(mutation: Mutation) -> Any:
    key = getattr(mutation, "key", None)  # a typed state's own mutation has none
    return key if key is None else parts_of(key)[0]


def collected(node: Map, fan: Fan) -> list[Mutation]:
    """Return the write of what the branches returned, in the order of the items.

    A branch that was dropped leaves no entry.
    """
    if node.into is None:
        return []
    values: list[Any] = []
    for _, branch in fan.branches.items():
        if not branch.step:
            continue
        if node.item_key is not None:
            values.append(_end_state(node.item_key, branch))
        else:
            values.append(_returned(node.into, branch))
    return [Put(node.into, frozen_list(values))]


def _end_state(item_key: str, branch: Position) -> Any:
    """Return the end state of a graph: its item and what it wrote.

    What it only saw of the state around is left there: where a map stands in a loop, its own
    older results are among that.
    """
    content = content_of(branch.data)
    wrote: Any = () if branch.wrote is None else branch.wrote.since(0)
    own = {_top(mutation) for mutation in wrote} | {item_key}
    kept = content if None in own else {k: v for k, v in content.items() if k in own}
    return freeze({key: real(value) for key, value in kept.items()})


def _returned(into: str, branch: Position) -> Any:
    """Return what a function returned: it stands alone in a list under the key, as it was put."""
    wrote: Any = () if branch.wrote is None else branch.wrote.since(0)
    for mutation in reversed(wrote):
        if getattr(mutation, "key", None) == into:
            return whole(mutation.kept)[0]
    return None
