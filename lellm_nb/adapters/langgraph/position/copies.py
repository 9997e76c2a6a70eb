"""Values as frames keep them, and as LangGraph and its nodes are given them.

LangGraph hands its own objects around: a node that changes a list or a message in place changes
what every checkpoint shows (langgraph#8314, #8748). Frames keep frozen containers and messages of
their own, and whoever runs is given plain copies.
"""

from __future__ import annotations

from typing import Any

from lellm_nb.state.compact import COMPACT, rebuilt
from lellm_nb.state.containers.fingerprint import Reads
from lellm_nb.state.containers.handed import GIVERS
from lellm_nb.state.frozen import (
    PLAIN,
    FrozenDict,
    FrozenList,
    FrozenSet,
    freeze,
    frozen_dict,
    frozen_list,
    thaw,
)
from lellm_nb.state.structs.read_only import plain_class

__all__ = ["ATOMS", "Copies", "GivenCopy", "is_message", "message_copy"]

_CONTAINERS = frozenset((dict, list, tuple, set, FrozenDict, FrozenList, FrozenSet))
_messages: dict[type, bool] = {}


def is_message(value: Any) -> bool:
    """Tell whether a value is a message of LangChain, or of a class made of one."""
    kind = type(value)
    known = _messages.get(kind)
    if known is None:
        names = (f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__)
        known = _messages[kind] = "langchain_core.messages.base.BaseMessage" in names
        if known:
            GIVERS.setdefault(kind, _looked_at)
    return known


def _looked_at(kept: Any, reads: Reads | None) -> Any:
    """Give a copy to who looks at a frame; a node of ours is watched, as of any other object."""
    if reads is None:
        return message_copy(kept)
    reads.note(kept)
    return kept


def message_copy(message: Any) -> Any:
    """Return another message with the same content, and containers of its own.

    Its `__init__` is not called: a copy costs two microseconds, and there are hundreds of them.
    """
    kind = type(message)
    made: Any = object.__new__(kind)
    held = made.__dict__
    for name, value in message.__dict__.items():
        held[name] = _deep(value) if type(value) in _CONTAINERS else value
    for name in _MODEL:
        own: Any = getattr(message, name, None)
        object.__setattr__(made, name, _deep(own) if type(own) in _CONTAINERS else own)
    return made


_MODEL = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


def _deep(value: Any) -> Any:
    """Return plain containers copied all the way down; what else is in them is shared."""
    kind, copied = type(value), _CONTAINERS
    if kind is list or kind is FrozenList:
        return [_deep(v) if type(v) in copied else v for v in value]
    if kind is dict or kind is FrozenDict:
        return {k: _deep(v) if type(v) in copied else v for k, v in value.items()}
    if kind is tuple:
        return tuple(_deep(v) if type(v) in copied else v for v in value)
    return set(value)


