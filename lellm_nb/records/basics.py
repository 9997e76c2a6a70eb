"""The records that are no plain rows of fields: states, mutations, positions, frames, errors."""

from __future__ import annotations

from functools import partial
from typing import Any

from lellm_nb.calls.call import Call
from lellm_nb.errors import LellmError, ReducerError, RunError
from lellm_nb.graph.edge import Route
from lellm_nb.ids import TraceId
from lellm_nb.record.codec.details import (
    FACTS,
    detail_form,
    error_form,
    read_detail,
    read_error,
)
from lellm_nb.record.codec.positions import unknown_reducer
from lellm_nb.record.frame import Detail, Frame, make_frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.level_key import LevelKeys, level_at
from lellm_nb.record.place import Place
from lellm_nb.record.position import Fan, Position, SuperStep
from lellm_nb.record.redaction.secret_paths import written_at
from lellm_nb.record.visits import Visits
from lellm_nb.records.calls import read_call_record, read_calls, write_call_record, write_calls
from lellm_nb.records.document import Reader, Writer, tagged
from lellm_nb.records.fields import ANY, KEY, STATE, TEXT, FieldForm, form_of
from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.expression.expression import Expression
from lellm_nb.state.mutation import Delete, Put, Reduce, check_key, parts_of
from lellm_nb.state.reducer import OF_GRAPH, Reducer
from lellm_nb.state.state import State, view

__all__ = ["BASICS"]


# -- states and mutations ----------------------------------------------------------------


def _read_state(reader: Reader, form: Any) -> Any:
    return view(reader.positions.data(form))


def _write_put(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    made = {"key": KEY.write(writer, value.key, at)}
    if type(value) is not Delete:
        path = written_at(value) if writer.is_looking else parts_of(value.key)
        made["value"] = writer.kept(value.kept, path)
    if isinstance(value, Reduce) and value.reducer is not OF_GRAPH:
        made["reducer"] = value.reducer.name
    return tagged(type(value).__name__, made)


def _key(reader: Reader, form: Any) -> Any:
    return check_key(KEY.read(reader, form["key"]))


def _read_put(reader: Reader, form: Any) -> Put:
    key = _key(reader, form)
    return Put(key, reader.value(form["value"], parts_of(key)[0]))


def _read_reduce(kind: type[Reduce], reader: Reader, form: Any) -> Reduce:
    key = _key(reader, form)
    value = reader.value(form["value"], parts_of(key)[0])
    if "reducer" not in form:
        return kind(key, value)
    return kind(key, value, _reducer(TEXT.read(reader, form["reducer"])))


def _reducer(name: str) -> Reducer:
    try:
        return Reducer.named(name)
    except ReducerError:
        return unknown_reducer(name)


# -- positions and frames ------------------------------------------------------------------


def _write_position(writer: Writer, value: Position, at: tuple[Any, ...]) -> Any:
    return tagged("Position", writer.positions.write(value))


def _read_position(reader: Reader, form: Any) -> Position:
    return reader.positions.read(form)


def _write_fan(writer: Writer, value: Fan, at: tuple[Any, ...]) -> Any:
    around = Position("", {}, 0, Visits(), None, value)
    return tagged(type(value).__name__, writer.positions.write(around))


def _read_fan(reader: Reader, form: Any) -> Any:
    found = reader.positions.read(form).inner
    if not isinstance(found, Fan):
        raise TypeError("it has no branches")
    return found


KINDS = "start commit waiting decision exit join route edit input error".split()

_FRAME: dict[str, FieldForm] = {
    "graph_id": TEXT,
    "path": TEXT,
    "node": TEXT,
    "kind": TEXT,
    "index": form_of(int),
    "visit": form_of(int),
    "started": form_of(float),
    "duration": form_of(float),
    "trace_id": TEXT,
}


_ROUTE = form_of(Route | None)


def _write_frame(writer: Writer, frame: Frame, at: tuple[Any, ...]) -> Any:
    position, level = frame.position, frame.level
    fields = {name: shape.write(writer, getattr(frame, name), at) for name, shape in _FRAME.items()}
    fields["position"] = writer.positions.write(position)
    if level is not position:
        key = LevelKeys().of(frame)
        if level_at(position, key) is level:
            fields["level"] = key
        else:  # it was entered, and failed before its first commit
            fields["inside"] = writer.positions.write(level)
    fields["mutations"] = [writer.value(m, at) for m in frame.mutations]
    fields["route"] = writer.value(frame.route, at)
    if frame.own_detail is not None:
        fields["detail"] = detail_form(
            frame.own_detail,
            lambda value, name: writer.value(value, parts_of(name)),
            calls=lambda calls: write_calls(writer, calls),
        )
    return tagged("Frame", fields)


def _read_frame(reader: Reader, form: Any) -> Frame:
    facts = {name: shape.read(reader, form[name]) for name, shape in _FRAME.items()}
    if facts["kind"] not in KINDS:
        raise ValueError(f"no kind of a frame: {facts['kind']!r}")
    position = reader.positions.read(form["position"])
    level: Position | None = position
    if "inside" in form:
        level = reader.positions.read(form["inside"])
    elif "level" in form:
        level = level_at(position, TEXT.read(reader, form["level"]))
    if level is None:
        raise ValueError("its level is not in its position")
    mutations = tuple(reader.value(m) for m in form["mutations"])
    place = Place(facts["graph_id"], facts["path"], facts["node"])
    made = make_frame(
        place,
        facts["kind"],
        facts["visit"],
        position,
        level,
        mutations,
        _ROUTE.read(reader, form["route"]),
        facts["started"],
        facts["duration"],
        _read_detail(reader, form["detail"]) if "detail" in form else None,
    )
    made.index, made.trace_id = facts["index"], TraceId(facts["trace_id"])
    return made


def _read_detail(reader: Reader, form: Any) -> Detail | None:
    return read_detail(form, reader.value, lambda forms: read_calls(reader, forms))


def _write_stack(writer: Writer, value: FrameStack, at: tuple[Any, ...]) -> Any:
    return tagged("FrameStack", {"frames": [writer.value(frame, at) for frame in value]})


def _read_stack(reader: Reader, form: Any) -> FrameStack:
    return FrameStack(reader.value(frame) for frame in form["frames"])


# -- errors ----------------------------------------------------------------------------


def write_error(writer: Writer, error: BaseException, at: tuple[Any, ...]) -> Any:
    """Return the facts of an error as JSON data."""
    form = error_form(error, lambda value, name: writer.value(value, parts_of(name)))
    more = _facts(error)
    if more:
        form["more"] = {name: writer.value(value, (name,)) for name, value in more.items()}
    if isinstance(error, RunError) and error.state is not None:
        form["state"] = STATE.write(writer, error.state, at)
    return tagged("error", form)


def _facts(error: BaseException) -> dict[str, Any]:
    """Return the facts of an error of ours that its stored form has not: those that are plain."""
    found = vars(error) if isinstance(error, LellmError) else {}
    known = {*_STORED, *FACTS} if isinstance(error, RunError) else ()
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("_") and name not in known and _is_plain(value)
    }


