"""What the inspector shows of one frame, tab by tab, as JSON-ready rows."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, cast

from lellm_nb.debug.diff import diff_states
from lellm_nb.engine.scope import Scope
from lellm_nb.graph.outline import plain_path
from lellm_nb.record.position import Fan

from .ledger import kind_of
from .protocols import ChangeLike, DebuggerLike, FrameLike, GraphLike
from .values import LONG, PAGE, children, inside, short_text, type_name, value_row

MOST_CHANGES = 200
"""Changes shown of one diff; the rest is counted."""


def title_row(frame: FrameLike) -> dict[str, Any]:
    """Return the heading of a frame: which step it was and how long it took."""
    return {
        "index": frame.index,
        "kind": kind_of(frame),
        "path": frame.path or "",
        "visit": frame.visit or 0,
        "step": frame.step,
        "next": frame.next_node,
        "ms": round((frame.duration or 0) * 1e3, 3),
        "started": frame.started,
        "failed": frame.error is not None,
        "decision": short_text(str(frame.decision or "")),
    }


def level_names(frame: FrameLike) -> list[str]:
    """Return the levels whose state can be shown, the frame's own one first.

    A frame of the outermost graph has one level, which needs no name.
    """
    above = plain_path(frame.path or "").rpartition("/")[0]
    return [above, "whole run"] if above else []


def shown_state(frame: FrameLike, whole: bool) -> Any:
    """Return the state of the frame's own level, or of the outermost one."""
    return plain_state(frame.position.state if whole else frame.state)


def state_rows(frame: FrameLike, steps: list[int], start: int, whole: bool) -> dict[str, Any]:
    """Return a page of the state, or of one value inside it."""
    result = children(inside(shown_state(frame, whole), steps), start)
    if not steps:
        result["changed"] = [short_text(key, 80) for key in changed_keys(frame)]
    return result


def level_of(graph: GraphLike, position: Any, path: str) -> Any:
    """Return the level in which the node at `path` stands, or None when it is elsewhere.

    A composite that the run is about to enter counts as entered: that is the
    state its first node sees.
    """
    scope, level = Scope(cast(Any, graph)), position
    for name, following in pairwise(plain_path(path).split("/")):
        if level.node != name:
            return None
        inside = scope.inside(level)
        if isinstance(inside, Fan):
            scope, level = (
                scope.child(scope.site(name), level, following),
                inside.branches[following],
            )
        else:
            scope, level = scope.child(scope.site(name), level), inside
    return level


def plain_state(state: Any) -> Any:
    """Return a state as a mapping, also one that is an object of the user's."""
    if isinstance(state, Mapping):
        return state
    if hasattr(state, "snapshot"):
        state = state.snapshot()
    if isinstance(state, (Mapping, list, tuple)):
        return state
    return dict(getattr(state, "__dict__", {"value": state}))


def changed_keys(frame: FrameLike) -> list[str]:
    """Return the top-level keys that the frame's mutations name, in order."""
    keys: dict[str, None] = {}
    for mutation in frame.mutations or ():
        key = getattr(mutation, "key", None)
        if isinstance(key, tuple) and key:
            key = key[0]
        if key is not None:
            keys[str(key)] = None
    return list(keys)


def diff_rows(
    debugger: DebuggerLike, frame: FrameLike, against: int | None, whole: bool
) -> dict[str, Any]:
    """Return what changed up to this frame, from the one before or any other."""
    other = frame.index - 1 if against is None else against
    if other < 0:
        return {"against": None, "rows": [], "more": 0}
    before = debugger.frames[other]
    level = (
        None if whole or not frame.path else level_of(debugger.graph, before.position, frame.path)
    )
    if level is None:
        # Elsewhere then: what the two frames have in common is the whole run.
        changes = diff_states(plain_state(before.position.state), shown_state(frame, True))
    else:
        changes = diff_states(plain_state(level.state), shown_state(frame, False))
    return {"against": other, **change_rows(changes)}


def change_rows(changes: Iterable[ChangeLike]) -> dict[str, Any]:
    """Return the first changes as rows, and how many more there are."""
    listed = list(changes)
    rows = [
        {
            "path": path_text(change.path),
            "kind": str(change.kind),
            "old": None if change.kind == "added" else value_row(change.old),
            "new": None if change.kind == "removed" else value_row(change.new),
        }
        for change in islice(listed, MOST_CHANGES)
    ]
    return {"rows": rows, "more": max(0, len(listed) - MOST_CHANGES)}


