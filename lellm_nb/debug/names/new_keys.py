"""What is said of a key that a person writes, and that is not in the state so far."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.errors import nearest
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.walk import levels
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.typed import Typed

__all__ = ["note_new_keys"]

MOST = 1000
"""So many keys of a state are looked through; a guess may be missed, and nothing depends on it."""


def note_new_keys(graph: Any, data: Any, put: Iterable[Any], delete: Iterable[Any] = ()) -> None:
    """Warn of keys that are not there and nearly are others that are.

    A new key is no error: somebody may want one. A typed state knows its keys, and so does
    another engine's graph; they refuse what they do not have.

    Args:
        data: The state that is written, in the compact form of frames.
    """
    if isinstance(data, Typed) or not isinstance(graph, Graph):
        return
    content = kept_items(data)
    for key, said in (
        *((key, "is a new key of the state") for key in put),
        *((key, "is no key of the state, so nothing is removed") for key in delete),
    ):
        name = parts_of(key)[0]
        if not isinstance(name, str) or name in content or _is_declared(graph, name):
            continue
        if ":" in name:  # of a level that is written like a question a fork warns by itself
            continue
        hint = nearest(name, (each for each in islice(content, MOST) if isinstance(each, str)))
        if hint:
            caution(f"{name!r} {said}.{hint}")


def _is_declared(graph: Graph, name: str) -> bool:
    """Tell whether a graph says of a key itself: by a reducer, or as a node's own."""
    known = (level for _, level in levels(graph))
    return any(name in one.reducers or name.rpartition(".")[0] in one.nodes for one in known)
