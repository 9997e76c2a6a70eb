"""Values as frames keep them, read without making whole lists of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.state.compact import COMPACT, MISSING, real
from lellm_nb.state.containers.handed import handed
from lellm_nb.state.containers.read_only import ATOMS
from lellm_nb.state.structs.nested import safe_part
from lellm_nb.state.typed import Typed

__all__ = ["as_seen", "kept_at", "kept_items", "kept_value"]

WHOLE = 200_000
"""So many list items are copied into one answer; beyond that lists are shown shortened."""


def kept_items(data: Any) -> Any:
    """Return the mapping in a level's data: of a typed state its fields."""
    return data.data if type(data) is Typed else data


def kept_value(mutation: Any) -> Any:
    """Return what a mutation writes as frames keep it, `MISSING` where it writes no value."""
    return getattr(mutation, "kept", getattr(mutation, "value", MISSING))


def kept_at(data: Any, path: tuple[Any, ...]) -> Any:
    """Return the kept value at a path of a level's data, `MISSING` where there is none.

    Example:
        >>> kept_at({"plan": {"steps": ["a"]}}, ("plan", "steps", 0)), kept_at({}, ("plan",))
        ('a', MISSING)
    """
    value = kept_items(data).get(path[0], MISSING)
    for part in path[1:]:
        value = safe_part(value, part, MISSING)
    return value


def as_seen(values: Iterable[Any], missing: Any = None) -> list[Any]:
    """Return kept values as user code reads them, `missing` for `MISSING`.

    A list that grew over a hundred thousand frames would need a hundred thousand copies:
    where that is too much, all lists that grew are shown shortened.
    """
    from lellm_nb.debug.history.short_text import shortened

    values = list(values)
    kinds = set(map(type, values))
    if not kinds.isdisjoint(COMPACT):
        total = sum(len(value) for value in values if type(value) in COMPACT)
        show = real if total <= WHOLE else shortened
        values = [show(value) if type(value) in COMPACT else value for value in values]
        kinds = set(map(type, values))
    if type(MISSING) in kinds:
        values = [missing if value is MISSING else value for value in values]
    # a hundred thousand small values are looked at once, by kind
    return values if kinds - {type(MISSING)} <= ATOMS else [handed(value) for value in values]
