"""Places that are secret, as people name them, and whether a value stands at one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from lellm_nb.arguments import refusal, text
from lellm_nb.errors import CheckpointStoreError, path_text
from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.safe_text import has_kind, safe_item, safe_pairs
from lellm_nb.graph.walk import inside, nodes
from lellm_nb.state.lens import IdentityLens, KeyLens
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.structs.nested import opened

__all__ = ["ANYWHERE", "JOINED", "SEVERAL", "Path", "SecretPaths"]
__all__ += ["level_place", "place_inside", "place_of", "written_at"]

Path = tuple[Any, ...]

DEEPEST = 8
"""A lens puts what is set at most so many keys deep."""

MOST = 2_000
"""So many values are looked at for one path with a star in it."""


class _Unknown(int):
    """A part of a path that nobody can tell."""

    def __str__(self) -> str:
        return "*"


ANYWHERE = _Unknown(1)
"""A path begins with this where nobody can tell where in the root's state its level stands."""

JOINED = _Unknown(2)
"""Stands behind the key of a list that a value is joined to: which index it gets is not known."""


SEVERAL = _Unknown(3)
"""Stands behind a key that several values are joined to: the index of one of them follows."""


class SecretPaths:
    """The paths that a redactor was given, and what they lead to.

    Attributes:
        texts: They, as text.
        names: The last name of each; empty where there is none.

    Example:
        >>> paths = SecretPaths(["users[*].pin", ("config", "key")])
        >>> [paths.hide(p) for p in (("users", 0, "pin"), ("users",), ("config", "key", "id"))]
        [True, False, True]
        >>> paths.hide((ANYWHERE, "pin")), paths.hide(("users", JOINED, "pin"))
        (True, True)
    """

    def __init__(self, paths: Any) -> None:
        self.texts = _listed(paths)
        self.names = [_last_name(path) for path in self.texts]
        self._parts = [re.findall(r"\[[^\]]*\]|[^.\[]+", path) for path in self.texts]
        self._rules = [_rule(path) for path in self.texts]
        self._followed: set[str] = set()
        ends = {end for path in self.texts for end in _ends(path)}
        self._ends = [_rule(end) for end in sorted(ends)]

    def follow_items(self, graph: Any) -> None:
        """Have what is secret in the items of a list be so where a map has one of them (P6).

        Args:
            graph: One that runs: it says under which keys its maps give graphs their items.
        """
        keys = {
            node.as_
            for _, node in (nodes(graph) if self._parts else ())
            if getattr(node, "kind", "") == "map" and node.item_key is not None
        }
        for key in keys - self._followed:
            self._followed.add(key)
            below = [path.partition("]")[2] for path in self.texts if "]" in path]
            more = SecretPaths([f"{key}{rest}" for rest in dict.fromkeys(below)])
            self.names += more.names
            self._parts += more._parts
            self._rules += more._rules

    def __bool__(self) -> bool:
        return bool(self.texts)

    def has_name(self, name: str) -> bool:
        """Tell whether a text is a name in one of the paths."""
        return any(name in parts for parts in self._parts)

    def hide(self, path: Path) -> bool:
        """Tell whether what stands at a path is secret, or stands below what is."""
        if path and path[0] is ANYWHERE:
            rules, path = self._ends, path[1:]
        else:
            rules = self._rules
        return any(rule.match(said) for said in _said(path) for rule in rules)

    def leads_to(self, path: Path) -> bool:
        """Tell whether there may be a secret at a path, or anywhere below it."""
        if self.hide(path):
            return True
        place, keys = (path[:1], path[1:]) if path and path[0] is ANYWHERE else ((), path)
        said = path_text(keys)
        names = re.findall(r"[^.\[]+", said)[:1]
        return any(
            parts[0] in names or "*" in parts[0] or (place and names[0] in parts)
            for parts in self._parts
            if names
        )

    def nameable(self, path: Path, place: Path = ()) -> Path:
        """Return what may be told of a path: as far as to what is secret, and no key below it."""
        known = next((n for n in range(1, len(path)) if self.hide(joined(place, path[:n]))), None)
        return path if known is None else path[:known]

    def may_hide_in(self, path: Path, body: bytes) -> bool:
        """Tell in passing whether a written value may have a secret in it by its place."""
        if not all(self.names) or (path and path[0] is ANYWHERE):
            return True
        whole = [part for part in path if type(part) is str]
        return any(name in body or name.decode() in whole for name in self.names)

    def found(self, state: Any, place: Path = ()) -> Iterator[Any]:
        """Yield what stands at the paths in a state, given where that stands in the root's."""
        for parts in self._parts:
            for left in _left(parts, place):
                yield from islice(_at(state, left), MOST)


def place_inside(node: Any) -> Path:
    """Return where in the outer state the state inside a node stands, as far as anyone can tell."""
    if node is None:
        return (ANYWHERE,)
    lens = getattr(node, "lens", None)
    if lens is None or type(lens) is IdentityLens:
        return ()
    return (lens.key,) if type(lens) is KeyLens else _place_set(lens)


_MARK = "\0 where this is set"


def _place_set(lens: Any) -> Path:
    """Return where a lens of functions puts what is set: it is asked with a mark, in nothing."""
    try:
        known = _places.get(lens)
    except TypeError:  # it has no hash, or cannot be referred to weakly
        known = None
    if known is None:
        known = _found(attempt(lambda: lens.set({}, {_MARK: _MARK})), ()) or (ANYWHERE,)
        with contextlib.suppress(TypeError):
            _places[lens] = known
    return known


