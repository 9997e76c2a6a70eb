"""Breakpoints as data: those without a function of the user's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from lellm_nb.debug.breakpoints import Breakpoint, Breakpoints, EdgeStop, ErrorStop, Watch
from lellm_nb.debug.lookup import ValuePath
from lellm_nb.errors import LellmError
from lellm_nb.state.frozen import thaw

__all__ = ["KeptBreakpoints", "read_stops", "stops_form", "watched"]

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
    """Return those stops that are data; one with a function is left out."""
    forms = []
    for stop in stops:
        form: dict[str, Any] | None = None
        if isinstance(stop, Breakpoint) and stop.when is None:
            form = {"node": stop.path, "visit": stop.visit, "ignore": stop.ignore}
            form["after"] = stop.stops_after
        elif isinstance(stop, EdgeStop):
            form = {"edge": [stop.source, stop.target]}
        elif isinstance(stop, ErrorStop):
            form = {"error": True}
        elif isinstance(stop, Watch) and isinstance(stop.what, ValuePath):
            what = stop.what
            level = f"{what.level}:" if what.level else ""
            key: Any = what.parts if len(what.parts) > 1 else f"{level}{what.parts[0]}"
            form = {"watch": key}
        if form is not None:
            forms.append({**form, "id": stop.id, "on": stop.enabled, "hits": stop.hits})
    return forms


def read_stops(forms: Any, stops: Breakpoints, place: Callable[[Any], Any]) -> None:
    """Set the stops of stored data; one that does not fit any more is reported and left out."""
    for form in thaw(forms) if isinstance(forms, list) else ():
        try:
            stop: Any
            if "node" in form:
                visit, ignore, after = form["visit"], form["ignore"], form["after"]
                stop = Breakpoint(form["node"], visit=visit, ignore=ignore, after=after)
            elif "edge" in form:
                stop = EdgeStop(*form["edge"])
            elif "error" in form:
                stop = ErrorStop()
            else:
                stop = Watch(place(form["watch"]))
            number = int(form["id"])
            stops.add(stop)
            stop.id, stop.enabled, stop.hits = number, bool(form["on"]), int(form["hits"])
            stops._next = max(stops._next, number + 1)
        except (LellmError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as e:
            log.warning("a stored breakpoint was left out: %s", type(e).__name__)
