"""The compact form of a state, as somebody who looks, or changes a version of it, sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from lellm_nb.errors.safe_text import safe_length
from lellm_nb.state.compact.edited import EditedDict, EditedList
from lellm_nb.state.compact.tail import Tail
from lellm_nb.state.compact.wide import WIDE, Wide
from lellm_nb.state.containers.handed import handed
from lellm_nb.state.containers.read_only import freezers, thaw, thawers

__all__ = ["COMPACT", "Data", "draft", "real", "size_of", "view_items", "whole"]

COMPACT: Final[frozenset[type]] = frozenset((Tail, EditedList, EditedDict))
"""Types of values that share items with other versions, and are made whole to be read."""

freezers.update({Tail: Tail.whole, EditedList: EditedList.whole, EditedDict: EditedDict.whole})
thawers.update(dict.fromkeys(COMPACT, lambda value: thaw(value.whole())))

Data = dict[str, Any] | Wide
"""A level's state as frames keep it. Never changed in place once a frame holds it."""


def draft(data: Data) -> Data:
    """Return a version of `data` that may be changed until a frame holds it."""
    if type(data) is dict and len(data) > WIDE:
        return Wide.of(data).copy()
    return data.copy()


def real(value: Any, key: str = "") -> Any:
    """Return what somebody who looks is given of a kept value."""
    return value.real(key) if type(value) in COMPACT else handed(value)


def whole(value: Any, key: str = "") -> Any:
    """Return a kept value in one piece; user code is not to be given it."""
    return value.whole(key) if type(value) in COMPACT else value


def view_items(data: Data) -> dict[str, Any]:
    """Return a dict of kept values in one piece, or `data` itself when it is that already."""
    kept: Callable[[], Iterable[tuple[str, Any]]] = data.items
    for _, value in kept():
        if type(value) in COMPACT:
            break
    else:
        return data if type(data) is dict else dict(kept())
    return {key: v.whole(key) if type(v) in COMPACT else v for key, v in kept()}


def size_of(value: Any) -> int | None:
    """Return how many characters, bytes or items a value has; `None` where it has no size.

    Example:
        >>> size_of("abc"), size_of([1, 2]), size_of(7)
        (3, 2, None)
    """
    return value.length if type(value) in COMPACT else safe_length(value)