_places: WeakKeyDictionary[Any, Path] = WeakKeyDictionary()


def _found(value: Any, at: Path) -> Path | None:
    if not has_kind(value, Mapping) or len(at) > DEEPEST:
        return None
    for key, inner in islice(safe_pairs(value), MOST):
        if type(key) is str and key == _MARK:
            return at
        found = _found(inner, (*at, key))
        if found is not None:
            return found
    return None


def level_place(frame: Any, nodes: Mapping[str, Any]) -> Path:
    """Return where in the root's state that of a frame's own level stands."""
    return () if frame.level is frame.position else place_of(frame.static_path, nodes)


def written_at(mutation: Any, place: Path = ()) -> Path:
    """Return where what a mutation writes stands; joined to a list, it may get any index there.

    Args:
        mutation: A Put, a Reduce or a ChannelUpdate.
        place: Where the state that it writes stands in the root's.
    """
    path = (*place, *parts_of(mutation.key))
    if getattr(mutation, "reducer", None) is None:
        return path
    return (*path, SEVERAL if hasattr(mutation, "values") else JOINED)


def place_of(path: str, nodes: Mapping[str, Any]) -> Path:
    """Return where in the root's state the level stands that a node is in.

    Args:
        path: The node's static path.
        nodes: Those of the outermost graph.
    """
    place: Path = ()
    for name in path.split("/")[:-1]:
        node = nodes.get(name)
        place = joined(place, place_inside(node))
        nodes = inside(node)
    return place


def joined(place: Path, below: Path) -> Path:
    """Return a place inside of another one."""
    return below if below and below[0] is ANYWHERE else (*place, *below)


def _listed(paths: Any) -> tuple[str, ...]:
    given = (paths,) if isinstance(paths, str) else paths
    if not isinstance(given, Iterable):
        raise refusal(paths, "paths", "a list of paths", CheckpointStoreError)
    wanted = "a path, such as 'config.password'"
    return tuple(
        path_text(path)
        if isinstance(path, tuple) and path
        else text(path, "each of paths", CheckpointStoreError, wanted)
        for path in given
    )


def _rule(path: str) -> re.Pattern[str]:
    """Return what matches a path, and every path below it, as `path_text` writes them.

    A star takes as little as will do and gives nothing back, so that the longest key is read once.
    """
    first, *rest = re.split(r"\\\*", re.escape(path).replace(r"\?", "."))
    *middle, last = rest or [""]
    rule = first + "".join(f"(?>.*?{part})" for part in middle) + (f".*?{last}" if rest else "")
    rule = re.sub(r"\\\[(\d+)\\\]", r"\\[(?:\1|\\*)\\]", rule)
    return re.compile(rf"{rule}(?:[.\[]|\Z)", re.DOTALL)


def _ends(path: str) -> Iterator[str]:
    """Yield the ends of a path that say something: each may be all of it in an inner level."""
    for found in re.finditer(r"\[[^\]]*\]|[^.\[]+", path):
        end = path[found.start() :]
        if not end.startswith("[") and end.strip("*?.[]"):
            yield end


def _said(path: Path) -> tuple[str, ...]:
    """Return how a path is written; twice where it is not known whether an index is missing."""
    if SEVERAL in path and any(part is SEVERAL for part in path):
        at = next(i for i, part in enumerate(path) if part is SEVERAL)
        path = (*path[:at], JOINED, *path[at + 2 :])  # which of the values says nothing
    if JOINED not in path or not any(part is JOINED for part in path):
        return (path_text(path),)
    at = next(i for i, part in enumerate(path) if part is JOINED)
    without = (*path[:at], *path[at + 1 :])
    index = len(path) > at + 1 and has_kind(path[at + 1], int)
    return path_text((*path[: at + 1], *path[at + 1 + index :])), path_text(without)


def _last_name(path: str) -> bytes:
    """The part of a path that every row with it has in it; empty where there is none."""
    names = re.findall(r"[^.*?\[\]]+", re.sub(r"\[[^\]]*\]", "", path))
    return names[-1].encode() if names else b""


def _left(parts: list[str], place: Path) -> Iterator[list[str]]:
    """Yield what is left of a path's parts for a state that stands at a place."""
    if place and place[0] is ANYWHERE:
        yield from (parts[i:] for i in range(len(parts)) if parts[i].strip("*?[]"))
        return
    for i, key in enumerate(place):
        if i == len(parts):
            break
        if parts[i] != key and "*" not in parts[i]:
            return
    yield parts[len(place) :]


def _at(value: Any, parts: list[str]) -> Iterator[Any]:
    """Yield what stands where a path leads; ``*`` stands for any key."""
    if not parts:
        yield value
        return
    first, *rest = parts
    value = opened(value)
    if has_kind(value, (list, tuple)):
        for i, item in islice(safe_pairs(value), MOST):
            if first in ("*", "[*]", f"[{i}]"):
                yield from _at(item, rest)
        return
    if not has_kind(value, Mapping):
        return
    inner = safe_item(value, first, parts)
    if inner is not parts:
        yield from _at(inner, rest)
    elif "*" in first or "?" in first or "[" in first:
        for _, item in islice(safe_pairs(value), MOST):
            yield from _at(item, rest)
