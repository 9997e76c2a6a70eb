"""Objects of a user's class that refuse assignment: what a node reads of a typed state."""

from __future__ import annotations

import abc
import copy
import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lellm_nb.state.containers.fingerprint import Reads
from lellm_nb.state.containers.handed import GIVERS, handed
from lellm_nb.state.containers.read_only import freezers, thaw, thawers
from lellm_nb.state.frozen import freeze
from lellm_nb.state.refusal import refuse_assignment

__all__ = ["plain_class", "read_only_class", "silent_subclass"]

_made: dict[type, type] = {}


def plain_class(kind: Any) -> Any:
    """Return the class that the user wrote, given it or its read-only twin."""
    return getattr(kind, "__lellm_plain__", kind)


class Apart(Protocol):
    """Takes objects of a class apart, and puts them together; a `Struct`."""

    cls: Any
    transient: frozenset[str]

    def take(self, obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what an object holds."""

    def make(self, fields: Any, rest: Any, of: type | None = None) -> Any:
        """Return an object with these attributes."""

    def twin(self, obj: Any) -> Any:
        """Return an ordinary object that holds the same values."""


def read_only_class(struct: Apart, changeable: Callable[[Any], Any]) -> type:
    """Return the subclass of a user's class whose objects can't be changed; made once.

    Its objects say that they are of the user's class (``__class__``), compare, hash and print as
    such, and what is copied or made of them is an ordinary object again. Those that frames keep
    are given to nobody: a reader gets another one, of which all containers are copies.

    Args:
        changeable: Makes an ordinary object whose values are ordinary too: a dump asks that one,
            for a frozen set is no set to pydantic.
    """
    found = _made.get(struct.cls)
    if found is None:
        found = _made[struct.cls] = silent_subclass(struct.cls, _body(struct, changeable))
        thawers[found] = changeable
        GIVERS[found] = lambda kept, reads: _given(struct, kept, reads)
        freezers[found] = lambda given: _kept(struct, given)
    return found


def _given(struct: Apart, kept: Any, reads: Reads | None) -> Any:
    fields, rest = struct.take(kept)
    return _twin(struct, {name: handed(value, reads) for name, value in fields.items()}, rest)


def _kept(struct: Apart, given: Any) -> Any:
    fields, rest = struct.take(given)
    frozen = {name: freeze(value, name) for name, value in fields.items()}
    if all(frozen[name] is value for name, value in fields.items()):
        return given
    return _twin(struct, frozen, rest)


def _twin(struct: Apart, fields: Mapping[str, Any], rest: Mapping[str, Any]) -> Any:
    # what a method caches in a private container stays with the one that it was asked of
    own = {name: v if name in struct.transient else thaw(v) for name, v in rest.items()}
    return struct.make(fields, own, _made[struct.cls])


def silent_subclass(kind: Any, body: dict[str, Any]) -> type:
    """Make a subclass without telling the class or its metaclass, which may keep lists of them."""
    whole = {
        "__slots__": (),
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
        **body,
    }
    bases = (kind,) if issubclass(kind, _Silent) else (_Silent, kind)
    meta: Any = type(kind)
    make: Any = abc.ABCMeta.__new__ if issubclass(meta, abc.ABCMeta) else type.__new__
    made: type = make(meta, kind.__name__, bases, whole)
    return made


class _Silent:
    """Stands before a class, so that its hook for new subclasses is not called."""

    __slots__ = ()

    def __init_subclass__(cls, **_: Any) -> None:
        return


def _body(struct: Apart, changeable: Callable[[Any], Any]) -> dict[str, Any]:
    kind, twin = struct.cls, struct.twin

    def refuse(self: Any, name: str, *_value: Any) -> None:
        refuse_assignment(self, name)

    def same(self: Any, other: object) -> Any:
        # the class's own comparison may insist on the very class, which this is not
        if not isinstance(other, kind):
            return NotImplemented
        if kind.__eq__ is object.__eq__:  # by identity, and a copy has none of its own
            return struct.take(self) == struct.take(other)
        return kind.__eq__(twin(self), twin(other))

    body: dict[str, Any] = {
        "__setattr__": refuse,
        "__delattr__": refuse,
        "__eq__": same,
        "__hash__": kind.__hash__,
        "__class__": property(lambda _self: kind),
        "__new__": lambda _cls, *args, **values: kind(*args, **values),
        "__copy__": lambda self: copy.copy(twin(self)),
        "__deepcopy__": lambda self, memo: copy.deepcopy(twin(self), memo),
        "__reduce_ex__": lambda self, protocol: twin(self).__reduce_ex__(protocol),
        "__lellm_plain__": kind,
    }
    if hasattr(kind, "model_construct"):
        body["model_construct"] = kind.model_construct
        for name in ("model_dump", "model_dump_json"):
            body[name] = _of_another(getattr(kind, name), changeable)
    return body


def _of_another(method: Callable[..., Any], changeable: Callable[[Any], Any]) -> Any:
    return functools.wraps(method)(
        lambda self, *args, **named: method(changeable(self), *args, **named)
    )
