"""What a branch of a map made of its item (SEMANTICS P6)."""

from __future__ import annotations

from typing import Any

from lellm_nb.record.position import Position
from lellm_nb.record.rows.entered import MapItems
from lellm_nb.state.compact import whole
from lellm_nb.state.frozen import frozen_dict
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.state import content_of

__all__ = ["item_result", "top_key"]


def item_result(items: MapItems, branch: Position) -> Any:
    """Return what a branch that has ended made of its item, as it is kept.

    That is what its function returned, where that is collected; else a mapping: of the keys that
    it wrote, and where the end states of graphs are collected of the item too. What a graph only
    saw of the state around is left there: where a map stands in a loop, its own older results are
    among that.

    Args:
        items: Those of the map.
        branch: The level of the branch.
    """
    wrote: Any = () if branch.wrote is None else branch.wrote.since(0)
    if items.into is not None and items.key is None:
        # what a function returned stands alone in a list under the key
        found = [m for m in wrote if top_key(m) == items.into]
        if not found:
            return None
        edited = found[-1].key != items.into  # a person wrote inside of it
        return whole(content_of(branch.data)[items.into] if edited else found[-1].kept)[0]
    own = {top_key(mutation) for mutation in wrote}
    if items.into is not None:
        own.add(items.key)
    content = content_of(branch.data)
    return frozen_dict({k: whole(v) for k, v in content.items() if None in own or k in own})


def top_key(mutation: Any) -> Any:
    """Return the key of the state that a mutation writes; `None` where it does not say."""
    key = getattr(mutation, "key", None)  # a typed state's own mutation has none
    return key if key is None else parts_of(key)[0]
