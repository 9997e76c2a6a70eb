"""What a step writes, and the fold that makes a state of it (SEMANTICS S3).

Nothing else changes a state, so folding a prefix of a log *is* travelling back
in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from lellm_nb.arguments import refusal, shown
from lellm_nb.errors import (
    MissingKeyError,
    ReducerError,
    StateError,
    StateTypeError,
    path_text,
    sentence,
)
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.compact import MISSING, WIDE, Data, Wide, draft, real, whole
from lellm_nb.state.frozen import freeze
from lellm_nb.state.path_write import write_inside
from lellm_nb.state.reducer import OF_GRAPH, Reducer, no_reducer
from lellm_nb.state.sameness import equal
from lellm_nb.state.state import check_content, check_mapping, view

__all__ = ["Delete", "Key", "Mutation", "Put", "Reduce", "apply", "fold"]
__all__ += ["JOINING", "mutation_from_json"]

Key = str | tuple[Any, ...]
"""A flat key, or a path of keys and indexes from the top."""


class _Mutation:
    """What all three share: a key, equality by value, and one JSON form."""

    __slots__ = ("key",)
    key: Key

    def _parts(self) -> tuple[Any, ...]:
        return (self.key,)

    def holding(self, value: Any) -> Any:
        """Return the same mutation with another value."""
        make: Any = type(self)
        return make(self.key, value, *self._parts()[2:])

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and equal(self._parts(), other._parts())

    __hash__ = None  # type: ignore[assignment]  # holds values that may be unhashable

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(safe_repr(whole(part)) for part in self._parts())})"
        )

    def __reduce__(self) -> Any:
        return type(self), self._parts()


class _Write(_Mutation):
    """A mutation with a value.

    Attributes:
        kept: The value as frames keep it, which user code is not to be given.
    """

    __slots__ = ("kept",)
    kept: Any

    @property
    def value(self) -> Any:
        """What is written."""
        return real(self.kept)


class Put(_Write):
    """Write `value` at `key`.

    Example:
        >>> fold({"n": 1}, [Put("n", 2), Put("m", 3)])
        State({'n': 2, 'm': 3})
        >>> fold({"plan": {"steps": ["a"]}}, [Put(("plan", "steps", 0), "b")])
        State({'plan': {'steps': ['b']}})
    """

    __slots__ = ()
    __match_args__ = ("key", "value")

    def __init__(self, key: Key, value: Any) -> None:
        self.key = key
        self.kept = value

    def _parts(self) -> tuple[Any, ...]:
        return self.key, self.kept

    def write(self, content: Data) -> None:
        """Apply this to a draft."""
        key = self.key
        if type(key) is str or isinstance(key, str):
            content[key] = self.kept
        else:
            value = whole(self.kept)
            write_inside(content, key, lambda _old: value, self.kept)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"Put": [key, value]}``."""
        return {"Put": [_json_key(self.key), self.value]}


class Delete(_Mutation):
    """Remove `key`; where it is absent, do nothing.

    Example:
        >>> fold({"n": 1}, [Delete("n"), Delete("n")])
        State({})
    """

    __slots__ = ()
    __match_args__ = ("key",)

    def __init__(self, key: Key) -> None:
        self.key = key

    def write(self, content: Data) -> None:
        """Apply this to a draft."""
        key = self.key
        if isinstance(key, str):
            if key in content:
                del content[key]
        else:
            try:
                write_inside(content, key, lambda _old: MISSING)
            except MissingKeyError:
                return

    def to_json(self) -> dict[str, Any]:
        """Return ``{"Delete": key}``."""
        return {"Delete": _json_key(self.key)}


