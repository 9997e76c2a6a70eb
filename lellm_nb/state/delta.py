"""Deltas: writes as data, with their source, folded by a registry (SEMANTICS S4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lellm_nb.arguments import chosen, refusal
from lellm_nb.errors import StateError
from lellm_nb.errors.safe_text import fields_text, safe_str
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Key, Mutation, Put, Reduce, apply, check_key
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import keep, view

__all__ = ["StateDelta", "fold_deltas"]


@dataclass(frozen=True, slots=True)
class StateDelta:
    """One write, and who made it.

    Attributes:
        key: A flat key or a path.
        op: ``"put"`` (through the key's reducer, where it has one) or ``"delete"``.
        value: What is written.
        source: The node, or whatever the writer calls itself.

    Raises:
        StateError: The key is no key, or the operation is unknown.
    """

    key: Key
    op: str
    value: Any = None
    source: str = ""

    def __post_init__(self) -> None:
        check_key(self.key)
        chosen(self.op, "op", partial(StateError, key=self.key), ("put", "delete"))

    __repr__ = fields_text

    def mutation(self, registry: Mapping[str, Reducer]) -> Mutation:
        """Return the mutation that this is under a registry."""
        key = check_key(self.key)
        if self.op == "delete":
            return Delete(key)
        reducer = registry.get(key if isinstance(key, str) else key[0])
        value = freeze(self.value, key)
        return Put(key, value) if reducer is None else Reduce(key, value, reducer)


def fold_deltas(
    initial: Mapping[str, Any], deltas: Iterable[StateDelta], registry: Mapping[str, Reducer]
) -> Any:
    """Return the state after a list of deltas.

    Raises:
        StateError: A reducer refused a value; the message names the source.

    Example:
        >>> from lellm_nb.state import Reducer, ReducerRegistry
        >>> rules = ReducerRegistry({"n": Reducer.SUM})
        >>> fold_deltas({"n": 1}, [StateDelta("n", "put", 2, "a")], rules)
        State({'n': 3})
    """
    data = keep(initial)
    for delta in deltas:
        if not isinstance(delta, StateDelta):
            raise refusal(delta, "each of deltas", "a StateDelta", StateError)
        try:
            data = apply(data, (delta.mutation(registry),))
        except StateError as error:
            raise type(error)(
                f"{safe_str(error)} (delta from {delta.source!r})", key=delta.key
            ) from error
    return view(data)
