"""Where a run stands as JSON data: whole, or as what changed since an earlier one (SEMANTICS C6).

A *snapshot* is the content of a checkpoint: the position, or the state alone, and the frames that
are kept with it. What is written of a level's state is what `difference` finds: the same mutations
that a log would have, and reading folds them. So is all that stands beside the states: the place
in the graph with its counters, and the frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError, LellmError
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.checkpoint import past_form
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.typed_states import class_form, read_typed
from lellm_nb.record.codec.values import Codec, to_bytes
from lellm_nb.record.position import Position, SuperStep, below
from lellm_nb.record.snapshots import StateSnapshot, difference
from lellm_nb.state.compact import Data, whole
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import keep, view
from lellm_nb.state.typed import Typed

__all__ = [
    "MOST_WORK",
    "NOTHING",
    "Folded",
    "Snapshot",
    "SnapshotReader",
    "form_of",
    "levels_of",
]

MOST_WORK = 1 << 27
"""So many items are copied at most while changes are folded: half a second."""

Place = tuple[Any, ...]


@dataclass(slots=True)
class Snapshot:
    """A snapshot as the next one is compared with it.

    Attributes:
        beside: All but the states, as JSON data: where each level stands, and frames.
        places: By the way to a level: the number of its state.
        datas: The states by their numbers.
        work: How many items a reader copies to fold it.
    """

    beside: dict[str, Any]
    places: dict[Place, int]
    datas: list[Data | Typed]
    work: int = 0


def levels_of(checkpoint: Checkpoint) -> dict[Place, Data | Typed]:
    """Return the states of a checkpoint's levels, by the way to each."""
    if checkpoint.position is None:
        return {(): keep(checkpoint.state)}
    found: dict[Place, Data | Typed] = {}
    _walk(checkpoint.position, (), found)
    return found


def _walk(level: Position, way: Place, found: dict[Place, Data | Typed]) -> None:
    found[way] = level.data
    if isinstance(level.inner, SuperStep):
        found |= {(*way, "", name): task.data for name, task in level.inner.branches.items()}
    for segment, branch, inner in below(level):
        _walk(inner, (*way, segment, branch) if branch else (*way, segment), found)


# -- writing -------------------------------------------------------------------------


def form_of(
    codec: Codec,
    checkpoint: Checkpoint,
    levels: dict[Place, Data | Typed],
    before: Snapshot | None,
) -> tuple[dict[str, Any], Snapshot]:
    """Return a snapshot as JSON data, and for the next one to be compared with.

    Args:
        levels: As of `levels_of`.
        before: What is written already; everything is written without it.
    """
    writer = _Writer(codec, levels, before)
    beside = past_form(checkpoint, codec, [])
    if checkpoint.position is None:
        data = [writer.data(levels[()])]
    else:
        whole_form = writer.write(checkpoint.position)
        beside["at"], data = whole_form["at"], whole_form["data"]
    places = {way: writer.numbers[id(data)] for way, data in levels.items()}
    made = Snapshot(beside, places, writer.datas, writer.work)
    wrote = None if before is None else difference(_frozen(before.beside), _frozen(beside))
    if wrote is None:
        return {"data": data, "beside": beside}, made
    return {"data": data, "wrote": [_plain(mutation) for mutation in wrote]}, made


class _Writer(PositionWriter):
    """Writes of the states what changed."""

    def __init__(
        self, codec: Codec, levels: dict[Place, Data | Typed], before: Snapshot | None
    ) -> None:
        super().__init__(codec)
        self.before = before
        self.datas: list[Data | Typed] = []
        self.numbers: dict[int, int] = {}
        self.work = 0 if before is None else before.work
        self._ways: dict[int, Place] = {}
        for way, data in levels.items():
            self._ways.setdefault(id(data), way)

    def data(self, data: Any) -> Any:
        """Return a level's state as JSON data: what changed since, or all of it."""
        self.numbers[id(data)] = len(self.datas)
        self.datas.append(data)
        content = data.data if isinstance(data, Typed) else data
        form = self._changed(data, content) or super().data(content)
        if isinstance(data, Typed):
            return {**class_form(data, self.codec, self.problems), **form}
        return form

    def _changed(self, data: Any, content: Data) -> dict[str, Any] | None:
        if self.before is None:
            return None
        number = self.before.places.get(self._ways[id(data)])
        if number is None:
            return None
        old: Any = self.before.datas[number]
        if isinstance(data, Typed) != isinstance(old, Typed):
            return None
        base: Data = old.data if isinstance(old, Typed) else old
        wrote = difference(base, content)
        if wrote is None:
            return None
        forms = [self.mutation(mutation) for mutation in wrote]
        self.work += sum(_work(base, mutation) for mutation in wrote)
        return {"on": number, "wrote": forms}


def _work(data: Data, mutation: Mutation) -> int:
    """Return how many items are copied by a write at a path."""
    if isinstance(mutation.key, str):
        return 0
    copied, value = 0, whole(data.get(mutation.key[0]))
    for part in mutation.key[1:]:
        copied += len(value)
        value = value.get(part) if isinstance(value, dict) else value[part]
    return copied + (len(value) if isinstance(value, list) else 0)


