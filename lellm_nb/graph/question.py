"""What a barrier asks, and what is an answer to it (SEMANTICS B8)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from typing import Any, Self

from lellm_nb.arguments import refusal, shown, text
from lellm_nb.errors import GraphError, QuestionError, SerializationError, listed, path_text
from lellm_nb.errors.base import sentence
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.safe_text import has_kind, safe_repr, safe_type
from lellm_nb.state.sameness import same
from lellm_nb.state.structs.json_schema import Misfit, class_schema, schema_misfit, unknown_keyword
from lellm_nb.state.structs.nested import fields_of
from lellm_nb.state.structs.rebuilding import built
from lellm_nb.state.structs.struct import struct_of

__all__ = ["Question"]

_FORM = "a dataclass, a pydantic model class or a JSON schema (a mapping)"


@dataclass(frozen=True, slots=True)
class Question:
    """What a barrier asks: one of some choices, a form, or anything.

    Args:
        text: What is asked.
        choices: The values to choose from, as a list; or a mapping of each to its label.
        form: What an answer is made of: a dataclass, a pydantic model class or a JSON schema.
            With neither, any text or JSON value is an answer.

    Attributes:
        text, choices, form: As they were given; the choices as a tuple of values, or `None`.
        labels: What each choice is called; empty where they have no labels.
        schema: The JSON schema of an answer; `None` where anything is one.

    Raises:
        GraphError: One of them does not fit; names it.

    Example:
        >>> Question("Ship it?", choices=["now", "later"]).schema
        {'enum': ['now', 'later']}
        >>> Question("How much?", form={"type": "number", "minimum": 0}).read(3)
        3
    """

    text: str
    choices: Any = None
    form: Any = None
    labels: tuple[str, ...] = field(default=(), init=False, repr=False)
    schema: Any = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        text(self.text, "text", GraphError, "what is asked, a text that is not empty")
        if self.choices is not None and self.form is not None:
            raise _refused("form", "not for a question with choices: give one of the two")
        if self.choices is not None:
            choices, labels = _checked_choices(self.choices)
            self._settle(choices=choices, labels=labels, schema=_of_choices(choices, labels))
        elif self.form is not None:
            self._settle(schema=_checked_form(self.form))

    @classmethod
    def noted(cls, text: str, choices: Any, labels: Sequence[str], schema: Any) -> Self:
        """Return a question of which only that is known, of a run without its graph."""
        made = cls(text)
        values = None if choices is None else tuple(choices)
        made._settle(choices=values, labels=tuple(labels), schema=schema, form=None)
        return made

    def _settle(self, **facts: Any) -> None:
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    def read(self, value: Any, barrier_id: str = "the question") -> Any:
        """Return an answer as plain data: of a form a mapping, with its defaults filled in.

        Args:
            value: What was answered; for a form a mapping, or an object of its class.
            barrier_id: What waits, for the message.

        Raises:
            QuestionError: It is no answer to this; says where and what is expected.
        """
        try:
            plain = _plain(value)
        except SerializationError as error:
            raise _no_answer(value, barrier_id, str(error)) from None
        if self.choices is not None:
            if not any(same(one, plain) for one in self.choices):
                names = listed(safe_repr(one, 60) for one in self.choices)
                raise _no_answer(value, barrier_id, f"it is one of {names}.")
            return plain
        if isinstance(self.form, type):
            return self._made(plain, value, barrier_id)
        self._look(plain, value, barrier_id)
        return plain

    def _look(self, plain: Any, value: Any, barrier_id: str) -> None:
        wrong = None if self.schema is None else schema_misfit(self.schema, plain)
        if wrong is not None:
            raise _no_answer(value, barrier_id, sentence(wrong), wrong.at)

    def _made(self, plain: Any, value: Any, barrier_id: str) -> Any:
        """Return what an object of the form's class made of an answer holds."""
        models = hasattr(self.form, "model_validate_json")
        if not models:
            self._look(plain, value, barrier_id)
        try:
            if models and not isinstance(plain, Mapping):
                return _plain(self.form.model_validate_json(json.dumps(plain)))
            return _plain(built(self.form, plain))
        except SerializationError as error:
            raise _no_answer(value, barrier_id, str(error)) from None
        except Exception as error:  # the class may refuse by anything
            wrong = _of_model(error) or Misfit((), f"was refused: {error_words(error)}")
            problem = sentence(wrong)
            raise _no_answer(value, barrier_id, problem, wrong.at) from error


