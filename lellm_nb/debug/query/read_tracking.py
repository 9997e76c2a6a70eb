"""A state that remembers what was read of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.state.containers.fingerprint import Glance
from lellm_nb.state.containers.handed import handed
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.state import UNASKED, State, content_of, value_at
from lellm_nb.state.structs.read_only import silent_subclass
from lellm_nb.state.typed import Typed

__all__ = ["ALL_KEYS", "Raised", "asked_with_reads"]

ALL_KEYS = "(all)"
"""Stands for every key: the state was walked, counted or compared as a whole."""


def asked_with_reads(predicate: Callable[[Any], Any], data: Any) -> tuple[Any, tuple[str, ...]]:
    """Ask a predicate of a level's data, and return its answer and the keys that it read.

    Raises:
        Raised: The predicate raised; says what, and what it had read.

    Example:
        >>> asked_with_reads(lambda s: s.get("n", 0) > 1 and "x" in s, {"n": 2, "m": 1})
        (False, ('n', 'x'))
    """
    reads: dict[str, None] = {}
    state: Any = _tracked_object(data, reads) if type(data) is Typed else _tracked(data, reads)
    try:
        return predicate(state), tuple(reads)
    except BaseException as error:
        if is_interrupt(error):
            raise
        raise Raised(error, tuple(reads)) from error


class Raised(Exception):
    """A predicate raised; carries what it had read."""

    def __init__(self, cause: BaseException, reads: tuple[str, ...]) -> None:
        super().__init__(safe_str(cause))
        self.cause = cause
        self.reads = reads


class _Tracked(State):
    """A state whose reads are noted; in everything else it is one like any other."""

    __slots__ = ("_reads",)
    _reads: dict[str, None]

    def _note(self, key: Any = ALL_KEYS) -> None:
        self._reads[safe_str(key)] = None

    def __getitem__(self, key: Any) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return dict.__contains__(self, key)

    def get(self, key: Any, default: Any = None) -> Any:
        self._note(key)
        return super().__getitem__(key) if dict.__contains__(self, key) else default

    def require(self, key: Any) -> Any:
        path = parts_of(key)
        self._note(getattr(path[0], "name", path[0]))
        return value_at(self, path) if isinstance(key, tuple) else super().require(key)

    def __iter__(self) -> Iterator[Any]:
        self._note()
        return dict.__iter__(self)

    def __len__(self) -> int:
        self._note()
        return dict.__len__(self)

    def __eq__(self, other: object) -> bool:
        self._note()
        return dict.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]  # equal to a dict, so unhashable like one

    def keys(self) -> Any:
        self._note()
        return dict.keys(self)

    def values(self) -> Any:
        self._note()
        return super().values()

    def items(self) -> Any:
        self._note()
        return super().items()


def _tracked(data: Any, reads: dict[str, None]) -> Any:
    made = _Tracked.__new__(_Tracked)
    dict.update(made, content_of(data))
    made.key = ""
    made.of, made.reads = data, UNASKED
    made._reads = reads
    return made


def _tracked_object(data: Any, reads: dict[str, None]) -> Any:
    """Make a typed state's object of a class that notes which fields are read."""
    if data.struct is None:
        return data.real()
    kind: Any = type(data.real())

    def __getattribute__(self: Any, name: str) -> Any:
        if name in data.data:
            reads[name] = None
        return kind.__getattribute__(self, name)

    noting = silent_subclass(kind, {"__getattribute__": __getattribute__})
    given = {name: handed(value, Glance()) for name, value in content_of(data).items()}
    return data.struct.make(given, data.rest, noting)
