"""What a view may ask for: one function per question, each with a plain answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.safe_text import safe_type
from lellm_nb.notebook.model.barrier_rows import card_row, preview_row
from lellm_nb.notebook.model.node_card import node_rows
from lellm_nb.notebook.model.search_rows import find_rows
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.tabs.registry import QUESTIONS, TABS, tab_of
from lellm_nb.notebook.values.frame_rows import title_row
from lellm_nb.notebook.values.redaction import redacting_for
from lellm_nb.notebook.values.state_view import learn_frame, level_names
from lellm_nb.notebook.values.value_rows import long_text

Question = Mapping[str, Any]


def answer(updates: Updates, question: Question) -> dict[str, Any]:
    """Answer one question of a view, or say why it cannot be answered."""
    asked = str(question.get("ask"))
    if asked not in _ANSWERS and asked not in QUESTIONS:
        return {"error": f"There is no answer to {question.get('ask')!r}."}
    try:
        with redacting_for(updates.debugger):
            if asked in QUESTIONS:
                return QUESTIONS[asked].answer(updates.debugger, question)
            return _ANSWERS[asked](updates, question)
    except BaseException as error:  # a user's predicate or lens may raise anything
        if is_interrupt(error):
            raise
        return {"error": long_text(error_words(error), 400) or safe_type(error)}


def takes_long(question: Question) -> bool:
    """Say whether an answer looks through a history or runs code of the user's.

    Such a question is answered beside the thread that writes to the page, which
    meanwhile goes on.
    """
    asked = question.get("ask")
    if asked == _OF_A_TAB:
        return any(tab.slow for tab in TABS if tab.id == question.get("tab"))
    return asked in _LONG or (asked in QUESTIONS and QUESTIONS[asked].slow)


def waits_for_others(question: Question) -> bool:
    """Say whether an answer comes over a network: it may take minutes, and holds up no other."""
    asked = question.get("ask")
    return asked in QUESTIONS and QUESTIONS[asked].waits


def _detail(updates: Updates, question: Question) -> dict[str, Any]:
    """One tab for one frame, with the frame's heading."""
    debugger = updates.debugger
    frame = debugger.frames[question["frame"]]
    tab = tab_of(question["tab"])
    learn_frame(debugger, frame)
    title = title_row(frame, debugger.has_old_code(frame))
    about = {"title": title, "tab": tab.id, "levels": level_names(frame)}
    return {**about, **tab.rows(debugger, frame, question)}


def _chunk(updates: Updates, question: Question) -> dict[str, Any]:
    return updates.chunk(question["chunk"])


def _card(updates: Updates, question: Question) -> dict[str, Any]:
    return card_row(updates.debugger, question["id"])


def _preview(updates: Updates, question: Question) -> dict[str, Any]:
    said = ("reason", "key", "target")
    extra: dict[str, Any] = {name: question[name] for name in said if name in question}
    if "value" in question:
        extra["text"] = str(question["value"])
    return preview_row(updates.debugger, question["id"], question["kind"], **extra)


def _node(updates: Updates, question: Question) -> dict[str, Any]:
    return node_rows(updates, question["node"], question["frame"])


def _find(updates: Updates, question: Question) -> dict[str, Any]:
    return find_rows(updates.debugger, str(question["text"]))


_OF_A_TAB = "detail"
_LONG = frozenset(("find", "card", "preview"))

_ANSWERS: dict[str, Callable[[Updates, Question], dict[str, Any]]] = {
    _OF_A_TAB: _detail,
    "chunk": _chunk,
    "card": _card,
    "preview": _preview,
    "node": _node,
    "find": _find,
}
