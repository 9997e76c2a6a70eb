"""The reducers of a whole graph, by key (SEMANTICS S4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lellm_nb.errors import ReducerError, path_text
from lellm_nb.state.delta import fold_deltas
from lellm_nb.state.reducer import Reducer

__all__ = ["ReducerRegistry"]


def _pair(given: Any) -> tuple[str, Any]:
    """Return key and reducer of a `StateKey`, or of a pair."""
    name = getattr(given, "name", None)
    return given if name is None else (name, given.reducer)


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
        """Take a mapping of keys to reducers, or `StateKey` objects."""
        self.rules: dict[str, Reducer] = {}
        self.types: dict[str, Any] = dict(getattr(rules, "types", {}))
        pairs: Iterable[tuple[str, Any]]
        if not isinstance(rules, Mapping):
            rules = list(rules or ())
            self.types = {key.name: key.type for key in rules if hasattr(key, "type")}
        pairs = rules.items() if isinstance(rules, Mapping) else map(_pair, rules)
        for key, reducer in pairs:
            if not isinstance(reducer, Reducer):
                raise ReducerError(
                    f"The reducer of key {path_text(key)!r} is {reducer!r}:"
                    " use Reducer.APPEND and its kin, or Reducer.custom(function).",
                    key=key,
                )
            self.rules[key] = reducer

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
