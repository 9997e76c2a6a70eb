"""Typed states: classes of the user's in place of a mapping (SEMANTICS S6, S9)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from lellm_nb.errors import SerializationError, StateTypeError
from lellm_nb.state.compact import MISSING, Data, draft, view_items, whole
from lellm_nb.state.containers.fingerprint import Glance, Reads
from lellm_nb.state.frozen import freeze, handed, thaw
from lellm_nb.state.jsonable import check_jsonable
from lellm_nb.state.sameness import equal
from lellm_nb.state.structs.assignment import Rest, assign, settle
from lellm_nb.state.structs.declared import declare
from lellm_nb.state.structs.nested import (
    fields_of,
    freeze_deep,
    kept_again,
    kept_under,
    plain_data,
    private_copy,
    read_only,
    taken,
)
from lellm_nb.state.structs.read_only import plain_class
from lellm_nb.state.structs.rebuilding import restored
from lellm_nb.state.structs.struct import Struct, struct_of, struct_of_class

__all__ = [
    "Typed",
    "WorkflowState",
    "is_typed",
    "state_struct",
    "typed_state",
]

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
    if isinstance(state, (Mapping, type)):
        return False
    return state_struct(type(state)) is not None or isinstance(state, WorkflowState)


def state_struct(cls: type) -> Struct | None:
    """Return how a class that `typed_state` has marked holds its fields; `None` for others."""
    kind = plain_class(cls)
    return struct_of_class(kind) if hasattr(kind, "__lellm_fields__") else None


class Typed:
    """The kept form of a typed state.

    Of a class that `typed_state` has marked, and of a struct that a lens leads to, the values of
    its attributes, frozen and as they are; of a class of another make its snapshot.

    Attributes:
        cls: The user's class.
        data: The fields, or the snapshot, compact like any state's; a snapshot that is no
            mapping is under ``""``.
        struct: How the class holds its fields; `None` for a class that makes snapshots.
        rest: What an object holds beside its fields, by name.
    """

    __slots__ = ("cls", "data", "rest", "struct")

    def __init__(
        self, cls: Any, data: Data, rest: Rest | None = None, struct: Struct | None = None
    ) -> None:
        self.cls = cls
        self.data = data
        self.rest: Rest = {} if rest is None else rest
        self.struct = struct

    @classmethod
    def of(cls, state: Any) -> Typed:
        """Take a typed state apart.

        Raises:
            SerializationError: Its snapshot is not JSON-able; names the path.
            StateError: A value contains itself, or is nested too deeply to keep.
        """
        kind = plain_class(type(state))
        if state_struct(kind) is None:
            return cls(kind, _frozen_snapshot(state))
        return cls.part(state)

    @classmethod
    def part(cls, state: Any) -> Typed:
        """Take any struct apart.

        Raises:
            StateError: A value contains itself, or is nested too deeply to keep.
        """
        struct = struct_of(state)
        assert struct is not None
        return cls(struct.cls, *taken(struct, state), struct)

    def holding(self, data: Data, rest: Rest | None = None) -> Typed:
        """Return a state of the same class with other fields."""
        return Typed(self.cls, data, self.rest if rest is None else rest, self.struct)

    def real(self, reads: Reads | None = None) -> Any:
        """Make the object that user code reads; a private one each time.

        Args:
            reads: Where to note what is held by reference; nowhere by default.
        """
        reads = reads or Glance()
        content = {
            key: value if self._works_on(key, value) else handed(value, reads)
            for key, value in view_items(self.data).items()
        }
        if self.struct is not None:
            return read_only(self.struct, content, self.rest)
        return self.cls.restore(content[""] if set(content) == {""} else content)

    def _works_on(self, key: str, value: Any) -> bool:
        """Tell whether a value may be a client, whose changes are no changes of the state."""
        struct = self.struct
        return struct is not None and struct.loose(key) and struct_of(value) is not None

    def frozen(self, value: Any, key: Any) -> Any:
        """Return a value as it is kept under a key."""
        if self.struct is None:
            return freeze(value, key)
        return kept_under(self.struct, key[0] if isinstance(key, tuple) else key, value)

    def has_room(self, key: Any) -> bool:
        """Tell whether the class has a place for what is put under a key."""
        name = key[0] if isinstance(key, tuple) else key
        if self.struct is not None:
            return self.struct.has(name, self.rest)
        if name in self.data:
            return True
        try:  # a class of another make is asked by trying
            held = self.holding({**dict(self.data.items()), name: True}).real().snapshot()
        except Exception:
            return False
        return isinstance(held, Mapping) and held.get(name) is True

    def can_drop(self, key: Any) -> bool:
        """Tell whether the value under a key may go away, or go back to a default."""
        return self.struct is None or self.struct.is_optional(key)

    def applied(self, mutations: Sequence[Any]) -> Typed:
        """Return the state after a batch.

        Raises:
            StateTypeError: A Put names a field that the class does not have.
            Exception: What the class raises where it refuses a value.
        """
        if self.struct is None:
            return self._restored_after(mutations)
        struct = self.struct
        fields, rest = draft(self.data), self.rest
        for mutation in mutations:
            if hasattr(mutation, "write"):
                rest = _write(struct, fields, rest, mutation)
            else:
                before = {name: whole(value) for name, value in fields.items()}
                state = private_copy(struct, before, rest)
                mutation.apply(state)
                rest = settle(struct, state, before, fields, rest)
        return self.holding(fields, rest)

    def _restored_after(self, mutations: Iterable[Any]) -> Typed:
        data = draft(self.data)
        new_key = False
        for mutation in mutations:
            if hasattr(mutation, "write"):
                name = mutation.key[0] if isinstance(mutation.key, tuple) else mutation.key
                if "" in data and len(data) == 1:
                    raise StateTypeError(
                        name,
                        "a typed mutation",
                        type(mutation).__name__,
                        f"The snapshot of {self.cls.__name__} has no keys to write, so not"
                        f" {name!r}: record a mutation of its own, an object with apply(state).",
                    )
                new_key = new_key or name not in data
                mutation.write(data)
            else:
                state = self.holding(thaw(view_items(data))).real()
                mutation.apply(state)
                data = draft(_frozen_snapshot(state))
        made = self.holding(data)
        if new_key:
            made.real()  # lets the class refuse it before it is committed
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Typed) and self.cls is other.cls and equal(self.data, other.data)

    __hash__ = None  # type: ignore[assignment]  # equal by content, which may be unhashable

    def __reduce__(self) -> Any:
        return _again, (self.cls, self.data, dict(self.rest), self.struct is not None)


def _again(cls: Any, data: Data, rest: dict[str, Any], held: bool) -> Typed:
    struct = struct_of_class(cls) if held else None
    if struct is None:
        return Typed(cls, data)
    fields = {name: kept_again(struct, name, value) for name, value in view_items(data).items()}
    return Typed(cls, fields, rest, struct)


def _write(struct: Struct, fields: Data, rest: Rest, mutation: Any) -> Rest:
    """Apply one mutation to a draft; return the rest after it."""
    key = mutation.key
    name = key[0] if isinstance(key, tuple) else key
    struct.expect(name, rest)
    given = getattr(mutation, "kept", MISSING)
    frozen = given if given is MISSING else kept_again(struct, name, given)
    if frozen is not given:
        mutation = mutation.holding(frozen)
    held = fields.get(name, rest.get(name, MISSING))
    scratch: dict[str, Any] = {} if held is MISSING else {name: held}
    mutation.write(scratch)
    value = scratch.get(name, MISSING)
    if value is held is MISSING and not struct.is_optional(name):
        return rest  # there is nothing to delete
    return assign(struct, fields, rest, name, value)


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


def typed_state(cls: C) -> C:
    """Make a dataclass, a pydantic model or an attrs class a `WorkflowState`.

    `ctx.state` is then an object of the class (read-only), and `ctx.put` sets its fields, as an
    assignment in plain code would: what was put changes, values stay what they are, and the class
    validates where it validates assignments. What a model declares of a field (its type, its
    limits) holds for what is put in any case. A field with ``metadata={"transient": True}`` is
    kept by no store, and gets its default where a run is opened again.

    Raises:
        StateTypeError: It is none of these.

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
    struct = struct_of_class(target) if isinstance(target, type) else None
    if struct is None:
        raise StateTypeError(
            None,
            "a dataclass or a pydantic model",
            str(cls),
            f"{cls!r} is no dataclass, no pydantic model and no attrs class; give it snapshot()"
            " and classmethod restore(snapshot) yourself.",
        )
    target.__lellm_fields__ = struct.fields
    declare(target, sys._getframe(1).f_locals)
    if "snapshot" not in struct.info and not hasattr(target, "snapshot"):
        target.snapshot = _snapshot
    if "restore" not in struct.info and not hasattr(target, "restore"):
        target.restore = classmethod(restored)
    return cls


def _snapshot(self: Any) -> Any:
    """Return the state as JSON-able data."""
    if hasattr(self, "model_dump"):
        return self.model_dump(mode="json", round_trip=True)
    return thaw(plain_data(freeze_deep(fields_of(self))))
