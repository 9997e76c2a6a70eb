"""Where a frame went and why: every way out, what it asked, and which keys it read."""

from __future__ import annotations

from itertools import islice
from typing import Any

from lellm_nb.errors import sentence
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike, RouteLike
from lellm_nb.notebook.tabs.tab import Tab
from lellm_nb.notebook.values.value_rows import PAGE, short_text

_CONDITION = 300

FEW = 1000
"""So far from the start a page that is written says where conditions held before: it asks of every
frame, and each looks back."""


def route_rows(
    debugger: DebuggerLike, frame: FrameLike, ask: bool = True, *, look_back: bool = False
) -> dict[str, Any]:
    """Return where the frame went on to, and each way out that it had.

    The conditions are asked again to see what they read, so this runs code of the
    user's; where that cannot be had, the recorded answers are shown.

    Args:
        look_back: Whether each row is to say where its condition held before.
    """
    route = frame.route
    result: dict[str, Any] = {
        "went": route is not None,
        "next": None if route is None else route.next_node,
        "kind": "" if route is None else str(route.kind),
        "said": "",
        "rows": [],
    }
    if not ask:
        return {**result, "rows": _recorded(route)}
    try:
        why = debugger.why(frame)
    except Exception as error:  # a history without its graph can still say what was recorded
        result["said"] = "" if route is not None else sentence(short_text(error_words(error), 300))
        return {**result, "rows": _recorded(route)}
    said = short_text(safe_str(why.said), 400)
    result["said"] = said if result["went"] else sentence(said)  # stands there alone
    result["rows"] = [
        {
            "edge": str(row.edge),
            "kind": str(row.kind),
            "condition": short_text(row.condition or "", _CONDITION),
            "result": row.result,
            "reads": [short_text(str(key), 60) for key in row.reads[:12]],
            "won": bool(row.won),
            "note": short_text(row.note or "", 300),
        }
        for row in islice(why, PAGE)
    ]
    if look_back:
        for shown, held in zip(result["rows"], why.held, strict=False):
            if held is not None:
                shown["held"] = held
    return result


def _recorded(route: RouteLike | None) -> list[dict[str, Any]]:
    tried = () if route is None else route.tried
    return [
        {"edge": str(label), "result": bool(answer), "won": bool(answer)}
        for label, answer in islice(tried, PAGE)
    ]


TAB = Tab(
    "route",
    "Route",
    4,
    lambda debugger, frame, _question: route_rows(debugger, frame, look_back=True),
    slow=True,
)
