"""Functions that were put into a run by hand: what is stored of them is what they were called.

Code is never stored as code. A line that was made with a mended function says so when it is
opened with a graph that has another one in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.debug.breakpoints.unsaved_condition import NotStored
from lellm_nb.debug.names.address import node_at
from lellm_nb.errors import listed
from lellm_nb.graph.graph import Graph
from lellm_nb.state.frozen import thaw

__all__ = ["code_form", "lost_code", "lost_text"]


def code_form(dbg: Any) -> dict[str, Any]:
    """Return what is known of the functions that a debugger was given, by path, as JSON data."""
    codes = dict(dbg._lost)
    for path in dbg._patched:
        function = getattr(node_at(dbg.graph, path), "fn", None)
        if function is not None and path not in codes:
            codes[path] = NotStored.of(function, True)
    return {path: code.form() for path, code in codes.items()}


def lost_code(form: Any, graph: Graph) -> dict[str, NotStored]:
    """Return the functions of stored data that a graph does not have where they were."""
    lost: dict[str, NotStored] = {}
    for path, one in thaw(form).items() if isinstance(form, Mapping) else ():
        try:
            code = NotStored.from_form(one)
            function = getattr(node_at(graph, str(path)), "fn", None)
        except (LookupError, TypeError, AttributeError):
            continue  # damaged, or of another graph: there is nothing to compare
        if function is not None and NotStored.of(function, True).source != code.source:
            lost[str(path)] = code
    return lost


def lost_text(line: str, lost: Mapping[str, NotStored]) -> str:
    """Say which functions a line was made with, and how they are given again."""
    codes = (f"{path} ({code.__name__}, of {code.where})" for path, code in lost.items())
    return (
        f"Line {line!r} was made with another function for {listed(codes)}, and functions are not"
        f" stored: what runs now is the graph's own. Give it again with dbg.patch("
        f"{{{next(iter(lost))!r}: …}})."
    )
