"""A LangGraph position as stores keep it, and made again of what they kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lellm_nb.adapters.langgraph.keeping.stored_types import KeptError
from lellm_nb.adapters.langgraph.position.level import (
    At,
    Pairs,
    PregelLevel,
    PregelTask,
    StaticWait,
    Written,
)
from lellm_nb.adapters.langgraph.position.names import joined
from lellm_nb.adapters.langgraph.position.standing import Standing
from lellm_nb.record.codec.types import Unsaved
from lellm_nb.record.codec.values import is_plain
from lellm_nb.record.native.parts import Native, NativeLevel, Wrote
from lellm_nb.record.redaction.redactor import Redacted
from lellm_nb.record.visits import Visits
from lellm_nb.state.frozen import thaw
from lellm_nb.state.structs.struct import struct_of_class

__all__ = ["KeptAt", "LangGraphParts"]

_APART = ("channel_versions", "versions_seen")


class KeptAt(At):
    """What a position has beside it that was read from a store.

    Attributes:
        native: As it was stored.
        broken: Why nothing can go on from there; empty where it can.
        tried: Whether it was looked at whether it can.
    """

    native: Native = Native({})
    broken: str = ""
    tried: bool = False


class LangGraphParts:
    """Takes the positions of a run apart, and makes them again.

    Args:
        standing: What is known of the run's tasks.
        version: The clock of the versions of channels, which no stored one may be ahead of.
    """

    def __init__(self, standing: Standing, version: list[int]) -> None:
        self.standing = standing
        self.version = version
        self._last: dict[str, tuple[PregelLevel, NativeLevel]] = {}
        """By namespace the level that was taken apart last: of the next frame it is the old one."""

    # -- apart -------------------------------------------------------------------

    def levels(self, native: At) -> Mapping[str, PregelLevel]:
        """Return the levels."""
        return native.levels

    def state(self, level: PregelLevel) -> Any:
        """Return the state of a level."""
        return level.data

    def pairs(self, native: At) -> Pairs:
        """Return what the frame's task wrote."""
        return _savable(native.pairs)

    def tasks(self, native: At) -> Mapping[str, Any]:
        """Return the tasks that had asked and are open."""
        return {task.id: _task_form(task) for task in native.tasks}

    def level(self, level: PregelLevel) -> NativeLevel:
        """Return a level taken apart."""
        last = self._last.get(level.namespace)
        if last is not None and last[0] is level:
            return last[1]
        made = self._level_apart(level)
        self._last[level.namespace] = level, made
        return made

    def _level_apart(self, level: PregelLevel) -> NativeLevel:
        own, metadata = level.checkpoint, level.metadata
        facts = {
            "checkpoint": {key: value for key, value in own.items() if key not in _APART},
            "versions": own["channel_versions"],
            "seen": own["versions_seen"],
            "metadata": {key: v for key, v in metadata.items() if is_plain(v, _DEEPEST)},
            "visits": level.visits.counts(level.step),
            "step": level.step,
            "passed": sorted(level.passed),
            "static": [list(wait) for wait in level.static],
        }
        asked = self.standing.tasks  # of the open super-step: stored with the frame
        wrote = {
            w.task.id: Wrote(
                [w.place] if w.task.id in asked else [w.place, _task_form(w.task)],
                _savable(w.pairs),
            )
            for w in level.written
        }
        return NativeLevel(level.data, facts, level.hidden, wrote)

    # -- made again --------------------------------------------------------------

    def kept(self, native: Any) -> Native | None:
        """Return what `made` was given."""
        return native.native if isinstance(native, KeptAt) else None

    def made(self, native: Native) -> KeptAt:
        """Return what a position is to have beside it."""
        levels, broken = {}, native.broken
        tasks = {id: _task(id, row) for id, row in native.tasks.items()}
        for name, kept in native.levels.items():
            if kept.made is None:
                kept.made = self._level(name, kept, tasks)
            levels[name] = kept.made
        made = KeptAt(levels, _as_written(native.pairs), tuple(tasks.values()))
        made.native = native
        if not broken and "" not in levels:
            broken = "the outermost level is missing"
        lacks = [] if broken else [path for name in levels for path in _lacks(levels[name])]
        made.broken = broken or (f"{'; '.join(lacks[:3])}" if lacks else "")
        return made

    def _level(self, name: str, kept: NativeLevel, tasks: Mapping[str, PregelTask]) -> PregelLevel:
        facts = kept.facts
        own = facts["checkpoint"]
        versions = {channel: _number(v) for channel, v in facts["versions"].items()}
        numbers = [v for v in versions.values() if type(v) is int]
        self.version[0] = max(self.version[0], *numbers, 0)
        checkpoint = {
            **{key: thaw(value) for key, value in own.items()},
            "channel_versions": versions,
            "versions_seen": {node: dict(seen) for node, seen in facts["seen"].items()},
        }
        if type(checkpoint["id"]) is not str or type(facts["step"]) is not int:
            raise TypeError("a checkpoint has an id and a step")
        written = tuple(_written(id, wrote, tasks) for id, wrote in kept.wrote.items())
        step = facts["step"]
        return PregelLevel(
            name,
            checkpoint,
            {key: thaw(value) for key, value in facts["metadata"].items()},
            dict(kept.values),
            dict(kept.state.items()),
            Visits({str(key): int(n) for key, n in facts["visits"].items()}, step),
            step,
            written,
            frozenset(facts["passed"]),
            tuple(StaticWait(str(p), int(n), bool(after)) for p, n, after in facts["static"]),
        )


