"""Where a run stands as JSON data: whole, or as what changed since an earlier one (SEMANTICS C6).

A *snapshot* is the content of a checkpoint: the position, or the state alone. What is written of
a level's state is what `difference` finds: the same mutations that a log would have, and reading
folds them. So is the place in the graph, with its counters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError, LellmError
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.typed_states import class_form, read_typed
from lellm_nb.record.codec.values import Codec, to_bytes
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.snapshots import StateSnapshot, difference
from lellm_nb.state.compact import Data, whole
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import keep, view
from lellm_nb.state.typed import Typed

__all__ = ["MOST_WORK", "Snapshot", "SnapshotReader", "form_of", "snapshot_of"]

MOST_WORK = 1 << 27
"""So many items are copied at most while changes are folded: half a second."""

Place = tuple[Any, ...]


@dataclass(slots=True)
class Snapshot:
    """A snapshot as the next one is compared with it.

    Attributes:
        at: Where each level stands, as JSON data; `None` of a state alone.
        places: By the way to a level: the number of its state.
        datas: The states by their numbers.
        work: How many items a reader copies to fold it.
    """

    at: Any
    places: dict[Place, int]
    datas: list[Data | Typed]
    work: int = 0


def snapshot_of(checkpoint: Checkpoint) -> tuple[Position | None, dict[Place, Data | Typed]]:
    """Return a checkpoint's position, and the states of its levels by the way to each."""
    if checkpoint.position is None:
        return None, {(): keep(checkpoint.state)}
    found: dict[Place, Data | Typed] = {}
    _walk(checkpoint.position, (), found)
    return checkpoint.position, found


def _walk(level: Position, way: Place, found: dict[Place, Data | Typed]) -> None:
    found[way] = level.data
    if isinstance(level.inner, Fan):
        for name, branch in level.inner.branches.items():
            _walk(branch, (*way, level.node, name), found)
    elif level.inner is not None:
        _walk(level.inner, (*way, level.node), found)


# -- writing -------------------------------------------------------------------------


def form_of(
    codec: Codec,
    position: Position | None,
    levels: dict[Place, Data | Typed],
    before: Snapshot | None,
) -> tuple[dict[str, Any], Snapshot]:
    """Return a snapshot as JSON data, and for the next one to be compared with.

    Args:
        before: What is written already; everything is written without it.
    """
    writer = _Writer(codec, levels, before)
    if position is None:
        at, data = None, [writer.data(levels[()])]
    else:
        whole = writer.write(position)
        at, data = whole["at"], whole["data"]
    places = {way: writer.numbers[id(data)] for way, data in levels.items()}
    made = Snapshot(at, places, writer.datas, writer.work)
    form: dict[str, Any] = {"data": data}
    if at is not None:
        form["at"] = at
        changed = None if before is None else _changed_place(before.at, at)
        if changed is not None:
            form["at"] = {"wrote": changed}
    return form, made


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


def _changed_place(old: Any, new: Any) -> list[Any] | None:
    """Return what changed of where the levels stand, as writes; they are JSON data already."""
    if old is None:
        return None
    wrote = difference({"at": freeze(old)}, {"at": freeze(new)})
    return [_plain(m) for m in wrote or ()]


def _plain(mutation: Mutation) -> list[Any]:
    path = [mutation.key] if isinstance(mutation.key, str) else list(mutation.key)
    if isinstance(mutation, Delete):
        return [path]
    return [path, mutation.kept] if isinstance(mutation, Put) else [path, mutation.kept, "append"]


# -- reading -------------------------------------------------------------------------


@dataclass
class _Read:
    """What was read of a level's state: its fields, and of a typed one what they make."""

    content: Data
    data: Data | Typed


class SnapshotReader(PositionReader):
    """Reads a snapshot and those that it was written on, the oldest first.

    Attributes:
        last: The one read last, as `form_of` takes it.
    """

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec)
        self.work = 0
        self._at: Any = None
        self._before: list[_Read] = []
        self._states: list[_Read] = []

    def take(self, form: Any) -> None:
        """Read the next one.

        Raises:
            CorruptedCheckpointError: It is damaged, or folding it takes too much.
        """
        try:
            self._before, self._states = self._states, []
            for one in form["data"]:
                self._states.append(self._state(one))
            self._at = self._standing(form["at"]) if "at" in form else None
        except LellmError as error:
            raise CorruptedCheckpointError(f"A damaged snapshot: {error}") from error
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged snapshot: {error_text(error)}.") from error

    def result(self) -> tuple[Any, Position | None]:
        """Return the state and the position of the one that was read last.

        Raises:
            CorruptedCheckpointError: It is damaged.
        """
        datas = [read.data for read in self._states]
        try:
            if self._at is None:
                return view(datas[0]), None
            position = self.standing(self._plain_at(), datas)
            return position.state, position
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged position: {error_text(error)}.") from error

    def last(self, position: Position | None) -> Snapshot:
        """Return the one that was read last, for the next one to be compared with."""
        datas = [read.data for read in self._states]
        levels: dict[Place, Data | Typed] = {(): datas[0]}
        if position is not None:
            _walk(position, (), levels)
        number = {id(data): i for i, data in enumerate(datas)}
        # the fields of a typed state may have been filled in as it was read
        plain = {way: data for way, data in levels.items() if not isinstance(data, Typed)}
        places = {way: number[id(data)] for way, data in plain.items()}
        return Snapshot(self._plain_at(), places, datas, self.work)

    def _state(self, form: Any) -> _Read:
        if "on" not in form:
            content: Any = self.data({k: v for k, v in form.items() if k not in ("type", "rest")})
        else:
            number = form["on"]
            if type(number) is not int or number < 0:
                raise TypeError("a state is written on one by its number")
            wrote = [self._write(one) for one in form["wrote"]]
            content = self._folded(self._before[number].content, wrote)
        made = read_typed(form, content, self.codec) if "type" in form else content
        return _Read(content, made)

    def _write(self, form: Any) -> Mutation:
        return _checked(self.mutation(form))

    def _standing(self, form: Any) -> Any:
        if isinstance(form, list):
            return freeze(form)
        wrote: list[Mutation] = []
        for path, *more in form["wrote"]:
            key = path[0] if len(path) == 1 else tuple(path)
            if not more:
                wrote.append(Delete(key))
            elif more[1:] == ["append"]:
                wrote.append(Reduce(key, freeze(more[0]), Reducer.APPEND))
            else:
                wrote.append(Put(key, freeze(more[0])))
        return self._folded({"at": self._at}, wrote)["at"]

    def _plain_at(self) -> Any:
        """Return where the levels stand as JSON data, as reading a position asks for."""
        return None if self._at is None else self.codec.parse(to_bytes(whole(self._at)))

    def _folded(self, base: Data, wrote: Sequence[Mutation]) -> Any:
        self.work += sum(_work(base, mutation) for mutation in wrote)
        if self.work > MOST_WORK:
            raise CorruptedCheckpointError("Folding a snapshot takes more than one may.")
        return StateSnapshot(base, tuple(wrote)).kept


def _checked(mutation: Mutation) -> Mutation:
    if isinstance(mutation, Reduce):
        if mutation.reducer is not Reducer.APPEND or not isinstance(mutation.kept, list):
            raise TypeError("a list is appended to, nothing else is joined")
    elif type(mutation) not in (Put, Delete):
        raise TypeError(f"no write: {type(mutation).__name__}")
    return mutation
