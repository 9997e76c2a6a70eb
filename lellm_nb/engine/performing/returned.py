"""What a node returned becomes what it wrote (SEMANTICS G1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.engine.context import Context
from lellm_nb.errors import StateTypeError
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.frozen import PLAIN
from lellm_nb.state.key import StateKey
from lellm_nb.state.mutation import Put

__all__ = ["record_returned"]


def record_returned(ctx: Context, returned: Any) -> None:
    """Record what a node returned: one Put or Reduce per key (SEMANTICS G1).

    Raises:
        StateTypeError: It is not a mapping, or has keys that are not text.
    """
    into = ctx.into
    if into is not None:  # a map collects it, whatever it is
        ctx.mutations.append(Put(into, ctx.frozen([returned], into)))
        return
    if type(returned) is not dict and not isinstance(returned, Mapping):
        kind = type(returned).__name__
        raise StateTypeError(
            None,
            "a mapping or nothing",
            kind,
            f"Node {ctx.path!r} returned {kind} ({safe_repr(returned, 60)}); return a mapping of"
            " keys to values, or nothing and use ctx.put.",
        )
    reducers = ctx.reducers.rules
    for key, value in returned.items():
        if type(key) is str and key not in reducers:  # ctx.put, without the call
            frozen_value = value if type(value) in PLAIN else ctx.kept(value, key)
            ctx.mutations.append(Put(key, frozen_value))
            continue
        if not isinstance(key, (str, StateKey)):
            raise StateTypeError(
                key,
                "text",
                type(key).__name__,
                f"Node {ctx.path!r} returned a mapping with key {safe_repr(key, 60)};"
                " keys are text.",
            )
        if (key if isinstance(key, str) else key.name) in reducers:
            ctx.reduce(key, value)
        else:
            ctx.put(key, value)
