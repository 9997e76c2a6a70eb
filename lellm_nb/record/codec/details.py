"""What only some frames have, as data: errors, decisions, attempts, streams."""

from __future__ import annotations

import builtins
import dataclasses
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from lellm_nb import errors
from lellm_nb.errors import CorruptedCheckpointError, RunError
from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.safe_text import fields_text, has_kind, safe_pairs, safe_repr, safe_str
from lellm_nb.record import chunks
from lellm_nb.record.codec.decisions import Read, Write, decision_form, read_decision
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.types import Unsaved, stored_name
from lellm_nb.record.frame import Detail
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.streams import without_split_secrets

__all__ = [
    "FACTS",
    "SavedError",
    "detail_form",
    "error_form",
    "read_detail",
    "read_error",
    "stream_form",
]

TRACEBACK = 8_000
"""So many characters of a traceback are kept, from its end."""


class SavedError(Exception):
    """An exception of a type that is not known here, as it was shown.

    Attributes:
        type: The type by its name.
        traceback: Where it came from, as text.
    """

    def __init__(self, type: str, message: str, traceback: str = "") -> None:
        self.type = type
        self.traceback = traceback
        super().__init__(message)


_CHUNKS = {
    cls.__name__: cls
    for cls in (
        *(chunks.TextDelta, chunks.ThinkingDelta, chunks.RoundStarted, chunks.ToolQueued),
        *(chunks.ToolStarted, chunks.ToolOutput, chunks.ToolFinished),
    )
}
FACTS = ("limit", "name", "edge", "source", "target", "tried", "key", "values", "visit")
"""What is kept of the attributes of a run's error."""


def detail_form(
    detail: Detail,
    write: Write,
    redactor: Redactor | None = None,
    calls: Callable[[Any], Any] | None = None,
) -> dict[str, Any]:
    """Return the JSON data of a detail; what is empty is left out.

    Args:
        redactor: Finds the secrets that a stream brought in pieces.
        calls: Writes what the node asked; where nobody can, that is left out.
    """
    form: dict[str, Any] = {}
    if detail.error is not None:
        form["err"] = error_form(detail.error, write)
    if detail.decision is not None:
        form["dec"] = decision_form(detail.decision, write)
    if detail.output:
        form["out"] = write(detail.output, "output")
    if detail.stream:
        form["str"] = stream_form(detail.stream, write, redactor)
    if detail.cost:
        form["cost"] = write(detail.cost, "cost")
    if detail.side_effects:
        form["fx"] = 1
    if detail.attempts:
        form["att"] = [_attempt_form(attempt, write) for attempt in detail.attempts]
    if detail.displayed:
        form["dis"] = [write(bundle, "displayed") for bundle in detail.displayed]
    if detail.recorded:
        form["rec"] = 1
    if detail.mocked:
        form["moc"] = 1
    if detail.skipped:
        form["skip"] = 1
    if detail.stale:
        form["old"] = [str(key) for key in detail.stale]
    if detail.gap:
        form["gap"] = 1
    if calls is not None and len(detail.calls):
        form["ask"] = calls(detail.calls)
    return form


def read_detail(form: Any, read: Read, calls: Callable[[Any], Any] | None = None) -> Detail | None:
    """Return the detail of JSON data, `None` where there is none.

    Args:
        calls: Reads what the node asked.

    Raises:
        CorruptedCheckpointError: The data is damaged.
    """
    if not form:
        return None
    try:
        return Detail(
            error=read_error(form["err"], read) if "err" in form else None,
            decision=read_decision(form["dec"], read) if "dec" in form else None,
            output=str(read(form.get("out", ""))),
            stream=tuple(_read_chunk(chunk, read) for chunk in form.get("str", ())),
            cost=read(form.get("cost", 0.0)),
            side_effects=bool(form.get("fx")),
            attempts=tuple(_read_attempt(attempt, read) for attempt in form.get("att", ())),
            displayed=tuple(read(bundle) for bundle in form.get("dis", ())),
            recorded=bool(form.get("rec")),
            mocked=bool(form.get("moc")),
            skipped=bool(form.get("skip")),
            stale=tuple(map(str, form.get("old", ()))),
            gap=bool(form.get("gap")),
            calls=calls(form["ask"]) if calls is not None and "ask" in form else (),
        )
    except DAMAGE as error:
        raise CorruptedCheckpointError(
            f"A damaged detail of a frame: {error_text(error)}."
        ) from error


# -- errors -------------------------------------------------------------------------


def error_form(error: BaseException, write: Write, depth: int = 0) -> dict[str, Any]:
    """Return an exception as data: its type, its words, its facts, its cause."""
    form: dict[str, Any] = {"type": stored_name(type(error)), "text": write(_said(error), "error")}
    if isinstance(error, RunError):
        form |= {"path": error.path, "node": error.node, "visit": error.visit}
        facts = {name: _fact(getattr(error, name)) for name in FACTS if name in vars(error)}
        if facts:
            form["facts"] = write(facts, "error")
        if error.attempts:
            form["att"] = [_attempt_form(attempt, write) for attempt in error.attempts]
    elif error.__traceback__ is not None:
        lines = traceback.format_exception(type(error), error, error.__traceback__, chain=False)
        form["tb"] = write("".join(lines)[-TRACEBACK:], "traceback")
    elif isinstance(error, SavedError) and error.traceback:
        form["tb"] = write(error.traceback, "traceback")
    if depth < 8:
        if error.__cause__ is not None:
            form["why"] = error_form(error.__cause__, write, depth + 1)
        if isinstance(error, BaseExceptionGroup):
            form["all"] = [error_form(one, write, depth + 1) for one in error.exceptions]
    return form


