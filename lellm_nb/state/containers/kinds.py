"""Containers of another class than dict, list or set: kept, and given, as what they are.

A `Counter`, a `deque` or a list class with methods of its own comes back as one (SEMANTICS S8).
A frame keeps its items in a frozen container that knows the class and the instance's own
attributes; a reader is given an instance of a subclass that refuses to be changed, and any
copy of that is an ordinary instance again.
"""

from __future__ import annotations

import array
import collections
import copy
import types
from collections.abc import Callable
from typing import Any, NoReturn

from lellm_nb.errors import StateError
from lellm_nb.state.containers.attributes import OWN, attributes_of, copied, is_simple
from lellm_nb.state.containers.handed import GIVERS, HANDED, handed
from lellm_nb.state.containers.read_only import (
    PLAIN,
    FrozenDict,
    FrozenList,
    FrozenSet,
    frozen_dict,
    frozen_list,
    frozen_set,
    thaw,
)
from lellm_nb.state.refusal import CHANGING, put, refuse

__all__ = ["Shape", "alike", "shape_of"]

Each = Callable[[Any], Any]
"""What is done with every item: frozen, handed out or thawed."""

KEEPING: dict[type, type] = {dict: FrozenDict, list: FrozenList, set: FrozenSet}
"""The frozen containers that keep the items; others are kept in a copy of their own kind."""


class Shape:
    """One class of containers: how its instances are kept, given and made again.

    Attributes:
        cls: The class.
        base: The built-in class that holds the items.
        kept: The class of what frames keep; has ``shape`` and ``attributes``.
        given: The class of what readers are given.
    """

    def __init__(self, cls: type, base: type) -> None:
        self.cls = cls
        self.base = base
        self.kept = self._kept_class()
        self.given = self._given_class()
        PLAIN.add(self.kept)
        HANDED[self.given] = None
        GIVERS[self.kept] = lambda kept, reads: self.give(kept, reads)

    def _kept_class(self) -> type:
        body = {
            "__slots__": ("attributes",) if self.base in KEEPING else ("attributes", "key"),
            "__lellm_thaw__": lambda kept, each: self.made(kept, each),
            "__reduce_ex__": lambda kept, _protocol: (
                _kept_again,
                (self.cls, self.items(kept), kept.attributes, kept.key),
            ),
            "__lellm_class__": self.cls,
            "shape": self,
        }
        return type(self.cls.__name__, (KEEPING.get(self.base, self.base),), body)

    def _given_class(self) -> type:
        def thawed(given: Any, each: Each) -> Any:
            return self.made(given, each, attributes_of(given, self.cls))

        def whole(given: Any) -> Any:
            return thawed(given, lambda item: item)

        cls: Any = self.cls
        body: dict[str, Any] = {
            name: _refusing(name, instead)
            for name, instead in CHANGING[self.base].items()
            if hasattr(cls, name)
        }
        body |= {
            "__slots__": ("__lellm_of__",),
            "__module__": cls.__module__,
            "__qualname__": cls.__qualname__,
            "__doc__": cls.__doc__,
            # operators that make another of its class make an ordinary one
            "__new__": lambda _cls, *args, **kwargs: cls(*args, **kwargs),
            "__init_subclass__": classmethod(lambda _cls, **_kwargs: None),
            "__setattr__": _refusing("assignment", put),
            "__delattr__": _refusing("deletion", put),
            "copy": whole,
            "__copy__": whole,
            "__deepcopy__": lambda given, _memo: thawed(given, thaw),
            "__lellm_thaw__": thawed,
            "__reduce_ex__": lambda given, _protocol: (_itself, (thawed(given, thaw),)),
            "__lellm_class__": cls,
            "of": property(lambda given: given.__lellm_of__),
        }
        if getattr(cls, "__missing__", None) is collections.defaultdict.__missing__:
            body["__missing__"] = _missing
        quiet = type("Quiet", (), {"__slots__": (), "__init_subclass__": body["__init_subclass__"]})
        return types.new_class(cls.__name__, (quiet, cls), exec_body=lambda ns: ns.update(body))

    def items(self, value: Any) -> list[Any]:
        """Return the items in the built-in container itself, whatever the class makes of them."""
        base: Any = self.base
        if base is dict:
            ordered = isinstance(value, collections.OrderedDict)
            return list((collections.OrderedDict if ordered else dict).items(value))
        if base is set and isinstance(value, frozenset):
            return list(value)
        return list(base.__iter__(value))

    def made(self, kept: Any, each: Each, attributes: dict[str, Any] | None = None) -> Any:
        """Return an ordinary instance with the items of a kept one."""
        attributes = kept.attributes if attributes is None else attributes
        if OWN in attributes:
            return copy.deepcopy(attributes[OWN])
        return self.built(self.cls, kept, each, attributes)

    def give(self, kept: Any, reads: Any) -> Any:
        """Return an instance for a reader."""
        if OWN in kept.attributes:
            return self.made(kept, handed)
        made = self.built(self.given, kept, lambda item: handed(item, reads), kept.attributes)
        object.__setattr__(made, "__lellm_of__", kept)
        return made

    def keep(self, value: Any, key: str, each: Each) -> Any:
        """Return what frames keep of an instance."""
        attributes = attributes_of(value, self.cls)
        frozen = {name: each(item) for name, item in attributes.items()}
        if not all(map(is_simple, frozen.values())):
            frozen |= {OWN: copied(value, key)}
        return self.kept_of(self.items(value), frozen, key, each)

    def parts(self, value: Any) -> list[Any]:
        """Return an instance as its items and its attributes."""
        return [
            [list(i) if self.base is dict else i for i in self.items(value)],
            attributes_of(value, self.cls),
        ]

    def of_parts(self, items: Any, attributes: Any) -> Any:
        """Return what frames keep of an instance that was taken into parts."""
        return self.kept_of(items, dict(attributes), "", lambda item: item)

    def kept_of(self, items: Any, attributes: dict[str, Any], key: str, each: Each) -> Any:
        """Return what frames keep, of its parts."""
        base: Any = self.base
        cls: Any = self.kept
        if base is dict:
            made = cls({name: each(item) for name, item in items})
        elif base is array.array:
            made = cls(attributes["typecode"], items)
        elif base is collections.deque:
            made = cls(map(each, items), attributes["maxlen"])
        else:
            made = cls([each(item) for item in items])
        made.attributes, made.key = attributes, key
        return made

    def built(self, cls: Any, kept: Any, each: Each, attributes: dict[str, Any]) -> Any:
        """Return an instance of a class, past its constructor."""
        base: Any = self.base
        new = _builtin_new(self.cls)
        made = new(cls, kept.typecode, kept) if base is array.array else new(cls)
        if base is dict:
            ordered = issubclass(self.cls, collections.OrderedDict)
            write = (collections.OrderedDict if ordered else dict).__setitem__
            for name, item in self.items(kept):
                write(made, name, each(item))
        elif base is collections.deque:
            base.__init__(made, map(each, base.__iter__(kept)), kept.maxlen)
        elif base is bytearray:
            base.__init__(made, kept)
        elif base is list:
            list.extend(made, map(each, list.__iter__(kept)))
        elif base is set:
            set.update(made, kept)
        for name, item in attributes.items():
            if name not in ("typecode", "maxlen"):
                object.__setattr__(made, name, made if name == "__dict__" else each(item))
        return made


