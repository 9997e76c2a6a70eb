"""What a debugger answers with, as JSON data: stops, open levels, differences, comparisons."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.breakpoints.registry import Stopper
from lellm_nb.debug.diff.compare import Comparison, Pair
from lellm_nb.debug.diff.diff import Change, Diff
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.debug.persist.breakpoint_form import read_stops, stops_form
from lellm_nb.debug.query.route_reason import Asked, Why
from lellm_nb.debug.query.stack import StackLevel
from lellm_nb.record.frame import Frame
from lellm_nb.records.document import Reader, Writer, tagged
from lellm_nb.records.fields import ANY, RECORD, STATE, TEXT, form_of

__all__ = ["ANSWERS"]


def _write_stopper(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    [form] = stops_form([value])  # type: ignore[arg-type]  # any stops in a row
    return tagged("Stopper", {"stop": writer.value(form, at)})


def _read_stopper(reader: Reader, form: Any) -> Any:
    found = read_stops([ANY.read(reader, form["stop"])], _value_path)
    if not found:
        raise ValueError("no stop of a debugger")
    return found[0]


def _value_path(what: Any) -> ValuePath:
    return ValuePath(what, [what.partition(":")[0]] if isinstance(what, str) else [])


_STACK_LEVEL = {
    **dict.fromkeys(("graph", "node", "kind", "waits_for", "status"), TEXT),
    **dict.fromkeys(("visit", "step"), form_of(int)),
    "entered": form_of(bool),
}


def _write_level(writer: Writer, value: StackLevel, at: tuple[Any, ...]) -> Any:
    facts = {n: shape.write(writer, getattr(value, n), at) for n, shape in _STACK_LEVEL.items()}
    state = None if value.state is None else STATE.write(writer, value.state, at)
    return tagged("StackLevel", {"path": writer.text(value.path), **facts, "state": state})


def _read_level(reader: Reader, form: Any) -> StackLevel:
    facts = {name: shape.read(reader, form[name]) for name, shape in _STACK_LEVEL.items()}
    given = form["state"]
    data = None if given is None else reader.positions.data(given)
    return StackLevel(TEXT.read(reader, form["path"]), data, **facts)


def _rows(kind: type, form: Any, reader: Reader) -> list[Any]:
    of = RECORD(kind)
    return [of.read(reader, row) for row in form]


def _write_diff(writer: Writer, value: Diff, at: tuple[Any, ...]) -> Any:
    return tagged("Diff", {"changes": [writer.value(change, at) for change in value]})


_HELD = form_of(tuple[int | None, ...])


def _write_why(writer: Writer, value: Why, at: tuple[Any, ...]) -> Any:
    rows = [writer.value(row, at) for row in value]
    frame = writer.value(value.frame, at)
    said, held = writer.text(value.said), _HELD.write(writer, value.held, at)
    return tagged("Why", {"frame": frame, "said": said, "rows": rows, "held": held})


def _read_why(reader: Reader, form: Any) -> Why:
    frame = RECORD(Frame).read(reader, form["frame"])
    held = _HELD.read(reader, form.get("held", []))
    rows = _rows(Asked, form["rows"], reader)
    return Why(frame, TEXT.read(reader, form["said"]), rows, lambda: held)


_NAMES = form_of(tuple[str, str])
_SIDE = form_of(Frame | None)
_KEYS = form_of(tuple[str, ...])


def _write_pair(writer: Writer, value: Pair, at: tuple[Any, ...]) -> Any:
    made = {"left": writer.value(value.left, at), "keys": _KEYS.write(writer, value.keys, at)}
    if not value.shared:  # else it is the very same frame, and is again
        made["right"] = writer.value(value.right, at)
    return tagged("Pair", made)


def _read_pair(reader: Reader, form: Any) -> Pair:
    left = _SIDE.read(reader, form["left"])
    right = _SIDE.read(reader, form["right"]) if "right" in form else left
    if left is None and right is None:
        raise ValueError("a pair has a frame")
    return Pair(left, right, _KEYS.read(reader, form["keys"]))


def _write_comparison(writer: Writer, value: Comparison, at: tuple[Any, ...]) -> Any:
    return tagged(
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


ANSWERS: dict[type, tuple[Any, Any]] = {
    Stopper: (_write_stopper, _read_stopper),
    StackLevel: (_write_level, _read_level),
    Diff: (_write_diff, lambda r, f: Diff(_rows(Change, f["changes"], r))),
    Why: (_write_why, _read_why),
    Pair: (_write_pair, _read_pair),
    Comparison: (_write_comparison, _read_comparison),
}
"""By class: what writes its records, and what reads them."""
