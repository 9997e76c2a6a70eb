"""Breakpoints as data; a function of the user's as what is known of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from lellm_nb.debug.breakpoints.registry import Breakpoint, Breakpoints, EdgeStop, ErrorStop, Watch
from lellm_nb.debug.breakpoints.unsaved_condition import NotStored
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.errors import LellmError
from lellm_nb.state.frozen import thaw

__all__ = ["KeptBreakpoints", "read_modes", "read_stops", "stops_form", "watched"]

log = logging.getLogger("lellm_nb")


class KeptBreakpoints(Breakpoints):
    """Breakpoints that tell a store of every change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._told = changed
        super().__init__()

    def _index(self) -> None:
        super()._index()
        self._told()

    def enable(self, which: Any, on: bool = True) -> None:
        """Enable one again, or all at a path."""
        super().enable(which, on)
        self._told()


def watched(stops: Breakpoints, changed: Callable[[], None]) -> KeptBreakpoints:
    """Return the same stops, telling of every change."""
    made = KeptBreakpoints(lambda: None)
    made._all = list(stops)
    made._next = stops._next
    made._index()
    made._told = changed
    return made


def stops_form(stops: Breakpoints) -> list[dict[str, Any]]:
    """Return the stops as JSON data."""
    return [{**_form(stop), "id": stop.id, "on": stop.enabled, "hits": stop.hits} for stop in stops]


def _form(stop: Any) -> dict[str, Any]:
    if isinstance(stop, Breakpoint):
        form: dict[str, Any] = {"node": stop.path, "visit": stop.visit, "ignore": stop.ignore}
        form["after"] = stop.stops_after
        if stop.when is not None:
            form["if"] = NotStored.of(stop.when, stop.enabled).form()
        return form
    if isinstance(stop, EdgeStop):
        return {"edge": [stop.source, stop.target]}
    if isinstance(stop, Watch):
        what = stop.what
        if not isinstance(what, ValuePath):
            return {"if": NotStored.of(what, stop.enabled).form()}
        level = f"{what.level}:" if what.level else ""
        key: Any = what.parts if len(what.parts) > 1 else f"{level}{what.parts[0]}"
        return {"watch": key}
    return {"error": True}


def read_stops(forms: Any, stops: Breakpoints, place: Callable[[Any], Any]) -> None:
    """Set the stops of stored data; one that does not fit any more is reported and left out."""
    for form in thaw(forms) if isinstance(forms, list) else ():
        try:
            stop: Any
            if "node" in form:
                visit, ignore, after = form["visit"], form["ignore"], form["after"]
                lost = NotStored.from_form(form["if"]) if "if" in form else None
                stop = Breakpoint(form["node"], when=lost, visit=visit, ignore=ignore, after=after)
            elif "edge" in form:
                stop = EdgeStop(*form["edge"])
            elif "error" in form:
                stop = ErrorStop()
            elif "if" in form:
                stop = Watch(NotStored.from_form(form["if"]))
            else:
                stop = Watch(place(form["watch"]))
            number = int(form["id"])
            stops.add(stop)
            stop.id, stop.hits = number, int(form["hits"])
            stop.enabled = bool(form["on"]) and stop.missing is None
            stops._next = max(stops._next, number + 1)
        except (LellmError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as e:
            log.warning("a stored breakpoint was left out: %s", type(e).__name__)


def read_modes(form: Any) -> dict[str, str]:
    """Return how nodes are run, of stored data: those ways that there are."""
    known = ("live", "recorded", "ask")
    items = form.items() if isinstance(form, dict) else ()
    return {str(path): mode for path, mode in items if mode in known}
