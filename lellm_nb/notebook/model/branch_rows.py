"""The lines of a history: where each began, how it stands, what is marked."""

from __future__ import annotations

from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.values.value_rows import short_text


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
