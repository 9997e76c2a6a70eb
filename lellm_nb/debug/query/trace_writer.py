"""Walking back from a value to the steps that made it, through lenses and merges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.debug.history.stored_values import kept_at, kept_items
from lellm_nb.debug.names.address import Address
from lellm_nb.debug.names.suggest import absent
from lellm_nb.debug.names.value_path import touches
from lellm_nb.debug.query.collected_paths import within_items
from lellm_nb.debug.query.not_captured import NotCaptured, gap_before, was_not_captured
from lellm_nb.debug.query.writers import Writes
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Map, Parallel
from lellm_nb.graph.walk import inner_graph, node_at
from lellm_nb.record.frame import LEAVING, Frame
from lellm_nb.record.level_key import (
    LevelKeys,
    enclosing,
    entries_of,
    joins_tasks,
    label_of,
    level_at,
)
from lellm_nb.record.position import Fan, Position, has_finished
from lellm_nb.state.compact import MISSING, real
from lellm_nb.state.lens import IdentityLens, KeyLens
from lellm_nb.state.merge import FunctionMerge
from lellm_nb.state.mutation import Mutation
from lellm_nb.state.sameness import same
from lellm_nb.state.state import content_of, keep

__all__ = ["who_wrote"]

Paths = tuple[tuple[Any, ...], ...] | None
"""The paths that matter within a level's state; `None` is all of it."""


def who_wrote(head: Frame, graph: Graph, address: Address) -> Writes:
    """Return the steps that wrote a value on the way to `head`, newest first.

    Where the step is the exit of a subgraph or a join, the steps inside that made what it
    brought out follow, each with its own mutation, down to where the value was written. What the
    tasks of a super-step wrote changes nothing before it is joined: it follows the join, and
    stands for itself where the super-step is still open.

    Raises:
        MissingKeyError: Nothing on the way had such a key; names the nearest.
    """
    walk = _Walk(graph, address)
    walk.back_from(head)
    if not _exists(head, walk, address):
        newest = walk.newest
        state = None if newest is None else dict(kept_items(newest.data).items())
        raise absent(address, state, f"on the way to frame {head.index}", head, graph)
    return Writes(walk.frames, walk.mutations, walk.through)


def _exists(head: Frame, walk: _Walk, address: Address) -> bool:
    path = address.path
    own: Sequence[int] = range(len(walk.frames))
    if address.level:  # what wrote around a level says nothing of the keys that are inside it
        own = [i for i in own if walk.meant(walk.frames[i])]
    if own and len(path) == 1:
        return True
    levels = [head.position if not address.level else walk.newest, walk.oldest]
    if any(level is not None and kept_at(level.data, path) is not MISSING for level in levels):
        return True
    for i in own:
        key = getattr(walk.mutations[i], "key", None)
        if isinstance(key, tuple) and len(key) >= len(path) and key[: len(path)] == path:
            return True
        if kept_at(walk.frames[i].level.data, path) is not MISSING:
            return True
    return False


