"""Checkpoints without their secrets, for stores that write them down in a way of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.checkpoint import CheckpointCodec
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.state.compact import EditedDict, EditedList, Tail, Wide, view_items
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Put, Reduce, parts_of
from lellm_nb.state.state import State, keep, view
from lellm_nb.state.typed import Typed

__all__ = ["redacted"]


def redacted(checkpoint: Checkpoint, redactor: Redactor) -> Checkpoint:
    """Return a checkpoint without its secrets; the same one where it has none.

    Example:
        >>> from lellm_nb import Checkpoint
        >>> one = Checkpoint("b", "a", {"say": "use sk-" + "a1" * 16, "n": 1}, 0)
        >>> redacted(one, Redactor()).state
        State({'say': <Redacted: use [redacted: OpenAI key]>, 'n': 1})
        >>> redacted(one, Redactor(patterns={})) is one
        True
    """
    body = CheckpointCodec().encode(checkpoint)
    if not redactor.hint(body) and not any(kind in body for kind in _IN_BASE64):
        return checkpoint
    checkpoint = _with_clean_frames(checkpoint, redactor)
    if checkpoint.position is None:
        kept = keep(checkpoint.state)
        data = _data(kept, redactor)
        return checkpoint if data is kept else replace(checkpoint, state=_state(data))
    position = _position(checkpoint.position, redactor)
    if position is checkpoint.position:
        return checkpoint
    return replace(checkpoint, state=_state(position.data), position=position)


def _with_clean_frames(checkpoint: Checkpoint, redactor: Redactor) -> Checkpoint:
    """Return a checkpoint with its frames as a codec writes them."""
    if not checkpoint.frames and checkpoint.last is None:
        return checkpoint
    codec = CheckpointCodec(redactor=redactor)
    read = codec.decode(codec.encode(checkpoint))
    return replace(checkpoint, frames=read.frames, last=read.last)


_IN_BASE64 = (b'"$":"bytes"', b'"$":"bytearray"')
"""Of these nothing in the text hints at a secret."""


def _state(data: Any) -> Any:
    try:
        return view(data)
    except Exception:  # a typed state is the user's class, which may take no stand-in
        return State(view_items(data.data))


def _position(level: Position, redactor: Redactor) -> Position:
    data, inner, wrote = level.data, level.inner, level.wrote
    made = Position(
        level.node,
        _data(data, redactor),
        level.step,
        level.visits,
        level.hold,
        _inner(inner, redactor),
        None if wrote is None else _items(wrote, lambda i, m: _mutation(m, redactor)),
    )
    same = made.data is data and made.inner is inner and made.wrote is wrote
    return level if same else made


def _inner(inner: Position | Fan | None, redactor: Redactor) -> Position | Fan | None:
    if isinstance(inner, Position):
        return _position(inner, redactor)
    if inner is None:
        return None
    made = {name: _position(level, redactor) for name, level in inner.branches.items()}
    if all(made[name] is level for name, level in inner.branches.items()):
        return inner
    return Fan(Wide.of(made), inner.turn, inner.open)


def _data(data: Any, redactor: Redactor) -> Any:
    if isinstance(data, Typed):
        inside = _data(data.data, redactor)
        return data if inside is data.data else data.holding(inside)
    made = {redactor.text(key): _value(value, (key,), redactor) for key, value in data.items()}
    if all(made.get(key, made) is value for key, value in data.items()):
        return data
    return made if isinstance(data, dict) else Wide.of(made)


def _value(value: Any, path: tuple[Any, ...], redactor: Redactor) -> Any:
    if isinstance(value, (EditedList, EditedDict)):
        before = value.whole()
        made = _value(before, path, redactor)
        return value if made is before else made
    if isinstance(value, Tail):
        whole = redactor.apply((), path)  # the list itself may be secret, by its path
        if whole != ():
            return whole
        return _items(value, lambda i, item: _value(item, (*path, i), redactor))
    codec = Codec(redactor=redactor)
    with redactor.looking():
        form = codec.plain(value, [], path)
    if form == Codec().plain(value, [], path):
        return value
    return freeze(codec.value(form), path[0])


def _items(tail: Tail, clean: Callable[[int, Any], Any]) -> Tail:
    items = tail.since(0)
    made = [clean(i, item) for i, item in enumerate(items)]
    return tail if all(a is b for a, b in zip(made, items, strict=True)) else Tail.of(made)


def _mutation(mutation: Any, redactor: Redactor) -> Any:
    if type(mutation) not in (Put, Reduce):
        return mutation
    key = mutation.key if isinstance(mutation.key, tuple) else redactor.text(mutation.key)
    value = _value(mutation.kept, parts_of(key), redactor)
    if value is mutation.kept and key == mutation.key:
        return mutation
    if type(mutation) is Put:
        return Put(key, value)
    return Reduce(key, value, mutation.reducer)
