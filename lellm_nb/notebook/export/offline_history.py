"""A whole history as plain rows, so that a page can show it without a kernel.

A book costs what changed: a state is told as its difference to the one before it on its
level, and values that frames share are written once. What is long is cut, and says so.
``static/offline/model.js`` reads it.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, cast

from lellm_nb.debug.history.stored_values import kept_items, kept_value
from lellm_nb.errors import path_text
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.graph.drawing.layered import Drawing
from lellm_nb.graph.drawing.outline import Outline, outline
from lellm_nb.graph.walk import node_at
from lellm_nb.notebook.debugger_protocol import BranchLike, DebuggerLike
from lellm_nb.notebook.export.book_lines import Stretch, compares, stretches
from lellm_nb.notebook.export.value_table import ValueTable
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.model.node_card import code_of, doc_of, functions_of
from lellm_nb.notebook.model.node_status import packed, row_of
from lellm_nb.notebook.model.run_summary import head_rows
from lellm_nb.notebook.tabs.error import error_rows
from lellm_nb.notebook.tabs.output import output_rows
from lellm_nb.notebook.tabs.registry import TABS
from lellm_nb.notebook.tabs.route import FEW, route_rows
from lellm_nb.notebook.tabs.watches import stop_rows
from lellm_nb.notebook.values.frame_rows import how_it_came, key_path, reducer_name, written_at
from lellm_nb.notebook.values.redaction import at_place, level_place, redact_rows, redacting_for
from lellm_nb.notebook.values.state_view import learn_frame, plain_state
from lellm_nb.notebook.values.value_rows import clean_rows, clean_text, short_text
from lellm_nb.record.level_key import LevelKeys, label_of
from lellm_nb.state.lens import IdentityLens, KeyLens

_PICTURE = 500_000
_WRITES = 100
_ROOM = 40_000_000
"""Characters of outputs in one book; after that only their ends are kept."""

_LOOK_BACK = 64
"""Frames before a fork in which is looked for what the levels had that are open there."""

_ASKED = 5_000
"""Frames up to which conditions are asked again to see what they read."""


def book_of(
    debugger: DebuggerLike,
    drawing: Drawing | None,
    most_frames: int = 1_000_000,
    ask: bool = True,
) -> dict[str, Any]:
    """Return the rows of every line.

    Args:
        most_frames: How long a line may be.
        ask: Whether conditions are asked again to see what they read, which runs them; only
            in a short history.

    Raises:
        ValueError: A line is longer than that.
    """
    with redacting_for(debugger):
        return _book_of(debugger, drawing, most_frames, ask)


def _book_of(
    debugger: DebuggerLike, drawing: Drawing | None, most_frames: int, ask: bool
) -> dict[str, Any]:
    tree = list(debugger.tree)
    for line in tree:
        if line.frames > most_frames:
            raise ValueError(
                f"Line {line.name!r} has {line.frames:,} frames; {most_frames:,} fit a file."
            )
    whole = outline(debugger.graph)
    ask = ask and sum(line.frames for line in tree) <= _ASKED
    pages = _Pages(whole, ask)
    lines = [pages.line(debugger.branch(line.name), line) for line in tree]
    head = head_rows(debugger, whole)
    for row in head["tree"]:  # a page that shows any line needs every one told whole
        if row[3] < 0:
            row[3], row[4] = len(debugger.frames), str(debugger.status)
    table = pages.table
    return {
        "outline": outline_json(whole),
        "drawing": None if drawing is None else drawing.as_json(),
        "head": {k: v for k, v in head.items() if not k.startswith("button:")},
        "line": debugger.line,
        "lines": lines,
        "frames": pages.rows,
        "more": pages.more,
        "routes": pages.routes,
        "values": table.values,
        "words": table.words,
        "tapes": table.tapes,
        "states": table.states,
        "nodes": _nodes(debugger, whole),
        "stops": stop_rows(debugger),
        "compares": compares(debugger, [line.name for line in tree]),
    }


SHORT = 100
"""Frames, over all lines, up to which a history is kept in the notebook's own file."""

