"""Positions, states and mutations as JSON data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lellm_nb.errors import CorruptedCheckpointError, ReducerError
from lellm_nb.graph.walk import inside
from lellm_nb.record.codec.decisions import hold_form, read_hold
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.typed_states import class_form, read_typed
from lellm_nb.record.codec.values import TAG, Codec, Problem
from lellm_nb.record.position import Fan, Position, SuperStep
from lellm_nb.record.redaction.secret_paths import ANYWHERE, JOINED, SEVERAL, joined, place_inside
from lellm_nb.record.rows.entered import MapItems
from lellm_nb.record.visits import Visits
from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.compact import COMPACT, Data, Tail, Wide
from lellm_nb.state.mutation import Delete, Put, Reduce, parts_of
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.typed import Typed

__all__ = ["LargeValues", "PositionReader", "PositionWriter"]

LONG = 32
"""Lists that grew by appending are kept apart from this length on."""

DEEP = 200
"""Levels nest at most so deeply in what is stored: a position, the outline of a graph."""


Problems = list[Problem]


class LargeValues(Protocol):
    """Where large values and long lists are put once, to be referred to from then on."""

    def value(self, value: Any, problems: list[Problem], path: tuple[Any, ...]) -> Any:
        """Return the JSON data of a value, or of a reference to it."""

    def list(self, tail: Tail, write: Callable[[Any, int], Any], path: tuple[Any, ...] = ()) -> Any:
        """Return the JSON data of a list, or of a reference to it."""

    def compact(self, value: Any, problems: Problems, path: tuple[Any, ...]) -> Any:
        """Return the JSON data of a reference to what a compact value shares with others."""


class PositionWriter:
    """Writes positions; the same state in several levels is written once.

    Args:
        codec: Writes the values.
        large: Where large ones go; without it everything is written in place.
        graph: What the position is of: it says where the states of inner levels stand.

    Attributes:
        prefix: Where the level that is written stands in the root's state: what is secret is
            named by paths from there.
    """

    def __init__(self, codec: Codec, large: LargeValues | None = None, graph: Any = None) -> None:
        self.codec = codec
        self.large = large
        self.graph = graph
        if graph is not None and codec.redactor is not None:
            codec.redactor.places.follow_items(graph)
        self.prefix: tuple[Any, ...] = ()
        self.problems: list[Problem] = []

    def write(self, root: Position, place: tuple[Any, ...] = ()) -> dict[str, Any]:
        """Return a whole position as JSON data.

        Args:
            place: Where it stands in the root's state, if it is that of an inner level.
        """
        known: dict[int, int] = {}
        datas: list[Any] = []

        def number(data: Any) -> int:
            at = known.get(id(data))
            if at is None:
                at = known[id(data)] = len(datas)
                datas.append(self.data(data))
            return at

        def level(position: Position, nodes: Mapping[str, Any], at: tuple[Any, ...]) -> list[Any]:
            inner: Any = None
            node = nodes.get(position.node or "")
            if isinstance(position.inner, Position):
                inner = level(position.inner, inside(node), joined(at, place_inside(node)))
            elif position.inner is not None:
                fan = position.inner
                super_step = isinstance(fan, SuperStep)
                within = nodes if super_step else inside(node)
                branches = [[name, level(b, within, at)] for name, b in fan.branches.items()]
                inner = {"fan": branches, "turn": fan.turn, "open": fan.open}
                if super_step:
                    inner["super"] = True
                if fan.items is not None:
                    self.prefix = at
                    inner["items"] = self.items(node, fan.items)
            self.prefix = at
            return [
                position.node,
                position.step,
                number(position.data),
                position.visits.counts(position.step),
                hold_form(position.hold),
                inner,
                None if position.wrote is None else self.wrote(position.wrote),
            ]

        made = level(root, getattr(self.graph, "nodes", {}), place)
        self.prefix = ()
        return {"at": made, "data": datas}

    def wrote(self, wrote: Tail) -> Any:
        """Return a level's mutations as JSON data."""
        if self.large is not None and len(wrote) >= LONG:
            return self.large.list(wrote, lambda m, i: self.mutation(m))
        return [self.mutation(m) for m in wrote.since(0)]

    def data(self, data: Any) -> Any:
        """Return a level's state as JSON data."""
        if isinstance(data, Typed):
            form = class_form(data, self.codec, self.problems)
            return {**form, **self.data(data.data)}
        pairs = [(key, self.kept(value, key)) for key, value in data.items()]
        if any(key == TAG or not key.isascii() for key, _ in pairs):
            return {"pairs": [[key, form] for key, form in pairs]}
        return {"keys": dict(pairs)}

    def items(self, node: Any, items: MapItems) -> list[Any]:
        """Return what the branches of a map are for as JSON data.

        Args:
            node: The map, where it is known: it says where the list stands in the state.
        """
        over = getattr(node, "over", None)
        place = parts_of(over) if isinstance(over, str | tuple) else ("item",)
        values = [self.kept(item, (*place, i)) for i, item in enumerate(items.values)]
        return [items.key, items.into, values]

    def kept(self, value: Any, key: Any) -> Any:
        """Return a kept value as JSON data."""
        path = (*self.prefix, *parts_of(key))
        if type(value) in COMPACT and (type(value) is not Tail or len(value) >= LONG):
            return self.compact(value, path)
        if self.large is not None and not isinstance(value, (int, float, bool, type(None))):
            return self.large.value(value, self.problems, path)
        return self.codec.plain(value, self.problems, path)

    def compact(self, value: Any, path: tuple[Any, ...]) -> Any:
        """Return a compact value as JSON data: of what it shares with others a reference."""
        large, redactor = self.large, self.codec.redactor
        hidden = redactor is not None and redactor.paths and redactor.places.hide(path)
        if large is None or hidden:
            return self.codec.plain(value, self.problems, path)
        return large.compact(value, self.problems, path)

    def mutation(self, mutation: Any) -> Any:
        """Return a mutation as JSON data: ``[key]``, ``[key, value]``, or with a reducer's name.

        Behind that a `ChannelUpdate` has a mark.
        """
        kind = type(mutation)
        joins = kind is Reduce or kind is ChannelUpdate
        if not joins and kind is not Put and kind is not Delete:
            return {"own": self.codec.plain(mutation, self.problems, ("a mutation",))}
        key = mutation.key
        form: list[Any]
        if type(key) is not str:
            form = [[part if type(part) is str else self.codec.plain(part) for part in key]]
        else:
            form = [key]
        if kind is not Delete:
            path = key if type(key) is tuple else (key,)  # no call: it is made for every write
            if self.prefix:
                path = (*self.prefix, *path)
            kept, redactor = mutation.kept, self.codec.redactor
            if joins and redactor is not None and redactor.on:
                path = (*path, JOINED if kind is Reduce else SEVERAL)
            if type(kept) in COMPACT:
                form.append(self.compact(kept, path))
            else:
                form.append(self.codec.plain(kept, self.problems, path))
        if joins:
            form.append(mutation.reducer.name)
            if kind is ChannelUpdate:
                form.append(1)
        return form


