"""Which entry of which level a frame belongs to, read off its position alone.

A path cannot say it: the branches of a parallel are levels of their own, and a branch
that is a graph has its exit in the branch and its steps inside. A level key can:
``""`` is the root, ``"/agent#2"`` the second entry of a subgraph, ``"/par|a"`` a branch,
``"/par|deep/deep"`` what is inside a branch that is a graph.
"""

from __future__ import annotations

import re

from lellm_nb.record.place import Located, Place
from lellm_nb.record.position import Fan, Position

__all__ = ["LevelKeys", "enclosing", "label_of", "level_at", "steps_of", "without_visits"]

_AGAIN = re.compile(r"\|([^/|]+)/\1(?=[/|]|$)")
_VISIT = re.compile(r"#\d+")


class LevelKeys:
    """The level keys of frames, each place looked at once."""

    def __init__(self) -> None:
        self._known: dict[Place, str] = {}

    def of(self, frame: Located) -> str:
        """Return the level key of a frame."""
        if frame.level is frame.position:
            return ""
        place = frame.place
        known = self._known.get(place)
        if known is None:
            segments = place.path.split("/")[:-1]
            found = _search(frame.position, segments, place.path, frame.level, "")
            if found is None:  # a failure right after entering: the position is still outside
                return "/" + "/".join(segments)
            self._known[place] = known = found
        return known


def _search(
    level: Position, segments: list[str], path: str, wanted: Position, key: str
) -> str | None:
    if level is wanted:
        return key
    inner = level.inner
    if not segments or inner is None:
        return None
    key, rest = f"{key}/{segments[0]}", segments[1:]
    if isinstance(inner, Position):
        return _search(inner, rest, path, wanted, key)
    return _search_fan(inner, rest, path, wanted, key)


def _search_fan(fan: Fan, rest: list[str], path: str, wanted: Position, key: str) -> str | None:
    name = (rest[0] if rest else path.rpartition("/")[2]).partition("#")[0]
    branches = fan.branches
    if name in branches:
        found = _search(branches[name], rest, path, wanted, f"{key}|{name}")
        if found is not None:
            return found
    # a pause of a branch's task is named by what it asks, not by the branch
    for other, branch in branches.items():
        found = _search(branch, rest, path, wanted, f"{key}|{other}")
        if found is not None:
            return found
    return None


def level_at(root: Position, key: str) -> Position | None:
    """Return a level of a position by its key; `None` where it is not entered.

    The visits in the key are not looked at: ask a position of the right entry.
    """
    level = root
    for step in key.split("/")[1:]:
        node, _, branch = step.partition("|")
        inner = level.inner
        if inner is None or level.node != node.partition("#")[0]:
            return None
        if isinstance(inner, Position):
            level = inner
        elif branch in inner.branches:
            level = inner.branches[branch]
        else:
            return None
    return level


def steps_of(key: str) -> list[tuple[str, str]]:
    """Take a level key apart: the nodes on the way in, and the branch of each that has them.

    Example:
        >>> steps_of("/par|deep/deep#2")
        [('par', 'deep'), ('deep', '')]
    """
    steps = []
    for part in key.split("/")[1:]:
        node, _, branch = part.partition("|")
        steps.append((node.partition("#")[0], branch))
    return steps


def enclosing(key: str) -> str:
    """Return the key of the level around one.

    Example:
        >>> enclosing("/par|deep/deep"), enclosing("/agent#2")
        ('/par|deep', '')
    """
    return key.rpartition("/")[0]


def label_of(key: str) -> str:
    """Return a level key as people write it.

    Example:
        >>> [label_of(key) for key in ("", "/agent#2", "/par|a", "/par|deep/deep")]
        ['', 'agent#2', 'par/a', 'par/deep']
    """
    return _AGAIN.sub(r"/\1", key[1:]).replace("|", "/")


def without_visits(key: str) -> str:
    """Return a level key without visits.

    Example:
        >>> without_visits("/agent#2/tools#3")
        '/agent/tools'
    """
    return _VISIT.sub("", key) if "#" in key else key
