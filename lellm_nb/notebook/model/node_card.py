"""A node's own card: its code, its ways out, its modes and stops, its latest visits."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from lellm_nb.calls.call_sums import CallSums, sums_of
from lellm_nb.graph.code.code_patch import node_patch
from lellm_nb.graph.walk import node_at
from lellm_nb.notebook.breakpoint_protocol import EdgeBreakpointLike, NodeBreakpointLike
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.call_sums import sums_row
from lellm_nb.notebook.values.frame_rows import title_row
from lellm_nb.notebook.values.value_rows import long_text, short_text
from lellm_nb.record.level_key import without_visits

_LOOK_BACK = 5_000
_MOST_VISITS = 12
_CODE = 6_000


def node_rows(updates: Updates, number: int, upto: int) -> dict[str, Any]:
    """Return a node's own card: its code and doc, its ways out, its latest visits."""
    path = updates.outline.nodes[number].path
    node = node_at(updates.graph, path)
    functions = functions_of(node)
    runs = functions or getattr(node, "target", None)
    return {
        "visits": _visits(updates, path, upto),
        "calls": _calls(updates, path, upto),
        "doc": doc_of(functions),
        "code": code_of(functions),
        "mend": mend_of(node, path),
        "ways": _ways(updates, number),
        "mode": str(updates.debugger.modes.get(path, "live")) if runs else "",
        "stops": sorted(_sides(updates, path)),
    }


def _sides(updates: Updates, path: str) -> set[str]:
    """Return on which sides of a node the run stops."""
    stops = [stop for stop in updates.debugger.breakpoints if isinstance(stop, NodeBreakpointLike)]
    return {"after" if stop.stops_after else "before" for stop in stops if stop.path == path}


def functions_of(node: Any) -> tuple[Any, ...]:
    """Return what of the user's a node runs: its function, or those of its tools."""
    several = getattr(node, "functions", None)
    if several is not None:
        return tuple(several)
    one = getattr(node, "fn", None) or getattr(node, "target", None)
    return () if one is None else (one,)


def doc_of(functions: Sequence[Any]) -> str:
    """Return what a node's function says of itself; several speak by their code."""
    return short_text(inspect.getdoc(functions[0]) or "", 400) if len(functions) == 1 else ""


def code_of(functions: Sequence[Any]) -> str:
    """Return the source of what a node runs, as far as it can be found."""
    return long_text("\n\n".join(filter(None, map(_source, functions))), _CODE)


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def mend_of(node: Any, path: str) -> str:
    """Return how a node is given new code, in words that go on a screen."""
    by_hand = node_patch(node, path)
    if by_hand:
        return f"call {by_hand} on the Debugger in a cell"
    functions = getattr(node, "functions", None) or (getattr(node, "fn", None),)
    named = [getattr(function, "__name__", "") for function in functions]
    return f"run a cell that defines {' or '.join(filter(None, named)) or 'its code'} again"


def _ways(updates: Updates, number: int) -> list[dict[str, Any]]:
    nodes = updates.outline.nodes
    stops = [one for one in updates.debugger.breakpoints if isinstance(one, EdgeBreakpointLike)]
    rows = []
    for edge in updates.outline.edges:
        if edge.source != number:
            continue
        way = (nodes[number].path, nodes[edge.target].name)
        on_it = [one for one in stops if (one.source, one.target) == way]
        rows.append(
            {
                "target": edge.target,
                "name": nodes[edge.target].name,
                "kind": edge.kind,
                "stop": any(not one.refused for one in on_it),
                "said": ", ".join(filter(None, map(_said_of_stop, on_it))),
            }
        )
    return rows


def _said_of_stop(stop: EdgeBreakpointLike) -> str:
    """Return what a tick beside an edge does not say of a stop on it."""
    off = "" if stop.enabled else "off"
    return f"stops where refused{off and f' ({off})'}" if stop.refused else off


def _calls(updates: Updates, path: str, upto: int) -> dict[str, Any] | None:
    """Return what the calls of a node come to, of all its visits up to a frame."""
    debugger = updates.debugger
    frames, total = debugger.frames, CallSums()
    newest = min(upto, len(frames) - 1)
    for index in range(newest, max(-1, newest - _LOOK_BACK), -1):
        frame = frames[index]
        if frame.calls and _is_in(frame.static_path, path):
            total = total.plus(sums_of(debugger.calls_at(frame)))
    now = debugger.summary
    if newest == now.frame.index:
        mine = (one for one in now.open_calls if _is_in(without_visits(one.path), path))
        total = total.plus(sums_of(one for one in mine if not one.late))
    return sums_row(total)


def _is_in(path: str, whole: str) -> bool:
    return path == whole or path.startswith(f"{whole}/")


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
