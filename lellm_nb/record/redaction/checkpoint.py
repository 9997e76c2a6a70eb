"""Checkpoints without their secrets, for stores that write them down in a way of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from lellm_nb.errors import path_text
from lellm_nb.graph.walk import inside
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.checkpoint import CheckpointCodec
from lellm_nb.record.codec.values import DICT_LIKE, LIST_LIKE, Codec, is_plain
from lellm_nb.record.position import Fan, Position, SuperStep
from lellm_nb.record.redaction.finished_form import free
from lellm_nb.record.redaction.opaque import holds_secret
from lellm_nb.record.redaction.redactor import Redacted, Redactor
from lellm_nb.record.redaction.secret_paths import Path, joined, place_inside, written_at
from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.compact import EditedDict, EditedList, Tail, Wide, view_items
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Put, Reduce
from lellm_nb.state.state import State, keep, view
from lellm_nb.state.typed import Typed

__all__ = ["redacted"]


def redacted(checkpoint: Checkpoint, redactor: Redactor, graph: Any = None) -> Checkpoint:
    """Return a checkpoint without its secrets; the same one where it has none.

    Args:
        graph: What it is of: it says where in the root's state the inner levels stand. Where
            nobody says so, a path holds there by its end.

    Example:
        >>> from lellm_nb import Checkpoint
        >>> one = Checkpoint("b", "a", {"say": "use sk-" + "a1" * 16, "n": 1}, 0)
        >>> redacted(one, Redactor()).state
        State({'say': <Redacted: use [redacted: OpenAI key]>, 'n': 1})
        >>> redacted(one, Redactor(patterns={})) is one
        True
    """
    if not redactor.patterns and not redactor.paths:
        return checkpoint
    plain = CheckpointCodec(redactor=Redactor(patterns={}))
    body = plain.encode(checkpoint)
    hinted = redactor.hint(body) or bool(redactor.paths)
    if not hinted and b'"$":' not in body:
        return checkpoint
    with redactor.looking():
        checkpoint = _with_clean_frames(checkpoint, redactor, graph)
        made = _Cleaner(redactor, hinted).checkpoint(checkpoint, getattr(graph, "nodes", {}))
    redactor.met_in_passing()
    told = plain.encode(made).decode() if hinted else ""
    if redactor.by_look(told) == told:
        return made
    # a name has one: of nodes, of classes, of what waits; the written form has none at all
    codec = CheckpointCodec(redactor=redactor, graph=graph)
    return cast("Checkpoint", codec.decode(codec.encode(made)))


def _with_clean_frames(checkpoint: Checkpoint, redactor: Redactor, graph: Any) -> Checkpoint:
    """Return a checkpoint with its frames as a codec writes them."""
    if not checkpoint.frames and checkpoint.last is None:
        return checkpoint
    codec = CheckpointCodec(redactor=redactor, graph=graph)
    read = codec.decode(codec.encode(checkpoint))
    return replace(checkpoint, frames=read.frames, last=read.last)


class _Cleaner:
    """Takes secrets out of values, and shares whatever has none."""

    def __init__(self, redactor: Redactor, hinted: bool) -> None:
        self.redactor = redactor
        self.hinted = hinted
        self.codec = Codec(redactor=redactor)
        self.place: Path = ()

    def checkpoint(self, checkpoint: Checkpoint, nodes: Mapping[str, Any]) -> Checkpoint:
        if checkpoint.position is None:
            kept = keep(checkpoint.state)
            data = self._data(kept)
            return checkpoint if data is kept else replace(checkpoint, state=_state(data))
        position = self._position(checkpoint.position, nodes, ())
        if position is checkpoint.position:
            return checkpoint
        return replace(checkpoint, state=_state(position.data), position=position)

    def _position(self, level: Position, nodes: Mapping[str, Any], at: Path) -> Position:
        data, inner, wrote = level.data, level.inner, level.wrote
        if isinstance(inner, SuperStep):
            within: Position | Fan | None = self._branches(inner, nodes, at)  # they are this level
        else:
            within = self._inner(inner, nodes.get(level.node or ""), at)
        self.place = at
        made = Position(
            level.node,
            self._data(data),
            level.step,
            level.visits,
            level.hold,
            within,
            None if wrote is None else _items(wrote, lambda i, m: self._mutation(m)),
        )
        same = made.data is data and made.inner is inner and made.wrote is wrote
        same = same and level.native is None  # who could tell what an engine keeps there
        return level if same else made

    def _inner(self, inner: Position | Fan | None, node: Any, at: Path) -> Position | Fan | None:
        if isinstance(inner, Position):
            return self._position(inner, inside(node), joined(at, place_inside(node)))
        if inner is None:
            return None
        return self._branches(inner, inside(node), at)

    def _branches(self, fan: Fan, nodes: Mapping[str, Any], at: Path) -> Fan:
        made = {name: self._position(one, nodes, at) for name, one in fan.branches.items()}
        if all(made[name] is level for name, level in fan.branches.items()):
            return fan
        return type(fan)(Wide.of(made), fan.turn, fan.open)

    def _data(self, data: Any) -> Any:
        if isinstance(data, Typed):
            inside_ = self._data(data.data)
            rest = {name: self._value(value, (name,)) for name, value in data.rest.items()}
            if all(rest[name] is value for name, value in data.rest.items()):
                return data if inside_ is data.data else data.holding(inside_)
            return Typed(data.cls, inside_, rest, data.struct)
        made = {k: self._value(value, (*self.place, k)) for k, value in data.items()}
        if all(made[key] is value for key, value in data.items()):
            return data
        return made if isinstance(data, dict) else Wide.of(made)

    def _value(self, value: Any, path: Path) -> Any:
        if self.redactor.secret_at(value, path):
            return Redacted("[redacted]")
        kind = type(value)
        if kind is str and not self.redactor.hint(value.encode(errors="replace")):
            return value
        if not self.hinted and is_plain(value, self.codec.limits.depth):
            return value
        if kind is Tail:
            return _items(value, lambda i, item: self._value(item, (*path, i)))
        if kind in (EditedList, EditedDict):
            before = value.whole()
            after = self._value(before, path)
            return value if after is before else after
        if kind in DICT_LIKE or kind in LIST_LIKE or kind is tuple:
            return self._inside(value, path)
        problems: list[Any] = []
        form = self.codec.plain(value, problems, path)
        if problems:  # it is handed over as it is, with all that it holds
            hides = form != Codec().plain(value) or holds_secret(value, self.redactor, path)
            return Redacted(f"[redacted: in a {problems[0].type}]") if hides else value
        if form != Codec().plain(value, [], path):
            return freeze(self.codec.value(form), path_text(path[:1]))
        opaque = kind not in _READABLE and holds_secret(value, self.redactor, path)
        return Redacted(f"[redacted: in a {kind.__name__}]") if opaque else value

    def _inside(self, value: Any, path: Path) -> Any:
        """Exchange what has a secret inside of a container, and keep the rest as it is."""
        if type(value) not in DICT_LIKE:
            items = [self._value(item, (*path, i)) for i, item in enumerate(value)]
            same = all(a is b for a, b in zip(items, value, strict=True))
            whole: Any = tuple(items) if type(value) is tuple else items
            return value if same else freeze(whole, path_text(path[:1]))
        pairs = [(k, self._value(k, ()), self._value(v, (*path, k))) for k, v in value.items()]
        if all(new is old and v is value[old] for old, new, v in pairs):
            return value
        made: dict[Any, Any] = {}
        for _, new, v in pairs:
            made[free(str(new), made) if isinstance(new, Redacted) else new] = v
        return freeze(made, path_text(path[:1]))

    def _mutation(self, mutation: Any) -> Any:
        if type(mutation) not in (Put, Reduce, ChannelUpdate):
            return self._value(mutation, ())
        value = self._value(mutation.kept, written_at(mutation, self.place))
        return mutation if value is mutation.kept else mutation.holding(value)


_READABLE = frozenset({type(None), bool, int, float, str, bytes, bytearray})
"""Of these all there is stands in what is written."""


def _state(data: Any) -> Any:
    try:
        return view(data)
    except Exception:  # a typed state is the user's class, which may take no stand-in
        return State(view_items(data.data))


def _items(tail: Tail, clean: Callable[[int, Any], Any]) -> Tail:
    items = tail.since(0)
    made = [clean(i, item) for i, item in enumerate(items)]
    return tail if all(a is b for a, b in zip(made, items, strict=True)) else Tail.of(made)
