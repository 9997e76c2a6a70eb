"""How a written value joins what is there already (SEMANTICS S4)."""

from __future__ import annotations

import collections
import operator
from collections.abc import Callable
from typing import Any

from lellm_nb.arguments import flag, plain_function, shown, text
from lellm_nb.errors import ReducerError, nearest, path_text
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.compact import MISSING, EditedList, Tail, real, whole
from lellm_nb.state.containers.kinds import alike
from lellm_nb.state.containers.read_only import ATOMS
from lellm_nb.state.frozen import FrozenDict, FrozenList, freeze
from lellm_nb.state.sameness import same

__all__ = ["OF_GRAPH", "Reducer", "no_reducer"]


class Reducer:
    """A named rule ``(old, new) -> joined``. The ready-made ones are attributes.

    Attributes:
        name: Its name in JSON; a custom function's is its own.
        fold: Called with the value that is there, or `MISSING`, and the new one.
        function: What it was made of: for a custom one the function of two values.
        commutative: Whether the order of writers cannot matter, which is what a
            merge of parallel branches asks.

    Example:
        >>> Reducer.SUM(2, 3)
        5
        >>> Reducer.custom(lambda old, new: new + "!", name="shout")("", "hey")
        'hey!'
    """

    __slots__ = ("commutative", "fold", "function", "name")

    ERROR: Reducer
    REPLACE: Reducer
    APPEND: Reducer
    MERGE_OBJECT: Reducer
    SUM: Reducer
    MAX: Reducer
    MIN: Reducer

    def __init__(
        self, name: str, fold: Callable[[Any, Any], Any], *, commutative: bool = False
    ) -> None:
        self.name = text(name, "name", ReducerError)
        self.fold = self.function = plain_function(fold, "fold", ReducerError, "old, new")
        self.commutative = flag(commutative, "commutative", ReducerError)

    @classmethod
    def custom(
        cls, fold: Callable[[Any, Any], Any], *, name: str = "", commutative: bool = False
    ) -> Reducer:
        """Make a reducer of a function of two values; it is not called for the first write.

        Raises:
            ReducerError: It is no plain function of two values.
        """
        plain_function(fold, "fold", ReducerError, "old, new")

        def first_or_fold(old: Any, new: Any) -> Any:
            return new if old is MISSING else freeze(fold(real(old), real(new)))

        label = name or getattr(fold, "__name__", "custom")
        made = cls(label, first_or_fold, commutative=commutative)
        made.function = fold
        return made

    @property
    def ready_made(self) -> bool:
        """Whether it is one of those that are attributes of the class."""
        return _ready_made.get(self.name) is self

    def remade(self, function: Callable[[Any, Any], Any]) -> Reducer:
        """Return the same rule with another function in it."""
        if self.fold is self.function:
            return Reducer(self.name, function, commutative=self.commutative)
        return Reducer.custom(function, name=self.name, commutative=self.commutative)

    @classmethod
    def named(cls, name: str) -> Reducer:
        """Return the ready-made reducer of that name.

        Raises:
            ReducerError: There is none.
        """
        given: Any = name
        found = _ready_made.get(given) if isinstance(given, str) else None
        if found is None:
            raise ReducerError(
                f"There is no ready-made reducer {shown(name)}.{nearest(name, _ready_made)}"
                f" Ready-made: {', '.join(_ready_made)}."
            )
        return found

    def __call__(self, old: Any, new: Any) -> Any:
        return self.fold(old, new)

    def __repr__(self) -> str:
        return f"Reducer.{self.name.upper()}" if self.ready_made else f"Reducer({self.name!r})"

    def __reduce__(self) -> Any:
        if self.ready_made:
            return Reducer.named, (self.name,)
        custom = self.fold is not self.function
        return _made_again, (custom, self.name, self.function, self.commutative)


