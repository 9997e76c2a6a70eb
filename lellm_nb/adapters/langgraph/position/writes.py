"""What a task wrote to its channels, as the mutations and the way out of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from langgraph.types import Send

from lellm_nb.adapters.langgraph.position.facts import LevelFacts
from lellm_nb.adapters.langgraph.position.level import TASKS, Pairs, Written
from lellm_nb.adapters.langgraph.position.names import together
from lellm_nb.graph.edge import Route
from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.compact import MISSING
from lellm_nb.state.frozen import frozen_list
from lellm_nb.state.mutation import Mutation, Put

__all__ = [
    "folded",
    "joined_mutations",
    "mutations_of",
    "route_of",
    "targets_of",
    "without_keys_of",
]

RETURN = "__return__"
"""Where a task of the functional API writes what it returned."""


def mutations_of(facts: LevelFacts, pairs: Iterable[tuple[str, Any]]) -> list[Mutation]:
    """Return what was written to keys of the state, one mutation for each joining channel."""
    made: dict[str, Any] = {}
    for channel, value in pairs:
        if channel != RETURN and not facts.is_key(channel):
            continue
        reducer = None if channel == RETURN else facts.reducer(channel)
        if reducer is None:
            made[channel] = Put(channel, value)
            continue
        _, values = made.setdefault(channel, (reducer, []))
        values.append(value)
    for channel, one in made.items():
        if not isinstance(one, Put):
            reducer, values = one
            made[channel] = ChannelUpdate(channel, frozen_list(values, channel), reducer)
    return list(made.values())


def joined_mutations(facts: LevelFacts, written: Iterable[Written]) -> list[Mutation]:
    """Return what a whole super-step wrote, its tasks in LangGraph's order."""
    return mutations_of(facts, in_order(written))


def in_order(written: Iterable[Written]) -> Pairs:
    """Return the writes of a super-step in the order in which LangGraph applies them."""
    ordered = sorted(written, key=lambda wrote: wrote.place)
    return tuple(pair for wrote in ordered for pair in wrote.pairs)


def targets_of(pairs: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the nodes that the writes of a task lead to, each once."""
    found: dict[str, None] = {}
    for channel, value in pairs:
        if channel.startswith(("branch:to:", "join:")):
            found[channel.rpartition(":")[2]] = None
        elif channel == TASKS and hasattr(value, "node"):
            found[value.node] = None
    return list(found)


def route_of(pairs: Iterable[tuple[str, Any]], node: str, kinds: Mapping[Any, str]) -> Route:
    """Return the way that a task's writes go.

    Args:
        kinds: The kinds of the edges that the graph declares, by source and target.
    """
    targets = targets_of(pairs)
    if not targets:
        return _route(None, "end")
    kind = kinds.get((node, targets[0]), "goto")
    return _route(targets[0] if len(targets) == 1 else together(targets), kind)


_route = lru_cache(1024)(Route)
"""Frames share them: a loop goes the same way again and again."""


def folded(facts: LevelFacts, data: Mapping[str, Any], pairs: Pairs, channel: str) -> Any:
    """Return what a channel holds after some writes, where no checkpoint says it."""
    old = data.get(channel, MISSING)
    values = [value for name, value in pairs if name == channel]
    reducer = facts.reducer(channel)
    return old if not values or reducer is None else reducer.fold(old, frozen_list(values, channel))


def without_keys_of(send: Any, gone: Sequence[str]) -> Any:
    """Return what was sent to a node without some keys."""
    argument = getattr(send, "arg", None)
    if not isinstance(argument, dict) or not any(key in argument for key in gone):
        return send
    return Send(send.node, {key: v for key, v in argument.items() if key not in gone})
