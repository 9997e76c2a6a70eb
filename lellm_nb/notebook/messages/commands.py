"""What a press in the panel does: orders for the debugger, and nothing else."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.model.modify_form import read_value
from lellm_nb.notebook.model.run_summary import lacking_names
from lellm_nb.notebook.values.edits import edits_of
from lellm_nb.notebook.values.redaction import showing

PLAIN = frozenset(
    ("back", "step", "over", "into", "out", "run", "run_back", "pause", "stop", "retry")
)
"""Buttons that are a verb of the debugger and need no more said."""

DECISIONS = frozenset(("approve", "reject", "modify", "reroute"))


def post_order(debugger: DebuggerLike, order: dict[str, Any]) -> Future[Any]:
    """Post what `order` asks for and return at once.

    Raises:
        ValueError: There is no such order.
    """
    verb = str(order.get("do"))
    if verb in PLAIN:
        return debugger.post(verb)
    if verb == "rewind":
        return debugger.post("rewind", order["frame"])
    if verb == "fork":
        return debugger.post("fork", at=order["frame"])
    if verb in DECISIONS:
        with showing(debugger):
            said = _said(debugger, verb, order)
        return debugger.post(verb, *said, id=order["id"], then_run=not order["stay"])
    if verb == "without":
        return debugger.post("without", order["frame"], order["mutation"])
    if verb == "go":
        frame = debugger.frames[order["frame"]]
        with showing(debugger):
            put = edits_of(frame, order["edits"])
        return debugger.post("fork", at=order["frame"], put=put)
    if verb == "supply":
        places = dict(zip(lacking_names(debugger), debugger.lacking, strict=True))
        given = {name: str(text) for name, text in order["values"].items() if name in places}
        return debugger.post("supply", {places[name]: text for name, text in given.items()})
    if verb == "resolve_join":
        return debugger.post("resolve_join", str(order["how"]))
    raise ValueError(f"There is no button {verb!r}.")


def _said(debugger: DebuggerLike, verb: str, order: dict[str, Any]) -> tuple[Any, ...]:
    if verb == "reject":
        return (order["reason"],) if order.get("reason") else ()
    if verb == "modify":
        if not order.get("key"):
            raise ValueError("Modify needs a key: fill in Key first.")
        key, text = str(order["key"]), str(order.get("value", ""))
        return (key, read_value(debugger, order["id"], key, text))
    if verb == "reroute":
        if not order.get("target"):
            raise ValueError("Reroute needs a target: choose one first.")
        return (order["target"],)
    return ()


def toggle_breakpoint(debugger: DebuggerLike, path: str, after: bool = False) -> None:
    """Set a breakpoint before (or after) the node at `path`, or remove the ones there."""
    points: Any = debugger.breakpoints
    there = [
        point
        for point in points
        if path in (getattr(point, "path", None), getattr(point, "node", None))
        and bool(getattr(point, "stops_after", False)) == after
    ]
    for point in there:
        points.remove(point.id)
    if not there:
        debugger.break_at(path, after=after)


def toggle_edge(debugger: DebuggerLike, source: str, target: str) -> None:
    """Set a breakpoint on an edge, or remove the one there."""
    points: Any = debugger.breakpoints
    there = [
        point
        for point in points
        if (getattr(point, "source", None), getattr(point, "target", None)) == (source, target)
    ]
    for point in there:
        points.remove(point.id)
    if not there:
        debugger.break_on((source, target))


def change_stop(debugger: DebuggerLike, number: int, act: str) -> None:
    """Remove, enable or disable a stop by its number."""
    points: Any = debugger.breakpoints
    if act == "remove":
        points.remove(number)
    else:
        points.enable(number, act == "enable")
