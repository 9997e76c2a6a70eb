"""What a question asks, in full, and the form of its answer.

The page sends an answer as one text of JSON: a number keeps all its digits on the way. Where no
form is declared it sends what was typed, which is JSON, else a text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from lellm_nb.errors.safe_text import has_kind, safe_pairs, safe_repr, safe_str
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.pending_protocol import PendingLike
from lellm_nb.notebook.values.editable import check_edit, editable_text, typed_value
from lellm_nb.notebook.values.redaction import redactor_now
from lellm_nb.notebook.values.value_rows import HIDDEN, long_text, short_text
from lellm_nb.record.redaction.secret_paths import Path
from lellm_nb.state.structs.nested import fields_of, plain_data
from lellm_nb.state.structs.struct import struct_of

_PARTS = 40
_ACTIONS = 60
_FIELDS = 60
_ITEMS = 500
_DEEP = 12
_LINE = 72
"""Arguments up to this length stand on one line."""


def waiting(debugger: DebuggerLike, barrier: str) -> PendingLike | None:
    """Return what waits under an id, or `None`."""
    return next((one for one in debugger.pending if str(one.id) == barrier), None)


def read_answer(debugger: DebuggerLike, barrier: str, text: str) -> Any:
    """Return the answer that a text means.

    Raises:
        RedactedEditError: What stands for a secret was typed where the secret is.
    """
    waits = waiting(debugger, barrier)
    if waits is not None:
        check_edit(waits.value, text, ())
    return typed_value(text)


def refusal(words: str, barrier: str) -> str:
    """Return why an answer was refused, without what stands beside it on the card.

    Example:
        >>> refusal("'x' does not answer ask#0: 'age' is needed. It goes on waiting.", "ask#0")
        "'age' is needed."
    """
    words = words.partition(f" does not answer {barrier}: ")[2] or words
    return words.removesuffix(" It goes on waiting.")


def question_row(waits: PendingLike) -> dict[str, Any]:
    """Return what is asked as it is shown, and what its answer is made from.

    ``parts`` is what it says. ``actions`` are the blocks of a request about actions; ``alone``
    says that its answer is one decision, not a list of them. ``fields`` are those of a form.
    """
    value, actions = waits.value, list(waits.actions)[:_ACTIONS]
    alone = bool(actions) and not (isinstance(value, Mapping) and "action_requests" in value)
    return {
        "parts": asked_parts(value, hidden=_OF_ACTIONS if actions else ()),
        "actions": [_action_row(action, place) for place, action in enumerate(actions)],
        "alone": alone,
        "fields": None if actions else answer_fields(waits.schema),
    }


_OF_ACTIONS = ("action_requests", "review_configs")
_OF_ACTION = ("name", "args", "description", "type", "tool_call_id")
"""What the blocks of the actions show."""


def asked_parts(value: Any, hidden: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return what is asked, whole: a part for each key of a mapping, else one without a name.

    Example:
        >>> asked_parts({"ask": "ship it?", "draft": ["a", 1]})
        [{'key': 'ask', 'text': 'ship it?'}, {'key': 'draft', 'text': '["a", 1]'}]
        >>> asked_parts("age?")
        [{'key': '', 'text': 'age?'}]
    """
    if has_kind(value, Mapping):
        lacking = (*hidden, *_OF_ACTION) if hidden and "action_requests" not in value else hidden
        pairs = [(key, item) for key, item in safe_pairs(value) if key not in lacking][:_PARTS]
        return [
            {"key": short_text(safe_str(key), 80), "text": _whole(item, (key,))}
            for key, item in pairs
        ]
    return [] if value is None else [{"key": "", "text": _whole(value, ())}]


def _whole(value: Any, path: Path) -> str:
    shown = _plain(value, path, _DEEP)
    return long_text(shown if isinstance(shown, str) else _json(shown))


def _json(value: Any) -> str:
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= _LINE else json.dumps(value, ensure_ascii=False, indent=2)


def _plain(value: Any, path: Path, deep: int) -> Any:
    """Return a value as JSON has it; what has no such form by its text."""
    if path and redactor_now().hides(path):
        return HIDDEN
    if value is None or type(value) in (bool, int, float, str):
        return value
    if has_kind(value, str):
        return safe_str(value)
    if deep <= 0:
        return short_text(value, path=path)
    if struct_of(value) is not None:
        value = {name: plain_data(item) for name, item in fields_of(value).items()}
    if has_kind(value, (Mapping, list, tuple)):
        first = list(islice(safe_pairs(value), _ITEMS + 1))
        made = {key: _plain(item, (*path, key), deep - 1) for key, item in first[:_ITEMS]}
        more = ["…"] if len(first) > _ITEMS else []
        if has_kind(value, Mapping):
            return {safe_str(key): item for key, item in (*made.items(), *((m, m) for m in more))}
        return [*made.values(), *more]
    return HIDDEN if path and redactor_now().holds_below(value, path) else safe_repr(value)