_DEEPEST = 16


def _number(version: Any) -> Any:
    if type(version) not in (int, str, float):
        raise TypeError("a version is a number")
    return version


# -- tasks ---------------------------------------------------------------------------------


def _task_form(task: PregelTask) -> list[Any]:
    usual = task.namespace == joined(task.level, f"{task.node}:{task.id}")
    namespace = None if usual else task.namespace
    row: list[Any] = [task.node, namespace, task.level, task.path, task.inside, task.visit]
    more = [task.order, task.call, task.handles]
    return [*row, *more] if any(more) else row


def _task(id: str, row: Any) -> PregelTask:
    node, namespace, level, path, within, visit, *more = row
    if not all(type(text) is str for text in (id, node, level, path, within)):
        raise TypeError("a task has names")
    if namespace is None:
        namespace = joined(level, f"{node}:{id}")
    order, call, handles = more or (0, False, False)
    own = str(namespace), level, path, within, int(visit), int(order)
    return PregelTask(id, node, *own, bool(call), bool(handles))


def _written(id: str, wrote: Wrote, tasks: Mapping[str, PregelTask]) -> Written:
    place, *row = wrote.facts
    task = _task(id, row[0]) if row else tasks[id]
    return Written(task, _as_written(wrote.pairs), str(place))


# -- values --------------------------------------------------------------------------------


def _savable(pairs: Pairs) -> Pairs:
    """Return what was written with failures in a form that is kept; mostly the same."""
    if not any(isinstance(value, BaseException) for _, value in pairs):
        return pairs
    return tuple((name, KeptError(v) if isinstance(v, BaseException) else v) for name, v in pairs)


def _as_written(pairs: Any) -> Pairs:
    return tuple((name, v.error if isinstance(v, KeptError) else v) for name, v in pairs)


def _lacks(level: PregelLevel) -> Iterator[str]:
    """Walk what LangGraph itself would need of a level and a store did not keep, in words."""
    for channel, value in level.hidden.items():
        for what in gaps(value):
            yield f"{channel} in {level.namespace or 'the graph'} {what}"
    for wrote in level.written:
        for channel, value in wrote.pairs:
            for what in gaps(value):
                yield f"{channel}, written by {wrote.task.path}, {what}"


def gaps(value: Any, depth: int = 0) -> Iterator[str]:
    """Walk what is missing in a value, in words."""
    if isinstance(value, Redacted):
        yield "was hidden as a secret"
    elif isinstance(value, Unsaved):
        yield f"could not be kept ({value.type})"
    elif depth < _DEEPEST:
        for inner in _inside(value):
            yield from gaps(inner, depth + 1)


def _inside(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    if type(value).__module__.startswith("langgraph."):
        return [getattr(value, name) for name in ("arg", "value") if hasattr(value, name)]
    own = struct_of_class(type(value)) is not None
    return getattr(value, "__dict__", {}).values() if own else ()
