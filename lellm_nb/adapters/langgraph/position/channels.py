"""How LangGraph's channels join what is written to what is there.

Only the public interface that every channel has is used: a channel is set from a value, is
given the writes of a super-step at once, and is asked what it holds then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langgraph.channels import BaseChannel, LastValue, LastValueAfterFinish
from langgraph.errors import EmptyChannelError

from lellm_nb.state.compact import MISSING, whole
from lellm_nb.state.frozen import freeze, thaw
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.registry import ReducerRegistry

__all__ = ["KeptUntracked", "is_plain", "reducer_of", "reducers_of", "visible_channels"]

_UNSET: Any = LastValue(object).checkpoint()
"""What LangGraph gives for a channel that was never written."""


def is_plain(channel: Any) -> bool:
    """Tell whether a channel holds what was written last, so that a write is a `Put`.

    Example:
        >>> import operator
        >>> from langgraph.channels import BinaryOperatorAggregate
        >>> is_plain(LastValue(int)), is_plain(BinaryOperatorAggregate(int, operator.add))
        (True, False)
    """
    return type(channel) in (LastValue, LastValueAfterFinish)


def reducer_of(channel: Any, key: str = "") -> Reducer:
    """Return the rule ``(old, values) -> joined`` of a channel: all its writes at once.

    Where nothing is in the channel afterwards, as in a `Topic` that got no value, it gives
    `MISSING`. What the channel raises is passed on.

    Args:
        channel: As the graph declares it; it is never written to.
        key: Its name, for what is said where frozen values are changed.

    Example:
        >>> import operator
        >>> from langgraph.channels import BinaryOperatorAggregate
        >>> total = reducer_of(BinaryOperatorAggregate(int, operator.add))
        >>> total, total(1, [2, 3])
        (Reducer('channel:add'), 6)
    """

    def fold(old: Any, values: Sequence[Any]) -> Any:
        known = _UNSET if old is MISSING else thaw(whole(old))
        live = channel.from_checkpoint(_stored(channel, known))
        live.update([thaw(value) for value in whole(values)])
        try:
            return freeze(live.get(), key)
        except EmptyChannelError:
            return MISSING

    return Reducer(_name(channel), fold)


def _stored(channel: Any, value: Any) -> Any:
    """Return a value as the channel itself would have stored it."""
    if value is not _UNSET and isinstance(channel, LastValueAfterFinish):
        return value, True
    return value


def _name(channel: Any) -> str:
    operator: Callable[..., Any] | None = getattr(channel, "operator", None)
    operator = getattr(channel, "reducer", None) if operator is None else operator
    named = type(channel).__name__ if operator is None else getattr(operator, "__name__", "")
    return f"channel:{named or type(operator).__name__}"


def reducers_of(compiled: Any) -> ReducerRegistry:
    """Return the rules of the visible channels that are not plain, and the types of the others."""
    channels = {name: compiled.channels[name] for name in visible_channels(compiled)}
    joined = {key: reducer_of(c, key) for key, c in channels.items() if not is_plain(c)}
    made = ReducerRegistry(joined)
    made.types = {key: c.ValueType for key, c in channels.items() if is_plain(c)}
    return made


def visible_channels(compiled: Any) -> tuple[str, ...]:
    """Return the names of the channels that `get_state(config).values` shows, or may show.

    Of an entrypoint these are ``__end__`` and ``__previous__``.
    """
    channels = compiled.channels
    names = [compiled.stream_channels_list, _entrypoint_channels(compiled)]
    found = [name for each in names for name in each]
    return tuple(
        name for name in dict.fromkeys(found) if isinstance(channels.get(name), BaseChannel)
    )


def _entrypoint_channels(compiled: Any) -> tuple[str, ...]:
    both = ("__end__", "__previous__")
    return both if all(name in compiled.channels for name in both) else ()


class KeptUntracked(LastValue[Any]):
    """Stands in for an `UntrackedValue`, which no saver is given: frames keep its value."""

    guard: bool = True

    def update(self, values: Any) -> bool:
        if not values:
            return False
        if len(values) > 1 and self.guard:
            return super().update(values)
        self.value = values[-1]
        return True

    def copy(self) -> KeptUntracked:
        made = KeptUntracked(self.typ, self.key)
        made.guard, made.value = self.guard, self.value
        return made

    def from_checkpoint(self, checkpoint: Any) -> KeptUntracked:
        made = super().from_checkpoint(checkpoint)
        made.guard = self.guard
        return made
