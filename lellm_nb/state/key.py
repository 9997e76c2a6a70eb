"""Named, typed keys (SEMANTICS S4, S5)."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, get_origin

from lellm_nb.errors import StateTypeError
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
        self.name = name
        self.type = type
        self.reducer = reducer

    def check(self, value: Any) -> T:
        """Return `value` if it is of this key's type.

        Raises:
            StateTypeError: It is not; carries `key`, `expected` and `found`.
        """
        kind = get_origin(self.type) or self.type
        accepted = (float, int) if kind is float else kind
        if isinstance(value, accepted) and not (isinstance(value, bool) and kind is float):
            found: Any = value
            return found  # type: ignore[no-any-return]  # just checked against the key's type
        raise StateTypeError(self.name, getattr(kind, "__name__", str(kind)), type(value).__name__)

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


MESSAGES: StateKey[list[Any]] = StateKey("messages", list, Reducer.APPEND)
COUNT: StateKey[int] = StateKey("count", int, Reducer.SUM)
STEPS: StateKey[list[Any]] = StateKey("steps", list, Reducer.APPEND)
ITERATIONS: StateKey[int] = StateKey("iterations", int, Reducer.REPLACE)
PENDING_TOOL_CALLS: StateKey[list[Any]] = StateKey("pending_tool_calls", list, Reducer.REPLACE)
TOTAL_TOOL_CALLS: StateKey[int] = StateKey("total_tool_calls", int, Reducer.SUM)
OUTPUT_TOKENS: StateKey[int] = StateKey("output_tokens", int, Reducer.SUM)
REASONING_TOKENS: StateKey[int] = StateKey("reasoning_tokens", int, Reducer.SUM)
