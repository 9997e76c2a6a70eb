"""A whole history as plain rows, so that a page can show it without a kernel.

Values that frames share are written once: states change little from frame to
frame, so a book costs what changed. What is long is cut, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from lellm_nb.graph.layered import Drawing
from lellm_nb.graph.outline import Outline, outline

from .asking import code_of, doc_of
from .details import (
    changed_keys,
    diff_rows,
    level_names,
    mutation_rows,
    plain_state,
    shown_state,
    title_row,
)
from .faults import error_rows
from .head import head_rows, node_object
from .ledger import packed, row_of
from .outputs import output_rows
from .protocols import DebuggerLike, FrameLike
from .redaction import sealed, showing
from .rich import rich_form
from .values import can_open, clean_rows, clean_text, long_text, short_text, size_text, type_name
from .ways import route_rows

_CHILDREN = 200
_TEXT = 20_000
_DEEPEST = 12
_PICTURE = 500_000


def book_of(
    debugger: DebuggerLike,
    drawing: Drawing | None,
    most_frames: int = 5_000,
    ask: bool = True,
) -> dict[str, Any]:
    """Return the rows of every line.

    Args:
        most_frames: How long a line may be.
        ask: Whether conditions are asked again to see what they read, which runs them.

    Raises:
        ValueError: A line is longer than that.
    """
    with showing(debugger):
        return _book_of(debugger, drawing, most_frames, ask)


def _book_of(
    debugger: DebuggerLike, drawing: Drawing | None, most_frames: int, ask: bool
) -> dict[str, Any]:
    whole = outline(debugger.graph)
    shelf = _Shelf()
    frames: list[dict[str, Any]] = []
    places: dict[int, int] = {}
    kept: list[FrameLike] = []
    lines = []
    for name in debugger.lines:
        branch: DebuggerLike = debugger if name == debugger.line else debugger.branch(name)
        line = branch.frames
        if len(line) > most_frames:
            raise ValueError(f"Line {name!r} has {len(line):,} frames; {most_frames:,} fit a file.")
        own = []
        before: FrameLike | None = None
        for frame in line:
            if id(frame) not in places:
                places[id(frame)] = len(frames)
                kept.append(frame)  # its id stays its own while it is kept
                frames.append(_page(branch, before, frame, whole, shelf, ask))
            own.append(places[id(frame)])
            before = frame
        lines.append(
            {
                "name": name,
                "frames": own,
                "head": branch.head,
                "status": str(branch.status),
                "line_text": str(branch.status_line),
            }
        )
    head = head_rows(debugger, whole)
    for row in head["tree"]:  # a page that shows any line needs every one told whole
        if row[3] < 0:
            row[3], row[4] = len(debugger.frames), str(debugger.status)
    return {
        "outline": outline_json(whole),
        "drawing": None if drawing is None else drawing.as_json(),
        "head": {k: v for k, v in head.items() if not k.startswith("button:")},
        "line": debugger.line,
        "lines": lines,
        "frames": frames,
        "values": shelf.values,
        "nodes": _nodes(debugger, whole),
    }


SHORT = 100
"""Frames, over all lines, up to which a history is kept in the notebook's own file."""

_BYTES = 150_000


def short_book(debugger: DebuggerLike) -> dict[str, Any]:
    """Return the book of a short history, and nothing of a long one.

    Nothing of the user's is asked for it: a cell that ends runs no condition again.
    """
    try:
        if sum(len(debugger.branch(name).frames) for name in debugger.lines) > SHORT:
            return {}
        book: dict[str, Any] = clean_rows(
            sealed(debugger, book_of(debugger, None, SHORT, ask=False))
        )
        return book if len(json.dumps(book)) <= _BYTES else {}
    except Exception:  # a user's value may refuse to be looked at: the file does without
        return {}


def outline_json(whole: Outline) -> dict[str, Any]:
    """Return an outline as it travels: a name and small rows."""
    nodes = [[node.path, node.name, node.kind, node.parent, node.role] for node in whole.nodes]
    return {"name": clean_text(whole.name), "nodes": clean_rows(nodes)}


def _page(
    debugger: DebuggerLike,
    before: FrameLike | None,
    frame: FrameLike,
    whole: Outline,
    shelf: _Shelf,
    ask: bool,
) -> dict[str, Any]:
    levels = level_names(frame)
    tabs = {
        "diff": diff_rows(debugger, frame, None, not levels),
        "mutations": mutation_rows(debugger, frame),
        "route": route_rows(debugger, frame, ask),
        "output": output_rows(debugger, frame, _PICTURE),
        "error": error_rows(debugger, frame),
    }
    state = shelf.put(shown_state(frame, False))
    return {
        "row": packed(row_of(before, frame, whole)),
        "title": title_row(frame),
        "levels": levels,
        "changed": [short_text(key, 80) for key in changed_keys(frame)],
        "state": state,
        "whole": shelf.put(plain_state(frame.position.state)) if levels else state,
        "tabs": tabs,
    }


def _nodes(debugger: DebuggerLike, whole: Outline) -> dict[str, Any]:
    found = {}
    for number, node in enumerate(whole.nodes):
        thing = node_object(debugger.graph, node.path)
        function = getattr(thing, "fn", None)
        if function is not None:
            found[str(number)] = {"code": code_of(function), "doc": doc_of(function)}
    return found


class _Shelf:
    """Values by place; one that was put before is found again by its identity."""

    def __init__(self) -> None:
        self.values: list[dict[str, Any]] = []
        self._known: dict[int, int] = {}
        self._kept: list[Any] = []

    def put(self, value: Any, depth: int = 0) -> int:
        """Put a value on the shelf and return its place."""
        lasting = isinstance(value, (Mapping, list, tuple, str, bytes)) or can_open(value)
        if lasting and id(value) in self._known:
            return self._known[id(value)]
        place = len(self.values)
        made: dict[str, Any] = {
            "type": type_name(value),
            "size": size_text(value),
            "text": short_text(value),
            "opens": can_open(value) and depth < _DEEPEST,
        }
        self.values.append(made)
        if lasting:
            self._known[id(value)] = place
            self._kept.append(value)  # its id stays its own while it is kept
        if made["opens"] or depth == 0:
            made.update(self._inside(value, depth))
        return place

    def _inside(self, value: Any, depth: int) -> dict[str, Any]:
        if isinstance(value, str):
            return {"full": long_text(value, _TEXT), "cut": max(0, len(value) - _TEXT)}
        rich = rich_form(value) or {}
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return {"kids": [], **rich}
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        kids = [
            [short_text(key, 80), self.put(item, depth + 1)]
            for key, item in islice(items, _CHILDREN)
        ]
        if len(value) > _CHILDREN:
            kids.append(["…", self.put(f"{len(value) - _CHILDREN:,} more are not in this file")])
        return {"kids": kids, **rich}
