"""The state that user code reads."""

from __future__ import annotations

from collections.abc import Mapping
from gc import is_tracked
from types import GeneratorType
from typing import Any, Final, TypeVar, overload

from lellm_nb.errors import MissingKeyError, StateTypeError, path_text
from lellm_nb.errors.safe_text import named_dict_text, safe_repr
from lellm_nb.state.compact import COMPACT, MISSING, view_items
from lellm_nb.state.containers.fingerprint import Glance, Reads
from lellm_nb.state.containers.handed import LazyDict
from lellm_nb.state.containers.read_only import FrozenDict
from lellm_nb.state.frozen import freeze
from lellm_nb.state.key import StateKey
from lellm_nb.state.refusal import refuse
from lellm_nb.state.structs.nested import is_read_only, part_of
from lellm_nb.state.structs.struct import struct_of
from lellm_nb.state.typed import Typed, is_typed

__all__ = ["State"]

T = TypeVar("T")


class State(LazyDict):
    """An immutable mapping of text keys to values (SEMANTICS S2).

    Equal to a plain `dict` with the same content, and JSON-serialisable by the
    standard `json` module. What it holds is frozen as well.

    Raises:
        StateTypeError: The argument is not a mapping, or has keys that are not text.

    Example:
        >>> state = State({"topic": "otters"})
        >>> state["topic"], state == {"topic": "otters"}
        ('otters', True)
        >>> state["topic"] = "seals"
        Traceback (most recent call last):
        lellm_nb.errors.ReadOnlyStateError: State key 'topic' cannot be changed in place \
(__setitem__). Inside a node use ctx.put('topic', new_value); to work on a copy, take .copy().
    """

    __slots__ = ()
    __new__ = dict.__new__

    def __init__(self, content: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        given: Any = content
        if isinstance(given, GeneratorType):  # of pairs: so dataclasses.asdict makes it again
            content = dict(given)
        super().__init__(check_content({**check_mapping(content), **more}))
        self.key = ""
        self.of = self.reads = None

    def _give(self, key: Any, value: Any) -> Any:
        reads = self.reads
        if reads is UNREAD or reads is UNASKED:
            reads = self.reads = type(reads)()
        if reads is not None:
            reads.keys[key] = None
        return LazyDict._give(self, key, value)

    def _filled(self) -> None:
        """Stay what it is."""

    def __setitem__(self, key: Any, value: Any) -> None:
        probe = FrozenDict()
        probe.key = str(key)
        refuse(probe, "__setitem__", lambda name: f"ctx.put({name}, new_value)")

    def __delitem__(self, key: Any) -> None:
        probe = FrozenDict()
        probe.key = str(key)
        refuse(probe, "__delitem__", lambda name: f"ctx.delete({name})")

    def __reduce__(self) -> Any:
        return view, ({key: freeze(value, key) for key, value in dict.items(self)},)

    @overload
    def require(self, key: StateKey[T]) -> T: ...
    @overload
    def require(self, key: str | tuple[Any, ...]) -> Any: ...

    def require(self, key: Any) -> Any:
        """Return the value of `key`: a name, a path tuple, or a `StateKey`.

        Raises:
            MissingKeyError: It is not there; names the nearest key.
            StateTypeError: A `StateKey` asks for another type (SEMANTICS S5).

        Example:
            >>> State({"plan": {"steps": ["a", "b"]}}).require(("plan", "steps", 1))
            'b'
        """
        if isinstance(key, tuple):
            return value_at(self, key)
        name = key.name if isinstance(key, StateKey) else key
        if name not in self:
            raise MissingKeyError(name, self)
        return key.check(self[name]) if isinstance(key, StateKey) else self[name]

    __repr__ = named_dict_text


UNREAD: Final = Reads()
"""Stands for what a reader was given who has read no container yet."""

UNASKED: Final = Glance()
"""The same of a reader whom nobody asks whether it changed what it read."""


def check_mapping(content: Any) -> Mapping[str, Any]:
    """Return `content` if it can be a state; `None` is an empty one."""
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        kind = type(content).__name__
        raise StateTypeError(
            "state",
            "a mapping",
            kind,
            f"A state is a mapping of text keys to values, not {kind} ({safe_repr(content, 60)})."
            " A dataclass or a pydantic model becomes one with typed_state.",
        )
    return content


def check_content(content: Mapping[Any, Any]) -> dict[str, Any]:
    """Freeze a mapping into the compact form, which is a plain dict.

    Raises:
        StateTypeError: A key is not text.
    """
    for key in content:
        if not isinstance(key, str):
            raise StateTypeError(
                key,
                "text",
                type(key).__name__,
                f"State keys are text; {safe_repr(key, 60)} is {type(key).__name__}.",
            )
    pairs = dict.items(content) if isinstance(content, State) else content.items()
    return {key: freeze(value, key) for key, value in pairs}


def keep(state: Any) -> Any:
    """Return the compact form of what a user gave as a state: a mapping, or a typed state.

    Raises:
        StateTypeError: It is neither, or a mapping with keys that are not text.
        SerializationError: The snapshot of a typed state is not JSON-able.
    """
    if is_read_only(state):
        return Typed.part(state)
    return Typed.of(state) if is_typed(state) else check_content(check_mapping(state))


def keep_part(state: Any) -> Any:
    """Return the compact form of what a lens led to: a state, or an object inside of one.

    Raises:
        StateTypeError: It is no state, and no object that holds its data in attributes.
    """
    inside = struct_of(state) is not None and not isinstance(state, Mapping)
    return Typed.part(state) if inside else keep(state)


def content_of(data: Any) -> dict[str, Any]:
    """Return keys and values as user code reads them, of a typed state its fields."""
    return view_items(data.data if isinstance(data, Typed) else data)


# looked up once: `view` is called in every step
_new, _update, _no_compact = dict.__new__, dict.update, COMPACT.isdisjoint


def view(data: Any, reads: Reads | None = None) -> Any:
    """Return what user code reads for a compact state.

    Args:
        reads: `UNREAD` or `UNASKED` for one reader, whose copies nobody else gets; without
            it somebody only looks, and shares them.
    """
    return data.real(reads) if type(data) is Typed else view_of_keys(data, reads)


def view_of_keys(data: Any, reads: Reads | None = None) -> State:
    """Return the same of a state that is no typed one."""
    made: State = _new(State)
    items = data if type(data) is dict else dict(data.items())
    _update(made, items)
    made.key = ""
    made.of = data
    made.reads = reads
    # the collector tracks no dict of which it knows that nothing in it can hold anything: most
    # states are such, and to ask is cheaper than to look at every value
    if is_tracked(items) and not _no_compact(map(type, items.values())):
        _give_whole(made, items)
    return made


def _give_whole(made: State, items: dict[str, Any]) -> None:
    """Put containers for this reader where a state has a compact form of them."""
    if made.reads is UNREAD or made.reads is UNASKED:
        made.reads = type(made.reads)()
    for key, value in items.items():
        if type(value) in COMPACT:
            dict.__setitem__(made, key, value.real(key, made.reads))


def value_at(content: Any, path: tuple[Any, ...], default: Any = MISSING) -> Any:
    """Return the value at a path of keys and indexes.

    Raises:
        MissingKeyError: A step of the path is not there, and no default is given.
    """
    value = content
    for depth, part in enumerate(path):
        try:
            value = part_of(value, part)
        except (KeyError, IndexError, TypeError):
            if default is not MISSING:
                return default
            known = value if isinstance(value, Mapping) else ()
            found = f"{path_text(path[:depth])!r} holds {type(value).__name__}" if depth else ""
            raise MissingKeyError(
                path if len(path) > 1 else path[0],
                known,
                f"Nothing is at {path_text(path)!r}: {found}." if found else "",
            ) from None
    return value