def _builtin_new(cls: type) -> Any:
    """Return the innermost `__new__`, without what a class of the user's does in its own."""
    news = (vars(each).get("__new__") for each in cls.__mro__)
    return next(new for new in news if isinstance(new, types.BuiltinFunctionType))


def _refusing(what: str, instead: Callable[[str], str]) -> Any:
    def method(self: Any, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse(self, what, instead, key=self.__lellm_of__.key)

    method.__name__ = what
    return method


def _itself(value: Any) -> Any:
    return value


def _missing(self: Any, key: Any) -> Any:
    """Make the default of a `defaultdict` for a reader, without keeping it."""
    if self.default_factory is None:
        raise KeyError(key)
    made = self.default_factory()
    freeze = _EMPTY.get(type(made))
    return made if freeze is None or made else handed(freeze((), self.__lellm_of__.key))


_EMPTY: dict[Any, Any] = {dict: frozen_dict, list: frozen_list, set: frozen_set}
"""What a `defaultdict` mostly makes: given read-only, as what is appended to it would be lost."""


_shapes: dict[type, Shape] = {}


def shape_of(cls: type, key: Any = "") -> Shape | None:
    """Return how instances of a class of containers are kept; `None` for what is no container.

    Raises:
        StateError: Nothing can stand in for an instance of the class; says what to write instead.

    Example:
        >>> shape_of(collections.Counter).base, shape_of(int)
        (<class 'dict'>, None)
    """
    found = _shapes.get(cls)
    if found is None:
        base = next((base for base in CHANGING if issubclass(cls, base)), None)
        if base is None:
            return None
        try:
            found = _shapes[cls] = Shape(cls, base)
        except Exception as error:  # a metaclass, or __init_subclass__, is the user's
            raise StateError(
                f"The value for state key {key!r} is a {cls.__name__}, a kind of {base.__name__}"
                f" that no read-only one can be made of ({type(error).__name__}: {error})."
                f" Put {base.__name__}(value), or what lellm_nb.state.register_freeze makes of it.",
                key=key,
            ) from error
    return found


def _kept_again(cls: type, items: Any, attributes: dict[str, Any], key: str) -> Any:
    shape = shape_of(cls)
    assert shape is not None
    return shape.kept_of(items, attributes, key, lambda item: item)


def alike(kept: Any, items: Any, key: str) -> Any:
    """Return changed items in a container of the same kind as a kept one.

    Example:
        >>> from lellm_nb.state.frozen import freeze
        >>> type(alike(freeze(collections.Counter("aab")), {"a": 3}, "n")).__name__
        'Counter'
    """
    shape = getattr(type(kept), "shape", None)
    if shape is not None:
        if OWN in kept.attributes:
            raise StateError(
                f"Nothing can be written inside the {shape.cls.__name__} at state key {key!r}:"
                " it has attributes that only its class knows. Put a changed copy of it.",
                key=key,
            )
        pairs = items.items() if isinstance(items, dict) else items
        return shape.kept_of(pairs, kept.attributes, key, lambda item: item)
    return frozen_dict(items, key) if isinstance(items, dict) else frozen_list(items, key)