class _Walk:
    """One walk from a frame to the root, with what is to be watched at which level."""

    def __init__(self, graph: Graph, address: Address) -> None:
        self.graph = graph
        self.address = address
        self.frames: list[Frame] = []
        self.mutations: list[Mutation | NotCaptured] = []
        self.through: dict[int, tuple[Frame, ...]] = {}
        self.newest: Position | None = None
        self.oldest: Position | None = None
        self._keys = LevelKeys()
        self._wanted: dict[str, tuple[Paths, tuple[Frame, ...]]] = {}
        self._joined: dict[str, tuple[Frame, ...] | None] = {}
        """By level: through what its open tasks are seen; `None` where they are not to be."""
        self._meant: dict[str, bool] = {"": not address.level}

    def back_from(self, head: Frame) -> None:
        path = self.address.path
        flat = path[0] if len(path) == 1 else None
        at_root = not self.address.level
        paths = (path,)
        frames, mutations = self.frames, self.mutations
        last = head
        frame: Frame | None = head
        while frame is not None:
            last = frame
            wrote = frame.wrote  # `mutations` makes a tuple of a lone one
            gap = frame.own_detail is not None and frame.own_detail.gap
            if not at_root:
                self._inside(frame)
            elif type(wrote) is tuple and not wrote:
                pass
            elif frame.level is not frame.position:
                if self._wanted:
                    self._inside(frame)
            elif frame.kind in LEAVING or frame.position.inner is not None:
                self._inside(frame)
            else:
                for m in reversed(wrote) if type(wrote) is tuple else (wrote,):
                    key = getattr(m, "key", None)
                    if key == flat or (
                        (flat is None or type(key) is not str) and _writes(m, frame, paths)
                    ):
                        frames.append(frame)
                        mutations.append(m)
            if gap:
                self._before_gap(frame)
            frame = frame.parent
        if at_root:
            self.newest = head.position
            self.oldest = last.position

    def _before_gap(self, frame: Frame) -> None:
        """Take note of what steps wrote before a frame that nobody captured."""
        before = None if frame.parent is None else frame.parent.position
        own, old, new = frame, before, frame.position
        if self.address.level:
            if not self.meant(frame):
                return
            key = self._keys.of(frame)
            old, new = None if before is None else level_at(before, key), frame.level
        elif frame.level is not frame.position:
            own = gap_before(frame)  # what it wrote itself was at another level
        path, data = self.address.path, None if old is None else old.data
        if was_not_captured(own, path, data, new.data):
            self.frames.append(gap_before(frame))
            found = kept_at(new.data, path)
            self.mutations.append(NotCaptured(None if found is MISSING else real(found)))

    def meant(self, frame: Frame) -> bool:
        """Tell whether a frame is of the level that is asked about."""
        key = self._keys.of(frame)
        known = self._meant.get(key)
        if known is None:
            known = self._meant[key] = self.address.meant(key)
        return known

    def _inside(self, frame: Frame) -> None:
        key = self._keys.of(frame)
        if self.meant(frame):
            paths: Paths = (self.address.path,)
            through: tuple[Frame, ...] = ()
            if self.address.level:
                self.oldest = frame.level
                if self.newest is None:
                    self.newest = frame.level
                    self._watch_around(key)
        else:
            wanted = self._wanted.get(key)
            if wanted is None and key.rfind("|") > key.rfind("/"):
                wanted = self._wanted.get(key[: key.rindex("|")])
            if wanted is None:
                return
            paths, through = wanted
        if joins_tasks(frame, key):
            self._take(frame, paths, through)
            self._joined[key] = (*through, frame)
            return
        if frame.kind != "edit" and has_finished(frame.level, frame.path):
            seen = self._joined.get(key, through)
            if seen is None:
                return
            through = seen
        hit = self._take(frame, paths, through)
        if frame.kind in LEAVING:
            self._follow(frame, key, paths, through) if hit else self._forget(frame, key)

    def _take(self, frame: Frame, paths: Paths, through: tuple[Frame, ...]) -> bool:
        """Take note of what a frame wrote at some paths; tell whether it did."""
        hit = False
        for m in reversed(frame.mutations):
            if _writes(m, frame, paths):
                hit = True
                if through:
                    self.through[len(self.frames)] = through
                self.frames.append(frame)
                self.mutations.append(m)
        return hit

    def _watch_around(self, key: str) -> None:
        """From the first frame inside on, what came in through the lenses counts as well."""
        paths: Paths = (self.address.path,)
        while key:
            inside, key = key, enclosing(key)
            if inside.rfind("|") < inside.rfind("/"):
                node = node_at(self.graph, label_of(inside))
                lens = getattr(node, "lens", None)
                if isinstance(lens, KeyLens):
                    paths = paths and tuple((lens.key, *path) for path in paths)
                elif not isinstance(lens, IdentityLens) and not _by_name(node):
                    return  # what another lens takes in is its own business
            self._wanted[key] = (paths, ())
            self._joined[key] = None  # what tasks beside it wrote had not come in

    def _follow(self, left: Frame, key: str, paths: Paths, through: tuple[Frame, ...]) -> None:
        """Watch what was inside a composite, from where it was left."""
        node = node_at(self.graph, left.path)
        assert left.parent is not None
        before = left.parent.position
        level = level_at(before, key)
        for inside in entries_of(key, left.path, left.visit):
            inner, within = level_at(before, inside), paths
            if level is None:
                pass
            elif isinstance(node, Parallel) and isinstance(level.inner, Fan):
                within = _through_merge(node.merge, level.inner, paths)
                if isinstance(node, Map):
                    self._follow_items(node, level.inner, inside, paths, (*through, left))
                    within = within and tuple(path for path in within if path[0] != node.into)
            elif inner_graph(node) is not None and inner is not None:
                within = _through_lens(node, level, inner, paths)
            self._wanted[inside] = (within, (*through, left))

    def _follow_items(
        self, node: Map, fan: Fan, inside: str, paths: Paths, through: tuple[Frame, ...]
    ) -> None:
        """Watch what made what a map collected: each branch has what it returned."""
        for branch, within in within_items(node, fan, paths).items():
            self._wanted[f"{inside}|#{branch}"] = (within, through)

    def _forget(self, left: Frame, key: str) -> None:
        """Watch nothing inside a composite any more: another run of it was called the same."""
        for inside in entries_of(key, left.path, left.visit):
            self._wanted.pop(inside, None)
            for item in [each for each in self._wanted if each.startswith(f"{inside}|#")]:
                del self._wanted[item]


