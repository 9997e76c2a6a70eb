"""What a person writes by hand, as mutations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lellm_nb.errors import StateTypeError
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Mutation, Put, check_key

__all__ = ["edits_of"]


def edits_of(put: Mapping[Any, Any] | None, delete: Sequence[Any] = ()) -> list[Mutation]:
    """Return the mutations that write some values and remove some keys.

    Raises:
        StateTypeError: `put` is no mapping, or a key is no key.

    Example:
        >>> edits_of({"n": 1}, ["m"])
        [Put('n', 1), Delete('m')]
    """
    given: Any = put
    if given is not None and not isinstance(given, Mapping):
        kind = type(given).__name__
        raise StateTypeError(None, "a mapping", kind, f"put is a mapping of keys, not {kind}.")
    puts = [Put(check_key(key), freeze(value, key)) for key, value in (put or {}).items()]
    return [*puts, *(Delete(check_key(key)) for key in delete)]