_STORED = ("path", "node", "visit", "attempts", "calls", "state")


def _is_plain(value: Any, depth: int = 3) -> bool:
    kind = type(value)
    if kind in (list, tuple) and depth:
        return all(_is_plain(item, depth - 1) for item in value)
    if kind is dict and depth:
        return all(_is_plain(part, depth - 1) for pair in value.items() for part in pair)
    return kind in (type(None), bool, int, float, str)


def _read_error(reader: Reader, form: Any) -> BaseException:
    made: BaseException = read_error(form, reader.value)
    if isinstance(made, RunError) and "state" in form:
        made.state = reader.value(form["state"])
    if isinstance(made, LellmError):
        for name, value in dict(form.get("more", {})).items():
            # a fact is an attribute of its own: what a class has is not taken from a file
            if name.isidentifier() and not name.startswith("_") and not hasattr(type(made), name):
                setattr(made, name, ANY.read(reader, value))
    return made


BASICS: dict[type, tuple[Any, Any]] = {
    State: (lambda w, v, at: w.state(v), _read_state),
    Put: (_write_put, _read_put),
    Reduce: (_write_put, partial(_read_reduce, Reduce)),
    ChannelUpdate: (_write_put, partial(_read_reduce, ChannelUpdate)),
    Delete: (_write_put, lambda r, form: Delete(_key(r, form))),
    Reducer: (
        lambda w, v, at: tagged("Reducer", {"name": v.name}),
        lambda r, form: _reducer(TEXT.read(r, form["name"])),
    ),
    Expression: (
        lambda w, v, at: tagged("Expression", {"text": w.text(v.text)}),
        lambda r, form: Expression(TEXT.read(r, form["text"])),
    ),
    Position: (_write_position, _read_position),
    Fan: (_write_fan, _read_fan),
    SuperStep: (_write_fan, _read_fan),
    Frame: (_write_frame, _read_frame),
    Call: (write_call_record, read_call_record),
    FrameStack: (_write_stack, _read_stack),
    BaseException: (write_error, _read_error),
}
"""By class: what writes its records, and what reads them."""
