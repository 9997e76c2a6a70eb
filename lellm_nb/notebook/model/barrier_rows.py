"""The card of a waiting barrier: for each answer, what it would lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args

from lellm_nb.debug.names.written_path import written_path
from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.graph.decision import Answer, Approve, Decision, Modify, Reject, Reroute
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.model.answer_form import question_row, read_answer, refusal, waiting
from lellm_nb.notebook.model.modify_form import (
    form_rows,
    read_value,
    schema_of,
    waiting_frame,
    wrong,
)
from lellm_nb.notebook.pending_protocol import PendingLike
from lellm_nb.notebook.values.frame_rows import change_rows
from lellm_nb.notebook.values.redaction import at_level
from lellm_nb.notebook.values.state_view import changed_keys, plain_state
from lellm_nb.notebook.values.value_rows import long_text, short_text, value_row

_DECISIONS: dict[str, Any] = {one.word: one for one in get_args(Decision)}

ANSWERS = {word: tuple(one.name for one in fields(made)) for word, made in _DECISIONS.items()}
"""The answers on the card, each with what a person fills in for it."""


def decision_of(kind: str, **said: Any) -> Decision:
    """Return the decision that an answer on the card stands for.

    Args:
        said: What was filled in: ``reason, key, value, target``. Empty is left out.

    Raises:
        ValueError: The answer lacks what it needs, or is of no known kind.

    Example:
        >>> decision_of("reject", reason=""), decision_of("modify", key="n", value=0)
        (Reject(reason='rejected'), Modify(key='n', value=0))
    """
    if kind not in _DECISIONS:
        raise ValueError(f"There is no answer {kind!r}; there are {', '.join(ANSWERS)}.")
    given = {}
    for one in fields(_DECISIONS[kind]):
        filled = said.get(one.name)
        if one.type != "Any" and not filled:
            if one.default is MISSING:
                raise ValueError(f"{kind.capitalize()} needs a {one.name}.")
            continue
        given[one.name] = filled
    made: Decision = _DECISIONS[kind](**given)
    return made


def card_row(debugger: DebuggerLike, barrier: str) -> dict[str, Any]:
    """Return a barrier's card: what is asked, its targets, and a preview for each answer."""
    waits = waiting(debugger, barrier)
    pauses = waits is not None and waits.kind == "pause"
    targets = [str(target) for target in debugger.reroute_targets(barrier)]
    previews = {Approve.word: preview_row(debugger, barrier, Approve.word)}
    if not pauses:
        previews[Reject.word] = preview_row(debugger, barrier, Reject.word)
    if targets:
        told = preview_row(debugger, barrier, Reroute.word, target=targets[0])
        if pauses and told["error"]:
            targets = []  # one that waits after its node can only go on
        else:
            previews[Reroute.word] = told
    row = {
        "id": barrier,
        "targets": targets,
        "previews": previews,
        **_about(debugger, barrier, waits),
    }
    if waits is not None and waits.kind == "question":
        with at_level(debugger, waiting_frame(debugger, barrier)):
            row["asked"] = {**question_row(waits), "unfit": _unfit(debugger, waits)}
    return row


def _unfit(debugger: DebuggerLike, waits: PendingLike) -> list[str]:
    """Return the short answers that a question would not take: the card leaves them out."""

    def takes(word: str) -> bool:
        preview = attempt(lambda: debugger.preview(decision_of(word), str(waits.id)))
        return preview is not None

    return [word for word in (Approve.word, Reject.word) if not takes(word)]


def _about(debugger: DebuggerLike, barrier: str, waits: PendingLike | None) -> dict[str, Any]:
    """Return the values that a decision is about, and the form of Modify.

    They are those that the barrier shows; else, where nothing is asked, those written last.
    """
    frame = waiting_frame(debugger, barrier)
    if waits is not None and (waits.shown or waits.kind == "question"):
        with at_level(debugger, frame):
            shown = [
                {"key": short_text(key, 80), **value_row(value, _parts(key, frame.state))}
                for key, value in waits.shown.items()
            ]
            return {"about": shown, "form": form_rows(debugger, barrier)}
    state = plain_state(frame.state)
    keys = list(state) if isinstance(state, Mapping) else []
    latest: dict[Any, None] = {}
    step: FrameLike | None = frame
    for _ in range(_LOOK_BACK):
        if step is None or len(latest) >= _ABOUT:
            break
        latest.update((key, None) for key in changed_keys(step) if key in state)
        step = step.parent
    shown = [*latest, *(key for key in keys if key not in latest)][:_ABOUT]
    with at_level(debugger, frame):
        rows = [
            {"key": short_text(safe_str(key), 80), **value_row(state[key], (key,))} for key in shown
        ]
        return {"about": rows, "form": form_rows(debugger, barrier)}


def _parts(key: str, state: Any) -> tuple[Any, ...]:
    """Return the path that a barrier shows, as it was written: a key may have dots in it."""
    return (key,) if key in plain_state(state) else written_path(key) or (key,)


_LOOK_BACK = 30
_ABOUT = 8


def preview_row(debugger: DebuggerLike, barrier: str, kind: str, **answer: Any) -> dict[str, Any]:
    """Return what an answer would change and where the run would go next.

    A preview that cannot be had says why in its place: the card stays usable. Where what was
    typed for Modify is refused, `invalid` says in which box it stands.

    Args:
        answer: ``reason, key, target``, and ``text``: what was typed as a value, or an answer.
    """
    key, text = str(answer.get("key", "")), answer.pop("text", "")
    note = ""
    try:
        if kind == Modify.word:
            answer["value"] = read_value(debugger, barrier, key, text)
            note = schema_of(debugger, barrier).note(key, text)
        elif kind == Answer.word:
            answer["value"] = read_answer(debugger, barrier, text)
        preview = debugger.preview(decision_of(kind, **answer), barrier)
        with at_level(debugger, waiting_frame(debugger, barrier)):
            rows = change_rows(preview.diff)
    except Exception as error:  # user predicates run inside a preview
        if kind == Modify.word:
            return wrong(key, error)
        words = refusal(error_words(error), barrier)
        return {"next": None, "rows": [], "more": 0, "error": long_text(words, 400)}
    failure = getattr(preview, "error", None)
    said = long_text(f"then fails: {error_words(failure)}", 400) if failure is not None else ""
    return {"next": preview.next_node, **rows, "error": said, "note": note}
