"""The records that are no plain rows of fields: frames, positions, states, errors, stops."""

from __future__ import annotations

from typing import Any, NamedTuple

from lellm_nb.debug.breakpoints.registry import Stopper
from lellm_nb.debug.diff.compare import Comparison, Pair
from lellm_nb.debug.diff.diff import Change, Diff
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.debug.persist.breakpoint_form import read_stops, stops_form
from lellm_nb.debug.query.route_reason import Asked, Why
from lellm_nb.debug.query.stack import StackLevel
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
from lellm_nb.record.codec.limits import TAG
from lellm_nb.record.codec.positions import unknown_reducer
from lellm_nb.record.frame import Frame, make_frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.level_key import LevelKeys, level_at
from lellm_nb.record.place import Place
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.visits import Visits
from lellm_nb.records.document import OURS, Reader, Writer
from lellm_nb.records.shapes import ANY, KEY, RECORD, STATE, TEXT, Shape, shape_of
from lellm_nb.state.mutation import Delete, Put, Reduce, check_key, parts_of
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import State, view

__all__ = ["SPECIAL", "Kind"]


class Kind(NamedTuple):
    """How the records of one class are written and read; see `Shape`."""

    write: Any
    read: Any


def _tagged(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {TAG: OURS + name, **fields}


# -- states and mutations ----------------------------------------------------------------


def _read_state(reader: Reader, form: Any) -> Any:
    return view(reader.positions.data(form))


def _write_put(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    made = {"key": KEY.write(writer, value.key, at)}
    if type(value) is not Delete:
        made["value"] = writer.value(value.kept, parts_of(value.key))
    if type(value) is Reduce and len(value.to_json()["Reduce"]) == 3:
        made["reducer"] = value.reducer.name
    return _tagged(type(value).__name__, made)


def _key(reader: Reader, form: Any) -> Any:
    return check_key(KEY.read(reader, form["key"]))


def _read_put(reader: Reader, form: Any) -> Put:
    key = _key(reader, form)
    return Put(key, reader.value(form["value"], parts_of(key)[0]))


def _read_reduce(reader: Reader, form: Any) -> Reduce:
    key = _key(reader, form)
    value = reader.value(form["value"], parts_of(key)[0])
    if "reducer" not in form:
        return Reduce(key, value)
    return Reduce(key, value, _reducer(TEXT.read(reader, form["reducer"])))


def _reducer(name: str) -> Reducer:
    try:
        return Reducer.named(name)
    except ReducerError:
        return unknown_reducer(name)


# -- positions and frames ------------------------------------------------------------------


def _write_position(writer: Writer, value: Position, at: tuple[Any, ...]) -> Any:
    return _tagged("Position", writer.positions.write(value))


def _read_position(reader: Reader, form: Any) -> Position:
    return reader.positions.read(form)


def _write_fan(writer: Writer, value: Fan, at: tuple[Any, ...]) -> Any:
    around = Position("", {}, 0, Visits(), None, value)
    return _tagged("Fan", writer.positions.write(around))


def _read_fan(reader: Reader, form: Any) -> Any:
    found = reader.positions.read(form).inner
    if not isinstance(found, Fan):
        raise TypeError("it has no branches")
    return found


KINDS = "start commit waiting decision exit join route edit input error".split()

_FRAME: dict[str, Shape] = {
    "graph_id": TEXT,
    "path": TEXT,
    "node": TEXT,
    "kind": TEXT,
    "index": shape_of(int),
    "visit": shape_of(int),
    "started": shape_of(float),
    "duration": shape_of(float),
    "trace_id": TEXT,
}


_ROUTE = shape_of(Route | None)


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
            frame.own_detail, lambda value, name: writer.value(value, parts_of(name))
        )
    return _tagged("Frame", fields)


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
        read_detail(form["detail"], reader.value) if "detail" in form else None,
    )
    made.index, made.trace_id = facts["index"], TraceId(facts["trace_id"])
    return made


def _write_stack(writer: Writer, value: FrameStack, at: tuple[Any, ...]) -> Any:
    return _tagged("FrameStack", {"frames": [writer.value(frame, at) for frame in value]})


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
    return _tagged("error", form)


def _facts(error: BaseException) -> dict[str, Any]:
    """Return the facts of an error of ours that its stored form has not: those that are plain."""
    found = vars(error) if isinstance(error, LellmError) else {}
    known = {*_STORED, *FACTS} if isinstance(error, RunError) else ()
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("_") and name not in known and _is_plain(value)
    }


_STORED = ("path", "node", "visit", "attempts", "state")


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


# -- of a debugger -------------------------------------------------------------------------


