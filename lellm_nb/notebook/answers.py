"""What a view may ask for: one function per question, each with a plain answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.graph.outline import plain_path

from .cards import card_row, preview_row, typed_value
from .details import detail, state_rows, title_row
from .feed import Feed

_LOOK_BACK = 5_000
_MOST_VISITS = 12

Question = dict[str, Any]


def answer(feed: Feed, question: Question) -> dict[str, Any]:
    """Answer one question of a view, or say why it cannot be answered."""
    ask = _ANSWERS.get(str(question.get("ask")))
    if ask is None:
        return {"error": f"There is no answer to {question.get('ask')!r}."}
    try:
        return ask(feed, question)
    except Exception as error:  # a user's repr, predicate or lens may raise
        return {"error": str(error)[:400] or type(error).__name__}


def _detail(feed: Feed, question: Question) -> dict[str, Any]:
    return detail(feed.debugger, question["frame"], question["tab"], question)


def _inside(feed: Feed, question: Question) -> dict[str, Any]:
    frame = feed.debugger.frames[question["frame"]]
    whole = bool(question.get("whole"))
    return state_rows(frame, question["steps"], question["start"], whole)


def _chunk(feed: Feed, question: Question) -> dict[str, Any]:
    return feed.chunk(question["chunk"])


def _card(feed: Feed, question: Question) -> dict[str, Any]:
    return card_row(feed.debugger, question["id"])


def _preview(feed: Feed, question: Question) -> dict[str, Any]:
    said = ("reason", "key", "target")
    extra: dict[str, Any] = {name: question[name] for name in said if name in question}
    if "value" in question:
        extra["value"] = typed_value(question["value"])
    return preview_row(feed.debugger, question["id"], question["kind"], **extra)


def _node(feed: Feed, question: Question) -> dict[str, Any]:
    """Return the latest visits of a node, newest first, up to a frame."""
    number = question["node"]
    path = feed.outline.nodes[number].path
    frames = feed.debugger.frames
    newest = min(question["frame"], len(frames) - 1)
    visits = []
    for index in range(newest, max(-1, newest - _LOOK_BACK), -1):
        frame = frames[index]
        if frame.path and plain_path(frame.path) == path:
            visits.append(title_row(frame))
            if len(visits) == _MOST_VISITS:
                break
    return {"visits": visits}


_ANSWERS: dict[str, Callable[[Feed, Question], dict[str, Any]]] = {
    "detail": _detail,
    "inside": _inside,
    "chunk": _chunk,
    "card": _card,
    "preview": _preview,
    "node": _node,
}
