"""What a composite is entered with, as the engine enters it and as a reader of rows does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lellm_nb.record.position import Fan
from lellm_nb.state.mutation import Put, apply

__all__ = ["begin_branches", "begin_items"]


def begin_branches(names: Iterable[str], data: Any) -> Fan:
    """Return the branches of a Parallel before their first step (SEMANTICS P1)."""
    return Fan.begin(dict.fromkeys(names, data))


def begin_items(items: Sequence[Any], data: Any, as_: str | None) -> Fan:
    """Return the branches of a map before their first step (SEMANTICS P6).

    Args:
        items: What each is for, as it is kept.
        data: The state that all start from.
        as_: The key under which each finds its item; `None` where it is asked for otherwise.

    Raises:
        StateError: A typed state has no room for that key.

    Example:
        >>> fan = begin_items([5, 6], {"n": 1}, "item")
        >>> [(name, branch.data) for name, branch in fan.branches.items()]
        [('0', {'n': 1, 'item': 5}), ('1', {'n': 1, 'item': 6})]
    """
    if as_ is None:
        return Fan.begin({str(i): data for i in range(len(items))}, items)
    datas = {str(i): apply(data, (Put(as_, item),)) for i, item in enumerate(items)}
    return Fan.begin(datas, items)
