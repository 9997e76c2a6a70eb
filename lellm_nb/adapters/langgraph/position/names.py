"""Checkpoint namespaces of LangGraph, taken apart.

A namespace is the way inwards: parts joined by ``|``, each ``node:task id``. A subgraph with a
memory of its own (``checkpointer=True``) has no task id in its part, and a number alone counts the
graphs that one task has called.
"""

from __future__ import annotations

from collections.abc import Iterable

from lellm_nb.graph.edge import TOGETHER

__all__ = [
    "SEPARATOR",
    "inside",
    "join_name",
    "joined",
    "joined_path",
    "level_of",
    "node_of",
    "static_path",
    "task_of",
    "together",
    "within",
]

SEPARATOR = "|"


def joined(level: str, part: str) -> str:
    """Return the namespace of a part within a level.

    Example:
        >>> joined("", "agent:1"), joined("agent:1", "tools:2")
        ('agent:1', 'agent:1|tools:2')
    """
    return f"{level}{SEPARATOR}{part}" if level else part


def level_of(namespace: str) -> str:
    """Return the namespace around one.

    Example:
        >>> level_of("agent:1|tools:2"), level_of("agent:1")
        ('agent:1', '')
    """
    return namespace.rpartition(SEPARATOR)[0]


def static_path(namespace: str) -> str:
    """Return the path of a level without visits.

    Example:
        >>> static_path("agent:1|tools:2"), static_path("top:1|1"), static_path("")
        ('agent/tools', 'top', '')
    """
    parts = (part.partition(":") for part in namespace.split(SEPARATOR) if namespace)
    return "/".join(node for node, _, id in parts if id or not node.isdigit())


def task_of(namespace: str) -> str:
    """Return the id of the task that a namespace is of; empty where its last part has none."""
    return namespace.rpartition(SEPARATOR)[2].partition(":")[2]


def node_of(namespace: str) -> str:
    """Return the node of the last part of a namespace.

    Example:
        >>> node_of("agent:1|tools:2")
        'tools'
    """
    return namespace.rpartition(SEPARATOR)[2].partition(":")[0]


def within(namespace: str, task: str) -> bool:
    """Tell whether a namespace is inside a task's own.

    Example:
        >>> within("agent:1|tools:2", "agent:1"), within("agent|tools:2", "agent:1")
        (True, True)
        >>> within("agent:1", "agent:1"), within("other:1|tools:2", "agent:1")
        (False, False)
    """
    inner, outer = namespace.split(SEPARATOR), task.split(SEPARATOR)
    return len(inner) > len(outer) and all(
        a == b or (":" not in a and a == b.partition(":")[0])
        for a, b in zip(inner, outer, strict=False)
    )


def inside(segment: str, visit: int) -> str:
    """Return how a node that is entered stands in the paths of what is inside (SEMANTICS B2).

    Example:
        >>> inside("agent", 1), inside("agent", 2)
        ('agent', 'agent#2')
    """
    return segment if visit == 1 else f"{segment}#{visit}"


def together(names: Iterable[str]) -> str:
    """Return the name of nodes that run side by side.

    Example:
        >>> together(["plan", "work", "work"])
        'plan + work'
    """
    return TOGETHER.join(dict.fromkeys(names))


def join_name(names: list[str]) -> str:
    """Return the name under which tasks are joined: never that of a node alone.

    Example:
        >>> join_name(["plan", "work", "work"]), join_name(["work", "work"])
        ('plan + work', 'work + work')
    """
    return together(names) if len(set(names)) > 1 else TOGETHER.join(names[:2])


def joined_path(prefix: str, name: str) -> str:
    """Return the path of a node within a level."""
    return f"{prefix}/{name}" if prefix else name
