"""Values that one step brings to a key, joined all at once by the key's own rule."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.compact import MISSING, Data, whole
from lellm_nb.state.containers.read_only import FrozenList
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import JOINING, Key, Reduce
from lellm_nb.state.reducer import OF_GRAPH, Reducer

__all__ = ["ChannelUpdate"]


class ChannelUpdate(Reduce):
    """Join several values to what is at `key`, folded at once by a reducer.

    The reducer is given what is there and the *list* of values, as a channel is that all tasks of
    a super-step write to. Joining the values one by one may come to something else.

    Attributes:
        kept: The values as frames keep them: a frozen list.

    Example:
        >>> from lellm_nb.state.mutation import fold
        >>> last = Reducer("last", lambda old, values: values[-1])
        >>> fold({"log": "x"}, [ChannelUpdate("log", ["a", "b"], last)])
        State({'log': 'b'})
        >>> ChannelUpdate("log", ["a", "b"], last)
        ChannelUpdate('log', ['a', 'b'])
    """

    __slots__ = ()
    __match_args__ = ("key", "values", "reducer")

    def __init__(self, key: Key, values: Any, reducer: Reducer = OF_GRAPH) -> None:
        # what stands for a secret is no list; what is frozen already is not walked again
        plain = isinstance(values, (list, tuple)) and type(values) is not FrozenList
        super().__init__(key, freeze(list(values), key) if plain else values, reducer)

    @property
    def values(self) -> list[Any]:
        """What is written, in order: the same as `value`."""
        return self.value  # type: ignore[no-any-return]  # a list was kept

    def write(self, content: Data) -> None:
        """Apply this to a draft; where the reducer gives `MISSING`, nothing is there any more."""
        super().write(content)
        key = self.key
        if isinstance(key, str) and content[key] is MISSING:
            del content[key]

    def to_json(self) -> dict[str, Any]:
        """Return ``{"ChannelUpdate": [key, values, reducer name]}``; no name where it has none."""
        return {"ChannelUpdate": super().to_json()["Reduce"]}

    def __repr__(self) -> str:
        return f"ChannelUpdate({safe_repr(self.key)}, {safe_repr(whole(self.kept))})"


JOINING["ChannelUpdate"] = ChannelUpdate