def anywhere(position: Position) -> tuple[Any, ...]:
    """Return where the levels of a position stand in passing: inside, in more than one place."""
    return () if position.inner is None else (ANYWHERE,)


class PositionReader:
    """Reads positions, and what they are made of.

    Args:
        codec: Reads the values.
        resolve: Looks up references to large values.
        reducers: Finds a custom reducer by its name and key; `None` where there is none.
    """

    def __init__(
        self,
        codec: Codec,
        resolve: Callable[[dict[str, Any]], Any] | None = None,
        reducers: Callable[[str, Any], Reducer | None] | None = None,
    ) -> None:
        self.codec = codec
        self.resolve = resolve
        self.reducers = reducers

    def read(self, form: Any) -> Position:
        """Return a whole position.

        Raises:
            CorruptedCheckpointError: The data is damaged.
        """
        try:
            return self.standing(form["at"], [self.data(data) for data in form["data"]])
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged position: {error_text(error)}.") from error

    def standing(self, form: Any, datas: list[Any]) -> Position:
        """Return a whole position, given the states of its levels; damaged data raises anything."""
        return self._level(form, datas, 0)

    def _level(self, form: Any, datas: list[Any], depth: int) -> Position:
        if depth > DEEP:
            raise CorruptedCheckpointError("A position nests too deeply.")
        node, step, data, counts, hold, inside, wrote = form
        inner: Position | Fan | None = None
        if isinstance(inside, list):
            inner = self._level(inside, datas, depth + 1)
        elif inside is not None:
            branches = {str(name): self._level(b, datas, depth + 1) for name, b in inside["fan"]}
            found = Wide.of(branches), int(inside["turn"]), int(inside["open"])
            if inside.get("super"):
                inner = SuperStep(*found)
            else:
                items = inside.get("items")
                inner = Fan(*found, None if items is None else self.items(items))
        if not isinstance(node, (str, type(None))) or type(data) is not int or data < 0:
            raise TypeError("a level's node is text")
        step = int(step)
        visits = Visits({str(key): int(n) for key, n in counts.items()}, step)
        kept = None if wrote is None else self._wrote(wrote)
        return Position(node, datas[data], step, visits, read_hold(hold), inner, kept)

    def _wrote(self, form: Any) -> Tail:
        if isinstance(form, dict):
            if self.resolve is None:
                raise TypeError("a reference, and nothing to look it up in")
            found: Tail = self.resolve({**form, "mutations": self.mutation})
            return found
        return Tail.of([self.mutation(one) for one in form])

    def data(self, form: Any) -> Data | Typed:
        """Return a level's state."""
        if "pairs" in form:
            pairs = [(self.codec.value(key), value) for key, value in form["pairs"]]
        else:
            pairs = list(form["keys"].items())
        made: dict[str, Any] = {}
        for key, value in pairs:
            if not isinstance(key, str):
                raise TypeError("a state's keys are text")
            made[key] = self.kept(value, key)
        if "type" in form:
            return read_typed(form, made, self.codec)
        return made

    def items(self, form: Any) -> MapItems:
        """Return what the branches of a map are for."""
        key, into, values = form
        names = [None if name is None else str(name) for name in (key, into)]
        return MapItems(tuple([self.kept(one) for one in values]), *names)

    def kept(self, form: Any, key: Any = "") -> Any:
        """Return a kept value."""
        top = key if isinstance(key, str) else str(key[0])
        return self.codec.value(form, key=top, resolve=self.resolve)

    def mutation(self, form: Any) -> Any:
        """Return a mutation."""
        if isinstance(form, dict):
            return self.codec.value(form["own"])
        key = form[0]
        if not isinstance(key, str):
            key = tuple(self.codec.value(part) for part in key)
            if len(key) < 2 or not isinstance(key[0], str):
                raise TypeError("a path begins with text")
        if len(form) == 1:
            return Delete(key)
        value = self.kept(form[1], key)
        if len(form) == 2:
            return Put(key, value)
        kind = ChannelUpdate if len(form) > 3 else Reduce
        return kind(key, value, self._reducer(str(form[2]), key))

    def _reducer(self, name: str, key: Any) -> Reducer:
        try:
            return Reducer.named(name)
        except ReducerError:
            top = key if isinstance(key, str) else key[0]
            found = self.reducers(name, top) if self.reducers is not None else None
            return found or unknown_reducer(name)


def unknown_reducer(name: str) -> Reducer:
    """Return what stands for a custom reducer that only the graph knows."""

    def refuse(old: Any, new: Any) -> Any:
        raise ReducerError(f"reducer {name!r} is not known here: open the run with its graph")

    refuse.unknown = True  # type: ignore[attr-defined]  # see `bind_reducers`
    return Reducer(name, refuse)
