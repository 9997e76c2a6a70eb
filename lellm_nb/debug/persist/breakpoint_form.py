"""Breakpoints as data; a function of the user's as what is known of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.debug.breakpoints.registry import (
    Breakpoint,
    Breakpoints,
    CallBreak,
    EdgeStop,
    ErrorStop,
    Watch,
)
from lellm_nb.debug.breakpoints.unsaved_condition import MOST, UnsavedCondition
from lellm_nb.debug.core.node_modes import MISSES, MODES
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.errors import ExpressionError, LellmError
from lellm_nb.state.expression.expression import Expression
from lellm_nb.state.frozen import thaw

__all__ = ["modes_form", "read_modes", "read_stops", "stops_form"]

SHOWN = 60
"""So many letters of a refused text name it."""

log = logging.getLogger("lellm_nb")


def stops_form(stops: Breakpoints) -> list[dict[str, Any]]:
    """Return the stops as JSON data."""
    return [{**_form(stop), "id": stop.id, "on": stop.enabled, "hits": stop.hits} for stop in stops]


def _form(stop: Any) -> dict[str, Any]:
    if isinstance(stop, Breakpoint):
        form: dict[str, Any] = {"node": stop.path, "visit": stop.visit, "ignore": stop.ignore}
        form["after"] = stop.stops_after
        if stop.one_item:
            form["static"] = stop.static
        if stop.when is not None:
            form["if"] = _condition_form(stop.when, stop.enabled)
        return form
    if isinstance(stop, EdgeStop):
        form = {"edge": [stop.source, stop.target]}
        return {**form, "refused": True} if stop.refused else form
    if isinstance(stop, CallBreak):
        form = {"call": [stop.tool, stop.model, stop.node, stop.nth, stop.visit]}
        if stop.when is not None:
            form["if"] = _condition_form(stop.when, stop.enabled)
        return form
    if isinstance(stop, Watch):
        what = stop.what
        if not isinstance(what, ValuePath):
            return {"if": _condition_form(what, stop.enabled)}
        level = f"{what.level}:" if what.level else ""
        key: Any = what.parts if len(what.parts) > 1 else f"{level}{what.parts[0]}"
        return {"watch": key}
    return {"error": True}


def read_stops(forms: Any, place: Callable[[Any], ValuePath]) -> list[Any]:
    """Return the stops of stored data; one that does not fit any more is reported and left out."""
    found = []
    for form in thaw(forms) if isinstance(forms, list) else ():
        try:
            stop = _stop(form, place)
            stop.id, stop.hits = int(form["id"]), int(form["hits"])
            stop.enabled = bool(form["on"]) and stop.missing is None
            found.append(stop)
        except (LellmError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as e:
            log.warning("a stored breakpoint was left out: %s", type(e).__name__)
    return found


def _stop(form: Any, place: Callable[[Any], ValuePath]) -> Any:
    if "node" in form:
        when = _condition(form["if"]) if "if" in form else None
        return Breakpoint(
            form["node"],
            static=form.get("static"),
            when=when,
            visit=form["visit"],
            ignore=form["ignore"],
            after=form["after"],
        )
    if "call" in form:
        tool, model, node, nth, visit = form["call"]
        when = _condition(form["if"]) if "if" in form else None
        return CallBreak(tool=tool, model=model, node=node, visit=visit, nth=nth, when=when)
    if "edge" in form:
        source, target = form["edge"]
        return EdgeStop(source, target, bool(form.get("refused")))
    if "error" in form:
        return ErrorStop()
    if "if" in form:
        return Watch(_condition(form["if"]))
    return Watch(place(form["watch"]))


def _condition_form(asked: Callable[..., Any], on: bool) -> dict[str, Any]:
    """Return a condition as data: an expression whole, of a function what is known of it."""
    if isinstance(asked, Expression):
        return {"text": asked.text, "on": on}
    if isinstance(asked, UnsavedCondition) and asked.refused:
        return {"text": asked.source, "on": asked.was_on}
    return UnsavedCondition.of(asked, on).form()


def _condition(form: Any) -> Callable[..., Any]:
    """Return the condition of stored data: an expression armed, if it is one; else what is known.

    Raises:
        KeyError, TypeError: It is none.
    """
    if "text" not in form:
        return UnsavedCondition.from_form(form)
    text = form["text"]
    on = bool(form["on"])
    if not isinstance(text, str):  # it stands for one that a secret was taken out of
        return UnsavedCondition(*_named(str(text)), on, "a secret was taken out of it")
    try:
        return Expression(text)
    except ExpressionError as error:
        return UnsavedCondition(*_named(text), on, str(error).partition("\n")[0])


def _named(text: str) -> tuple[str, str, str]:
    """Return name, source and place of a text that is not asked."""
    return " ".join(text[:SHOWN].split()), text[:MOST], ""


def modes_form(modes: Mapping[str, str], misses: Mapping[str, str]) -> dict[str, Any]:
    """Return how nodes are run as JSON data, with what becomes of a miss where that was said."""
    said = {path: miss for path, miss in misses.items() if miss != "stop"}
    return {path: [mode, said[path]] if path in said else mode for path, mode in modes.items()}


def read_modes(form: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Return how nodes are run, and what becomes of misses, of stored data: what there is."""
    modes: dict[str, str] = {}
    misses: dict[str, str] = {}
    for path, said in form.items() if isinstance(form, dict) else ():
        mode, miss = said if isinstance(said, list) and len(said) == 2 else (said, "stop")
        if mode in MODES and miss in MISSES:
            modes[str(path)], misses[str(path)] = mode, miss
    return modes, misses
