"""A checkpoint that LangGraph saves, as a level of a position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.adapters.langgraph.position.copies import Copies
from lellm_nb.adapters.langgraph.position.facts import LevelFacts
from lellm_nb.adapters.langgraph.position.level import Levels, PregelLevel, Written
from lellm_nb.adapters.langgraph.position.same_keys import with_same_keys
from lellm_nb.adapters.langgraph.position.writes import folded, in_order
from lellm_nb.record.visits import Visits
from lellm_nb.state.compact import MISSING

__all__ = ["level_of_checkpoint"]


def level_of_checkpoint(
    levels: Levels,
    namespace: str,
    facts: LevelFacts,
    copies: Copies,
    checkpoint: Mapping[str, Any],
    metadata: Mapping[str, Any],
    new: Mapping[str, Any],
) -> PregelLevel:
    """Return a level after its super-step was applied; what did not change is shared.

    Args:
        levels: The position before.
        facts: What the graph says of the level.
        new: The versions of the channels that are new.
    """
    old = levels.get(namespace)
    data: dict[str, Any] = {}
    hidden: dict[str, Any] = {}
    before: Mapping[str, Any] = {} if old is None else old.data
    aside: Mapping[str, Any] = {} if old is None else old.hidden
    for key, value in checkpoint["channel_values"].items():
        if key not in new and key in aside:
            hidden[key] = aside[key]
            continue
        if key not in new and key in before:
            data[key] = before[key]
            continue
        if type(value).__name__ == "_DeltaSnapshot":
            value = value.value
        shown = facts.is_key(key) and not facts.is_empty(key, value)
        own, known = (data, before) if shown else (hidden, aside)
        own[key] = copies.kept(value, key, known.get(key))
    for key, value in facts.defaults.items():
        data.setdefault(key, value)
    _fold_deltas(facts, checkpoint, data, before, () if old is None else old.written)
    seen = {} if old is None else old.checkpoint["versions_seen"]
    own_checkpoint = dict(checkpoint)
    del own_checkpoint["channel_values"]
    own_checkpoint["channel_versions"] = with_same_keys(checkpoint["channel_versions"])
    own_checkpoint["versions_seen"] = with_same_keys(
        {
            node: seen[node] if seen.get(node) == found else with_same_keys(found)
            for node, found in checkpoint["versions_seen"].items()
        }
    )
    own_metadata = with_same_keys(metadata)
    if not own_metadata.get("parents", True):
        own_metadata["parents"] = _NO_PARENTS
    visits, step = _counts(levels, old, namespace)
    return PregelLevel(
        namespace,
        with_same_keys(own_checkpoint),
        own_metadata,
        with_same_keys(hidden),
        with_same_keys(data),
        visits,
        step,
    )


_NO_PARENTS: dict[str, Any] = {}


def _fold_deltas(
    facts: LevelFacts,
    checkpoint: Mapping[str, Any],
    data: dict[str, Any],
    before: Mapping[str, Any],
    written: tuple[Written, ...],
) -> None:
    """Fold what a checkpoint leaves out of a channel that keeps only its writes."""
    for key in facts.deltas:
        if key not in data and key in checkpoint["channel_versions"]:
            value = folded(facts, before, in_order(written), key)
            if value is not MISSING:
                data[key] = value


def _counts(levels: Levels, old: PregelLevel | None, namespace: str) -> tuple[Visits, int]:
    """Return how often nodes had run where a level begins, or goes on."""
    if old is not None:
        return old.visits, old.step
    around, _, last = namespace.rpartition("|")
    if last.isdigit():  # another graph that the same task calls: its steps come after
        before = levels.get(around if last == "1" else f"{around}|{int(last) - 1}")
        if before is not None:
            return before.visits, before.step
    return Visits(), 0
