"""A thread of the user's own, read from their saver and never written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from lellm_nb.adapters.langgraph.position.checkpoints import level_of_checkpoint
from lellm_nb.adapters.langgraph.position.copies import Copies
from lellm_nb.adapters.langgraph.position.level import (
    ERROR,
    ERROR_SOURCE,
    INTERRUPT,
    RESUME,
    START,
    PregelLevel,
    PregelTask,
    Written,
    counter_of,
    nobody,
    waits_name,
)
from lellm_nb.adapters.langgraph.position.names import (
    joined,
    level_of,
    static_path,
    task_of,
    within,
)
from lellm_nb.adapters.langgraph.position.standing import Standing
from lellm_nb.engine.driving.drive import drive
from lellm_nb.errors import DebuggerError

__all__ = ["levels_of_thread"]


def levels_of_thread(
    compiled: Any, config: Any, standing: Standing, copies: Copies
) -> tuple[dict[str, PregelLevel], int]:
    """Return the position of a thread, and the highest version of a channel in it.

    Args:
        compiled: The graph with its saver.
        config: Names the thread, and where it is to be opened if not at its end.

    Raises:
        DebuggerError: There is no saver, no thread is named, or it has no checkpoint.
    """
    saver, asked = _saver_of(compiled), dict((config or {}).get("configurable") or {})
    thread = asked.get("thread_id")
    if thread is None:
        raise DebuggerError(
            'The config names no thread: give {"configurable": {"thread_id": ...}}.'
        )
    found = _read(saver, thread, asked.get("checkpoint_id"))
    if "" not in found:
        raise DebuggerError(f"The saver has no checkpoint of thread {thread!r}.")
    past = _is_past(saver, thread, found[""])
    number = _numbers(found.values())
    levels: dict[str, PregelLevel] = {}
    for namespace in sorted(found, key=lambda ns: (ns.count("|"), ns)):
        if _belongs(namespace, found, levels, past=past):
            levels[namespace] = _level(
                compiled, namespace, found[namespace], number, standing, copies
            )
            _take_writes(compiled, levels, namespace, found, standing, copies, past=past)
    return levels, max(number.values(), default=0)


def _saver_of(compiled: Any) -> Any:
    saver = getattr(compiled, "checkpointer", None)
    if not isinstance(saver, BaseCheckpointSaver):
        raise DebuggerError(
            "The graph has no checkpointer that could have a thread:"
            " compile it with compile(checkpointer=...), or give Debugger its input."
        )
    return saver


def _read(saver: Any, thread: Any, id: str | None) -> dict[str, Any]:
    """Return the checkpoint of every namespace: the newest, or those that one belongs to."""
    root: Any = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    if id is not None:
        root["configurable"]["checkpoint_id"] = id
    everything: Any = {"configurable": {"thread_id": thread}}
    first = _asked(lambda: saver.get_tuple(root), lambda: saver.aget_tuple(root))
    if first is None:
        return {}
    found: dict[str, Any] = {"": first}
    for one in _asked(lambda: list(saver.list(everything)), lambda: _all(saver, everything)):
        namespace = one.config["configurable"].get("checkpoint_ns", "")
        known = found.get(namespace)
        late = id is not None and one.checkpoint["id"] > _newest(first, one, namespace)
        if namespace and not late and (known is None or _rank(known, id) < _rank(one, id)):
            found[namespace] = one
    return found


def _rank(one: Any, id: str | None) -> tuple[bool, str]:
    """Order the checkpoints of a level: in the past one that waits is meant, else the newest."""
    return id is not None and bool(_asking(one)), _id(one)


def _asking(one: Any) -> list[str]:
    return [task for task, channel, _ in one.pending_writes or () if channel == INTERRUPT]


def _is_past(saver: Any, thread: Any, one: Any) -> bool:
    """Tell whether a thread has gone on from a checkpoint."""
    root: Any = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    newest = _asked(lambda: saver.get_tuple(root), lambda: saver.aget_tuple(root))
    return bool(newest is not None and _id(newest) != _id(one))


def _id(one: Any) -> str:
    found: str = one.checkpoint["id"]
    return found


def _newest(root: Any, one: Any, namespace: str) -> str:
    """Return the last id that may belong to an addressed checkpoint: what ran inside is newer."""
    inside = ":" in namespace.split("|")[0]
    return _id(one) if inside else _id(root)


async def _all(saver: Any, config: Any) -> list[Any]:
    return [one async for one in saver.alist(config)]


def _asked(plain: Any, awaited: Any) -> Any:
    """Ask a saver, which may only be there for those who await."""
    try:
        return plain()
    except (NotImplementedError, RuntimeError):
        return drive(awaited())


def _belongs(
    namespace: str, found: Mapping[str, Any], levels: Mapping[str, PregelLevel], *, past: bool
) -> bool:
    """Tell whether a namespace is of what is open: one of a task that has ended is left."""
    if not namespace:
        return True
    around = level_of(namespace)
    last = namespace.rpartition("|")[2]
    if last.isdigit():
        return around in levels
    if around not in levels:
        return False
    if ":" not in last:
        return True  # it has a memory of its own
    id = task_of(namespace)
    if past and not any(task == id for task in _asking(found[around])):
        return False  # it was not open yet
    entered = found[namespace].metadata.get("parents", {}).get(around)
    return bool(entered == levels[around].id)


def _numbers(tuples: Iterable[Any]) -> dict[Any, int]:
    """Return a number for every version of a channel: savers have them as text or numbers."""
    versions: set[Any] = set()
    for one in tuples:
        versions |= set(one.checkpoint["channel_versions"].values())
        for seen in one.checkpoint["versions_seen"].values():
            versions |= set(seen.values())
    if all(type(version) is int for version in versions):
        return {version: version for version in versions}
    return {version: i + 1 for i, version in enumerate(sorted(versions, key=str))}


def _level(
    compiled: Any,
    namespace: str,
    one: Any,
    number: Mapping[Any, int],
    standing: Standing,
    copies: Copies,
) -> PregelLevel:
    facts = standing.facts.at(static_path(namespace))
    own = one.checkpoint
    values = dict(own["channel_values"])
    missing = [key for key in facts.deltas if key not in values and key in own["channel_versions"]]
    if missing:
        snapshot = compiled.get_state(one.config)
        values.update({key: snapshot.values[key] for key in missing if key in snapshot.values})
    versions = {key: number[version] for key, version in own["channel_versions"].items()}
    checkpoint = {
        **own,
        "channel_values": values,
        "channel_versions": versions,
        "versions_seen": {
            node: {key: number[version] for key, version in seen.items()}
            for node, seen in own["versions_seen"].items()
        },
    }
    return level_of_checkpoint({}, namespace, facts, copies, checkpoint, one.metadata, versions)


def _take_writes(
    compiled: Any,
    levels: dict[str, PregelLevel],
    namespace: str,
    found: Mapping[str, Any],
    standing: Standing,
    copies: Copies,
    *,
    past: bool,
) -> None:
    """Take over what the tasks of the open super-step have written; failures are left out.

    In the past it is what had been written when the super-step waited: of one that did not wait
    nothing (upstream runs its tasks again, too), and of one that waited not what it was answered.
    """
    one = found[namespace]
    if past and not _asking(one):
        return
    known: dict[str, PregelTask] = {}
    for task in _tasks(compiled, one):
        own = joined(namespace, f"{task.name}:{task.id}")
        known[task.id] = standing.met(levels, task.id, task.name, own, tuple(task.path))
    by_task: dict[str, list[tuple[str, Any]]] = {}
    for id, channel, value in one.pending_writes or ():
        by_task.setdefault(id, []).append((channel, value))
    level = levels[namespace]
    for id, pairs in by_task.items():
        channels = {channel for channel, _ in pairs}
        if ERROR in channels and ERROR_SOURCE not in channels:
            continue
        if past and INTERRUPT in channels:
            pairs = _unanswered(pairs)
        if id in known and _asks_inside(known[id], found):
            pairs = [pair for pair in pairs if pair[0] != INTERRUPT]
        if not pairs:
            continue
        task = known.get(id) or nobody(id, namespace)
        kept = tuple((channel, copies.kept(value, channel)) for channel, value in pairs)
        level = _wrote(level, Written(task, kept))
    levels[namespace] = level


def _asks_inside(task: PregelTask, found: Mapping[str, Any]) -> bool:
    """Tell whether it is a task inside of this one that asks: upstream notes it at both."""
    own = joined(task.level, task.node)
    return any(
        (namespace in (own, task.namespace) or within(namespace, task.namespace)) and _asking(one)
        for namespace, one in found.items()
    )


def _unanswered(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return what a task had written when it last waited: with the answers before that one."""
    resumed = [list(value) for channel, value in pairs if channel == RESUME]
    went_on = any(channel not in (INTERRUPT, RESUME) for channel, _ in pairs)
    kept = [pair for pair in pairs if pair[0] == INTERRUPT]
    for answers in resumed:
        before = answers[:-1] if went_on else answers
        kept += [(RESUME, before)] if before else []
    return kept


def _wrote(level: PregelLevel, wrote: Written) -> PregelLevel:
    task = wrote.task
    done = task.node != START and wrote.done
    after = level.wrote(wrote, counter_of(task) if done else "")
    if not wrote.waits:
        return after
    return replace(after, visits=after.visits.plus(after.step, waits_name(task.path)))


def _tasks(compiled: Any, one: Any) -> Iterator[Any]:
    try:
        yield from compiled.get_state(one.config).tasks
    except Exception:  # a graph that a function calls: LangGraph itself does not find it
        return
