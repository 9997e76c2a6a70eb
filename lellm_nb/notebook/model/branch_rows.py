"""The lines of a history: where each began, and two of them side by side."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.tabs.frame_tabs import change_rows
from lellm_nb.notebook.values.value_rows import short_text

_MOST_PAIRS = 300


def tree_rows(debugger: DebuggerLike) -> list[list[Any]]:
    """Return ``[name, base, at, frames, status, notes, pins]`` for every line.

    The line of the debugger itself says -1 frames and no status: the head's own
    rows tell that, and so a step does not make the tree travel again.
    """
    rows = []
    for branch in debugger.tree:
        mine = branch.name == debugger.line
        rows.append(
            [
                branch.name,
                branch.base,
                branch.at,
                -1 if mine else branch.frames,
                "" if mine else branch.status,
                [[index, short_text(text, 300)] for index, text in branch.notes],
                list(branch.pins),
            ]
        )
    return rows


def compare_rows(debugger: DebuggerLike, line: str) -> dict[str, Any]:
    """Return two lines step by step, what both share folded, the first difference marked.

    What differs in the end is told from the other line to this one: from what was to what is.
    """
    from lellm_nb.debug.diff.diff import diff_states

    found: Any = debugger.compare(line)
    rows: list[dict[str, Any]] = []
    more = 0
    for same, group in groupby(found.pairs, lambda pair: bool(pair.same)):
        pairs = list(group)
        if same:
            shared = all(pair.shared for pair in pairs)
            rows.append({"fold": len(pairs), "shared": shared, **_sides(pairs[-1])})
            continue
        for pair in pairs[: max(0, _MOST_PAIRS - len(rows))]:
            rows.append(
                {
                    "path": pair.path,
                    "visit": pair.visit,
                    "keys": [short_text(str(key), 60) for key in pair.keys[:8]],
                    "first": pair is found.first_difference,
                    **_sides(pair),
                }
            )
        more += max(0, len(pairs) - _MOST_PAIRS)
    left, right = debugger.line, line
    end = change_rows(diff_states(debugger.branch(line).state, debugger.state))
    return {"names": [left, right], "rows": rows, "more": more, "end": end}


def _sides(pair: Any) -> dict[str, Any]:
    return {"left": _side(pair.left), "right": _side(pair.right)}


def _side(frame: Any) -> dict[str, Any] | None:
    if frame is None:
        return None
    return {
        "frame": frame.index,
        "kind": str(frame.kind),
        "path": str(frame.path),
        "next": frame.next_node,
        "failed": frame.error is not None,
    }


def pair_rows(debugger: DebuggerLike, line: str, left: int, right: int) -> dict[str, Any]:
    """Return how the states after one step differ, from the other line's to this one's."""
    from lellm_nb.debug.diff.diff import diff_states

    mine = debugger.frames[left]
    other = debugger.branch(line).frames[right]
    return change_rows(diff_states(other.state, mine.state))
