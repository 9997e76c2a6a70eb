"""Typed states: classes of the user's in place of a mapping (SEMANTICS S6)."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from lellm_nb.errors import (
    ReadOnlyStateError,
    SerializationError,
    StateTypeError,
    nearest,
    path_text,
)
from lellm_nb.state.compact import Data, draft, view_items
from lellm_nb.state.frozen import freeze, thaw
from lellm_nb.state.sameness import equal

__all__ = ["Typed", "WorkflowState", "check_jsonable", "is_typed", "typed_state"]

C = TypeVar("C", bound=type)


@runtime_checkable
class WorkflowState(Protocol):
    """A state class: it can be taken apart into JSON-able data and put together again.

    A typed mutation is an object with ``apply(state)``; it changes the private copy it
    is given. Fields that cannot be serialised stay out of the snapshot and are rebuilt
    by `restore`.
    """

    def snapshot(self) -> Any:
        """Return the state as JSON-able data."""

    @classmethod
    def restore(cls, snapshot: Any) -> Any:
        """Make a state of a snapshot."""


def is_typed(state: Any) -> bool:
    """Tell whether an object is a typed state."""
    return not isinstance(state, (Mapping, type)) and isinstance(state, WorkflowState)


class Typed:
    """The kept form of a typed state: its class, and its snapshot.

    Attributes:
        cls: The user's class.
        data: The snapshot, compact like any state's; anything but a mapping is under ``""``.
    """

    __slots__ = ("cls", "data")

    def __init__(self, cls: Any, data: Data) -> None:
        self.cls = cls
        self.data = data

    @classmethod
    def of(cls, state: Any) -> Typed:
        """Take a typed state apart.

        Raises:
            SerializationError: Its snapshot is not JSON-able; names the path.
        """
        kind = getattr(type(state), "__lellm_plain__", type(state))
        return cls(kind, _frozen_snapshot(state))

    def real(self) -> Any:
        """Make the object that user code reads; a private one each time."""
        content = view_items(self.data)
        return self.cls.restore(content[""] if set(content) == {""} else content)

    def applied(self, mutations: Sequence[Any]) -> Typed:
        """Return the state after a batch.

        Raises:
            StateTypeError: A Put names a field that the class does not have.
        """
        data = draft(self.data)
        plain = True
        for mutation in mutations:
            if hasattr(mutation, "write"):
                self._check_field(mutation.key)
                mutation.write(data)
            else:
                plain = False
                state = self.cls.restore(thaw(Typed(self.cls, data)._snapshot()))
                mutation.apply(_writable(state))
                data = draft(_frozen_snapshot(state))
        made = Typed(self.cls, data)
        if plain and hasattr(self.cls, "__lellm_fields__"):
            made.real()  # lets a pydantic model refuse a value before it is committed
        return made

    def _snapshot(self) -> Any:
        content = dict(self.data.items())
        return content[""] if set(content) == {""} else view_items(self.data)

    def _check_field(self, key: Any) -> None:
        fields = getattr(self.cls, "__lellm_fields__", None)
        name = key[0] if isinstance(key, tuple) else key
        if fields is not None and name not in fields:
            raise StateTypeError(
                name,
                "a field",
                "none",
                f"{self.cls.__name__} has no field {name!r}.{nearest(name, fields)}"
                f" Fields: {', '.join(fields)}.",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Typed) and self.cls is other.cls and equal(self.data, other.data)

    __hash__ = None  # type: ignore[assignment]  # equal by content, which may be unhashable


def _frozen_snapshot(state: Any) -> dict[str, Any]:
    try:
        snapshot = state.snapshot()
        check_jsonable(snapshot)
    except RecursionError:
        raise SerializationError(
            f"The snapshot of {type(state).__name__} contains itself, or is nested too deeply."
        ) from None
    if isinstance(snapshot, Mapping):
        return {key: freeze(value, key) for key, value in snapshot.items()}
    return {"": freeze(snapshot)}


def check_jsonable(value: Any, path: tuple[Any, ...] = ()) -> None:
    """Look whether a value can be written as JSON.

    Raises:
        SerializationError: It cannot; names the path and the type.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                where = path_text(path) or "the snapshot"
                raise SerializationError(f"Key {key!r} in {where} is not text.", path=where)
            check_jsonable(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            check_jsonable(item, (*path, i))
    else:
        where = path_text(path) or "the snapshot"
        raise SerializationError(
            f"{where} is {type(value).__name__} ({value!r:.60}), which is not JSON-able."
            " Leave it out of the snapshot and rebuild it in restore.",
            path=where,
        )


# -- adapters ---------------------------------------------------------------------


def typed_state(cls: C) -> C:
    """Make a dataclass or a pydantic model a `WorkflowState`.

    `ctx.state` is then an object of the class (read-only), and `ctx.put` writes its
    fields. A dataclass field with ``metadata={"transient": True}`` stays out of the
    snapshot and gets its default again.

    Raises:
        StateTypeError: It is neither.

    Example:
        >>> import dataclasses
        >>> @typed_state
        ... @dataclasses.dataclass
        ... class Review:
        ...     topic: str
        ...     drafts: list[str] = dataclasses.field(default_factory=list)
        >>> Review("otters").snapshot()
        {'topic': 'otters', 'drafts': []}
        >>> Review.restore({"topic": "otters", "drafts": ["a"]})
        Review(topic='otters', drafts=['a'])
    """
    target: Any = cls
    if dataclasses.is_dataclass(target):
        names = [f.name for f in dataclasses.fields(target) if not f.metadata.get("transient")]
        hints = typing.get_type_hints(target)
        dataclass: Any = target
        dataclass.snapshot = lambda self: {n: _taken_apart(getattr(self, n)) for n in names}
        dataclass.restore = classmethod(
            lambda kind, snapshot: _read_only(
                kind(**{n: _built(hints.get(n), snapshot[n]) for n in names if n in snapshot})
            )
        )
    elif hasattr(target, "model_validate") and hasattr(target, "model_dump"):
        names = list(target.model_fields)
        target.snapshot = lambda self: self.model_dump(mode="json")
        target.restore = classmethod(lambda kind, s: _read_only(kind.model_validate(thaw(s))))
    else:
        raise StateTypeError(
            None,
            "a dataclass or a pydantic model",
            str(cls),
            f"{cls!r} is no dataclass and no pydantic model; give it snapshot() and"
            " classmethod restore(snapshot) yourself.",
        )
    target.__lellm_fields__ = tuple(names)
    return cls


def _taken_apart(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _taken_apart(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _taken_apart(item) for key, item in value.items()}
    return [_taken_apart(v) for v in value] if isinstance(value, (list, tuple)) else value


def _built(hint: Any, value: Any) -> Any:
    """Put nested dataclasses together again, as the type hints say."""
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        hints = typing.get_type_hints(hint)
        kind: Any = hint
        return _read_only(kind(**{n: _built(hints.get(n), v) for n, v in value.items()}))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType) and isinstance(value, Mapping):
        kinds = [kind for kind in arguments if dataclasses.is_dataclass(kind)]
        return _built(kinds[0], value) if len(kinds) == 1 else value
    sequence = origin in (list, tuple) and isinstance(value, (list, tuple)) and arguments
    if sequence and (origin is tuple or any(map(dataclasses.is_dataclass, arguments))):
        return freeze(origin(_built(arguments[0], item) for item in value))
    if origin is dict and len(arguments) == 2 and dataclasses.is_dataclass(arguments[1]):
        return freeze({key: _built(arguments[1], item) for key, item in value.items()})
    return value


_read_only_kinds: dict[type, type] = {}


def _read_only(state: Any) -> Any:
    """Make an object refuse assignment, and its containers refuse changes."""
    kind = type(state)
    if kind not in _read_only_kinds:

        def refuse(self: Any, name: str, *_value: Any) -> None:
            raise ReadOnlyStateError(
                f"State key {name!r} cannot be changed in place (assignment)."
                f" Inside a node use ctx.put({name!r}, new_value).",
                key=name,
            )

        def same(self: Any, other: object) -> Any:
            # the class's own comparison may insist on the very class, which this is not
            if not isinstance(other, kind):
                return NotImplemented
            return equal(_fields_of(self), _fields_of(other))

        body = {
            "__setattr__": refuse,
            "__delattr__": refuse,
            "__eq__": same,
            "__hash__": kind.__hash__,
            "__slots__": (),
            "__module__": kind.__module__,
            "__qualname__": kind.__qualname__,
            "__lellm_plain__": kind,
        }
        if dataclasses.is_dataclass(kind):
            # a copy with other values (dataclasses.replace) is the user's to change
            body["__new__"] = lambda _cls, *args, **values: kind(*args, **values)
        meta: Any = type(kind)
        _read_only_kinds[kind] = meta(kind.__name__, (kind,), body)
        _read_only_kinds[_read_only_kinds[kind]] = _read_only_kinds[kind]
    names = getattr(kind, "__lellm_fields__", None) or [f.name for f in dataclasses.fields(kind)]
    for name in names:
        value = getattr(state, name)
        if hasattr(value, "model_fields") or hasattr(type(value), "__lellm_fields__"):
            _read_only(value)
        else:
            object.__setattr__(state, name, freeze(value, name))
    object.__setattr__(state, "__class__", _read_only_kinds[kind])
    return state


def _fields_of(state: Any) -> list[Any]:
    if dataclasses.is_dataclass(state):
        return [getattr(state, f.name) for f in dataclasses.fields(state) if f.compare]
    return [getattr(state, name) for name in type(state).model_fields]


def _writable(state: Any) -> Any:
    """Give a typed mutation an object that it may change."""
    plain = getattr(type(state), "__lellm_plain__", None)
    if plain is not None:
        object.__setattr__(state, "__class__", plain)
        for name in getattr(plain, "__lellm_fields__", ()):
            object.__setattr__(state, name, thaw(getattr(state, name)))
    return state