def _fact(value: Any) -> Any:
    """Return a fact as data; what is not data is shown by its repr."""
    if has_kind(value, dict):
        return {safe_str(key): _fact(one) for key, one in dict.items(value)}
    if has_kind(value, (list, tuple)):
        return [_fact(one) for _, one in safe_pairs(value)]
    plain = type(value) in (type(None), str, int, float, bool)
    return value if plain else safe_repr(value, 200)


def _said(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return safe_str(attempt(lambda: error.message, ""))
    if isinstance(error, KeyError) and len(error.args) == 1:
        return safe_str(error.args[0])
    return safe_str(error)


def read_error(form: Any, read: Read, depth: int = 0) -> Any:
    """Return an exception made of data; nothing of the user's is imported or called."""
    name, text = str(form["type"]), str(read(form["text"]))
    module, _, short = name.rpartition(".")
    known: Any = None
    if module == "lellm_nb.errors" and short in errors.__all__:
        known = getattr(errors, short)
    elif module == "builtins":
        known = getattr(builtins, short, None)
    inner = [read_error(one, read, depth + 1) for one in form.get("all", ())] if depth < 8 else []
    made = _exception(known, name, text, inner, str(read(form.get("tb", ""))))
    if isinstance(made, RunError):
        made.path, made.node = str(form.get("path", "")), str(form.get("node", ""))
        made.visit = int(form.get("visit", 0))
        made.attempts = tuple(_read_attempt(attempt, read) for attempt in form.get("att", ()))
        made.state = None
        for fact, value in dict(read(form.get("facts", {}))).items():
            if fact in FACTS:
                setattr(made, fact, value)
    if "why" in form and depth < 8:
        made.__cause__ = read_error(form["why"], read, depth + 1)
    return made


_ODD = (UnicodeError, SystemExit, BaseExceptionGroup)
"""Builtins whose constructors want more than a message, or that are no failures."""


def _exception(known: Any, name: str, text: str, inner: list[Any], where: str) -> BaseException:
    if isinstance(known, type) and issubclass(known, BaseExceptionGroup):
        ours = (errors.ParallelError, errors.BuildErrors)
        group: Any = known if known in ours else ExceptionGroup
        members = [_plain(one) for one in inner] or [SavedError("", "(not kept)")]
        made: Any = ExceptionGroup.__new__(group, text, members)
        return made  # type: ignore[no-any-return]  # one of the groups
    if isinstance(known, type) and issubclass(known, errors.LellmError):
        made = known.__new__(known)
        made.args = (text,)
        return made  # type: ignore[no-any-return]  # an error of this package
    if isinstance(known, type) and issubclass(known, Exception) and not issubclass(known, _ODD):
        made = known(text)
        if where:
            made.add_note(where)
        return made  # type: ignore[no-any-return]  # a builtin one
    return SavedError(name, text, where)


def _plain(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else SavedError("BaseException", str(error))


# -- attempts, chunks ------------------------------------------------------


def _attempt_form(attempt: Any, write: Write) -> list[Any]:
    error = attempt.error
    form = [
        attempt.number,
        attempt.started,
        attempt.duration,
        None if error is None else error_form(error, write, 1),
        bool(attempt.late),
    ]
    return [*form, attempt.pause] if attempt.pause else form


def _read_attempt(form: Any, read: Read) -> Any:
    number, started, duration, error, late, *rest = form
    failure = None if error is None else read_error(error, read, 1)
    pause = float(rest[0]) if rest else 0.0
    return SavedAttempt(int(number), float(started), float(duration), failure, bool(late), pause)


@dataclasses.dataclass(frozen=True, slots=True)
class SavedAttempt:
    """One try of a node, as it was stored; see `engine.perform.Attempt`."""

    number: int
    started: float
    duration: float
    error: BaseException | None = None
    late: bool = False
    pause: float = 0.0

    __repr__ = fields_text


def stream_form(chunks: Iterable[Any], write: Write, redactor: Redactor | None = None) -> list[Any]:
    """Return chunks of a stream as JSON data, without the secrets that came in pieces."""
    forms = [_chunk_form(chunk, write) for chunk in chunks]
    return forms if redactor is None else without_split_secrets(forms, redactor)


def _chunk_form(chunk: Any, write: Write) -> Any:
    name = type(chunk).__name__
    if _CHUNKS.get(name) is type(chunk):
        fields = [write(getattr(chunk, f.name), "stream") for f in dataclasses.fields(chunk)]
        return {"chunk": name, "has": fields}
    return [write(chunk, "stream")]


def _read_chunk(form: Any, read: Read) -> Any:
    if isinstance(form, dict):
        cls: Any = _CHUNKS.get(form["chunk"])
        if cls is None:
            return Unsaved(str(form["chunk"]), "a chunk of the stream")
        return cls(*(read(value) for value in form["has"]))
    return read(form[0])
