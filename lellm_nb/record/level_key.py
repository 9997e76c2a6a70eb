"""Which entry of which level a frame belongs to, read off its position alone.

A path cannot say it: the branches of a parallel are levels of their own, and a branch
that is a graph has its exit in the branch and its steps inside. A level key can:
``""`` is the root, ``"/agent#2"`` the second entry of a subgraph, ``"/par|a"`` a branch,
``"/par|deep/deep"`` what is inside a branch that is a graph, ``"/map|#3/#3"`` the
same for the item 3 of a map (no name begins with ``#``). The tasks of a super-step are the
level that they are in, and add nothing: ``"/w#2"`` is what is inside the task ``w#2``.
"""

from __future__ import annotations

import re
from typing import Any

from lellm_nb.record.place import Located, Place
from lellm_nb.record.position import Fan, Position, SuperStep

__all__ = [
    *("LevelKeys", "enclosing", "entries_of", "is_within", "joins_tasks", "label_of", "level_at"),
    *("steps_of", "without_visits"),
]

_AGAIN = re.compile(r"\|([^/|]+)/\1(?=[/|]|$)")
_VISIT = re.compile(r"#\d+")
_ITEM = re.compile(r"(?<=[/|])#\d+")
_NUMBER = re.compile(r"(?:^|(?<=[/|]))#")


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
    if isinstance(inner, SuperStep):
        return _search_tasks(inner, segments, path, wanted, key)
    if not segments or inner is None:
        return None
    item = key.endswith(f"|#{segments[0]}")  # the branch of an item: its node is called so, too
    key, rest = f"{key}/{'#' if item else ''}{segments[0]}", segments[1:]
    if isinstance(inner, Position):
        return _search(inner, rest, path, wanted, key)
    return _search_fan(inner, rest, path, wanted, key)


def _search_fan(fan: Fan, rest: list[str], path: str, wanted: Position, key: str) -> str | None:
    name = (rest[0] if rest else path.rpartition("/")[2]).partition("#")[0]
    branches, mark = fan.branches, "" if fan.items is None else "#"
    if name in branches:
        found = _search(branches[name], rest, path, wanted, f"{key}|{mark}{name}")
        if found is not None:
            return found
    # a pause of a branch's task is named by what it asks, not by the branch
    for other, branch in branches.items():
        found = _search(branch, rest, path, wanted, f"{key}|{mark}{other}")
        if found is not None:
            return found
    return None


def _search_tasks(
    step: SuperStep, segments: list[str], path: str, wanted: Position, key: str
) -> str | None:
    likely = step.entered_by(segments[0]) if segments else None
    found = None if likely is None else _search(likely, segments, path, wanted, key)
    if found is not None:
        return found
    for _, task in step.branches.items():
        found = _search(task, segments, path, wanted, key)
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
        if isinstance(level.inner, SuperStep):
            task = level.inner.entered_by(node)
            if task is None:
                return None
            level = task
        inner = level.inner
        if inner is None or level.node != _name(node):
            return None
        branch = branch.lstrip("#")
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
        >>> steps_of("/par|deep/deep#2"), steps_of("/map|#3/#3")
        ([('par', 'deep'), ('deep', '')], [('map', '3'), ('3', '')])
    """
    steps = []
    for part in key.split("/")[1:]:
        node, _, branch = part.partition("|")
        steps.append((_name(node), branch.lstrip("#")))
    return steps


def _name(segment: str) -> str:
    """Return the name of a node in a key, without its visit."""
    return segment[1:] if segment.startswith("#") else segment.partition("#")[0]


def joins_tasks(frame: Any, key: str | None = None) -> bool:
    """Tell whether a frame is the join of a super-step: no node has run, and no Parallel is left.

    Args:
        key: The key of its level, where it is known.
    """
    if frame.kind != "join" or frame.parent is None:
        return False
    before = level_at(frame.parent.position, LevelKeys().of(frame) if key is None else key)
    return before is not None and isinstance(before.inner, SuperStep)


def entries_of(key: str, path: str, visit: int) -> list[str]:
    """Return the keys that the level may have had that was entered in a node, the likeliest first.

    A node that was entered again has its visit there; a task of a super-step may have what stands
    in its own path.

    Args:
        key: The key of the level that the node is in.
        path: The node's path.

    Example:
        >>> entries_of("", "agent", 2), entries_of("/sub", "sub/w#2", 2), entries_of("", "w#2", 4)
        (['/agent#2'], ['/sub/w#2'], ['/w#4', '/w#2'])
        >>> entries_of("/map|#3", "map/3", 1)
        ['/map|#3/#3']
    """
    segment = path.rpartition("/")[2]
    if key.endswith(f"|#{segment}"):
        return [f"{key}/#{segment}"]
    node = segment.partition("#")[0]
    named = f"{node}#{visit}" if visit > 1 else node
    both = dict.fromkeys((named, segment)) if "#" in segment else [named]
    return [f"{key}/{one}" for one in both]


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
        >>> [label_of(key) for key in ("", "/agent#2", "/par|a", "/par|deep/deep", "/map|#3/#3")]
        ['', 'agent#2', 'par/a', 'par/deep', 'map/3']
    """
    label = _AGAIN.sub(r"/\1", key[1:]).replace("|", "/")
    return _NUMBER.sub("", label) if "#" in label else label


def without_visits(key: str) -> str:
    """Return a level key without visits.

    Example:
        >>> without_visits("/agent#2/tools#3"), without_visits("/map#2|#3/#3/tools")
        ('/agent/tools', '/map|*/*/tools')
    """
    return _VISIT.sub("", _ITEM.sub("*", key)) if "#" in key else key


def is_within(path: str, node: str) -> bool:
    """Tell whether a path, with its visits, is of a node or of what is inside of it.

    Example:
        >>> is_within("agent#2/llm", "agent"), is_within("agents", "agent"), is_within("a", "")
        (True, False, True)
    """
    static = without_visits(path)
    return not node or static == node or static.startswith(f"{node}/")
