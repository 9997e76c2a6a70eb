"""Questions about the whole history: who wrote a value, where a text stands, one node's past."""

from __future__ import annotations

import inspect
from itertools import islice
from typing import Any

from lellm_nb.notebook.model.run_summary import node_object
from lellm_nb.notebook.model.updates import Feed
from lellm_nb.notebook.tabs.frame_tabs import (
    learn,
    level_name,
    mutation_row,
    path_text,
    shown_state,
    title_row,
)
from lellm_nb.notebook.values.editable import editable_text
from lellm_nb.notebook.values.value_rows import inside, keys_at, long_text, short_text, value_row

_MOST_WRITES = 60
_MOST_HITS = 100
_LOOK_BACK = 5_000
_MOST_VISITS = 12
_CODE = 6_000

Question = dict[str, Any]


def who_rows(feed: Feed, question: Question) -> dict[str, Any]:
    """Return the writers of a value up to a frame, newest first."""
    frame = feed.debugger.frames[question["frame"]]
    whole = bool(question.get("whole"))
    text = question.get("text")
    keys = (text,) if text else keys_at(shown_state(frame, whole), question["steps"])
    level = "" if whole or text else level_name(frame)
    said = f"{level}:{path_text(keys)}" if level else path_text(keys)
    first = f"{level}:{keys[0]}" if level else keys[0]
    writes: Any = feed.debugger.who((first, *keys[1:]) if len(keys) > 1 else first)
    upto = frame.index if frame.index <= feed.debugger.head else feed.debugger.head
    rows = []
    for write in islice((w for w in writes if w.frame.index <= upto), _MOST_WRITES):
        by = write.frame
        rows.append(
            {
                "frame": by.index,
                "kind": str(by.kind),
                "path": by.path or "start",
                "visit": by.visit,
                "through": [str(one.path) for one in write.through],
                "wrote": mutation_row(write.mutation),
            }
        )
    return {"of": said, "rows": rows, "more": max(0, len(writes) - len(rows))}


def find_rows(feed: Feed, question: Question) -> dict[str, Any]:
    """Return where a text occurs on the line, oldest first."""
    for frame in (0, feed.debugger.head):
        learn(feed.debugger.frames[frame])
    hits: Any = feed.debugger.find(str(question["text"]))
    rows = [
        {
            "frame": hit.frame.index,
            "path": hit.path or "start",
            "where": hit.where,
            "key": path_text(hit.key) if hit.key else "",
            "text": short_text(hit.text, 160, hit.key),
        }
        for hit in hits[:_MOST_HITS]
    ]
    return {"rows": rows, "total": len(hits)}


def node_rows(feed: Feed, question: Question) -> dict[str, Any]:
    """Return a node's own card: its code and doc, its ways out, its latest visits."""
    number = question["node"]
    path = feed.outline.nodes[number].path
    node = node_object(feed.graph, path)
    function = getattr(node, "fn", None) or getattr(node, "runnable", None)
    modes: Any = getattr(feed.debugger, "modes", {})
    return {
        "visits": _visits(feed, path, question["frame"]),
        "doc": doc_of(function),
        "code": code_of(function),
        "mend": mend_of(function),
        "ways": _ways(feed, number),
        "mode": str(modes.get(path, "live")) if function else "",
        "stops": sorted({_side(stop) for stop in _stops_of(feed, path)}),
    }


def _stops_of(feed: Feed, path: str) -> list[Any]:
    stops: Any = feed.debugger.breakpoints
    return [stop for stop in stops if getattr(stop, "path", None) == path]


def _side(stop: Any) -> str:
    return "after" if getattr(stop, "stops_after", False) else "before"


def doc_of(function: Any) -> str:
    """Return what a node's function says of itself."""
    return short_text((inspect.getdoc(function) or "") if function else "", 400)


def code_of(function: Any) -> str:
    """Return a node's source, as far as it can be found."""
    try:
        return long_text(inspect.getsource(function), _CODE) if function is not None else ""
    except (OSError, TypeError):
        return ""


def mend_of(function: Any) -> str:
    """Return how a node is given new code, in words that go on a screen."""
    if inspect.isfunction(function) and function.__qualname__.isidentifier():
        return f"run a cell that defines {function.__name__} again"
    return "call patch({path: function}) on the Debugger in a cell"


def _ways(feed: Feed, number: int) -> list[dict[str, Any]]:
    nodes = feed.outline.nodes
    set_on = {(s.source, s.target) for s in _edge_stops(feed)}
    return [
        {
            "target": edge.target,
            "name": nodes[edge.target].name,
            "kind": edge.kind,
            "stop": (nodes[number].path, nodes[edge.target].name) in set_on,
        }
        for edge in feed.outline.edges
        if edge.source == number
    ]


def _edge_stops(feed: Feed) -> list[Any]:
    stops: Any = feed.debugger.breakpoints
    return [stop for stop in stops if hasattr(stop, "source") and hasattr(stop, "target")]


def _visits(feed: Feed, path: str, upto: int) -> list[dict[str, Any]]:
    """Return the latest visits of a node, newest first, up to a frame."""
    frames = feed.debugger.frames
    newest = min(upto, len(frames) - 1)
    visits = []
    for index in range(newest, max(-1, newest - _LOOK_BACK), -1):
        frame = frames[index]
        if frame.static_path == path:
            visits.append(title_row(frame))
            if len(visits) == _MOST_VISITS:
                break
    return visits


def place_row(feed: Feed, question: Question) -> dict[str, Any]:
    """Return a value's place and text, for editing it where it stands."""
    frame = feed.debugger.frames[question["frame"]]
    state = shown_state(frame, False)
    keys = keys_at(state, question["steps"])
    value = inside(state, question["steps"])
    return {"path": path_text(keys), **editable_text(value, keys), "now": value_row(value, keys)}
