"""The lines of a history, two of them side by side."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from lellm_nb.debug.diff.diff import diff_states
from lellm_nb.notebook.debugger_protocol import DebuggerLike, PairLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.tabs.tab import Question, Rows, Tab, TabQuestion, asks_for_itself
from lellm_nb.notebook.values.frame_rows import change_rows
from lellm_nb.notebook.values.value_rows import short_text

_MOST_PAIRS = 300


def compare_rows(debugger: DebuggerLike, line: str) -> dict[str, Any]:
    """Return two lines step by step, what both share folded, the first difference marked.

    What differs in the end is told from the other line to this one: from what was to what is.
    """
    found = debugger.compare(line)
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


def _sides(pair: PairLike) -> dict[str, Any]:
    return {"left": _side(pair.left), "right": _side(pair.right)}


def _side(frame: FrameLike | None) -> dict[str, Any] | None:
    if frame is None:
        return None
    return {
        "frame": frame.index,
        "kind": str(frame.kind),
        "path": str(frame.path),
        "next": frame.next_node,
        "failed": frame.error is not None,
    }


def _compare(debugger: DebuggerLike, question: Question) -> Rows:
    return compare_rows(debugger, str(question["line"]))


def _pair(debugger: DebuggerLike, question: Question) -> Rows:
    """How the states after one step differ, from the other line's to this one's."""
    mine = debugger.frames[question["left"]]
    other = debugger.branch(str(question["line"])).frames[question["right"]]
    return change_rows(diff_states(other.state, mine.state))


TAB = Tab(
    "branches",
    "Branches",
    10,
    asks_for_itself,
    questions=(
        TabQuestion("compare", _compare, slow=True),
        TabQuestion("pair", _pair, slow=True),
    ),
)