def _no_answer(
    value: Any, barrier_id: str, problem: str, at: tuple[Any, ...] = ()
) -> QuestionError:
    return QuestionError(safe_repr(value, 120), barrier_id, problem, at)


def _of_model(error: Exception) -> Misfit | None:
    """Return the first thing that pydantic found; `None` where another error was raised."""
    found = getattr(error, "errors", None)
    if not callable(found) or not hasattr(error, "error_count"):
        return None
    first = found()[0]
    more = error.error_count() - 1
    said = f"was refused: {first['msg']}" + (f" (and {more} more)" if more else "")
    return Misfit(tuple(first["loc"]), said)


def _plain(value: Any, at: tuple[Any, ...] = ()) -> Any:
    """Return a value as JSON data.

    Raises:
        SerializationError: It has no such form; names where.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Enum):
        return _plain(value.value, at)
    if hasattr(type(value), "model_dump"):
        return value.model_dump(mode="json")
    if struct_of(value) is not None:
        return {name: _plain(item, (*at, name)) for name, item in fields_of(value).items()}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {str(key): _plain(item, (*at, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, (*at, i)) for i, item in enumerate(value)]
    if isinstance(value, (bool, int, float, str)):
        return next(kind(value) for kind in (int, float, str) if isinstance(value, kind))
    what = "has keys that are no text" if isinstance(value, Mapping) else f"is {shown(value)}"
    where = path_text(at) or "it"
    raise SerializationError(f"{where} {what}, and no text or JSON value.", path=where)


# -- the door --------------------------------------------------------------------------


def _checked_choices(given: Any) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    wanted = "a list of values to choose from, or a mapping of each to its label"
    if not has_kind(given, (list, tuple, Mapping)):
        raise refusal(given, "choices", wanted, GraphError)
    if not len(given):
        raise _refused("choices", f"{wanted}, and there is none")
    values: list[Any] = []
    for one in given:
        try:
            plain = _plain(one)
        except SerializationError as error:
            raise _refused("choices", f"{wanted}: {safe_repr(one, 60)}: {error}") from None
        if any(same(plain, other) for other in values):
            raise _refused("choices", f"{wanted}, and {safe_repr(one, 60)} is there twice")
        values.append(plain)
    labels = list(given.values()) if isinstance(given, Mapping) else []
    for label in labels:
        if not isinstance(label, str) or not label:
            raise _refused("choices", f"labels are texts that are not empty, not {shown(label)}")
    return tuple(values), tuple(labels)


def _of_choices(choices: tuple[Any, ...], labels: tuple[str, ...]) -> dict[str, Any]:
    if not labels:
        return {"enum": list(choices)}
    pairs = zip(choices, labels, strict=True)
    return {"oneOf": [{"const": value, "title": label} for value, label in pairs]}


def _checked_form(form: Any) -> Any:
    if isinstance(form, Mapping):
        return _checked_schema(form)
    is_model = isinstance(form, type) and hasattr(form, "model_json_schema")
    if not isinstance(form, type) or not (is_dataclass(form) or is_model):
        raise refusal(form, "form", _FORM, GraphError)
    try:
        return class_schema(form)
    except Exception as error:  # a model with a field that JSON has no form for
        said = f"{form.__name__} has no JSON schema: {error_words(error)}"
        raise _refused("form", f"{_FORM}; {said}") from error


def _checked_schema(form: Mapping[Any, Any]) -> Any:
    try:
        made = json.loads(json.dumps(_plain(form)))
    except (SerializationError, ValueError, RecursionError) as error:
        said = str(error) or safe_type(error)
        raise _refused("form", f"{_FORM}; this is none: {said}") from None
    word = unknown_keyword(made)
    if word:
        raise _refused(
            "form",
            f"{_FORM}; by the keyword {word!r} an answer would not be checked, but a pydantic model"
            " can say the same",
        )
    return made


def _refused(argument: str, problem: str) -> GraphError:
    error = GraphError(f"{argument} is {sentence(problem)}")
    error.argument = argument
    return error
