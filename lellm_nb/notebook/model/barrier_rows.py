"""The card of a waiting barrier: for each answer, what it would lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.model.modify_form import form_rows, read_value, schema_of, wrong
from lellm_nb.notebook.tabs.frame_tabs import change_rows, changed_keys, plain_state
from lellm_nb.notebook.values.value_rows import long_text, short_text, value_row

ANSWERS = ("approve", "reject", "modify", "reroute")


def decision_of(kind: str, *, reason: str = "", key: str = "", value: Any = None,
                target: str = "") -> Any:  # fmt: skip
    """Return the decision that an answer on the card stands for.

    Raises:
        ValueError: The answer lacks what it needs, or is of no known kind.
    """
    from lellm_nb.graph.decision import Approve, Modify, Reject, Reroute

    if kind == "approve":
        return Approve()
    if kind == "reject":
        return Reject(reason) if reason else Reject()
    if kind == "modify":
        if not key:
            raise ValueError("Modify needs a key.")
        return Modify(key, value)
    if kind == "reroute":
        if not target:
            raise ValueError("Reroute needs a target.")
        return Reroute(target)
    raise ValueError(f"There is no answer {kind!r}; there are {', '.join(ANSWERS)}.")


def card_row(debugger: DebuggerLike, barrier: str) -> dict[str, Any]:
    """Return a barrier's card: its targets, and a preview for each answer."""
    targets = [str(target) for target in debugger.reroute_targets(barrier)]
    first = targets[0] if targets else ""
    previews = {
        "approve": preview_row(debugger, barrier, "approve"),
        "reject": preview_row(debugger, barrier, "reject"),
    }
    if first:
        previews["reroute"] = preview_row(debugger, barrier, "reroute", target=first)
    return {"id": barrier, "targets": targets, "previews": previews, **_about(debugger, barrier)}


def _about(debugger: DebuggerLike, barrier: str) -> dict[str, Any]:
    """Return the values that a decision is about: those written last, and all keys there are."""
    frames = debugger.frames
    frame: Any = frames[debugger.head]
    waits = next((item for item in debugger.pending if str(item.id) == barrier), None)
    if waits is not None:
        frame = frames[waits.frame]
    state = plain_state(frame.state)
    keys = list(state) if isinstance(state, Mapping) else []
    latest: dict[Any, None] = {}
    step: Any = frame
    for _ in range(_LOOK_BACK):
        latest.update((key, None) for key in changed_keys(step) if key in state)
        step = getattr(step, "parent", None)
        if step is None or len(latest) >= _ABOUT:
            break
    shown = [*latest, *(key for key in keys if key not in latest)][:_ABOUT]
    return {
        "about": [
            {"key": short_text(str(key), 80), **value_row(state[key], (key,))} for key in shown
        ],
        "form": form_rows(debugger, barrier),
    }


_LOOK_BACK = 30
_ABOUT = 8


def preview_row(debugger: DebuggerLike, barrier: str, kind: str, **answer: Any) -> dict[str, Any]:
    """Return what an answer would change and where the run would go next.

    A preview that cannot be had says why in its place: the card stays usable. Where what was
    typed for Modify is refused, `invalid` says in which box it stands.

    Args:
        answer: ``reason, key, target``, and ``text``: what was typed as a value.
    """
    key, text = str(answer.get("key", "")), answer.pop("text", "")
    note = ""
    try:
        if kind == "modify":
            answer["value"] = read_value(debugger, barrier, key, text)
            note = schema_of(debugger, barrier).note(key, text)
        preview = debugger.preview(decision_of(kind, **answer), barrier)
        rows = change_rows(preview.diff)
    except Exception as error:  # user predicates run inside a preview
        if kind == "modify":
            return wrong(key, error)
        return {"next": None, "rows": [], "more": 0, "error": long_text(str(error), 400)}
    failure = getattr(preview, "error", None)
    said = long_text(f"then fails: {failure}", 400) if failure is not None else ""
    return {"next": preview.next_node, **rows, "error": said, "note": note}