# -- actions -------------------------------------------------------------------


def _action_row(action: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return a block: what is to be done, with what, and what may be decided about it."""
    args, at = action.get("args", {}), ("action_requests", place, "args")
    name, told = safe_str(action.get("name", "?")), safe_str(action.get("description") or "")
    told = told.removesuffix(f"\n\nTool: {name}\nArgs: {args}")  # what LangChain adds, said above
    row: dict[str, Any] = {
        "name": short_text(name, 120),
        "told": long_text(told),
        "allowed": [str(kind) for kind in action.get("allowed") or ()],
    }
    try:
        text = editable_text(args, at)["text"]
        return {**row, "args": _json(json.loads(text)), "locked": ""}
    except ValueError as error:  # a secret is inside, or something that is no JSON
        locked = str(error).partition(": use dbg")[0].partition(": edit ")[0]
        return {**row, "args": _whole(args, at), "locked": locked}


# -- a form ---------------------------------------------------------------------


def answer_fields(schema: Any) -> list[dict[str, Any]] | None:
    """Return the fields of a form for a JSON schema; one without a name is the whole answer.

    Example:
        >>> schema = {"type": "object", "properties": {"age": {"type": "integer"}}}
        >>> [(field["name"], field["kind"], field["required"]) for field in answer_fields(schema)]
        [('age', 'integer', False)]
        >>> answer_fields(None) is None
        True
    """
    if not isinstance(schema, Mapping):
        return None
    whole, _ = _resolved(schema, schema)
    properties = whole.get("properties")
    if not isinstance(properties, Mapping) or not properties or len(properties) > _FIELDS:
        return [_field_row("", schema, schema, required=True)]
    needed = whole.get("required") or ()
    return [
        _field_row(str(name), part, schema, required=name in needed)
        for name, part in properties.items()
    ]


def _resolved(part: Any, root: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return a schema without references and without the choice of nothing; whether it had that."""
    nullable = False
    for _ in range(_DEEP):
        if not isinstance(part, Mapping):
            return {}, nullable
        if isinstance(part.get("$ref"), str):
            part = {**_referred(part["$ref"], root), **{k: part[k] for k in part if k != "$ref"}}
            continue
        ways = part.get("anyOf") or part.get("oneOf")
        kinds = part.get("type")
        if isinstance(ways, list):
            real = [way for way in ways if not _is_null(way)]
            nullable = nullable or len(real) < len(ways)
            if len(real) == 1:
                around = {k: v for k, v in part.items() if k not in ("anyOf", "oneOf")}
                part = {**around, **real[0]}
                continue
        if isinstance(kinds, list):
            real = [kind for kind in kinds if kind != "null"]
            nullable = nullable or len(real) < len(kinds)
            part = {**part, "type": real[0] if len(real) == 1 else ""}
        return part, nullable
    return {}, nullable


def _is_null(way: Any) -> bool:
    return isinstance(way, Mapping) and way.get("type") == "null"


def _referred(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


_EXPECTED = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "choice": "one of these",
}
_KINDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}


def _choices(found: Mapping[str, Any]) -> tuple[list[Any], list[str]]:
    """Return the values that a schema lists, and what each is called where it says so."""
    ways = found.get("oneOf")
    if isinstance(ways, list) and all(isinstance(w, Mapping) and "const" in w for w in ways):
        values = [way["const"] for way in ways]
        return values, [short_text(safe_str(w.get("title", w["const"])), 120) for w in ways]
    return list(found.get("enum") or ([found["const"]] if "const" in found else [])), []


def _field_row(name: str, part: Any, root: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    found, nullable = _resolved(part, root)
    choices, labels = _choices(found)
    kind = "choice" if choices else _KINDS.get(str(found.get("type")), "json")
    shape = {"array": "a list, as JSON", "object": "an object, as JSON"}
    expected = _EXPECTED.get(kind) or shape.get(str(found.get("type")), "JSON")
    default = found.get("default")
    text = default if kind == "text" else json.dumps(default, default=safe_repr)
    return {
        "name": name,
        "kind": kind,
        "declared": True,
        "expected": f"{expected}, or null" if nullable else expected,
        "choices": [json.dumps(one, default=safe_repr) for one in choices],
        "labels": labels,
        "reducer": "",
        "required": required,
        "text": None if default is None else long_text(str(text)),
        "told": long_text(safe_str(found.get("description") or ""), 400) if name else "",
    }