def _frozen(beside: dict[str, Any]) -> dict[str, Any]:
    return {key: freeze(value) for key, value in beside.items()}


def _plain(mutation: Mutation) -> list[Any]:
    path = [mutation.key] if isinstance(mutation.key, str) else list(mutation.key)
    if isinstance(mutation, Delete):
        return [path]
    return [path, mutation.kept] if isinstance(mutation, Put) else [path, mutation.kept, "append"]


# -- reading -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _State:
    """What was read of a level's state: its fields, and of a typed one what they make."""

    content: Data
    data: Data | Typed


@dataclass(frozen=True, slots=True)
class Folded:
    """A snapshot as it was read.

    Attributes:
        beside: All but the states, frozen.
        states: The states, by their numbers.
        work: How many items were copied to fold it.
    """

    beside: Data
    states: tuple[_State, ...]
    work: int = 0


NOTHING = Folded({}, ())
"""What a snapshot is read on that has everything in it."""


class SnapshotReader(PositionReader):
    """Reads a snapshot, given the one that it is written on.

    Args:
        codec: Reads the values.
        before: That one.
    """

    def __init__(self, codec: Codec, before: Folded = NOTHING) -> None:
        super().__init__(codec)
        self._before = before
        self._work = before.work

    def folded(self, form: Any) -> Folded:
        """Return what the snapshot of some JSON data is.

        Raises:
            CorruptedCheckpointError: It is damaged, or folding it takes too much.
        """
        try:
            states = tuple(self._state(one) for one in form["data"])
            if "beside" in form:
                return Folded(_frozen(form["beside"]), states)
            wrote = [_write(one) for one in form["wrote"]]
            return Folded(self._fold(self._before.beside, wrote), states, self._work)
        except LellmError as error:
            raise CorruptedCheckpointError(f"A damaged snapshot: {error}") from error
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged snapshot: {error_text(error)}.") from error

    def _state(self, form: Any) -> _State:
        if "on" not in form:
            content: Any = self.data({k: v for k, v in form.items() if k not in ("type", "rest")})
        else:
            number = form["on"]
            if type(number) is not int or number < 0:
                raise TypeError("a state is written on one by its number")
            wrote = [_checked(self.mutation(one)) for one in form["wrote"]]
            content = self._fold(self._before.states[number].content, wrote)
        return _State(content, read_typed(form, content, self.codec) if "type" in form else content)

    def _fold(self, base: Data, wrote: Sequence[Mutation]) -> Any:
        self._work += sum(_work(base, mutation) for mutation in wrote)
        if self._work > MOST_WORK:
            raise CorruptedCheckpointError("Folding a snapshot takes more than one may.")
        return StateSnapshot(base, tuple(wrote)).kept

    def whole(self, read: Folded) -> tuple[Any, Position | None, dict[str, Any]]:
        """Return the state, the position and what else stands beside, of a snapshot.

        Raises:
            CorruptedCheckpointError: It is damaged.
        """
        datas = [state.data for state in read.states]
        try:
            beside = _plain_beside(read, self.codec)
            if "at" not in beside:
                return view(datas[0]), None, beside
            position = self.standing(beside["at"], datas)
            return position.state, position, beside
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged position: {error_text(error)}.") from error

    def known(self, read: Folded) -> Snapshot:
        """Return a snapshot for the next one to be compared with.

        Raises:
            CorruptedCheckpointError: It is damaged.
        """
        _, position, beside = self.whole(read)
        datas = [state.data for state in read.states]
        levels: dict[Place, Data | Typed] = {(): datas[0]}
        if position is not None:
            _walk(position, (), levels)
        number = {id(data): i for i, data in enumerate(datas)}
        # the fields of a typed state may have been filled in as it was read
        plain = {way: data for way, data in levels.items() if not isinstance(data, Typed)}
        places = {way: number[id(data)] for way, data in plain.items()}
        return Snapshot(beside, places, datas, read.work)


def _plain_beside(read: Folded, codec: Codec) -> dict[str, Any]:
    """Return what stands beside the states as JSON data, as reading it asks for."""
    form = {key: whole(value) for key, value in read.beside.items()}
    plain: dict[str, Any] = codec.parse(to_bytes(form))
    return plain


def _write(form: Any) -> Mutation:
    """Return a write beside the states: its value is JSON data already."""
    path, *more = form
    key = path[0] if len(path) == 1 else tuple(path)
    if not isinstance(path[0], str):
        raise TypeError("a path begins with text")
    if not more:
        return Delete(key)
    if more[1:] == ["append"]:
        return _checked(Reduce(key, freeze(more[0]), Reducer.APPEND))
    return Put(key, freeze(more[0]))


def _checked(mutation: Mutation) -> Mutation:
    if isinstance(mutation, Reduce):
        if mutation.reducer is not Reducer.APPEND or not isinstance(mutation.kept, list):
            raise TypeError("a list is appended to, nothing else is joined")
    elif type(mutation) not in (Put, Delete):
        raise TypeError(f"no write: {type(mutation).__name__}")
    return mutation