_BYTES = 150_000


def short_book(debugger: DebuggerLike) -> dict[str, Any]:
    """Return the book of a short history, and nothing of a long one.

    Nothing of the user's is asked for it: a cell that ends runs no condition again.
    """
    try:
        if len(debugger.lines) > SHORT or sum(line.frames for line in debugger.tree) > SHORT:
            return {}
        rows = redact_rows(debugger, book_of(debugger, None, SHORT, ask=False))
        book: dict[str, Any] = clean_rows(rows)
        return book if len(json.dumps(book)) <= _BYTES else {}
    except Exception:  # a user's value may refuse to be looked at: the file does without
        return {}


def outline_json(whole: Outline) -> dict[str, Any]:
    """Return an outline as it travels: a name and small rows."""
    nodes = [[node.path, node.name, node.kind, node.parent, node.role] for node in whole.nodes]
    return {"name": clean_text(whole.name), "nodes": clean_rows(nodes)}


class _Pages:
    """The frames of all lines, each once.

    A frame is ``[row, path, state, root state, level, route, writes]``: places, -1 for none.
    What few frames have is in `more`, by place.
    """

    def __init__(self, whole: Outline, ask: bool) -> None:
        self.table = ValueTable()
        self.rows: list[list[Any]] = []
        self.more: dict[int, dict[str, Any]] = {}
        self.routes: list[dict[str, Any]] = []
        self._whole = whole
        self._ask = ask
        self._room = _ROOM
        self._route: dict[str, int] = {}
        self._keys: dict[str, tuple[int, int]] = {}
        self._levels = LevelKeys()
        self._tabs = [(tab.id, tab.offline) for tab in TABS if callable(tab.offline)]
        self._lines: dict[str, tuple[int, list[Stretch]]] = {}

    def line(self, debugger: DebuggerLike, told: BranchLike) -> dict[str, Any]:
        """Add the frames that are a line's own, and return the line's row.

        What it shares with the line that it was forked from is there already: that one is
        older, and comes before it.
        """
        head, frames, shared = debugger.head, debugger.frames, told.at + 1
        before = frames[told.at] if shared else None
        latest = self._latest(before)
        begin = len(self.rows)
        for index in range(shared, len(frames)):
            frame = frames[index]
            level = self._level(frame)
            self._page(debugger, before, frame, level, latest)
            latest[level], latest[""] = _data(frame.level), _data(frame.position)
            before = frame
        number, base = self._lines.get(told.base, (-1, []))
        found = stretches(base, number, shared, [begin, len(self.rows) - begin])
        self._lines[told.name] = len(self._lines), found
        return {
            "name": told.name,
            "frames": found,
            "head": head,
            "status": str(debugger.status),
            "line_text": str(debugger.status_line),
        }

    def _level(self, frame: FrameLike) -> str:
        return label_of(self._levels.of(cast(Any, frame))) if frame.path else ""

    def _latest(self, frame: FrameLike | None) -> dict[str, Any]:
        """Return what the levels that are open at a frame had there, as far as it is told near."""
        latest: dict[str, Any] = {}
        for _ in range(_LOOK_BACK):
            if frame is None:
                break
            latest.setdefault("", _data(frame.position))
            latest.setdefault(self._level(frame), _data(frame.level))
            if frame.level is frame.position:
                break
            frame = frame.parent
        return latest

    def _page(
        self,
        debugger: DebuggerLike,
        before: FrameLike | None,
        frame: FrameLike,
        level: str,
        latest: dict[str, Any],
    ) -> None:
        learn_frame(debugger, frame)
        table = self.table
        root = table.put_state(_data(frame.position), latest.get(""))
        inner = root
        place = level_place(debugger, frame)
        if frame.level is not frame.position:
            with at_place(place):
                inner = table.put_state(_data(frame.level), latest.get(level))
        more = self._more(debugger, frame)
        with at_place(place):
            writes = self._writes(frame)
        self.rows.append(
            [
                packed(row_of(before, frame, self._whole)),
                table.word(frame.path or ""),
                inner,
                root,
                table.word(level),
                self._route_of(debugger, frame),
                writes,
            ]
        )
        if more:
            self.more[len(self.rows) - 1] = more

    def _writes(self, frame: FrameLike) -> list[int]:
        """Return ``what, path, key, value or -1, reducer`` of each mutation, in a row."""
        table, rows = self.table, []
        for mutation in islice(frame.mutations or (), _WRITES):
            key = getattr(mutation, "key", None)
            value = -1
            if hasattr(mutation, "value"):
                value = table.put(kept_value(mutation), written_at(mutation))
            said, first = self._named(key, mutation)
            rows += [
                table.word(type(mutation).__name__),
                said,
                first,
                value,
                table.word(reducer_name(mutation)),
            ]
        return rows

    def _named(self, key: Any, mutation: Any) -> tuple[int, int]:
        """Return what a mutation writes to, and its key, as words; the same keys come often."""
        known = self._keys.get(key) if type(key) is str else None
        if known is None:
            said = path_text(key) if key is not None else safe_str(mutation)
            path = key_path(key)
            first = self.table.key(path[0]) if path else self.table.word("")
            known = self.table.word(short_text(said, 200)), first
            if type(key) is str:
                self._keys[key] = known
        return known

    def _route_of(self, debugger: DebuggerLike, frame: FrameLike) -> int:
        route = route_rows(debugger, frame, self._ask, look_back=frame.index < FEW)
        key = repr(route)
        place = self._route.get(key)
        if place is None:
            place = self._route[key] = len(self.routes)
            self.routes.append(route)
        return place

    def _more(self, debugger: DebuggerLike, frame: FrameLike) -> dict[str, Any]:
        """Return what few frames have: outputs, errors, decisions, attempts, costs."""
        more: dict[str, Any] = {}
        if frame.output or frame.stream or frame.displayed:
            output = output_rows(frame, _PICTURE)
            if self._room <= 0:
                output.update(text=output["text"][-200:], stream=output["stream"][-200:], shown=[])
            self._room -= len(output["text"]) + len(output["stream"])
            self._room -= sum(len(one.get("data", "")) for one in output["shown"])
            more["output"] = output
        if frame.error is not None:
            more["error"] = error_rows(frame)
        came = how_it_came(frame, debugger.has_old_code(frame))
        more.update((name, said) for name, said in came.items() if said)
        tabs = ((id, offline(debugger, frame)) for id, offline in self._tabs)
        kept = {id: rows for id, rows in tabs if rows is not None}
        return {**more, "tabs": kept} if kept else more


def _data(level: Any) -> Any:
    """Return a level's state as a mapping that is the same object where nothing changed."""
    data = getattr(level, "data", None)
    kept = kept_items(data) if data is not None else plain_state(level.state)
    return kept if "" not in kept or len(kept) > 1 else _Whole.of(kept[""])


class _Whole(dict[str, Any]):
    """A state whose snapshot is no mapping, as one."""

    @classmethod
    def of(cls, snapshot: Any) -> _Whole:
        items = enumerate(snapshot) if isinstance(snapshot, (list, tuple)) else [("", snapshot)]
        return cls((safe_str(key), value) for key, value in items)


def _nodes(debugger: DebuggerLike, whole: Outline) -> dict[str, Any]:
    found = {}
    for number, node in enumerate(whole.nodes):
        thing = node_at(debugger.graph, node.path)
        functions = functions_of(thing)
        row = {"code": code_of(functions), "doc": doc_of(functions)} if functions else {}
        lens = getattr(thing, "lens", None)
        if isinstance(lens, KeyLens):
            row["lens"] = lens.key
        elif isinstance(lens, IdentityLens) or hasattr(thing, "branches"):
            row["lens"] = ""
        if row:
            found[str(number)] = row
    return found
