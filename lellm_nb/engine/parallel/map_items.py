"""A map's list: what it is when the run comes there, and what becomes of it (SEMANTICS P6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from lellm_nb.errors import StateTypeError, nearest, path_text
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.graph.node import Map
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.rows.entered import MapItems, begin_items
from lellm_nb.record.rows.item_result import item_result, top_key
from lellm_nb.state.claims import BranchResult
from lellm_nb.state.compact import MISSING
from lellm_nb.state.frozen import freeze, frozen_list
from lellm_nb.state.mutation import Key, Mutation, Put, parts_of
from lellm_nb.state.state import content_of, view
from lellm_nb.state.structs.nested import opened

__all__ = ["bounded", "check_given", "check_kept", "collected", "enter_map", "item_results"]

T = TypeVar("T")
R = TypeVar("R")


def enter_map(node: Map, level: Position) -> Fan:
    """Return the branches of a map for the list that is there now.

    Raises:
        StateTypeError: What `over` leads to is no list; says what it is.
        Exception: What a function `over` raised.
    """
    over, hint = node.over, ""
    if callable(over):
        found, named = over(view(level.data)), "The function over"
    else:
        found, hint = _found(view(level.data), parts_of(over))
        named = f"over={over!r}"
    if not _is_list(found):
        kind = "nothing" if found is MISSING else f"{type(found).__name__} ({safe_repr(found, 60)})"
        wanted = "a list of what each branch of the map is for"
        raise StateTypeError(
            over if isinstance(over, str) else None,
            wanted,
            kind,
            f"{named} of map {node.name!r} leads to {kind}; it has to be {wanted}.{hint}",
        )
    values = tuple([freeze(item, f"item {i}") for i, item in enumerate(found)])
    return begin_items(MapItems(values, node.item_key, node.into), level.data)


def _found(state: Any, path: Sequence[Any]) -> tuple[Any, str]:
    """Return what is at a path of a state, and what may be meant where there is nothing.

    A typed state has its fields.
    """
    value = state
    for part in path:
        around = value
        try:
            value = value[part]
        except (LookupError, TypeError):
            value = getattr(value, part, MISSING) if isinstance(part, str) else MISSING
        if value is MISSING:
            known = opened(around)
            return value, nearest(part, map(str, known)) if isinstance(known, Mapping) else ""
    return value, ""


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
        r._replace(mutations=() if inside else [m for m in r.mutations if top_key(m) not in own])
        for r in results
    ]


def check_given(into: str, key: Key, path: str) -> None:
    """Refuse what a person puts in the place of what the function of a map returns.

    Raises:
        StateTypeError: It is another key than the one that is collected.
    """
    if key != into:
        shown = path_text(key)
        problem = (
            f"{path} is given what its function would return, at {into!r} alone, not at"
            f" {shown!r}: modify({into!r}, value) gives it a value."
        )
        raise StateTypeError(key, repr(into), repr(shown), problem)


def check_kept(into: str, path: str, edits: Sequence[Mutation], after: Any) -> None:
    """Refuse a write that leaves at the key that is collected what is no list of one.

    Args:
        after: The state of the branch with the edits.

    Raises:
        StateTypeError: It does; says what to put.
    """
    if all(top_key(edit) != into for edit in edits):
        return
    found: Any = content_of(after).get(into)
    if not _is_list(found) or len(found) != 1:
        shown = safe_repr(found, 60)
        problem = (
            f"What {path} made of its item stands in a list of one: put={{{into!r}:"
            f" [value]}}, not {shown}."
        )
        raise StateTypeError(into, "a list of one", shown, problem)


def bounded(
    work: Callable[[T], Coroutine[Any, Any, R]], limit: int
) -> Callable[[T], Coroutine[Any, Any, R]]:
    """Return what does the same work, for so many at a time."""
    room = asyncio.Semaphore(limit)

    async def in_turn(given: T) -> R:
        async with room:
            return await work(given)

    return in_turn


def collected(fan: Fan) -> list[Mutation]:
    """Return the write of what the branches of a map returned, in the order of the items.

    A branch that was dropped leaves no entry.
    """
    items: MapItems = fan.items
    if items.into is None:
        return []
    ended = [branch for _, branch in fan.branches.items() if branch.step]
    return [Put(items.into, frozen_list([item_result(items, one) for one in ended]))]
