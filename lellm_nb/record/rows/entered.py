"""What a composite is entered with, as the engine enters it and as a reader of rows does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lellm_nb.record.position import Fan
from lellm_nb.state.compact import MISSING
from lellm_nb.state.mutation import Put, apply
from lellm_nb.state.sameness import equal
from lellm_nb.state.typed import Typed

__all__ = ["MapItems", "begin_branches", "begin_items", "with_item"]

ITEM = "item"
"""What a condition calls the item that a function finds as `ctx.item`."""


@dataclass(frozen=True, slots=True, eq=False)
class MapItems:
    """What the branches of a map are for, as it stands in a position (SEMANTICS P6).

    Attributes:
        values: The items, as they are kept.
        key: The key under which each branch finds its item; `None` for functions, which ask.
        into: The key under which what they return is collected, or `None`.
    """

    values: tuple[Any, ...]
    key: str | None = None
    into: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MapItems):
            return NotImplemented
        return (self.key, self.into) == (other.key, other.into) and equal(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]  # items may be lists


def begin_branches(names: Iterable[str], data: Any) -> Fan:
    """Return the branches of a Parallel before their first step (SEMANTICS P1)."""
    return Fan.begin(dict.fromkeys(names, data))


def begin_items(items: MapItems, data: Any) -> Fan:
    """Return the branches of a map before their first step (SEMANTICS P6).

    Args:
        data: The state that all start from.

    Raises:
        StateError: A typed state has no room for the item.

    Example:
        >>> fan = begin_items(MapItems((5, 6), "item"), {"n": 1})
        >>> [(name, branch.data) for name, branch in fan.branches.items()]
        [('0', {'n': 1, 'item': 5}), ('1', {'n': 1, 'item': 6})]
    """
    key = items.key
    if key is None:
        return Fan.begin({str(i): data for i in range(len(items.values))}, items)
    datas = {str(i): apply(data, (Put(key, item),)) for i, item in enumerate(items.values)}
    return Fan.begin(datas, items)


def with_item(items: MapItems, number: int, data: Any) -> Any:
    """Return a branch's state as conditions see it: with the item that its function finds apart.

    Example:
        >>> with_item(MapItems((5, 6)), 1, {"n": 1}), with_item(MapItems((5, 6)), 1, {"item": 0})
        ({'n': 1, 'item': 6}, {'item': 0})
    """
    if items.key or isinstance(data, Typed) or data.get(ITEM, MISSING) is not MISSING:
        return data
    return apply(data, (Put(ITEM, items.values[number]),))
