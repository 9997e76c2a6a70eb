"""A node's own card: its code, its ways out, its modes and stops, its latest visits."""

from __future__ import annotations

import inspect
from typing import Any

from lellm_nb.graph.code_patch import node_patch
from lellm_nb.graph.walk import node_at
from lellm_nb.notebook.debugger_protocol import EdgeBreakpointLike, NodeBreakpointLike
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.frame_rows import title_row
from lellm_nb.notebook.values.value_rows import long_text, short_text

_LOOK_BACK = 5_000
_MOST_VISITS = 12
_CODE = 6_000


def node_rows(updates: Updates, number: int, upto: int) -> dict[str, Any]:
    """Return a node's own card: its code and doc, its ways out, its latest visits."""
    path = updates.outline.nodes[number].path
    node = node_at(updates.graph, path)
    function = getattr(node, "fn", None) or getattr(node, "target", None)
    return {
        "visits": _visits(updates, path, upto),
        "doc": doc_of(function),
        "code": code_of(function),
        "mend": mend_of(node, path),
        "ways": _ways(updates, number),
        "mode": str(updates.debugger.modes.get(path, "live")) if function else "",
        "stops": sorted(_sides(updates, path)),
    }


def _sides(updates: Updates, path: str) -> set[str]:
    """Return on which sides of a node the run stops."""
    stops = [stop for stop in updates.debugger.breakpoints if isinstance(stop, NodeBreakpointLike)]
    return {"after" if stop.stops_after else "before" for stop in stops if stop.path == path}


def doc_of(function: Any) -> str:
    """Return what a node's function says of itself."""
    return short_text((inspect.getdoc(function) or "") if function else "", 400)


def code_of(function: Any) -> str:
    """Return a node's source, as far as it can be found."""
    try:
        return long_text(inspect.getsource(function), _CODE) if function is not None else ""
    except (OSError, TypeError):
        return ""


def mend_of(node: Any, path: str) -> str:
    """Return how a node is given new code, in words that go on a screen."""
    by_hand = node_patch(node, path)
    if by_hand:
        return f"call {by_hand} on the Debugger in a cell"
    function = getattr(node, "fn", None)
    name = getattr(function, "__name__", "")
    return f"run a cell that defines {name or 'its code'} again"


def _ways(updates: Updates, number: int) -> list[dict[str, Any]]:
    nodes = updates.outline.nodes
    stops = updates.debugger.breakpoints
    set_on = {(one.source, one.target) for one in stops if isinstance(one, EdgeBreakpointLike)}
    return [
        {
            "target": edge.target,
            "name": nodes[edge.target].name,
            "kind": edge.kind,
            "stop": (nodes[number].path, nodes[edge.target].name) in set_on,
        }
        for edge in updates.outline.edges
        if edge.source == number
    ]


def _visits(updates: Updates, path: str, upto: int) -> list[dict[str, Any]]:
    """Return the latest visits of a node, newest first, up to a frame."""
    frames = updates.debugger.frames
    newest = min(upto, len(frames) - 1)
    visits = []
    for index in range(newest, max(-1, newest - _LOOK_BACK), -1):
        frame = frames[index]
        if frame.static_path == path:
            visits.append(title_row(frame, updates.debugger.has_old_code(frame)))
            if len(visits) == _MOST_VISITS:
                break
    return visits
