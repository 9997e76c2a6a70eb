"""What a compiled graph says of each of its levels, looked up once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from langgraph.channels import BaseChannel
from langgraph.managed.base import is_managed_value
from langgraph.pregel import Pregel

from lellm_nb.adapters.langgraph.position.channels import (
    KeptUntracked,
    is_plain,
    reducer_of,
    visible_channels,
)
from lellm_nb.adapters.langgraph.position.level import START, TASKS, PregelLevel
from lellm_nb.adapters.langgraph.position.names import SEPARATOR
from lellm_nb.errors import StateError, nearest
from lellm_nb.state.frozen import freeze
from lellm_nb.state.reducer import Reducer

__all__ = ["GraphFacts", "LevelFacts"]

_LEVELS = 64
"""Of so many levels it is kept at most what they lead to: each holds a state."""

_HIDDEN = ("branch:", "join:", "__")


class _LeadsTo(NamedTuple):
    """The nodes that a checkpoint leads to, with what that was read off."""

    checkpoint: Any
    hidden: Any
    data: Any
    names: list[str]

    def is_of(self, level: PregelLevel) -> bool:
        """Tell whether a level still has the same, whatever its tasks have written."""
        return (
            level.checkpoint is self.checkpoint
            and level.data is self.data
            and level.hidden is self.hidden
        )


class LevelFacts:
    """One level's channels and nodes.

    Attributes:
        graph: The compiled graph; `None` of one that a function calls and nobody knows.
        deltas: Channels of which a checkpoint keeps only what was written.
        defaults: What keys of the state hold that were never written.
        untracked: Channels whose values upstream forgets where a run is left.
        before, after: The nodes of its static interrupts.
        counts_steps: Whether something in it reads how many steps are left.
    """

    def __init__(self, graph: Any, declared: Any = None) -> None:
        self.graph = graph
        declared = graph if declared is None else declared
        self.visible = frozenset(visible_channels(graph)) if graph is not None else None
        self.before = _names(declared, "interrupt_before_nodes")
        self.after = _names(declared, "interrupt_after_nodes")
        channels = {} if graph is None else graph.channels
        self.counts_steps = any(is_managed_value(c) for c in channels.values())
        self.channels: Mapping[str, Any] = {
            name: channel for name, channel in channels.items() if isinstance(channel, BaseChannel)
        }
        self.deltas = [
            name
            for name, channel in self.channels.items()
            if type(channel).__name__ == "DeltaChannel"
        ]
        self.untracked = [
            name for name, channel in self.channels.items() if isinstance(channel, KeptUntracked)
        ]
        self._reducers: dict[str, Reducer | None] = {}
        self._leads_to: dict[str, _LeadsTo] = {}
        self.defaults = {
            name: freeze(channel.get(), name)
            for name, channel in self.channels.items()
            if self.is_key(name) and channel.is_available()
        }

    def check_key(self, key: Any) -> None:
        """Refuse to write a key that the graph does not have.

        Raises:
            StateError: It has none of that name; names the nearest.
        """
        if self.visible is not None and key not in self.visible:
            raise StateError(
                f"The graph has no key {key!r}.{nearest(key, self.visible)}"
                f" Its keys: {', '.join(sorted(self.visible))}.",
                key=key,
            )

    def is_empty(self, channel: str, value: Any) -> bool:
        """Tell whether a channel that is a key of the state holds nothing, whatever it stores."""
        if value or self.reducer(channel) is None:
            return False
        spec = self.channels[channel]
        return not spec.from_checkpoint(value).is_available()

    def is_key(self, channel: str) -> bool:
        """Tell whether a channel is a key of the state."""
        if self.visible is not None:
            return channel in self.visible
        return not channel.startswith(_HIDDEN)

    def reducer(self, channel: str) -> Reducer | None:
        """Return how a channel joins what is written; `None` where it holds what came last."""
        if channel not in self._reducers:
            spec = self.channels.get(channel)
            plain = spec is None or is_plain(spec)
            self._reducers[channel] = None if plain else reducer_of(spec, channel)
        return self._reducers[channel]

    def leads_to(self, level: PregelLevel) -> list[str]:
        """Return the nodes that a level's checkpoint leads to; looked up once for all its tasks."""
        last = self._leads_to.get(level.namespace)
        if last is None or not last.is_of(level):
            names = self.expected(level.checkpoint, {**level.hidden, **level.data})
            if len(self._leads_to) >= _LEVELS:
                self._leads_to.clear()
            last = _LeadsTo(level.checkpoint, level.hidden, level.data, names)
            self._leads_to[level.namespace] = last
        return last.names

    def expected(self, checkpoint: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
        """Return the nodes that a checkpoint leads to, one for each task, in LangGraph's order.

        That is read off the checkpoint, so that a frame can say what comes next before it comes.
        What runs is up to LangGraph alone.
        """
        names = [send.node for send in values.get(TASKS) or () if hasattr(send, "node")]
        versions, seen = checkpoint["channel_versions"], checkpoint["versions_seen"]
        if self.graph is None:
            return [*names, *_by_name(values, versions, seen)]
        for name, triggers in self._candidates(checkpoint):
            mine = seen.get(name, {})
            for channel in triggers:
                version = versions.get(channel)
                if version is None or channel not in values or version == mine.get(channel):
                    continue
                if self._available(channel, values[channel]):
                    names.append(name)
                    break
        return names

    def _candidates(self, checkpoint: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        nodes, updated = self.graph.nodes, checkpoint.get("updated_channels")
        by_trigger = getattr(self.graph, "trigger_to_nodes", None)
        if not updated or by_trigger is None:
            names = list(nodes)
        else:
            names = sorted({name for channel in updated for name in by_trigger.get(channel, ())})
        for name in names:
            if name != START:
                yield name, nodes[name].triggers

    def _available(self, channel: str, value: Any) -> bool:
        if channel.startswith("branch:"):
            return True
        spec = self.channels.get(channel)
        return spec is not None and spec.from_checkpoint(value).is_available()


def _by_name(values: Mapping[str, Any], versions: Any, seen: Any) -> list[str]:
    names = (channel.rpartition(":")[2] for channel in values if channel.startswith("branch:to:"))
    return [
        name
        for name in names
        if versions.get(f"branch:to:{name}") != seen.get(name, {}).get(f"branch:to:{name}")
    ]


def _names(graph: Any, attribute: str) -> frozenset[str]:
    """Return the names of a static interrupt; ``*`` is every node."""
    named = getattr(graph, attribute, None) or ()
    if named == "*" or "*" in named:
        return frozenset(name for name in graph.nodes if name != START)
    return frozenset(named)


class GraphFacts:
    """The facts of every level of a compiled graph, by its path without visits.

    Args:
        prepared: The graph that is driven.
        compiled: The user's own: its static interrupts are ours to keep.

    Attributes:
        entered: Paths of nodes that are a graph and nothing else: entering one runs no function.
        alone: Paths of graphs that are compiled to keep no checkpoint: one step each.
        counts_steps: Whether something in it reads how many steps are left.
        ends_with_step: Whether nothing happens between two super-steps but that tasks ask.
    """

    def __init__(self, prepared: Any, compiled: Any) -> None:
        self.levels: dict[str, LevelFacts] = {"": LevelFacts(prepared, compiled)}
        self.entered: set[str] = set()
        self.alone: set[str] = set()
        self._walk(prepared, compiled, "")
        for path, graph in prepared.get_subgraphs(recurse=True):
            static = path.replace(SEPARATOR, "/")
            if isinstance(graph, Pregel):  # a RemoteGraph is a node like any other
                if static not in self.levels:
                    self.levels[static] = LevelFacts(graph)
                if graph.checkpointer is False:
                    self.alone.add(static)
        self.counts_steps = any(facts.counts_steps for facts in self.levels.values())
        root = self.levels[""]
        by_itself = bool(root.before or root.after or prepared.cache is not None)
        self.ends_with_step = not (by_itself or self.counts_steps)

    def _walk(self, graph: Any, declared: Any, around: str) -> None:
        for name, node in graph.nodes.items():
            if isinstance(node.bound, Pregel):
                path = f"{around}/{name}" if around else name
                own = declared.nodes[name].bound
                self.entered.add(path)
                self.levels[path] = LevelFacts(node.bound, own)
                if node.bound.checkpointer is False:
                    self.alone.add(path)
                self._walk(node.bound, own, path)

    def at(self, path: str) -> LevelFacts:
        """Return the facts of a level by its path without visits."""
        found = self.levels.get(path)
        if found is None:
            found = self.levels[path] = LevelFacts(None)
        return found
