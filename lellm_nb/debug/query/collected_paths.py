"""What was inside the branches of a map that made what it collected (SEMANTICS P6)."""

from __future__ import annotations

from typing import Any

from lellm_nb.record.position import Fan

__all__ = ["within_items"]

Paths = tuple[tuple[Any, ...], ...] | None


def within_items(node: Any, fan: Fan, paths: Paths) -> dict[str, Paths]:
    """Return, by branch, the paths inside that made what is at some paths of what was collected.

    Args:
        node: The map.
        fan: Its branches as they ended; one that was dropped has no entry in the list.
        paths: What is asked about, in the level around; `None` is all of it.
    """
    into = node.into
    if into is None or paths is None:
        return {}
    asked = [path for path in paths if path[0] == into]
    ended = [name for name, branch in fan.branches.items() if branch.step]
    found: dict[str, Paths] = {}
    for path in asked:
        numbers = range(len(ended)) if len(path) == 1 else _numbers(path[1], len(ended))
        for number in numbers:
            inner = path[2:] if node.item_key is not None else (into,)
            known = found.get(ended[number], ())
            found[ended[number]] = None if not inner or known is None else (*known, inner)
    return found


def _numbers(part: Any, count: int) -> list[int]:
    if not isinstance(part, int) or not -count <= part < count:
        return []
    return [part % count]
