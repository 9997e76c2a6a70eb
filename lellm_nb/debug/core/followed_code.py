"""The names by which the code of a whole nest of graphs is followed, quick to look at."""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from typing import Any

from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.graph.code.code_name import Code, CodeName
from lellm_nb.graph.code.code_place import CodePlace, named_code
from lellm_nb.graph.code.code_version import is_called_otherwise
from lellm_nb.graph.walk import levels

__all__ = ["FollowedCode"]


class FollowedCode:
    """Every verb that goes on asks it first, so where nothing changed it has to be quick.

    Attributes:
        graph: The nest that it is about.
    """

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self._told: set[tuple[int, CodePlace]] = set()
        self._places: dict[CodeName, list[tuple[CodePlace, Code]]] = {}
        for place, code in _codes(graph):
            for name in code.names:
                self._places.setdefault(name, []).append((place, code))
        self._inner = [name for name in self._places if len(name.parts) > 1]
        self._tops: list[tuple[Any, list[str], list[Any]]] = []
        """By namespace: the names at its top, and what they meant."""

        spaces: dict[int, list[CodeName]] = {}
        for name in self._places:
            if len(name.parts) == 1:
                spaces.setdefault(id(name.space), []).append(name)
        for those in spaces.values():
            meant = [name.meant for name in those]
            self._tops.append((those[0].space.get, [name.parts[0] for name in those], meant))

    def renewed(self) -> dict[CodePlace, Any]:
        """Return the code that has a new version, by its place in the nest."""
        if self._means_the_same():
            return {}
        made: dict[int, Any] = {}
        found = {}
        for name, places in self._places.items():
            if name.now is not name.meant:
                for place, code in places:
                    new = code.renew(made)
                    if new is not code.value:
                        found[place] = new
                    elif is_called_otherwise(name.meant, name.now):
                        self._say(name, place)
        return found

    def _say(self, name: CodeName, place: CodePlace) -> None:
        """Tell once that a function of that name was not taken for an older one."""
        told = (id(name.now), place)
        if told not in self._told:
            self._told.add(told)
            shown = ".".join(name.parts)
            caution(
                f"{shown} is defined again with other arguments, so {place} goes on with the old"
                f" one. If {shown} is meant, dbg.patch it in; else give one of them another name."
            )

    def _means_the_same(self) -> bool:
        for get, names, meant in self._tops:
            if not all(map(is_, map(get, names), meant)):
                return False
        return all(name.now is name.meant for name in self._inner)


def _codes(graph: Any) -> Iterator[tuple[CodePlace, Code]]:
    for level, each in levels(graph):
        before = f"{level}/" if level else ""
        # what had no name yet when the graph was built may have one now
        for place, code in named_code(each, getattr(each, "code", {})).items():
            yield place.at(f"{before}{place.path}"), code
