"""A mutation as JSON data in a log, and back (SEMANTICS S3, C7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from lellm_nb.errors import ReducerError, StateError, path_text
from lellm_nb.errors.safe_text import safe_repr, safe_str
from lellm_nb.record.redaction.secret_paths import JOINED, SEVERAL, Path
from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce, mutation_from_json, parts_of

__all__ = ["checked", "looked_at", "mutation_json", "read_mutation"]

MARKER = "$unserializable"
"""What a form has instead that could not be written."""

OWN = "Own"
"""A mutation of a typed state's own whose type is registered, as the codec writes it."""


@cache
def _codec() -> Any:
    from lellm_nb.record.codec.values import Codec  # a run without a log has no use for it

    return Codec()


def mutation_json(mutation: Any) -> Any:
    """Return a mutation's JSON form; what has none leaves a marker, never a gap.

    Values that JSON has not are written as the codec writes them.

    Example:
        >>> import datetime
        >>> mutation_json(Put("n", 1))
        {'Put': ['n', 1]}
        >>> mutation_json(Put("day", datetime.date(2026, 11, 20)))
        {'Put': ['day', {'$': 'date', 'v': '2026-11-20'}]}
        >>> mutation_json(Put("client", object()))["$unserializable"]["type"]
        'Put'
    """
    try:
        problems: list[Any] = []
        if type(mutation) not in (Put, Reduce, ChannelUpdate):
            return _own_form(mutation, problems)
        key = mutation.key
        value = _codec().plain(freeze(mutation.kept, key), problems, parts_of(key))
        if problems:
            return _marker(mutation, str(problems[0]))
        (word, [written, _, *reducer]) = next(iter(mutation.holding(None).to_json().items()))
        if type(key) is not str:
            json.dumps(written)
        return {word: [written, value, *reducer]}
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        return _marker(mutation, safe_str(error, 200))


def _own_form(mutation: Any, problems: list[Any]) -> Any:
    """Return the form of a Delete, or of a mutation of a typed state's own."""
    if type(mutation) is Delete or hasattr(mutation, "to_json"):
        form = mutation.to_json()
        json.dumps(form)
        return form
    form = _codec().plain(mutation, problems)
    return _marker(mutation, str(problems[0])) if problems else {OWN: form}


def _marker(mutation: Any, why: str) -> dict[str, Any]:
    key = getattr(mutation, "key", None)
    told = {"key": path_text(key), "repr": safe_repr(mutation, 200), "why": why}
    return {MARKER: {"type": type(mutation).__name__, **told}}


def looked_at(form: Any, codec: Any, place: Path = ()) -> Any:
    """Return a mutation's form as it leaves the process: its value is looked at where it stands.

    Args:
        codec: What writes it; its redactor knows what is secret.
        place: Where the mutation's level stands in the root's state; ``ANYWHERE`` comes first
            where nobody can tell.
    """
    match form:
        case {"Put": [key, value]}:
            return {"Put": [key, _written(value, codec, (*place, *_parts(key)))]}
        case {"Reduce": [key, value, *reducer]}:
            path = (*place, *_parts(key), JOINED)
            return {"Reduce": [key, _written(value, codec, path), *reducer]}
        case {"ChannelUpdate": [key, values, *reducer]}:
            path = (*place, *_parts(key), SEVERAL)
            return {"ChannelUpdate": [key, _written(values, codec, path), *reducer]}
        case {"Own": own}:
            return {OWN: _written(own, codec, ())}
        case {"$unserializable": {"key": str(key)}} if _may_show(key, place, codec):
            return {MARKER: {**form[MARKER], "repr": "[redacted]"}}
    return codec.plain(form)


def checked(form: Any) -> Any:
    """Return a mutation's form as it is, if its value can be read.

    Raises:
        CorruptedCheckpointError: It is damaged.
    """
    looked_at(form, _codec())
    return form


def _written(form: Any, codec: Any, path: Path) -> Any:
    """Return a value's form as it is written: the value itself is looked at."""
    plain = codec.plain(_codec().value(form), path=path)
    return _codec().plain(plain)  # a form is data here, and read as such


def _may_show(key: str, place: Path, codec: Any) -> bool:
    """Tell whether the repr of a value may show what is secret: at its key, or below it."""
    redactor = codec.redactor
    return redactor is not None and redactor.places.leads_to((*place, key))


def _parts(key: Any) -> tuple[Any, ...]:
    return tuple(key) if isinstance(key, (list, tuple)) else (key,)


def read_mutation(form: Any, reducers: Mapping[str, Any] | None = None) -> Mutation:
    """Return the mutation of a JSON form.

    Args:
        reducers: Those of the graph, by key; the ready-made ones are known by name.

    Raises:
        StateError: It is the form of none: a marker, say, or a mutation of a typed state's own.
        CorruptedCheckpointError: Its value is damaged.
    """
    match form:
        case {"$unserializable": {"key": key, "why": why}}:
            raise StateError(
                f"The write of {key!r} is not in the log: {why}. Register the type with"
                " lellm_nb.register_type before the run.",
                key=key,
            )
        case {"Own": own} if len(form) == 1:
            return _codec().value(own)  # type: ignore[no-any-return]  # of a registered type
        case {"Put": [key, value]}:
            return mutation_from_json({"Put": [key, _codec().value(value)]})
        case {"Reduce": [key, value, *named]}:
            return _reduced(key, _codec().value(value), named, reducers or {}, "Reduce")
        case {"ChannelUpdate": [key, values, *named]}:
            return _reduced(key, _codec().value(values), named, reducers or {}, "ChannelUpdate")
    return mutation_from_json(form)


def _reduced(
    key: Any, value: Any, named: list[Any], reducers: Mapping[str, Any], word: str
) -> Mutation:
    top = key if isinstance(key, str) else key[0]
    own = reducers.get(top)
    if own is not None and [own.name] == named:
        return mutation_from_json({word: [key, value]}).resolved(reducers)  # type: ignore[union-attr]  # a Reduce
    try:
        return mutation_from_json({word: [key, value, *named]})
    except ReducerError as error:
        error.add_note("Give the graph's reducers: to_mutation(graph.reducers).")
        raise
