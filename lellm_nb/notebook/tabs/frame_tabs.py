"""What the inspector shows of one frame, tab by tab, as JSON-ready rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, pairwise
from typing import Any, cast

from lellm_nb.debug.diff.diff import diff_states
from lellm_nb.engine.scope import Scope
from lellm_nb.graph.drawing.outline import plain_path
from lellm_nb.notebook.debugger_protocol import ChangeLike, DebuggerLike, FrameLike, GraphLike
from lellm_nb.notebook.model.node_status import kind_of
from lellm_nb.notebook.tabs.error import error_rows
from lellm_nb.notebook.tabs.output import output_rows
from lellm_nb.notebook.tabs.route import route_rows
from lellm_nb.notebook.tabs.watches import watch_rows
from lellm_nb.notebook.values.redaction import veil
from lellm_nb.notebook.values.rich import rich_form
from lellm_nb.notebook.values.value_rows import (
    PAGE,
    children,
    inside,
    places_at,
    short_text,
    value_row,
)
from lellm_nb.record.level_key import LevelKeys, label_of
from lellm_nb.record.position import Fan

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
        "tries": len(getattr(frame, "attempts", ())),
        "recorded": bool(getattr(frame, "recorded", False)),
        "stale": [short_text(str(key), 60) for key in getattr(frame, "stale", ())],
        "cost": short_text(getattr(frame, "cost", 0) or ""),
    }


def level_names(frame: FrameLike) -> list[str]:
    """Return the levels whose state can be shown, the frame's own one first.

    A frame of the outermost graph has one level, which needs no name.
    """
    name = level_name(frame)
    return [plain_path(name), "whole run"] if name else []


def level_name(frame: FrameLike) -> str:
    """Return the name of the frame's own level, with visits; empty for the outermost."""
    return label_of(LevelKeys().of(cast(Any, frame))) if frame.path else ""


def shown_state(frame: FrameLike, whole: bool) -> Any:
    """Return the state of the frame's own level, or of the outermost one."""
    return plain_state(frame.position.state if whole else frame.state)


def state_rows(frame: FrameLike, steps: list[int], start: int, whole: bool) -> dict[str, Any]:
    """Return a page of the state, or of one value inside it."""
    state = shown_state(frame, whole)
    value = inside(state, steps)
    path = places_at(state, steps)
    result = children(value, start, path)
    if steps and not veil().hides(path):
        rich = rich_form(value, start, path)
        if rich is not None:
            result.update(rich)
    else:
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
            "old": None if change.kind == "added" else value_row(change.old, tuple(change.path)),
            "new": None if change.kind == "removed" else value_row(change.new, tuple(change.path)),
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
    rows = [mutation_row(mutation) for mutation in islice(mutations, PAGE)]
    # Only what a node wrote can be taken away: the log is folded again without it.
    can = kind_of(frame) == "commit"
    return {"rows": rows, "more": max(0, len(mutations) - PAGE), "can_untick": can}


def mutation_row(mutation: Any) -> dict[str, Any]:
    """Return one mutation: its kind, where it writes, what, and how it is merged."""
    reducer = getattr(mutation, "reducer", None)
    key = getattr(mutation, "key", None)
    path = key if isinstance(key, tuple) else () if key is None else (key,)
    return {
        "what": type(mutation).__name__,
        "path": short_text(path_text(key) if key is not None else str(mutation), 200),
        "value": value_row(mutation.value, path) if hasattr(mutation, "value") else None,
        "reducer": ""
        if reducer is None
        else str(getattr(reducer, "value", getattr(reducer, "name", reducer))),
    }


def upcoming(level: Any, prefix: str) -> Iterator[str]:
    """Yield the paths of the nodes that run next from a position."""
    if level is None or level.node is None:
        return
    path = prefix + str(level.node)
    inner = level.inner
    if inner is None:
        yield path
        return
    branches = getattr(inner, "branches", None)
    if branches is None:
        yield from upcoming(inner, f"{path}/")
        return
    for name, branch in branches.items():
        if branch.node is not None:
            single = branch.inner is None and branch.node == name
            yield from [f"{path}/{name}"] if single else upcoming(branch, f"{path}/{name}/")


def learn(frame: FrameLike) -> None:
    """Let the veil see the states of a frame before what was said there is shown."""
    if not veil().has_paths:
        return
    for state in (frame.position.state, frame.state):
        veil().learn(state if isinstance(state, Mapping) else plain_state(state))


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
    learn(frame)
    if tab == "state":
        rows = state_rows(frame, [], 0, whole)
        rows["upcoming"] = list(islice(upcoming(frame.position, ""), 3))
    elif tab == "diff":
        rows = diff_rows(debugger, frame, question.get("against"), whole)
    elif tab in ("who", "branches"):
        rows = {}  # these ask for themselves: they are about more than the frame
    elif tab == "watches":
        rows = watch_rows(debugger, frame, question.get("texts") or ())
    elif tab in TABS:
        rows = TABS[tab](debugger, frame)
    else:
        raise LookupError(f"There is no tab {tab!r}.")
    return {"title": title_row(frame), "tab": tab, "levels": level_names(frame), **rows}
