"""How the containers of the standard library, and classes made of them, are written and read."""

from __future__ import annotations

import array
import collections
from types import MappingProxyType
from typing import Any

from lellm_nb.record.codec.declared_kinds import DeclaredKind
from lellm_nb.record.codec.ready_kinds import listed
from lellm_nb.record.codec.types import Kind, add_type, kind_of
from lellm_nb.state.containers.handed import HandedSet
from lellm_nb.state.containers.read_only import FrozenSet, frozen_set, thaw

__all__ = ["known_of"]


def known_of(value: Any) -> tuple[Kind | DeclaredKind | None, Any]:
    """Return how a value is written, `None` where nobody knows, and the value to be written.

    A kept container of another class than dict, list or set is written as an instance of it.
    """
    if not hasattr(type(value), "__lellm_thaw__"):
        return kind_of(value), value
    plain = thaw(value)
    return kind_of(plain), plain


FACTORIES: dict[str, Any] = {
    made.__name__: made
    for made in (
        *(bool, bytes, dict, float, int, list, set, str, tuple),
        *(collections.Counter, collections.OrderedDict, collections.deque),
    )
}
"""What a stored `defaultdict` may make: a file names no other function."""


def _pairs(content: Any) -> dict[Any, Any]:
    if not isinstance(content, dict):
        raise TypeError("a mapping is missing")
    return dict(content)


def _defaultdict(value: collections.defaultdict[Any, Any]) -> list[Any]:
    factory = value.default_factory
    name = None if factory is None else getattr(factory, "__name__", "")
    if name is not None and FACTORIES.get(name) is not factory:
        raise ValueError(f"its default_factory {factory!r} is none of {', '.join(FACTORIES)}")
    return [name, dict(value)]


def _read_defaultdict(content: Any) -> Any:
    name, pairs = listed(content)
    return collections.defaultdict(None if name is None else FACTORIES[name], _pairs(pairs))


def _read_deque(content: Any) -> Any:
    items, most = listed(content)
    return collections.deque(listed(items), most)


def _read_array(content: Any) -> Any:
    typecode, items = listed(content)
    return array.array(typecode, listed(items))


for _cls in (set, FrozenSet, HandedSet):
    add_type(_cls, "set", list, lambda c: frozen_set(listed(c)))
add_type(frozenset, "frozenset", list, lambda c: frozenset(listed(c)))
add_type(collections.Counter, "Counter", dict, lambda c: collections.Counter(_pairs(c)))
add_type(collections.OrderedDict, "OrderedDict", dict, lambda c: collections.OrderedDict(_pairs(c)))
add_type(collections.defaultdict, "defaultdict", _defaultdict, _read_defaultdict)
add_type(collections.deque, "deque", lambda v: [list(v), v.maxlen], _read_deque)
add_type(array.array, "array", lambda v: [v.typecode, v.tolist()], _read_array)
add_type(MappingProxyType, "mappingproxy", dict, lambda c: MappingProxyType(_pairs(c)))
