"""The saver that a drive is given: it serves one position, and tells of what is saved."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from lellm_nb.adapters.langgraph.position.copies import Copies
from lellm_nb.adapters.langgraph.position.level import Levels, PregelLevel
from lellm_nb.adapters.langgraph.position.names import level_of, task_of

__all__ = ["Heard", "SaverTape", "served"]


class Heard(Protocol):
    """Who is told of what a drive saves.

    Attributes:
        levels: The position as it is now.
        asked_for: The namespaces that have looked for a checkpoint.
    """

    levels: Levels
    asked_for: set[str]

    def wrote(
        self, namespace: str, task: str, pairs: Sequence[tuple[str, Any]], place: str
    ) -> None:
        """Hear of what a task wrote."""

    def saved(
        self, namespace: str, checkpoint: Mapping[str, Any], metadata: Mapping[str, Any], new: Any
    ) -> None:
        """Hear that the tasks of a super-step were applied."""


class _EnteredAnew(dict[str, Any]):
    """The versions of a subgraph with a memory of its own that is entered another time.

    LangGraph takes a graph whose parent resumes for one that resumes as well, and drops its input,
    unless there is nothing to resume from: it asks for the truth of the versions.
    """

    def __bool__(self) -> bool:
        return False

    def copy(self) -> dict[str, Any]:
        return dict(self)


class SaverTape(BaseCheckpointSaver[int]):
    """Serves copies of a position that never changes, and makes the next one of what is saved.

    Args:
        heard: Who is told.
        copies: Makes the copies.
    """

    def __init__(self, heard: Heard, copies: Copies, clock: list[int]) -> None:
        super().__init__()
        self._heard = heard
        self._copies = copies
        self._clock = clock

    def get_next_version(self, current: int | None, channel: None) -> int:
        """Return a version that no channel ever had: one clock for all lines of a run."""
        self._clock[0] = max(self._clock[0], current or 0) + 1
        return self._clock[0]

    # -- reading -----------------------------------------------------------------

    def get_tuple(self, config: Any) -> CheckpointTuple | None:
        """Return the checkpoint of a namespace."""
        asked = config["configurable"]
        namespace = asked.get("checkpoint_ns", "")
        self._heard.asked_for.add(namespace)
        levels = self._heard.levels
        level = levels.get(namespace)
        if level is None:
            return None
        return served(level, asked["thread_id"], self._copies, anew=_entered_anew(levels, level))

    async def aget_tuple(self, config: Any) -> CheckpointTuple | None:
        """Return the checkpoint of a namespace."""
        return self.get_tuple(config)

    def list(
        self, config: Any, *, filter: Any = None, before: Any = None, limit: int | None = None
    ) -> Iterator[CheckpointTuple]:
        """Walk what there is of a thread: the one checkpoint that is gone on from."""
        found = None if before is not None or config is None else self.get_tuple(config)
        if found is not None:
            yield found

    async def alist(
        self, config: Any, *, filter: Any = None, before: Any = None, limit: int | None = None
    ) -> AsyncIterator[CheckpointTuple]:
        """Walk the same."""
        for found in self.list(config, filter=filter, before=before, limit=limit):
            yield found

    # -- writing -----------------------------------------------------------------

    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        """Take the checkpoint after a super-step."""
        asked = config["configurable"]
        namespace = asked.get("checkpoint_ns", "")
        self._heard.saved(namespace, checkpoint, metadata, new_versions)
        return {"configurable": {**asked, "checkpoint_id": checkpoint["id"]}}

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        """Take the checkpoint after a super-step."""
        return self.put(config, checkpoint, metadata, new_versions)

    def put_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        """Take what a task wrote."""
        self._heard.wrote(
            config["configurable"].get("checkpoint_ns", ""), task_id, writes, task_path
        )

    async def aput_writes(
        self, config: Any, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        """Take what a task wrote."""
        self.put_writes(config, writes, task_id, task_path)


_method: Any
for _method in (SaverTape.put_writes, SaverTape.aput_writes):
    # LangGraph asks for it at every go: to make it out takes a twentieth of a step
    _method.__signature__ = inspect.signature(_method)


def _entered_anew(levels: Levels, level: PregelLevel) -> bool:
    last = level.namespace.rpartition("|")[2]
    if not last or ":" in last or last.isdigit():
        return False
    around = levels.get(level_of(level.namespace))
    if around is None:
        return False
    entered = level.metadata.get("parents", {}).get(around.namespace)
    return bool(entered != around.id)


def served(
    level: PregelLevel, thread: str, copies: Copies, *, anew: bool = False
) -> CheckpointTuple:
    """Return a level as a saver gives it, with nothing in it that a frame has."""
    plain, own = copies.plain, level.checkpoint
    values = {key: plain(value) for key, value in level.hidden.items()}
    for key, value in level.data.items():
        values[key] = plain(value)
    versions = dict(own["channel_versions"])
    checkpoint: Any = {
        **own,
        "channel_values": values,
        "channel_versions": _EnteredAnew(versions) if anew else versions,
        "versions_seen": {node: dict(seen) for node, seen in own["versions_seen"].items()},
    }
    where: Any = {
        "configurable": {
            "thread_id": thread,
            "checkpoint_ns": level.namespace,
            "checkpoint_id": level.id,
        }
    }
    writes = [
        (id, channel, plain(value)) for id, pairs in _written(level) for channel, value in pairs
    ]
    metadata: Any = dict(level.metadata)
    return CheckpointTuple(where, checkpoint, metadata, None, writes)


def _written(level: PregelLevel) -> Iterator[tuple[str, Any]]:
    """Walk the writes of a super-step by task.

    LangGraph calls an error handler again wherever its failure is among the writes. Where the
    handler is through, what it wrote stands for the failed task.
    """
    handled = {
        task_of(level_of(wrote.task.namespace)): wrote.pairs
        for wrote in level.written
        if wrote.task.handles and wrote.done
    }
    for wrote in level.written:
        if wrote.task.id in handled:
            yield wrote.task.id, handled[wrote.task.id]
        elif not wrote.task.handles or task_of(level_of(wrote.task.namespace)) not in handled:
            yield wrote.task.id, wrote.pairs
