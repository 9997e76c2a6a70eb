"""Named, typed keys (SEMANTICS S4, S5)."""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

from lellm_nb.arguments import refusal, text
from lellm_nb.errors import StateError, StateTypeError
from lellm_nb.state.reducer import Reducer

__all__ = [
    "COUNT",
    "ITERATIONS",
    "MESSAGES",
    "OUTPUT_TOKENS",
    "PENDING_TOOL_CALLS",
    "REASONING_TOKENS",
    "STEPS",
    "TOTAL_TOOL_CALLS",
    "StateKey",
]

T = TypeVar("T")


class StateKey(Generic[T]):
    """A key with a type and a reducer.

    Attributes:
        name: The flat key.
        type: What its values are instances of; `object` takes anything.
        reducer: How a reduced value joins the one that is there.

    Raises:
        StateError: One of the three is of another kind; names it.

    Example:
        >>> total = StateKey("total", float, Reducer.SUM)
        >>> total.check(1.5)
        1.5
        >>> total.check("1.5")
        Traceback (most recent call last):
        lellm_nb.errors.StateTypeError: State key 'total' should hold float, but holds str.
    """

    __slots__ = ("name", "reducer", "type")

    def __init__(
        self,
        name: str,
        type: type[T] | Any = object,
        reducer: Reducer = Reducer.REPLACE,
    ) -> None:
        self.name = text(name, "name", StateError)
        self.type = _checked(type)
        if not isinstance(reducer, Reducer):
            raise refusal(reducer, "reducer", "a Reducer, such as Reducer.APPEND", StateError)
        self.reducer = reducer

    def check(self, value: Any) -> T:
        """Return `value` if it is of this key's type.

        Raises:
            StateTypeError: It is not; carries `key`, `expected` and `found`.
        """
        if any(map(_accepts(value), _kinds(self.type))):
            found: Any = value
            return found  # type: ignore[no-any-return]  # just checked against the key's type
        expected = " or ".join(getattr(k, "__name__", str(k)) for k in _kinds(self.type))
        raise StateTypeError(self.name, expected, type(value).__name__)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, StateKey)
            and (self.name, self.type) == (other.name, other.type)
            and self.reducer is other.reducer
        )

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"StateKey({self.name!r}, {getattr(self.type, '__name__', self.type)})"


def _kinds(hint: Any) -> tuple[Any, ...]:
    """Return the classes that a type hint can be: of a union its members, of list[int] list."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(kind for part in get_args(hint) for kind in _kinds(part))
    return (object if hint is Any else get_origin(hint) or hint,)


def _checked(hint: Any) -> Any:
    """Return a type hint if values can be asked whether they are of it."""
    try:
        for kind in _kinds(hint):
            isinstance(hint, type(None) if kind is None else kind)
    except TypeError:
        wanted = "a class, a union of classes, or a hint such as list[int]"
        raise refusal(hint, "type", wanted, StateError) from None
    return hint


def _accepts(value: Any) -> Callable[[Any], bool]:
    """Ask classes whether a value is theirs; an int will do for a float, a bool will not."""

    def accepts(kind: Any) -> bool:
        if kind is float:
            return isinstance(value, (float, int)) and not isinstance(value, bool)
        return isinstance(value, type(None) if kind is None else kind)

    return accepts


MESSAGES: StateKey[list[Any]] = StateKey("messages", list, Reducer.APPEND)
COUNT: StateKey[int] = StateKey("count", int, Reducer.SUM)
STEPS: StateKey[list[Any]] = StateKey("steps", list, Reducer.APPEND)
ITERATIONS: StateKey[int] = StateKey("iterations", int, Reducer.REPLACE)
PENDING_TOOL_CALLS: StateKey[list[Any]] = StateKey("pending_tool_calls", list, Reducer.REPLACE)
TOTAL_TOOL_CALLS: StateKey[int] = StateKey("total_tool_calls", int, Reducer.SUM)
OUTPUT_TOKENS: StateKey[int] = StateKey("output_tokens", int, Reducer.SUM)
REASONING_TOKENS: StateKey[int] = StateKey("reasoning_tokens", int, Reducer.SUM)
