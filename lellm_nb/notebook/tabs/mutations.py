"""What a frame wrote, mutation by mutation."""

from __future__ import annotations

from itertools import islice
from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.tabs.tab import Tab
from lellm_nb.notebook.values.frame_rows import kind_of, mutation_row
from lellm_nb.notebook.values.redaction import at_level
from lellm_nb.notebook.values.value_rows import PAGE


def mutation_rows(debugger: DebuggerLike, frame: FrameLike) -> dict[str, Any]:
    """Return the frame's mutations in the order in which they were applied."""
    mutations = frame.mutations or ()
    with at_level(debugger, frame):
        rows = [mutation_row(mutation) for mutation in islice(mutations, PAGE)]
    # Only what a node wrote can be taken away: the log is folded again without it.
    can = kind_of(frame) == "commit" and "refold" in debugger.capabilities
    return {"rows": rows, "more": max(0, len(mutations) - PAGE), "can_untick": can}


TAB = Tab("mutations", "Mutations", 3, lambda dbg, frame, _question: mutation_rows(dbg, frame))
