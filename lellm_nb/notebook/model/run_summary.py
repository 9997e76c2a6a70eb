"""Where the run stands and what each button would do, as small plain rows."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.breakpoints.registry import Watch
from lellm_nb.debug.diff.diff import telling
from lellm_nb.errors import path_text
from lellm_nb.graph.drawing.outline import Outline, plain_path
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.model.branch_rows import tree_rows
from lellm_nb.notebook.model.current_nodes import places_after
from lellm_nb.notebook.model.node_status import same_frame
from lellm_nb.notebook.tabs.frame_tabs import learn
from lellm_nb.notebook.values.redaction import showing
from lellm_nb.notebook.values.value_rows import long_text, short_text, type_name


def head_rows(debugger: DebuggerLike, outline: Outline) -> dict[str, Any]:
    """Return everything about the head that a view shows without asking.

    Every entry is small and compares by value, so what travels after a step
    is only the entries that differ from those sent before.
    """
    with showing(debugger):
        return _head_rows(debugger, outline)


def _head_rows(debugger: DebuggerLike, outline: Outline) -> dict[str, Any]:
    if len(debugger.frames):
        learn(debugger.frames[debugger.head])
    status = str(debugger.status)
    pending = pending_rows(debugger, outline)
    buttons = button_rows(debugger, outline, status, pending)
    return {
        **{f"button:{name}": row for name, row in buttons.items()},
        "name": str(debugger.name or outline.name),
        "status": status,
        "busy": bool(debugger.busy),
        "line_text": str(debugger.status_line),
        "head": debugger.head,
        "count": len(debugger.frames),
        "line": str(debugger.line),
        "lines": [str(line) for line in debugger.lines],
        "tree": tree_rows(debugger),
        "pending": pending,
        "breakpoints": breakpoint_rows(debugger, outline),
        "edge_stops": edge_stop_rows(debugger, outline),
        "stops": len(list(debugger.breakpoints)),
        "join": join_row(debugger, outline) if status == "failed" else None,
        "failure": failure_text(debugger) if status == "failed" else "",
        "stop": stop_text(debugger),
        "lacking": [] if debugger.busy or debugger.reading else lacking_names(debugger),
    }


def pending_rows(debugger: DebuggerLike, outline: Outline) -> list[dict[str, Any]]:
    """Return one row for each barrier that waits, in the order they came."""
    return [
        {
            "id": str(item.id),
            "path": plain_path(str(item.path)),
            "timeout": item.timeout,
            "since": item.since,
            "frame": item.frame,
            "asks": asks(outline, plain_path(str(item.path))),
        }
        for item in debugger.pending
    ]


def asks(outline: Outline, path: str) -> bool:
    """Say whether what waits at `path` is a node in mode ask, not a barrier or a pause."""
    number = outline.by_path.get(path, -1)
    return number >= 0 and outline.nodes[number].kind != "barrier"


def join_row(debugger: DebuggerLike, outline: Outline) -> dict[str, Any] | None:
    """Return the collect-all Parallel that waits to hear what becomes of its failed branches."""
    if not len(debugger.frames):
        return None
    level, number = debugger.frames[debugger.head].position, -1
    while level is not None and level.node is not None:
        number = outline.child(number, level.node)
        if number < 0 or level.inner is None:
            return None
        branches = getattr(level.inner, "branches", None)
        if branches is None:
            level = level.inner
            continue
        path = outline.nodes[number].path
        node: Any = node_object(debugger.graph, path)
        if getattr(node, "on_error", "") != "collect_all":
            return None
        open_ones = [str(name) for name, branch in branches.items() if branch.node is not None]
        return {"path": path, "failed": open_ones[:40], "branches": len(branches)}
    return None


def node_object(graph: Any, path: str) -> Any:
    """Return the node at a path without visits, or None."""
    node: Any = None
    inside: Any = graph.nodes
    for part in path.split("/"):
        node = inside.get(part)
        inside = getattr(getattr(node, "graph", None), "nodes", None)
        inside = inside if inside is not None else getattr(node, "branches", {})
    return node


def edge_stop_rows(debugger: DebuggerLike, outline: Outline) -> list[list[int]]:
    """Return ``[source number, target number]`` for every breakpoint on an edge."""
    rows = []
    for item in debugger.breakpoints:
        source, target = getattr(item, "source", None), getattr(item, "target", None)
        number = outline.by_path.get(str(source), -1) if source else -1
        if number >= 0:
            to = outline.child(outline.nodes[number].parent, str(target))
            rows.append([number, to])
    return rows


def breakpoint_rows(debugger: DebuggerLike, outline: Outline) -> list[list[Any]]:
    """Return ``[node number, enabled, stops after]`` for every breakpoint on a node."""
    rows = []
    for item in debugger.breakpoints:
        node = getattr(item, "path", None) or getattr(item, "node", None)
        if not node:
            continue
        number = outline.find(str(node))
        if number < 0:
            named = [n for n, row in enumerate(outline.nodes) if row.name == node]
            number = named[0] if len(named) == 1 else -1
        if number >= 0:
            after = bool(getattr(item, "stops_after", False))
            rows.append([number, bool(getattr(item, "enabled", True)), after])
    return rows


def failure_text(debugger: DebuggerLike) -> str:
    """Return what failed at the head and why, on one line."""
    if not len(debugger.frames):
        return ""
    frame = debugger.frames[debugger.head]
    error = frame.error
    if error is None:
        return ""
    cause = error.__cause__ or error
    return f"{frame.path} failed: {type_name(cause)}: {short_text(str(cause), 300)}"


def lacking_names(debugger: DebuggerLike) -> list[str]:
    """Return the places of secrets that a reopened run asks for."""
    return [path_text(path) for path in debugger.lacking]


def stop_text(debugger: DebuggerLike) -> str:
    """Return what made the run stop where it still stands, where the status does not say it."""
    stop = debugger.last_stop
    if stop is None or debugger.busy or stop.frame.index != debugger.head:
        return ""
    if not same_frame(stop.frame, debugger.frames[debugger.head]):
        return ""
    told = []
    reason = str(stop.reason.value)
    if isinstance(stop.breakpoint, Watch):
        told.append(f"watch {stop.breakpoint.label}")
        told.append(_watched(stop))
    elif stop.breakpoint is not None:
        told.append(f"breakpoint {stop.breakpoint.label}")
    elif reason == "cancelled":
        told.append("stopped; a node in flight was dropped")
    elif reason == "limit" and stop.error is None:
        told.append("the limit of steps in one run; Run goes on")
    if stop.error is not None and reason != "failed":
        told.append(long_text(str(stop.error), 400))
    return ": ".join(told)


def _watched(stop: Any) -> str:
    """Return what changed at a watch: of a value with others inside, the first of those."""
    path = tuple(getattr(stop.breakpoint.what, "parts", ()))
    inside = [change for change in stop.changes if tuple(change.path) != path]
    if not path or not inside:
        return f"{short_text(stop.old, 60, path)} → {short_text(stop.new, 60, path)}"
    first = telling(inside)[0]
    at = tuple(first.path)
    more = f" (and {len(inside) - 1:,} more)" if inside[1:] else ""
    old, new = (short_text(value, 60, at) for value in (first.old, first.new))
    return (
        f"{path_text(at)}: {old} → {new}{more}"
        if first.kind == "changed"
        else (f"{path_text(at)} {first.kind}{more}")
    )


def next_text(debugger: DebuggerLike, outline: Outline) -> str:
    """Return the path of the node that a step would run, or nothing.

    In a parallel region that is the first branch's; whose turn it is stands in
    the position and matters less than that something moves.
    """
    if not len(debugger.frames):
        return ""
    places = places_after(debugger.frames[debugger.head], outline)
    waiting = {plain_path(str(item.path)) for item in debugger.pending}
    paths = [outline.nodes[number].path for number in sorted(places)]
    free = [path for path in paths if path not in waiting]
    return free[0] if free else ""


def button_rows(
    debugger: DebuggerLike,
    outline: Outline,
    status: str,
    pending: list[dict[str, Any]],
) -> dict[str, list[Any]]:
    """Return ``name: [can be pressed, what a press does right now]``."""
    if debugger.busy:
        wait = "Running: pause first"
        rows: dict[str, list[Any]] = {
            name: [False, wait]
            for name in ("back", "step", "over", "into", "out", "run", "run_back")
        }
        rows["pause"] = [True, "Pause at the next commit; if a cell holds the kernel, Interrupt it"]
        rows["stop"] = [True, "Stop now; a node in flight is dropped"]
        rows["retry"] = rows["rewind"] = rows["fork"] = [False, wait]
        return rows
    node = next_text(debugger, outline)
    rows = _standing_buttons(debugger, node, status, pending)
    if debugger.reading:
        rows.update({name: [False, _READING] for name in _FORWARD})
    return rows


def _standing_buttons(
    debugger: DebuggerLike, node: str, status: str, pending: list[dict[str, Any]]
) -> dict[str, list[Any]]:
    done = status == "completed"
    held = status == "waiting"
    blocked = "The run is complete: step back, rewind or fork" if done else ""
    if held and pending and not node:
        names = ", ".join(row["path"] for row in pending[:3])
        blocked = f"Waiting for a decision at {names}"
    forward = not done
    frames, head = len(debugger.frames), debugger.head
    run_to = "to the next breakpoint, barrier, end or error"
    again = status == "failed"
    verb = "Try" if again else "Run"
    step = f"{verb} {node}, one commit" if node else "Make one commit"
    back = f"Move the head back to frame {head - 1}" if head else "This is the start"
    return {
        "back": [head > 0, back],
        "step": [forward, blocked or step],
        "over": [forward, blocked or _over(node)],
        "into": [forward, blocked or f"Go into {node or 'the next node'}"],
        "out": [forward, blocked or "Run until this level is left"],
        "run": [forward, blocked or f"Run {run_to}"],
        "run_back": [
            head > 0,
            "Go back to the last breakpoint or watch" if head else "This is the start",
        ],
        "pause": [False, "Nothing is running"],
        "stop": [False, "Nothing is running"],
        "retry": [again, f"Run {node or 'it'} again" if again else "Nothing failed"],
        "rewind": [frames > 1, "Look at an earlier frame first"],
        "fork": [frames > 0, f"Start a new line from frame {head}"],
    }


_FORWARD = ("step", "over", "into", "out", "run", "retry", "fork")
_READING = "For reading only: Debugger.open(store, run, graph=…) goes on with it"


def _over(node: str) -> str:
    return f"Run {node} with all that is inside" if node else "Run the next node whole"