def path_text(path: Any) -> str:
    """Return a path into a value as it would be written.

    Example:
        >>> path_text(("plan", "steps", 2)), path_text("draft")
        ('plan.steps[2]', 'draft')
    """
    if not isinstance(path, tuple):
        return str(path)
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text


def mutation_rows(debugger: DebuggerLike, frame: FrameLike) -> dict[str, Any]:
    """Return the frame's mutations in the order in which they were applied."""
    mutations = frame.mutations or ()
    rows = []
    for mutation in islice(mutations, PAGE):
        row: dict[str, Any] = {
            "what": type(mutation).__name__,
            "path": path_text(getattr(mutation, "key", "")),
            "value": None,
            "reducer": "",
        }
        if hasattr(mutation, "value"):
            row["value"] = value_row(mutation.value)
        reducer = getattr(mutation, "reducer", None)
        if reducer is not None:
            row["reducer"] = str(getattr(reducer, "value", getattr(reducer, "name", reducer)))
        rows.append(row)
    return {"rows": rows, "more": max(0, len(mutations) - PAGE)}


def route_rows(debugger: DebuggerLike, frame: FrameLike) -> dict[str, Any]:
    """Return where the frame went on to, and each condition that was asked."""
    route = frame.route
    if route is None:
        return {"went": False, "next": None, "kind": "", "rows": []}
    rows = [
        {"edge": str(label), "result": bool(result)} for label, result in islice(route.tried, PAGE)
    ]
    return {
        "went": True,
        "next": route.next_node,
        "kind": str(route.kind),
        "rows": rows,
    }


def output_rows(debugger: DebuggerLike, frame: FrameLike) -> dict[str, Any]:
    """Return what the node printed, logged and displayed, and what it streamed."""
    text = str(frame.output or "")
    stream = getattr(frame, "stream", None) or ()
    pieces = [short_text(_chunk_text(chunk), 2000) for chunk in islice(stream, PAGE)]
    return {"text": text[-LONG:], "cut": max(0, len(text) - LONG), "stream": pieces}


def _chunk_text(chunk: Any) -> Any:
    return getattr(chunk, "text", chunk)


def error_rows(debugger: DebuggerLike, frame: FrameLike) -> dict[str, Any]:
    """Return the frame's error: the user's own lines first, then the rest."""
    error = frame.error
    if error is None:
        return {"type": ""}
    cause = error.__cause__ or error
    stack = traceback.extract_tb(cause.__traceback__)
    mine: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for entry in stack:
        line = {
            "file": entry.filename,
            "line": entry.lineno or 0,
            "function": entry.name,
            "code": (entry.line or "")[:400],
        }
        (theirs if is_library(entry.filename) else mine).append(line)
    return {
        "type": type_name(cause),
        "message": str(cause)[:LONG],
        "where": frame.path or "",
        "wrapped": "" if cause is error else short_text(str(error), 400),
        "mine": mine[::-1],
        "theirs": theirs[::-1],
        "notes": [short_text(note, 400) for note in getattr(cause, "__notes__", ())],
    }


_HERE = Path(__file__).resolve().parent.parent


def is_library(filename: str) -> bool:
    """Say whether a file belongs to an installed package and not to the user."""
    if filename.startswith("<frozen") or "site-packages" in filename:
        return True
    path = Path(filename)
    return path.is_relative_to(_HERE) or path.is_relative_to(Path(traceback.__file__).parent)


TABS: dict[str, Callable[[DebuggerLike, FrameLike], dict[str, Any]]] = {
    "mutations": mutation_rows,
    "route": route_rows,
    "output": output_rows,
    "error": error_rows,
}
"""Tabs that need nothing but the frame."""


def detail(debugger: DebuggerLike, index: int, tab: str, question: Any) -> dict[str, Any]:
    """Return one tab for one frame, with the frame's heading.

    Raises:
        LookupError: There is no such frame or no such tab.
    """
    frame = debugger.frames[index]
    whole = bool(question.get("whole"))
    if tab == "state":
        rows = state_rows(frame, [], 0, whole)
    elif tab == "diff":
        rows = diff_rows(debugger, frame, question.get("against"), whole)
    elif tab in TABS:
        rows = TABS[tab](debugger, frame)
    else:
        raise LookupError(f"There is no tab {tab!r}.")
    return {"title": title_row(frame), "tab": tab, "levels": level_names(frame), **rows}