class Copies:
    """Makes the copies of one run, each message only once.

    In LangGraph the messages of a list stay the same objects from step to step, so what is kept
    of one is found by its identity; objects are held for as long as that counts.
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, Any]] = {}
        self._given: dict[int, tuple[Any, Any]] = {}
        self._in_use = 0

    # -- what frames keep --------------------------------------------------------

    def kept(self, value: Any, key: str = "", old: Any = None) -> Any:
        """Return a value as frames keep it.

        Args:
            key: The channel, for what is said where it is changed in place.
            old: What was kept there before: what is the same in both is shared.
        """
        if type(value) in PLAIN:
            return value
        made = self._own(value, key)
        if old is not None and type(made) in (FrozenList, FrozenDict):
            return rebuilt(old, made)
        return made

    def _own(self, value: Any, key: str) -> Any:
        kind = type(value)
        if kind is list:
            known, own = self._kept, self._own
            items = []
            for v in value:
                if type(v) not in PLAIN:
                    found = known.get(id(v))
                    v = own(v, key) if found is None else self._found(v, found)
                items.append(v)
            return frozen_list(items, key)
        if kind is dict:
            return frozen_dict({k: self._own(v, key) for k, v in value.items()}, key)
        if kind in PLAIN:
            return value
        if not is_message(value):
            return self._with_messages(value, key) if kind is tuple else freeze(value, key)
        found = self._kept.get(id(value))
        if found is not None:
            return self._found(value, found)
        made = message_copy(value)
        self._kept[id(value)] = value, made
        return made

    def _with_messages(self, value: tuple[Any, ...], key: str) -> Any:
        return tuple(self._own(v, key) for v in value)

    def _found(self, value: Any, found: tuple[Any, Any]) -> Any:
        """Return what is kept of a message; one that was given to a node is LangGraph's now."""
        kept = found[1]
        given = self._given.get(id(kept))
        if given is not None and given[1] is value:
            del self._given[id(kept)]
            if value.__dict__ != kept.__dict__:  # it was changed before it was returned
                kept = message_copy(value)
                self._kept[id(value)] = value, kept
        return kept

    # -- what LangGraph is served ------------------------------------------------

    def plain(self, kept: Any) -> Any:
        """Return what LangGraph is served of a kept value: plain, and nobody else's."""
        kind = type(kept)
        if kind in COMPACT:
            kept = kept.whole()
            kind = type(kept)
        if kind is FrozenList or kind is list:
            return [v if type(v) in ATOMS else self.plain(v) for v in kept]
        if kind is FrozenDict or kind is dict:
            return {k: v if type(v) in ATOMS else self.plain(v) for k, v in kept.items()}
        if kind is tuple:
            return tuple(self.plain(v) for v in kept)
        if kind is FrozenSet or kind is set:
            return set(kept)
        if kind in ATOMS:
            return kept
        if is_message(kept):
            made = message_copy(kept if plain_class(kind) is kind else thaw(kept))
            self._kept[id(made)] = made, kept
            return made
        return thaw(kept)

    # -- what nodes are given ----------------------------------------------------

    def given(self, value: Any) -> GivenCopy:
        """Return what a node is given in place of LangGraph's own value.

        While one node runs at a time its messages are given to the next one, if they are what
        they were: to look is cheaper than to copy.
        """
        self._in_use += 1
        return GivenCopy(self, value, alone=self._in_use == 1)

    def forget(self) -> None:
        """Let go of messages: nobody has the objects any more that they are known by."""
        self._kept.clear()
        self._given.clear()
        self._in_use = 0


ATOMS = frozenset((str, int, float, bool, bytes, type(None)))


class GivenCopy:
    """What a node was given of one value, and whether it changed that in place.

    Attributes:
        value: What it was given.
    """

    def __init__(self, copies: Copies, value: Any, *, alone: bool) -> None:
        self._copies = copies
        self._alone = alone
        self._before = copies.kept(value)
        self.value = self._made(self._before)

    def _made(self, kept: Any) -> Any:
        kind = type(kept)
        if kind is FrozenList:
            return [v if type(v) in ATOMS else self._made(v) for v in kept]
        if kind is FrozenDict:
            return {k: v if type(v) in ATOMS else self._made(v) for k, v in kept.items()}
        if kind is tuple:
            return tuple(self._made(v) for v in kept)
        if not is_message(kept):
            return self._copies.plain(kept)
        if not self._alone:
            return self._copies.plain(kept)
        known = self._copies._given.get(id(kept))
        if known is None:
            made = self._copies.plain(kept)
            self._copies._given[id(kept)] = kept, made
            return made
        return known[1]

    def changed(self) -> bool:
        """Tell whether it was changed in place; asked once, when the node has ended."""
        self._copies._in_use -= 1
        return not self._same(self._before, self.value)

    def _same(self, kept: Any, now: Any) -> bool:
        kind = type(kept)
        if kind is FrozenList:
            if type(now) is not list or len(kept) != len(now):
                return False
            return all(a is b or self._same(a, b) for a, b in zip(kept, now, strict=True))
        if kind is FrozenDict:
            if type(now) is not dict or kept.keys() != now.keys():
                return False
            return all(a is now[k] or self._same(a, now[k]) for k, a in kept.items())
        if is_message(kept):
            same = type(now) is type(kept) and kept.__dict__ == now.__dict__
            if not same:
                self._copies._given.pop(id(kept), None)
            return same
        try:
            return bool(kept == now)
        except Exception:  # an array, or an object that refuses: nobody can tell
            return True
