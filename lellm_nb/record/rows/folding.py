"""What a reader of rows gets again without the user's code."""

from __future__ import annotations

from typing import Any

from lellm_nb.graph.node import Parallel, Subgraph
from lellm_nb.record.position import Fan, Position
from lellm_nb.state.compact import Wide
from lellm_nb.state.lens import IdentityLens, KeyLens, entered
from lellm_nb.state.mutation import Delete, Put, Reduce
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.structs.struct import struct_of
from lellm_nb.state.typed import Typed

__all__ = ["can_be_folded", "enter"]

_READY = {
    id(reducer)
    for reducer in (
        *(Reducer.ERROR, Reducer.REPLACE, Reducer.APPEND, Reducer.MERGE_OBJECT),
        *(Reducer.SUM, Reducer.MAX, Reducer.MIN),
    )
}


def can_be_folded(mutation: Any, data: Any) -> bool:
    """Tell whether a reader gets the same of a mutation without the user's code."""
    kind = type(mutation)
    if kind is Put and type(data) is not Typed and type(mutation.key) is str:
        return True  # most are
    if kind is Reduce:
        if id(mutation.reducer) not in _READY:
            return False
    elif kind is not Put and kind is not Delete:
        return False
    key = mutation.key
    if isinstance(data, Typed) and data.struct is not None:
        own = data.struct.assigns or kind is Delete or type(key) is not str
        return not own and key in data.data
    return type(key) is str or not _leads_into_struct(data, key)


def _leads_into_struct(data: Any, path: tuple[Any, ...]) -> bool:
    held: Any = data.data if isinstance(data, Typed) else data
    value = held.get(path[0])
    for part in path[1:]:
        if struct_of(value) is not None:
            return True
        try:
            value = value[part]
        except (LookupError, TypeError):
            return False
    return False


def enter(node: Any, level: Position) -> tuple[Position | Fan, list[Any]] | None:
    """Return what a composite is entered with, and how a reader makes it again."""
    if isinstance(node, Parallel):
        begun = {name: Position.begin(name, level.data, inner=True) for name in node.branches}
        return Fan(Wide.of(begun), 0, len(begun)), ["fan", list(begun)]
    if not isinstance(node, Subgraph):
        return None
    start = node.graph.start
    if isinstance(node.lens, IdentityLens):
        return Position.begin(start, level.data, inner=True), ["same", start]
    data = entered(node.lens, level.data)
    made = Position.begin(start, data, inner=True)
    plain = type(data) is dict and not isinstance(level.data, Typed)
    if isinstance(node.lens, KeyLens) and plain:
        return made, ["key", start, node.lens.key]
    return made, ["data", start, {"data": data}]
