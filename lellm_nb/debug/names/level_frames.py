"""The frames of one level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.debug.names.address import Address
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys, label_of, without_visits

__all__ = ["by_level", "frames_inside", "level_name"]


def frames_inside(frames: Iterable[Frame], graph: Graph, level: Any) -> list[Frame]:
    """Return the frames of a level.

    Args:
        level: ``"agent"`` for every entry, ``"agent#2"`` for one, ``"checks/stock"`` for a
            branch.

    Raises:
        NoSuchNodeError: There is no such level; names the nearest.
    """
    address = Address.of_level(level, graph)
    keys = LevelKeys()
    meant: dict[str, bool] = {}
    found = []
    for frame in frames:
        key = keys.of(frame)
        if key not in meant:
            meant[key] = address.meant(key)
        if meant[key]:
            found.append(frame)
    return found


def by_level(frames: Iterable[Frame]) -> dict[str, list[Frame]]:
    """Return frames by the name that their level is asked with, ``""`` for the outermost."""
    keys = LevelKeys()
    found: dict[str, list[Frame]] = {}
    for frame in frames:
        found.setdefault(without_visits(keys.of(frame)), []).append(frame)
    # of a branch that is a graph the name means the graph, not the one step that leaves it
    return {label_of(key): found[key] for key in sorted(found, key=len)}


def level_name(frame: Frame) -> str:
    """Return the name of a frame's level without visits, ``""`` for the outermost."""
    return label_of(without_visits(LevelKeys().of(frame)))