class Reduce(_Write):
    """Join `value` to what is at `key`, by a reducer.

    Without one, the graph in which it is recorded (`ctx.record`) says which, and it carries that
    from then on (SEMANTICS S3).

    Example:
        >>> fold({"n": 1}, [Reduce("n", 2, Reducer.SUM)])
        State({'n': 3})
    """

    __slots__ = ("reducer",)
    __match_args__ = ("key", "value", "reducer")

    def __init__(self, key: Key, value: Any, reducer: Reducer = OF_GRAPH) -> None:
        if not isinstance(reducer, Reducer):
            raise ReducerError(
                f"Reduce of key {path_text(key)!r} needs a Reducer, not {shown(reducer)}.", key=key
            )
        self.key = key
        self.kept = value
        self.reducer = reducer

    def _parts(self) -> tuple[Any, ...]:
        return self.key, self.kept, *([] if self.reducer is OF_GRAPH else [self.reducer])

    def resolved(self, reducers: Mapping[str, Reducer]) -> Self:
        """Return it with its reducer: its own, or the one that a graph has for the key.

        Raises:
            ReducerError: No reducer is known for the key.

        Example:
            >>> Reduce("n", 2).resolved({"n": Reducer.SUM})
            Reduce('n', 2, Reducer.SUM)
        """
        if self.reducer is not OF_GRAPH:
            return self
        key = self.key
        found = reducers.get(key if isinstance(key, str) else key[0])
        if found is None:
            raise no_reducer(key)
        return type(self)(key, self.kept, found)

    def write(self, content: Data) -> None:
        """Apply this to a draft."""
        key = self.key
        try:
            if isinstance(key, str):
                content[key] = self.reducer.fold(content.get(key, MISSING), self.kept)
            else:
                write_inside(content, key, lambda old: whole(self.reducer.fold(old, self.kept)))
        except ReducerError as error:
            if error.key is not None:
                raise
            raise ReducerError(
                f"State key {path_text(key)!r}: {sentence(error)}", key=key
            ) from error

    def to_json(self) -> dict[str, Any]:
        """Return ``{"Reduce": [key, value, reducer name]}``; without a name where it has none."""
        named = [] if self.reducer is OF_GRAPH else [self.reducer.name]
        return {"Reduce": [_json_key(self.key), self.value, *named]}


Mutation = Put | Delete | Reduce

JOINING: dict[str, type[Reduce]] = {"Reduce": Reduce}
"""The mutations that join a value by a reducer, by the name in their JSON form."""


def _json_key(key: Key) -> Any:
    return key if isinstance(key, str) else list(key)


def mutation_from_json(form: Mapping[str, Any]) -> Mutation:
    """Read back what `to_json` wrote; a custom reducer is not known by name.

    Raises:
        StateError: The form is none of the three.
        ReducerError: The reducer is not a ready-made one.
    """
    match form:
        case {"Put": [key, value]}:
            return Put(_read_key(key), freeze(value, key))
        case {"Delete": key}:
            return Delete(_read_key(key))
    given: Any = form
    for word, kind in JOINING.items():
        match given.get(word) if isinstance(given, Mapping) else None:
            case [key, value]:
                return kind(_read_key(key), freeze(value, key))
            case [key, value, str(name)]:
                return kind(_read_key(key), freeze(value, key), Reducer.named(name))
    raise StateError(f"{safe_repr(form, 80)} is no mutation: expected Put, Delete or Reduce.")


def _read_key(key: Any) -> Key:
    return check_key(tuple(key) if isinstance(key, list) else key)


def check_key(key: Any) -> Key:
    """Return `key` if it is text or a path that starts with text.

    Raises:
        StateTypeError: It is neither.
    """
    if isinstance(key, str):
        return key
    if isinstance(key, tuple) and key and isinstance(key[0], str) and _hashable(key):
        return key if len(key) > 1 else key[0]
    raise StateTypeError(
        key,
        "text",
        type(key).__name__,
        f"A key is text, or a path such as ('plan', 'steps', 2); {shown(key)} is neither.",
    )


def parts_of(key: Any) -> tuple[Any, ...]:
    """Return a key as a path: a flat key is one of a single part.

    Example:
        >>> parts_of("plan"), parts_of(("plan", "steps", 2))
        (('plan',), ('plan', 'steps', 2))
    """
    return key if isinstance(key, tuple) else (key,)


def _hashable(key: tuple[Any, ...]) -> bool:
    try:
        hash(key)
    except Exception:  # __hash__ may raise anything
        return False
    return True


def apply(data: Data, mutations: Sequence[Mutation]) -> Data:
    """Return the compact state after a batch; `data` stays as it is.

    Raises:
        MissingKeyError: A Put goes through a path that is not there.
        ReducerError: A reducer refused its value.
    """
    if not mutations:
        return data
    new: Data
    if type(data) is dict and len(data) <= WIDE:
        new = data.copy()  # `draft`, without the call
    elif type(data) is not dict and type(data) is not Wide:
        typed: Any = data
        return typed.applied(mutations)  # type: ignore[no-any-return]  # a Typed, kept like Data
    else:
        new = draft(data)
    for mutation in mutations:
        mutation.write(new)
    return new


def fold(initial: Mapping[str, Any], log: Iterable[Mutation]) -> Any:
    """Return the state reached by applying `log` to `initial`, in order.

    Example:
        >>> fold({"n": 1}, [Reduce("n", 2, Reducer.SUM)])
        State({'n': 3})
    """
    log = list(log)
    for m in log:
        if not isinstance(m, Mutation):
            raise refusal(m, "each of log", "a Put, Delete or Reduce", StateError)
    frozen = [type(m)(check_key(m.key), *(freeze(v, m.key) for v in m._parts()[1:])) for m in log]
    return view(apply(check_content(check_mapping(initial)), frozen))
