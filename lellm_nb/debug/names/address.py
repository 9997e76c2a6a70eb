"""What a question is about: a key, a path, or ``"level:key"``, and the levels there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lellm_nb.debug.names.written_path import written_path
from lellm_nb.errors import NoSuchNodeError, did_you_mean, path_text
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.walk import level_keys, node_at, static_path
from lellm_nb.record.level_key import label_of, without_visits
from lellm_nb.state.lens import KeyLens
from lellm_nb.state.mutation import check_key, parts_of

__all__ = ["Address", "key_of_lens", "levels_of"]


class Address(NamedTuple):
    """A value's place.

    Attributes:
        level: The key of its level, without visits (see `record.levels`); empty for the root.
        entry: The level's name with visits where one entry is meant; else empty.
        path: Keys and indexes within the level's state.
    """

    level: str
    entry: str
    path: tuple[Any, ...]

    @classmethod
    def of(cls, what: Any, graph: Graph, known: Mapping[str, Any]) -> Address:
        """Return what a user's path means.

        Args:
            what: A key of the root state, a path tuple, or either with a level before it:
                ``"agent:key"``, ``("agent:plan", "steps")``.
            known: Keys of the root state; one with a colon in it is not taken apart.

        Raises:
            StateTypeError: It is neither text nor a path.
            NoSuchNodeError: The graph has no such level; names the nearest.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> inner = GraphBuilder("in").node("a", lambda ctx: None).start("a").end("a")
            >>> g = GraphBuilder("out").subgraph("agent", inner.build()).start("agent")
            >>> Address.of("agent:plan", g.end("agent").build(), {})
            Address(level='/agent', entry='', path=('plan',))
        """
        given = check_key(what)
        path = parts_of(given)
        first: str = path[0]
        if ":" not in first or first in known:
            return cls("", "", path)
        levels = levels_of(graph)
        cut = first.find(":")
        while cut >= 0:
            name, key = first[:cut], first[cut + 1 :]
            found = _level(name, levels, graph)
            if found is not None:
                return cls(found, _entry(name, found), (key, *path[1:]))
            cut = first.find(":", cut + 1)
        name, _, key = first.partition(":")
        problem, hint = f"There is no level {name!r} in {first!r}.", ""
        behind = _behind(name, graph)
        if behind and key:
            problem += f" {name!r} is the key of level {behind[0]!r}."
            asked = [(f"{label}:{key}", *path[1:]) for label in behind]
            guesses = [*asked, (name, key, *path[1:])] if name in known else asked
            hint = did_you_mean(repr(each if each[1:] else each[0]) for each in guesses)
        raise NoSuchNodeError(name, levels, problem, hint=hint, kind="level")

    @classmethod
    def of_level(cls, name: Any, graph: Graph) -> Address:
        """Return what the name of a level means: ``"agent"``, ``"agent#2"`` for one entry.

        Raises:
            NoSuchNodeError: The graph has no such level; names the nearest.
        """
        levels = levels_of(graph)
        found = _level(name, levels, graph) if isinstance(name, str) else None
        if found is None:
            guess = did_you_mean(map(repr, _behind(name, graph)))
            raise NoSuchNodeError(str(name), levels, hint=guess, kind="level")
        return cls(found, _entry(name, found), ())

    @property
    def inside(self) -> Address | None:
        """What a lone text means where no key is called so: ``plan.steps[2]`` as a path."""
        path = written_path(self.path[0]) if len(self.path) == 1 else None
        return None if path is None else self._replace(path=path)

    def meant(self, key: str) -> bool:
        """Tell whether a level key is one of those that are asked about."""
        if without_visits(key) != self.level:
            return False
        return not self.entry or label_of(key) == self.entry

    @property
    def text(self) -> str:
        """The place as people write it."""
        name = self.entry or label_of(self.level)
        return f"{name}:{path_text(self.path)}" if name else path_text(self.path)


def _behind(key: Any, graph: Graph) -> list[str]:
    """Return the levels that work on a key of the state around them."""
    return [name for name, at in levels_of(graph).items() if key_of_lens(at, graph) == key]


def _level(name: str, levels: Mapping[str, str], graph: Graph) -> str | None:
    static = static_path(graph, name)
    if static in levels:
        return levels[static]
    ends = {key for label, key in levels.items() if label.rpartition("/")[2] == static}
    return ends.pop() if len(ends) == 1 and static else None


def _entry(name: str, level: str) -> str:
    if "#" not in name and name in (label_of(level), label_of(level).rpartition("/")[2]):
        return ""
    whole = name if "/" in name else label_of(level)[: -len(without_visits(name))] + name
    return "/".join(part.removesuffix("#1") for part in whole.split("/"))


def key_of_lens(level: str, graph: Graph) -> str | None:
    """Return the key of the state around that a level works on; `None` where it is no key."""
    lens = getattr(node_at(graph, label_of(level)), "lens", None)
    return lens.key if isinstance(lens, KeyLens) else None


def levels_of(graph: Graph) -> dict[str, str]:
    """Return the levels inside a graph: name to level key without visits."""
    return {label_of(key): key for key, _ in level_keys(graph) if key}