def _write_stopper(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    [form] = stops_form([value])  # type: ignore[arg-type]  # any stops in a row
    return _tagged("Stopper", {"stop": writer.value(form, at)})


def _read_stopper(reader: Reader, form: Any) -> Any:
    found = read_stops([ANY.read(reader, form["stop"])], _value_path)
    if not found:
        raise ValueError("no stop of a debugger")
    return found[0]


def _value_path(what: Any) -> ValuePath:
    return ValuePath(what, [what.partition(":")[0]] if isinstance(what, str) else [])


_STACK_LEVEL = {
    **dict.fromkeys(("graph", "node", "kind", "waits_for", "status"), TEXT),
    **dict.fromkeys(("visit", "step"), shape_of(int)),
    "entered": shape_of(bool),
}


def _write_level(writer: Writer, value: StackLevel, at: tuple[Any, ...]) -> Any:
    facts = {n: shape.write(writer, getattr(value, n), at) for n, shape in _STACK_LEVEL.items()}
    state = None if value.state is None else STATE.write(writer, value.state, at)
    return _tagged("StackLevel", {"path": writer.text(value.path), **facts, "state": state})


def _read_level(reader: Reader, form: Any) -> StackLevel:
    facts = {name: shape.read(reader, form[name]) for name, shape in _STACK_LEVEL.items()}
    given = form["state"]
    data = None if given is None else reader.positions.data(given)
    return StackLevel(TEXT.read(reader, form["path"]), data, **facts)


def _rows(kind: type, form: Any, reader: Reader) -> list[Any]:
    of = RECORD(kind)
    return [of.read(reader, row) for row in form]


def _write_diff(writer: Writer, value: Diff, at: tuple[Any, ...]) -> Any:
    return _tagged("Diff", {"changes": [writer.value(change, at) for change in value]})


def _write_why(writer: Writer, value: Why, at: tuple[Any, ...]) -> Any:
    rows = [writer.value(row, at) for row in value]
    frame = writer.value(value.frame, at)
    return _tagged("Why", {"frame": frame, "said": writer.text(value.said), "rows": rows})


def _read_why(reader: Reader, form: Any) -> Why:
    frame = RECORD(Frame).read(reader, form["frame"])
    return Why(frame, TEXT.read(reader, form["said"]), _rows(Asked, form["rows"], reader))


_NAMES = shape_of(tuple[str, str])
_SIDE = shape_of(Frame | None)
_KEYS = shape_of(tuple[str, ...])


def _write_pair(writer: Writer, value: Pair, at: tuple[Any, ...]) -> Any:
    made = {"left": writer.value(value.left, at), "keys": _KEYS.write(writer, value.keys, at)}
    if not value.shared:  # else it is the very same frame, and is again
        made["right"] = writer.value(value.right, at)
    return _tagged("Pair", made)


def _read_pair(reader: Reader, form: Any) -> Pair:
    left = _SIDE.read(reader, form["left"])
    right = _SIDE.read(reader, form["right"]) if "right" in form else left
    if left is None and right is None:
        raise ValueError("a pair has a frame")
    return Pair(left, right, _KEYS.read(reader, form["keys"]))


def _write_comparison(writer: Writer, value: Comparison, at: tuple[Any, ...]) -> Any:
    return _tagged(
        "Comparison",
        {
            "names": _NAMES.write(writer, value.names, at),
            "parts": _NAMES.write(writer, value.parts, at),
            "line": writer.text(value.line),
            "pairs": [writer.value(pair, at) for pair in value.pairs],
            "ends": [writer.value(frame, at) for frame in value.ends],
        },
    )


def _read_comparison(reader: Reader, form: Any) -> Comparison:
    pairs, ends = _rows(Pair, form["pairs"], reader), _rows(Frame, form["ends"], reader)
    if len(ends) != 2:
        raise ValueError("a comparison has two ends")
    made = Comparison(_NAMES.read(reader, form["names"]), pairs, ends)
    made.parts = _NAMES.read(reader, form["parts"])
    made.line = TEXT.read(reader, form["line"])
    return made


SPECIAL: dict[type, tuple[str, Kind]] = {
    State: ("State", Kind(lambda w, v, at: w.state(v), _read_state)),
    Put: ("Put", Kind(_write_put, _read_put)),
    Reduce: ("Reduce", Kind(_write_put, _read_reduce)),
    Delete: ("Delete", Kind(_write_put, lambda r, form: Delete(_key(r, form)))),
    Reducer: (
        "Reducer",
        Kind(
            lambda w, v, at: _tagged("Reducer", {"name": v.name}),
            lambda r, form: _reducer(TEXT.read(r, form["name"])),
        ),
    ),
    Position: ("Position", Kind(_write_position, _read_position)),
    Fan: ("Fan", Kind(_write_fan, _read_fan)),
    Frame: ("Frame", Kind(_write_frame, _read_frame)),
    FrameStack: ("FrameStack", Kind(_write_stack, _read_stack)),
    BaseException: ("error", Kind(write_error, _read_error)),
    Stopper: ("Stopper", Kind(_write_stopper, _read_stopper)),
    StackLevel: ("StackLevel", Kind(_write_level, _read_level)),
    Diff: ("Diff", Kind(_write_diff, lambda r, f: Diff(_rows(Change, f["changes"], r)))),
    Why: ("Why", Kind(_write_why, _read_why)),
    Pair: ("Pair", Kind(_write_pair, _read_pair)),
    Comparison: ("Comparison", Kind(_write_comparison, _read_comparison)),
}
"""By class: the name in the tag, and how its records are written and read."""
