"""What an engine keeps beside positions as JSON data: of each frame what changed.

A level is written as what it has differently from the frame before: its facts as a difference of
nested dicts, its values by name. The states of levels are those of the frame's own position, and
what a task wrote is what the frame's mutations have, wherever it is the very same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import DEEP, PositionReader, PositionWriter
from lellm_nb.record.frame import Frame
from lellm_nb.record.native.parts import (
    AS_STORED,
    Native,
    NativeLevel,
    NativeParts,
    Wrote,
    named_levels,
)
from lellm_nb.record.position import Position
from lellm_nb.record.redaction.secret_paths import ANYWHERE
from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.mutation import Mutation

__all__ = ["NativeReader", "NativeWriter"]

Pairs = Sequence[tuple[str, Any]]


class NativeWriter:
    """Writes what an engine keeps beside the positions of frames.

    Args:
        parts: Takes it apart.
        positions: Writes states and values.
    """

    def __init__(self, parts: NativeParts, positions: PositionWriter) -> None:
        self.parts = parts
        self.positions = positions

    def form(self, frame: Frame, *, whole: bool = False) -> dict[str, Any] | None:
        """Return what a frame has beside its position, as JSON data.

        Args:
            whole: Whether it is to be read without the frame before.
        """
        native, parent = frame.position.native, frame.parent
        if native is None or (self.parts is AS_STORED and not isinstance(native, Native)):
            return None
        before = None if whole or parent is None else parent.position.native
        if getattr(native, "broken", ""):
            return {"broken": native.broken}
        if getattr(before, "broken", ""):
            before = None
        prefix, self.positions.prefix = self.positions.prefix, ()
        try:
            return self._form(frame, native, before)
        finally:
            self.positions.prefix = prefix

    def _form(self, frame: Frame, native: Any, before: Any) -> dict[str, Any]:
        parts = self.parts
        form: dict[str, Any] = {} if before is not None else {"whole": 1}
        places, told = places_of(frame.position), []
        if before is not None and frame.parent is not None:
            told = places_of(frame.parent.position)
        if places != told:
            form["at"] = places
        old = {} if before is None else parts.levels(before)
        levels, pairs = parts.levels(native), parts.pairs(native)
        changed = {
            name: self._level(old.get(name), level, name in places or not name, pairs)
            for name, level in levels.items()
            if old.get(name) is not level
        }
        if changed:
            form["l"] = changed
        if gone := [name for name in old if name not in levels]:
            form["-"] = gone
        if pairs:
            form["p"] = [self._pair(*pair, frame.mutations) for pair in pairs]
        tasks, known = parts.tasks(native), {} if before is None else parts.tasks(before)
        if list(tasks) != list(known):
            form["t"] = [[id] if id in known else [id, row] for id, row in tasks.items()]
        return form

    def _level(self, known: Any, level: Any, inside: bool, told: Pairs) -> dict[str, Any]:
        parts = self.parts
        new = parts.level(level)
        old = _NO_LEVEL if known is None else parts.level(known)
        form: dict[str, Any] = {}
        if facts := self._difference(old.facts, new.facts):
            form["f"] = facts
        if values := self._values(old.values, new.values):
            form["v"] = values
        same = all(_known(old.wrote.get(id), wrote) for id, wrote in new.wrote.items())
        if not same or list(new.wrote) != list(old.wrote):
            form["w"] = [
                [id] if _known(old.wrote.get(id), wrote) else [id, *self._wrote(wrote, told)]
                for id, wrote in new.wrote.items()
            ]
        if not inside and (known is None or parts.state(known) is not parts.state(level)):
            form["d"] = self.positions.data(new.state)
        return form

    def _wrote(self, wrote: Wrote, told: Pairs) -> list[Any]:
        if wrote.pairs is told:
            return [wrote.facts]
        return [wrote.facts, [self._pair(*pair, ()) for pair in wrote.pairs]]

    def _values(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Any]:
        made = [name for name, value in new.items() if not _same(old.get(name, _NOTHING), value)]
        gone = [name for name in old if name not in new]
        left = [name for name in old if name in new]
        if list(new) != [*left, *(name for name in made if name not in old)]:
            made, gone = list(new), list(old)  # so that they are in order again
        if not made and not gone:
            return []
        return [[self._pair(name, new[name], ()) for name in made], gone]

    def _pair(self, name: str, value: Any, mutations: Sequence[Mutation]) -> list[Any]:
        at = _written(name, value, mutations)
        return [name, *at] if at else [name, self.positions.kept(value, (ANYWHERE, name))]

    def _fact(self, key: str, value: Any) -> Any:
        return self.positions.codec.plain(value, self.positions.problems, (ANYWHERE, key))

    def _difference(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Any]:
        """Return what a dict has differently: what is set, what changed inside, what is gone."""
        made: dict[str, Any] = {}
        deeper: dict[str, Any] = {}
        for key, value in new.items():
            known = old.get(key, _NOTHING)
            if type(value) is dict and type(known) is dict:
                if known is not value and (inner := self._difference(known, value)):
                    deeper[key] = inner
            elif not _same(known, value):
                made[key] = value if type(value) is int else self._fact(key, value)
        form: list[Any] = [made, deeper, [key for key in old if key not in new]]
        while form and not form[-1]:
            form.pop()
        return form


_NOTHING = object()
_NO_LEVEL = NativeLevel({}, {}, {}, {})


def places_of(at: Position) -> list[Any]:
    """Return the names of the levels inside a position."""
    return [named.native for named in named_levels(at)][1:]


def _known(old: Wrote | None, new: Wrote) -> bool:
    return old is not None and old.pairs is new.pairs and old.facts == new.facts


def _same(old: Any, new: Any) -> bool:
    """Tell whether two values are one; what costs little is compared."""
    return old is new or (type(old) is type(new) and type(old) in _PLAIN and bool(old == new))


_PLAIN = frozenset((str, int, float, bool, list))


def _written(name: str, value: Any, mutations: Sequence[Mutation]) -> list[int]:
    """Return where a frame's mutations have a value: which one, and which of several values."""
    for at, mutation in enumerate(mutations):
        if mutation.key == name:
            kept: Any = getattr(mutation, "kept", _NOTHING)
            if not isinstance(mutation, ChannelUpdate):
                return [at, -1] if kept is value else []
            return next(([at, i] for i, one in enumerate(kept) if one is value), [])
    return []


