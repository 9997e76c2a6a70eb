"""Which part of an outer state an inner graph works on (SEMANTICS N1, N3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from lellm_nb.arguments import Refuse, plain_function, refusal, text
from lellm_nb.errors import StateError, StateTypeError
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.compact import MISSING
from lellm_nb.state.frozen import frozen_dict
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce, parts_of
from lellm_nb.state.sameness import equal, same
from lellm_nb.state.state import content_of, keep_part, view
from lellm_nb.state.structs.struct import struct_of
from lellm_nb.state.typed import Typed

__all__ = [
    "IdentityLens",
    "KeyLens",
    "StateLens",
    "as_lens",
    "check_lens",
    "check_round_trip",
    "entered",
    "lifted",
    "part_put_back",
    "seen_inside",
]


@runtime_checkable
class StateLens(Protocol):
    """A way to look at, and to write back, a part of a state.

    What is set must be what is got: ``get(set(outer, inner)) == inner``.
    """

    def get(self, outer: Any) -> Any:
        """Return the inner state."""

    def set(self, outer: Any, inner: Any) -> Any:
        """Return the outer state with the inner one in its place."""


class IdentityLens:
    """The same state inside as outside."""

    def get(self, outer: Any) -> Any:
        """Return the outer state."""
        return outer

    def set(self, outer: Any, inner: Any) -> Any:
        """Return the inner state."""
        return inner

    def lift(self, outer: Any, mutations: Sequence[Mutation]) -> list[Mutation]:
        """Pass inner mutations on as they are."""
        return list(mutations)


class KeyLens:
    """The mapping, or the object with fields, at one key of the outer state.

    Absent counts as an empty mapping.

    Example:
        >>> KeyLens("agent").get({"agent": {"n": 1}, "other": 2})
        {'n': 1}
        >>> KeyLens("agent").set({"other": 2}, {"n": 1})
        {'other': 2, 'agent': {'n': 1}}

    Raises:
        StateError: The key is no text.
    """

    def __init__(self, key: str) -> None:
        self.key = text(key, "key", StateError, "the name of a key of the outer state")

    def get(self, outer: Any) -> Any:
        """Return what is at the key.

        Raises:
            StateTypeError: It is nothing that a graph can work on.
        """
        inner = outer.get(self.key, {})
        if not isinstance(inner, Mapping) and struct_of(inner) is None:
            kind = type(inner).__name__
            raise StateTypeError(self.key, "a mapping (a subgraph works on it)", kind)
        return inner

    def set(self, outer: Any, inner: Any) -> Any:
        """Return the outer state with `inner` at the key."""
        return {**outer, self.key: inner}

    def lift(self, outer: Any, mutations: Sequence[Mutation]) -> list[Mutation]:
        """Prefix the path of inner mutations with the key."""
        made: list[Mutation] = [] if self.key in outer or not mutations else [Put(self.key, {})]
        for m in mutations:
            path = (self.key, *parts_of(m.key))
            if isinstance(m, Put):
                made.append(Put(path, m.kept))
            elif isinstance(m, Reduce):
                made.append(type(m)(path, m.kept, m.reducer))
            else:
                made.append(Delete(path))
        return made

    def __repr__(self) -> str:
        return f"KeyLens({self.key!r})"


def as_lens(given: Any, refuse: Refuse = StateError) -> Any:
    """Return the lens that a builder argument means: a key, a `StateLens`, or none.

    Raises:
        StateError: It is nothing of the kind; or what `refuse` makes of it.
    """
    if given is None:
        return IdentityLens()
    lens = KeyLens(given) if isinstance(given, str) and given else given
    check_lens(lens, refuse)
    return lens


def check_lens(lens: Any, refuse: Refuse) -> None:
    """Look whether an object can be a lens.

    Raises:
        LellmError: It has no plain get and set, or is the class itself.
    """
    if isinstance(lens, IdentityLens | KeyLens):
        return
    if isinstance(lens, type) or not isinstance(lens, StateLens):
        wanted = "a key, or an object with get(outer) and set(outer, inner)"
        raise refusal(lens, "lens", wanted, refuse)
    forms = {"get": "outer", "set": "outer, inner", "lift": "outer, mutations"}
    for name, form in forms.items():
        method = getattr(lens, name, None)
        if method is not None:
            plain_function(method, f"lens.{name}", refuse, form)


def entered(lens: Any, data: Any) -> Any:
    """Return the compact state that an inner graph begins with, given the outer one's.

    Raises:
        StateTypeError: What the lens leads to is nothing that a graph can work on.
    """
    if isinstance(lens, IdentityLens):
        return data
    if not isinstance(lens, KeyLens):
        return keep_part(lens.get(view(data)))
    if isinstance(data, Typed) and data.struct is not None:
        data.struct.expect(lens.key, data.rest)
    return keep_part(lens.get(content_of(data)))


def part_put_back(data: Any, key: str) -> Any:
    """Return what stands at a key of the outer state where an inner graph on it has ended."""
    return view(data) if isinstance(data, Typed) else frozen_dict(content_of(data), key)


def check_round_trip(lens: Any, outer: Any, inner: Any) -> Any:
    """Return ``lens.set(outer, inner)`` if getting it again gives `inner`.

    Raises:
        StateError: It does not; the lens would lose what the inner graph wrote.
    """
    after = lens.set(outer, inner)
    again = lens.get(after)
    if not equal(again, inner):
        differ = f"{safe_repr(again, 80)} is not {safe_repr(inner, 80)}"
        raise StateError(
            f"The lens {safe_repr(lens, 80)} breaks its round trip: what it gets after setting"
            f" differs from what was set ({differ}). Mend its get or its set."
        )
    return after


def lifted(outer: Mapping[str, Any], after: Mapping[str, Any]) -> list[Mutation]:
    """Return one Put per key that differs, and one Delete per key that went."""
    made: list[Mutation] = [
        Put(key, value) for key, value in after.items() if not same(outer.get(key, MISSING), value)
    ]
    return made + [Delete(key) for key in outer if key not in after]


def seen_inside(lens: Any, edits: Sequence[Mutation], before: Any, after: Any) -> list[Mutation]:
    """Return what a write around an inner graph is to the graph, which has begun already.

    Args:
        edits: What was written around it: puts and deletes.
        before: The state around it without them, in its compact form.
        after: With them.

    Raises:
        StateTypeError: A graph could not work on what the lens leads to then.
    """
    if isinstance(lens, IdentityLens):
        return list(edits)
    if isinstance(lens, KeyLens):
        within = [edit for edit in edits if parts_of(edit.key)[0] == lens.key]
        paths = [parts_of(edit.key)[1:] for edit in within]
        if all(paths):
            return [_moved(edit, path) for edit, path in zip(within, paths, strict=True)]
    return lifted(content_of(entered(lens, before)), content_of(entered(lens, after)))


def _moved(edit: Mutation, path: tuple[Any, ...]) -> Mutation:
    key = path[0] if len(path) == 1 else path
    return Put(key, edit.kept) if isinstance(edit, Put) else Delete(key)
