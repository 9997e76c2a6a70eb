"""Functions that were put into a run by hand: what is stored of them is what they were called.

Code is never stored as code. A line that was made with a mended function says so when it is
opened with a graph that has another one in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.debug.breakpoints.unsaved_condition import UnsavedCondition
from lellm_nb.debug.core.replaced_code import ReplacedCode
from lellm_nb.errors import listed
from lellm_nb.graph.walk import node_at
from lellm_nb.state.frozen import thaw

__all__ = ["code_form", "lost_code", "lost_text"]


def code_form(code: ReplacedCode, graph: Any) -> dict[str, Any]:
    """Return what is known of the functions that a line was given, by path, as JSON data."""
    codes = dict(code.lost)
    for path in code.since:
        function = getattr(node_at(graph, path), "fn", None)
        if function is not None and path not in codes:
            codes[path] = UnsavedCondition.of(function, True)
    return {path: one.form() for path, one in codes.items()}


def lost_code(form: Any, graph: Any) -> dict[str, UnsavedCondition]:
    """Return the functions of stored data that a graph does not have where they were."""
    lost: dict[str, UnsavedCondition] = {}
    for path, one in thaw(form).items() if isinstance(form, Mapping) else ():
        try:
            code = UnsavedCondition.from_form(one)
            function = getattr(node_at(graph, str(path)), "fn", None)
        except (LookupError, TypeError, AttributeError):
            continue  # damaged, or of another graph: there is nothing to compare
        if function is not None and UnsavedCondition.of(function, True).source != code.source:
            lost[str(path)] = code
    return lost


def lost_text(line: str, lost: Mapping[str, UnsavedCondition]) -> str:
    """Say which functions a line was made with, and how they are given again."""
    codes = (f"{path} ({code.__name__}, of {code.where})" for path, code in lost.items())
    return (
        f"Line {line!r} was made with another function for {listed(codes)}, and functions are not"
        f" stored: what runs now is the graph's own. Give it again with dbg.patch("
        f"{{{next(iter(lost))!r}: …}})."
    )