class NativeReader:
    """Reads what an engine kept beside positions.

    Args:
        positions: Reads states and values.
        parts: Makes what positions are to have beside them.
    """

    def __init__(self, positions: PositionReader, parts: NativeParts) -> None:
        self.positions = positions
        self.parts = parts

    def read(
        self, form: Any, before: Position | None, at: Position, mutations: Sequence[Mutation]
    ) -> None:
        """Give a position what it is to have beside it.

        What is damaged is noted: the position is there to be looked at all the same.

        Args:
            form: As it was stored; `None` of a position that had nothing beside it.
            before: The position of the frame before; `None` of what was written as a whole.
        """
        if form is None:
            return
        try:
            if "broken" in form:
                native = Native({}, broken=str(form["broken"]))
            else:
                native = self._native(form, before, at, mutations)
            at.native = self.parts.made(native)
        except (*DAMAGE, CorruptedCheckpointError) as error:
            at.native = self.parts.made(Native({}, broken=f"it is damaged: {error_text(error)}"))

    def _native(
        self, form: Any, before: Position | None, at: Position, mutations: Sequence[Mutation]
    ) -> Native:
        old: Native | None = None
        if "whole" not in form:
            old = None if before is None else self.parts.kept(before.native)
            if old is None or old.broken:
                why = "" if old is None else old.broken
                return Native({}, broken=why or "nothing is known of the frame before")
        known = {} if old is None else old.levels
        levels = {name: level for name, level in known.items() if name not in form.get("-", ())}
        states = self._places(form, old, before, at)
        pairs = tuple(self._pair(pair, mutations) for pair in form.get("p", ()))
        for name, level in form.get("l", {}).items():
            levels[name] = self._level(known.get(name), level, states.get(name), pairs)
        tasks: Any = {} if old is None else old.tasks
        if "t" in form:
            tasks = {str(id): row[0] if row else tasks[id] for id, *row in form["t"]}
        return Native(levels, pairs, tasks)

    def _places(
        self, form: Any, old: Native | None, before: Position | None, at: Position
    ) -> dict[str, Any]:
        """Name the levels of a position, and return their states."""
        inner = list(named_levels(at))[1:]
        names = form.get("at")
        if names is None:
            names = [] if old is None or before is None else places_of(before)
        if len(names) != len(inner) or not all(type(name) is str for name in names):
            raise ValueError("its levels are not those of the position")
        for name, level in zip(names, inner, strict=True):
            level.native = name
        return {"": at.data, **{name: level.data for name, level in zip(names, inner, strict=True)}}

    def _level(self, old: NativeLevel | None, form: Any, state: Any, told: Pairs) -> NativeLevel:
        known = _NO_LEVEL if old is None else old
        facts, values, wrote = known.facts, known.values, known.wrote
        if "f" in form:
            facts = self._changed(facts, form["f"], 0)
        if "v" in form:
            made, gone = form["v"]
            values = {name: value for name, value in values.items() if name not in gone}
            values.update(self._pair(pair, ()) for pair in made)
        if "w" in form:
            wrote = {str(id): self._wrote(wrote.get(id), row, told) for id, *row in form["w"]}
        if "d" in form:
            state = self.positions.data(form["d"])
        elif state is None:
            if old is None:
                raise ValueError("a level has no state")
            state = old.state
        return NativeLevel(state, facts, values, wrote)

    def _wrote(self, old: Wrote | None, row: Any, told: Pairs) -> Wrote:
        if not row:
            if old is None:
                raise ValueError("a task wrote what is nowhere")
            return old
        if len(row) == 1:
            return Wrote(row[0], tuple(told))
        return Wrote(row[0], tuple(self._pair(pair, ()) for pair in row[1]))

    def _pair(self, form: Any, mutations: Sequence[Mutation]) -> tuple[str, Any]:
        name = str(form[0])
        if len(form) == 2:
            return name, self.positions.kept(form[1], name)
        wrote: Any = mutations[form[1]]  # damage may name a `Delete`
        kept = wrote.kept
        return name, kept if form[2] < 0 else kept[form[2]]

    def _changed(self, old: Mapping[str, Any], form: Any, depth: int) -> dict[str, Any]:
        """Return a dict after a difference."""
        if depth > DEEP:
            raise ValueError("it nests too deeply")
        made: dict[str, Any] = form[0]
        deeper: dict[str, Any] = form[1] if len(form) > 1 else {}
        gone: list[str] = form[2] if len(form) > 2 else []
        new = {key: value for key, value in old.items() if key not in gone}
        for key, value in made.items():
            new[key] = self._fact(value, key)
        for key, inner in deeper.items():
            new[key] = self._changed(new[key], inner, depth + 1)
        return new

    def _fact(self, form: Any, key: str) -> Any:
        if type(form) is dict and "$" not in form:
            return {str(k): self._fact(value, key) for k, value in form.items()}
        return self.positions.kept(form, key)
