"""The reducers of a whole graph, by key (SEMANTICS S4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lellm_nb.arguments import refusal, shown, text
from lellm_nb.errors import ReducerError
from lellm_nb.state.delta import fold_deltas
from lellm_nb.state.key import StateKey
from lellm_nb.state.reducer import Reducer

__all__ = ["ReducerRegistry"]


def _listed(rules: Any) -> list[tuple[Any, Any]]:
    """Return what was given in place of a mapping: pairs, each key a `StateKey` or a name.

    Raises:
        ReducerError: It is nothing of the kind.
    """
    if isinstance(rules, str) or not isinstance(rules, Iterable):
        wanted = "a mapping of keys to reducers, or a list of StateKey"
        raise refusal(rules, "reducers", wanted, ReducerError)
    found: list[tuple[Any, Any]] = []
    for given in rules:
        pair = (given, given.reducer) if isinstance(given, StateKey) else given
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise refusal(given, "each of reducers", "a StateKey", ReducerError)
        found.append(pair)
    return found


class ReducerRegistry(Mapping[str, Reducer]):
    """The reducers of a whole graph, by key.

    Attributes:
        rules: The same as a plain dict, for where every node asks.
        types: The types of the keys that were given as `StateKey` objects.

    Example:
        >>> registry = ReducerRegistry({"messages": Reducer.APPEND})
        >>> registry["messages"]
        Reducer.APPEND
    """

    def __init__(self, rules: Mapping[str, Reducer] | Iterable[Any] | None = None) -> None:
        """Take a mapping of keys to reducers, or `StateKey` objects.

        Raises:
            ReducerError: A key is no name, or a reducer none.
        """
        self.rules: dict[str, Reducer] = {}
        self.types: dict[str, Any] = dict(getattr(rules, "types", {}))
        given: Any = () if rules is None else rules
        for key, reducer in given.items() if isinstance(given, Mapping) else _listed(given):
            if isinstance(key, StateKey):
                self.types[key.name] = key.type
            name = key.name if isinstance(key, StateKey) else key
            text(name, "each key of reducers", ReducerError, "the name of a key")
            if not isinstance(reducer, Reducer):
                raise ReducerError(
                    f"The reducer of key {name!r} is {shown(reducer)}:"
                    " use Reducer.APPEND and its kin, or Reducer.custom(function).",
                    key=name,
                )
            self.rules[name] = reducer

    def remade(self, functions: Mapping[str, Any]) -> ReducerRegistry:
        """Return the same reducers, those of some keys with other functions in them."""
        made = ReducerRegistry(self)
        made.rules |= {key: self.rules[key].remade(new) for key, new in functions.items()}
        return made

    def fold(self, initial: Mapping[str, Any], deltas: Iterable[Any]) -> Any:
        """Return the state after a list of `StateDelta`; see `fold_deltas`."""
        return fold_deltas(initial, deltas, self)

    def __getitem__(self, key: str) -> Reducer:
        return self.rules[key]

    def __iter__(self) -> Any:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __repr__(self) -> str:
        return f"ReducerRegistry({self.rules!r})"