def _made_again(custom: bool, name: str, function: Any, commutative: bool) -> Reducer:
    if custom:
        return Reducer.custom(function, name=name, commutative=commutative)
    return Reducer(name, function, commutative=commutative)


def _error(old: Any, new: Any) -> Any:
    if old is not MISSING:
        raise ReducerError(
            f"was written twice: holds {safe_repr(old, 80)}, refuses {safe_repr(new, 80)}"
        )
    return new


def _replace(_old: Any, new: Any) -> Any:
    return new


def _append(old: Any, new: Any) -> Any:
    items = new if issubclass(type(new), list) else (new,)
    if old is MISSING or old is None:
        return Tail.of(items)
    if isinstance(old, (Tail, EditedList)):
        return old.extended(items)
    if type(old) is FrozenList or type(old) is list:
        return Tail.of(old).extended(items)
    if isinstance(old, (list, collections.deque)):
        kept: Any = old
        return alike(kept, [*old, *items], kept.key)
    raise ReducerError(f"append needs a list, found {type(old).__name__}")


def _merge_object(old: Any, new: Any) -> FrozenDict:
    old = whole(old)
    if not isinstance(new, dict) or not (old is MISSING or isinstance(old, dict)):
        found = new if not isinstance(new, dict) else old
        raise ReducerError(f"merge_object needs a mapping, found {type(found).__name__}")
    there: dict[Any, Any] = old if isinstance(old, dict) else {}
    made: FrozenDict = alike(there, {**there, **new}, getattr(there, "key", ""))
    return made


def _number(name: str, pick: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def fold(old: Any, new: Any) -> Any:
        if old is MISSING or old is None:
            return new
        try:
            if type(new) is type(old) is int or (type(old) in ATOMS and type(new) in ATOMS):
                return pick(old, new)
            given = real(old), real(new)
            made = pick(*given)
            # one of the two stays what is kept: frozen again, it would be copied
            return old if made is given[0] else new if made is given[1] else freeze(made)
        except Exception as error:  # the operators of foreign classes may raise anything
            both = f"{safe_repr(old, 40)} and {safe_repr(new, 40)}"
            raise ReducerError(f"{name} cannot join {both}") from error

    return fold


def _first_by(precedes: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def pick(old: Any, new: Any) -> Any:
        try:
            # what is not a number wins from either side: who writes first must not matter
            return new if precedes(new, old) or new != new else old
        except Exception:  # of two arrays none comes first
            if same(old, new):
                return old
            raise

    return pick


Reducer.ERROR = Reducer("error", _error)
Reducer.REPLACE = Reducer("replace", _replace)
Reducer.APPEND = Reducer("append", _append, commutative=True)
Reducer.MERGE_OBJECT = Reducer("merge_object", _merge_object, commutative=True)
Reducer.SUM = Reducer("sum", _number("sum", lambda old, new: old + new), commutative=True)
Reducer.MAX = Reducer("max", _number("max", _first_by(operator.gt)), commutative=True)
Reducer.MIN = Reducer("min", _number("min", _first_by(operator.lt)), commutative=True)
_ready_made = {
    reducer.name: reducer
    for reducer in (
        *(Reducer.ERROR, Reducer.REPLACE, Reducer.APPEND, Reducer.MERGE_OBJECT),
        *(Reducer.SUM, Reducer.MAX, Reducer.MIN),
    )
}


def no_reducer(key: Any) -> ReducerError:
    """Return the error of a value to be joined of which nobody says how."""
    return ReducerError(
        f"No reducer is known for key {path_text(key)!r}: pass one, as in"
        f" ctx.reduce({key!r}, value, Reducer.SUM) or Reduce({key!r}, value, Reducer.SUM), or"
        " give the graph one.",
        key=key,
    )


def _nothing(_old: Any, _new: Any) -> Any:
    raise ReducerError("no reducer is known; give one, or record it in a graph that has one")


OF_GRAPH = Reducer("of the graph", _nothing)
"""Stands where a Reduce has no reducer of its own yet."""