def _writes(mutation: Any, frame: Frame, paths: Paths) -> bool:
    """Tell whether a mutation of a frame changes what is at one of some paths."""
    if paths is None:
        return True
    key = getattr(mutation, "key", None)
    if key is not None:
        return any(touches(key, path) for path in paths)
    # a typed state's own mutation says nothing of what it writes: look
    if frame.parent is None:
        return False
    before = level_at(frame.parent.position, LevelKeys().of(frame))
    return before is None or any(
        not same(kept_at(before.data, path), kept_at(frame.level.data, path)) for path in paths
    )


def _by_name(node: Any) -> bool:
    """Tell whether what goes into a subgraph, and out of it, keeps its names: it has no lens."""
    return inner_graph(node) is not None and not hasattr(node, "lens")


def _through_lens(node: Any, outer: Position, inner: Position, paths: Paths) -> Paths:
    """Return the inner paths that make what is at some outer ones."""
    lens = getattr(node, "lens", None)
    if paths is None or isinstance(lens, IdentityLens):
        return paths
    if _by_name(node):
        return tuple(path for path in paths if kept_at(inner.data, path[:1]) is not MISSING)
    if isinstance(lens, KeyLens):
        mine = [path for path in paths if path[0] == lens.key]
        return None if any(len(path) == 1 for path in mine) else tuple(p[1:] for p in mine)
    try:
        return _keys_that_matter(lens, outer, inner, paths)
    except Exception:  # a lens is the user's; where it refuses, everything inside may matter
        return None


def _keys_that_matter(lens: Any, outer: Position, inner: Position, paths: Paths) -> Paths:
    """Find out by setting one changed key of the inner state at a time."""
    assert paths is not None
    state = outer.state
    begun = content_of(keep(lens.get(state)))
    ended = content_of(inner.data)
    found = []
    for key in {**begun, **ended}:
        if key in begun and key in ended and same(begun[key], ended[key]):
            continue
        alone = {**begun, key: ended.get(key)}
        if key not in ended:
            del alone[key]
        after = keep(lens.set(state, alone))
        if not all(same(kept_at(after, path), kept_at(outer.data, path)) for path in paths):
            found.append((key,))
    return tuple(found) or None


def _through_merge(merge: Any, fan: Fan, paths: Paths) -> Paths:
    """Return the paths that matter in the branches; a function may have used all of them."""
    if paths is None or not isinstance(merge, FunctionMerge):
        return paths
    for _, branch in fan.branches.items():
        for m in branch.wrote.since(0) if branch.wrote is not None else ():
            key = getattr(m, "key", None)
            if key is None or any(touches(key, path) for path in paths):
                return paths
    return None
