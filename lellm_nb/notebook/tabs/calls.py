"""What a step asked of models and tools, what it was answered, and what if (CALLS.md)."""

from __future__ import annotations

import json

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_sums import sums_of
from lellm_nb.calls.credentials import NoCredentialsError
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.model.asked_calls import answers_to, keep_answers
from lellm_nb.notebook.model.shown_calls import ShownCall, call_after, call_at, shown_calls
from lellm_nb.notebook.tabs.tab import Question, Rows, Tab, TabQuestion
from lellm_nb.notebook.values.call_rows import (
    VALUES,
    answer_row,
    body_row,
    head_row,
    value_of,
)
from lellm_nb.notebook.values.call_sums import sums_row
from lellm_nb.notebook.values.conversation import Conversation, call_part, whole_picture
from lellm_nb.notebook.values.message_edits import editor_rows, messages_of
from lellm_nb.notebook.values.value_rows import children, inside, long_text, short_text

_MOST_CALLS = 200
"""Calls of one frame that are listed; the rest is counted."""

_SAVED = 4_000
"""Letters of one text in a page without a kernel."""

_LARGEST = 20_000_000
"""Largest picture that travels when somebody asks for it, in bytes."""


def call_rows(debugger: DebuggerLike, frame: FrameLike) -> Rows:
    """Return the headers of the calls of a frame, and their sums."""
    shown = shown_calls(debugger, frame)
    rows = [_head(debugger, one) for one in shown[:_MOST_CALLS]]
    return {
        "sums": sums_row(sums_of(one.call for one in shown if one.sent)),
        "calls": rows,
        "more": len(shown) - len(rows),
        "reading": debugger.reading,
        "able": "calls" in debugger.capabilities,
    }


def _head(debugger: DebuggerLike, one: ShownCall) -> Rows:
    call = one.call
    row = {**head_row(call, one.stopped), "open": one.open}
    if one.open:
        row["node"] = short_text(f"{call.path}, visit {call.visit}", 120)
    row["asked"] = len(answers_to(debugger, call))
    return row


def _body(debugger: DebuggerLike, question: Question) -> Rows:
    """What was said in one call."""
    call = call_at(debugger, question)
    frame = debugger.frames[question["frame"]]
    shown = shown_calls(debugger, frame)
    row = body_row(call, call_after(debugger, frame, call) if call.tool_calls else None)
    if any(one.call is call and not one.sent for one in shown):
        row["answer"] = None
    return {**row, "asked": [_answer(one) for one in answers_to(debugger, call)]}


def _answer(call: Call) -> Rows:
    return {**head_row(call), "answer": answer_row(call)}


def _stretch(debugger: DebuggerLike, question: Question) -> Rows:
    """The messages of a stretch: of the call itself, or of the one before it."""
    call = call_at(debugger, question)
    if question.get("gone"):
        if call.before is None:
            raise LookupError("There is no call before this one.")
        call = call.before
    start = int(question["start"])
    return {"rows": Conversation(call.messages).rows(start, start + int(question["count"]))}


def _text(debugger: DebuggerLike, question: Question) -> Rows:
    """The whole of a text: of a message, of the answer, or of an answer that was asked for."""
    call = call_at(debugger, question)
    if "asked" in question:
        call = answers_to(debugger, call)[question["asked"]]
    at, place = int(question.get("at", -1)), int(question.get("part", 0))
    if at >= 0:
        part = Conversation(call.messages).part(at, place)
        whole = call_part(part.name, part.text)[1] if part.kind == "call" else part.text
    elif question.get("tool") is not None:
        asked = call.tool_calls[question["tool"]]
        whole = call_part(asked["name"], asked["arguments"])[1]
    else:
        whole = call.text
    return children(whole, int(question.get("start", 0)))


def _picture(debugger: DebuggerLike, question: Question) -> Rows:
    part = Conversation(call_at(debugger, question).messages).part(question["at"], question["part"])
    return whole_picture(part.text, _LARGEST)


def _inside(debugger: DebuggerLike, question: Question) -> Rows:
    """A page of what is inside a part of a call."""
    name = str(question["value"])
    if name not in VALUES:
        raise LookupError(f"A call has no {name}.")
    value = value_of(call_at(debugger, question), name)
    if not isinstance(value, (dict, list, str)):
        value = short_text(value)  # of a function: a number, or nothing at all
    return children(inside(value, question["steps"]), question["start"])


def _editor(debugger: DebuggerLike, question: Question) -> Rows:
    """The messages of a call as texts to edit."""
    call = call_at(debugger, question)
    return {"rows": editor_rows(call.messages), "model": short_text(call.model or "", 200)}


def _ask(debugger: DebuggerLike, question: Question) -> Rows:
    """Ask a call again, as it was edited; nothing moves."""
    call = call_at(debugger, question)
    edited = question.get("messages")
    messages = None if edited is None else messages_of(edited, call.messages)
    model = str(question.get("model") or "")
    other = None if model in ("", call.model) else model
    if question.get("key"):
        call.use_key(str(question["key"]))
    try:
        answers = call.ask(messages, other, n=int(question.get("n", 1)))
    except NoCredentialsError as error:
        return {"credentials": long_text(str(error), 600)}
    keep_answers(debugger, call, answers)
    return {"asked": [_answer(one) for one in answers_to(debugger, call)]}


def _saved(debugger: DebuggerLike, frame: FrameLike) -> Rows | None:
    """Everything, as a page without a kernel has it."""
    if not (frame.calls or frame.index == debugger.head):
        return None
    rows = call_rows(debugger, frame)
    if not rows["calls"]:
        return None
    calls = [one.call for one in shown_calls(debugger, frame)]
    for row, call in zip(rows["calls"], calls, strict=False):
        after = call_after(debugger, frame, call) if call.tool_calls else None
        row["body"] = body_row(call, after, _SAVED)
        row["body"]["asked"] = [_answer(one) for one in answers_to(debugger, call)]
        row["body"]["pages"] = {name: _told(call, name) for name in row["body"]["values"]}
        before = calls.index(call) - 1
        if before < 0 or calls[before] is not call.before:
            _unfold(row["body"], call)
    return rows


def _unfold(body: Rows, call: Call) -> None:
    """Put what was in a call that the page does not have into this one."""
    talk = Conversation(call.messages, _SAVED)
    before = Conversation(call.before.messages if call.before else (), _SAVED)
    for item in body["items"]:
        if item["what"] != "new":
            said = talk if item["what"] == "same" else before
            item["rows"] = said.rows(item["start"], item["start"] + item["count"])


def _told(call: Call, name: str) -> Rows:
    value = value_of(call, name)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return {"full": long_text(text, _SAVED), "missing": max(0, len(text) - _SAVED)}


TAB = Tab(
    "calls",
    "Calls",
    6,
    lambda debugger, frame, _question: call_rows(debugger, frame),
    offline=_saved,
    questions=(
        TabQuestion("call", _body),
        TabQuestion("call_stretch", _stretch),
        TabQuestion("call_text", _text),
        TabQuestion("call_picture", _picture, slow=True),
        TabQuestion("call_inside", _inside),
        TabQuestion("call_editor", _editor),
        TabQuestion("call_ask", _ask, slow=True, waits=True),
    ),
)
