"""What a view may ask for: one function per question, each with a plain answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.notebook.model.barrier_rows import card_row, preview_row
from lellm_nb.notebook.model.branch_rows import compare_rows, pair_rows
from lellm_nb.notebook.model.updates import Feed
from lellm_nb.notebook.tabs.frame_tabs import detail, state_rows
from lellm_nb.notebook.tabs.output import picture_row
from lellm_nb.notebook.tabs.watches import change_list
from lellm_nb.notebook.tabs.who import find_rows, node_rows, place_row, who_rows
from lellm_nb.notebook.values.redaction import showing
from lellm_nb.notebook.values.value_rows import long_text

Question = dict[str, Any]


def answer(feed: Feed, question: Question) -> dict[str, Any]:
    """Answer one question of a view, or say why it cannot be answered."""
    ask = _ANSWERS.get(str(question.get("ask")))
    if ask is None:
        return {"error": f"There is no answer to {question.get('ask')!r}."}
    try:
        with showing(feed.debugger):
            return ask(feed, question)
    except Exception as error:  # a user's repr, predicate or lens may raise
        return {"error": long_text(str(error), 400) or type(error).__name__}


def takes_long(question: Question) -> bool:
    """Say whether an answer looks through a history or runs code of the user's.

    Such a question is answered beside the thread that writes to the page, which
    meanwhile goes on.
    """
    return question.get("ask") in _LONG or question.get("tab") in ("route", "watches")


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
        extra["text"] = str(question["value"])
    return preview_row(feed.debugger, question["id"], question["kind"], **extra)


def _picture(feed: Feed, question: Question) -> dict[str, Any]:
    frame = feed.debugger.frames[question["frame"]]
    return picture_row(frame.displayed[question["place"]], question["place"], 20_000_000)


def _changes(feed: Feed, question: Question) -> dict[str, Any]:
    return change_list(feed.debugger, str(question["text"]))


def _compare(feed: Feed, question: Question) -> dict[str, Any]:
    return compare_rows(feed.debugger, str(question["line"]))


def _pair(feed: Feed, question: Question) -> dict[str, Any]:
    return pair_rows(feed.debugger, str(question["line"]), question["left"], question["right"])


_LONG = frozenset(("who", "find", "compare", "pair", "changes", "card", "preview", "picture"))

_ANSWERS: dict[str, Callable[[Feed, Question], dict[str, Any]]] = {
    "detail": _detail,
    "inside": _inside,
    "chunk": _chunk,
    "card": _card,
    "preview": _preview,
    "node": node_rows,
    "who": who_rows,
    "find": find_rows,
    "place": place_row,
    "picture": _picture,
    "changes": _changes,
    "compare": _compare,
    "pair": _pair,
}
