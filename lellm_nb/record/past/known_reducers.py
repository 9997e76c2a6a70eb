"""Custom reducers of what was read without its graph: only the graph knows their code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.graph.walk import levels
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History
from lellm_nb.record.position import Position, below
from lellm_nb.state.compact import Tail
from lellm_nb.state.mutation import Reduce

__all__ = ["bind_reducers", "reducers_of"]


def reducers_of(graph: Any) -> Callable[[str, Any], Any]:
    """Return how custom reducers of a graph are found by name and key."""
    known: dict[Any, Any] = {}
    for _, level in levels(graph):
        for key, reducer in (getattr(level, "reducers", None) or {}).items():
            known.setdefault((reducer.name, key), reducer)
            known.setdefault(reducer.name, reducer)
    return lambda name, key: known.get((name, key)) or known.get(name)


def bind_reducers(history: History, graph: Any) -> None:
    """Give what a graph knows to the reducers in a history that stand for it."""
    find = reducers_of(graph)
    seen: dict[int, int] = {}
    for line in history.lines.values():
        for frame in line.own:
            _bind_frame(frame, find, seen)


def _bind_frame(frame: Frame, find: Callable[[str, Any], Any], seen: dict[int, int]) -> None:
    for mutation in frame.mutations:
        _bind(mutation, find)
    _bind_position(frame.position, find, seen)


def _bind_position(at: Position, find: Callable[[str, Any], Any], seen: dict[int, int]) -> None:
    wrote = at.wrote
    if isinstance(wrote, Tail) and seen.get(wrote.buffer_id, 0) < len(wrote):
        for mutation in wrote.since(seen.get(wrote.buffer_id, 0)):
            _bind(mutation, find)
        seen[wrote.buffer_id] = len(wrote)
    for _, _, level in below(at):
        _bind_position(level, find, seen)


def _bind(mutation: Any, find: Callable[[str, Any], Any]) -> None:
    if not isinstance(mutation, Reduce) or not getattr(mutation.reducer.fold, "unknown", False):
        return
    key = mutation.key if isinstance(mutation.key, str) else mutation.key[0]
    known = find(mutation.reducer.name, key)
    if known is not None:
        mutation.reducer = known
