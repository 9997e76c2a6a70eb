"""The records that are rows of fields, and the list of all that may be read."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, partial
from typing import Any

from lellm_nb.debug.breakpoints.registry import Breakpoints, Stopper
from lellm_nb.debug.core.stop import AllPending, Pending, Stop, StopReason
from lellm_nb.debug.diff.diff import Change
from lellm_nb.debug.history.frames import Frames
from lellm_nb.debug.history.tree import Branch, Tree
from lellm_nb.debug.query.route_reason import Asked
from lellm_nb.debug.query.search import Hits, TextHit
from lellm_nb.debug.query.stack import Stack
from lellm_nb.debug.query.where import Where
from lellm_nb.debug.query.writers import Write, Writes
from lellm_nb.debug.verbs.decide import Preview
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.performing.perform import Attempt
from lellm_nb.engine.result import GraphResult, LogEntry
from lellm_nb.errors import CorruptedCheckpointError, SerializationError
from lellm_nb.graph.analysis import Analysis, Cycle, Finding
from lellm_nb.graph.decision import Answer, Approve, DefaultAction, Modify, Reject, Reroute
from lellm_nb.graph.edge import Edge, Route
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.record import chunks, events, policy, sinks
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.details import SavedAttempt
from lellm_nb.record.codec.limits import TAG, error_text
from lellm_nb.record.detail import DecisionRecord
from lellm_nb.record.log.entries import LogEntries
from lellm_nb.record.log.mutation_form import checked, looked_at
from lellm_nb.record.mutation_log import MutationLogEntry
from lellm_nb.record.position import ToRoute, Waiting
from lellm_nb.record.redaction.secret_paths import JOINED
from lellm_nb.record.snapshots import StateSnapshot
from lellm_nb.record.trace import ExecutionTrace, TraceEntry
from lellm_nb.records.answers import ANSWERS
from lellm_nb.records.basics import BASICS
from lellm_nb.records.document import OURS, Reader, Writer, tagged
from lellm_nb.records.fields import ANY, HEX, STATE, FieldForm, form_of
from lellm_nb.session.capability import Capability
from lellm_nb.session.checkpoint import GraphHashMode, SessionCheckpoint
from lellm_nb.session.protocol import FailedJoin, MoveKind, Previewed, RunningNode
from lellm_nb.session.run_step import StepResult
from lellm_nb.state.delta import StateDelta
from lellm_nb.state.mutation import parts_of

__all__ = ["kind_of_record", "kind_of_tag"]

ROWS: tuple[type, ...] = (
    *(Answer, Approve, Reject, Modify, Reroute, Edge, Route, Fingerprint, Analysis, Finding, Cycle),
    *(events.GraphStart, events.NodeStart, events.NodeEnd, events.NodeStream),
    *(events.NodeRetry, events.BarrierWaiting, events.BarrierResolved, events.CheckpointSaved),
    *(events.GraphComplete, events.GraphFailed),
    *(chunks.TextDelta, chunks.ThinkingDelta, chunks.RoundStarted, chunks.ToolQueued),
    *(chunks.ToolStarted, chunks.ToolOutput, chunks.ToolFinished),
    *(policy.ExecutionMetadata, policy.CheckpointScore, policy.CheckpointPolicy),
    *(policy.RetentionPolicy, sinks.FrameInfo, sinks.Decided, sinks.TimedOut, sinks.Cancelled),
    *(DecisionRecord, Waiting, ToRoute, Checkpoint, SessionCheckpoint, StateSnapshot),
    *(MutationLogEntry, TraceEntry, ExecutionTrace, GraphResult, LogEntry, StateDelta),
    *(Previewed, FailedJoin, RunningNode, StepResult, SavedAttempt),
    *(Pending, Stop, Change, Branch, TextHit, Asked, Write, Preview),
)
"""Rows of fields: dataclasses and named tuples, written by the types that their fields have."""

CHOICES: tuple[type[Enum], ...] = (
    *(DefaultAction, policy.TriggerPolicy, policy.CheckpointTrigger, GraphHashMode, StopReason),
    *(Capability, MoveKind, Halt),
)

LISTS = (Frames, AllPending, Writes, Hits, Where, Stack, Tree, Breakpoints, LogEntries)
"""Sequences of records; they are written as the list of these."""

_STATES = frozenset({"state", "initial_state", "base", "before", "after"})
"""Fields that hold a state, where their type says nothing."""


def name_of(cls: type) -> str:
    """Return the name of a class's records in their tags."""
    return _NAMES.get(cls) or cls.__name__


_NAMES = {BaseException: "error", SavedAttempt: "Attempt"}


_NO_DATA = {(Edge, "predicate"), (Stop, "hide"), (Pending, "said")}
"""Fields that are functions, or say how the rest is shown."""


class _Row:
    """How one class of rows is written and read."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.name = name_of(cls)
        hints = typing.get_type_hints(cls)
        self.fields: dict[str, FieldForm] = {}
        self.optional: set[str] = set()
        for name, has_default in _fields(cls):
            if (cls, name) not in _NO_DATA:
                self.fields[name] = _field(cls, name, hints[name])
                if has_default:
                    self.optional.add(name)

    def write(self, writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
        """Return a row as JSON data."""
        at = _place(writer, value) or at
        fields = self.fields.items()
        made = {
            name: form.write(writer, getattr(value, name), at or (name,)) for name, form in fields
        }
        return tagged(self.name, made)

    def read(self, reader: Reader, form: dict[str, Any]) -> Any:
        """Return the row of JSON data; every field is what its type says."""
        unknown = form.keys() - self.fields.keys() - {TAG, "shared"}
        if unknown:
            raise ValueError(f"{self.name} has no {min(unknown)!r}")
        given = {
            name: field.read(reader, form[name])
            for name, field in self.fields.items()
            if name in form or name not in self.optional
        }
        return self.cls(**given)


def _fields(cls: Any) -> list[tuple[str, bool]]:
    if hasattr(cls, "_fields"):
        return [(name, name in cls._field_defaults) for name in cls._fields]
    missing = dataclasses.MISSING
    return [
        (f.name, not (f.default is missing and f.default_factory is missing))
        for f in dataclasses.fields(cls)
    ]


def _field(cls: type, name: str, hint: Any) -> FieldForm:
    if name == "graph_hash":
        return HEX
    if cls is MutationLogEntry and name == "mutation":
        return FieldForm(_write_mutation_form, _read_mutation_form)
    if hint is Any and name in _STATES:
        return STATE
    return form_of(hint)


def _write_mutation_form(writer: Writer, form: Any, at: tuple[Any, ...]) -> Any:
    """Write what an entry of a log has: a secret is told by the key that it was written at."""
    try:
        return looked_at(form, writer.codec)
    except CorruptedCheckpointError as error:
        raise SerializationError(
            f"The mutation of a MutationLogEntry is not as `mutation_json` writes it:"
            f" {error_text(error)}."
        ) from error


def _read_mutation_form(reader: Reader, form: Any) -> Any:
    return checked(ANY.read(reader, form))


def _place(writer: Writer, value: Any) -> tuple[Any, ...]:
    """Return the path at which the values of a row stand in a state, if they do."""
    made = getattr(value, "decision", value)
    if type(made) is Modify:
        return parts_of(made.key)
    if type(value) is StateDelta:  # it goes through the key's reducer, where it has one
        joins = (JOINED,) if writer.is_looking else ()
        return (*parts_of(value.key), *joins)
    return value.path if type(value) is Change else ()


def _write_choice(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    return tagged(type(value).__name__, {"v": value.value})


def _read_choice(cls: type[Enum], reader: Reader, form: Any) -> Any:
    return cls(form["v"])


def _write_list(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    return [writer.value(item, at) for item in value]


# -- the list ------------------------------------------------------------------------------


@cache
def _known() -> tuple[dict[type, Any], dict[str, Any]]:
    """Return how records are written by their class, and read by their tag."""
    forms: dict[type, tuple[Any, Any]] = {**BASICS, **ANSWERS}
    for cls in ROWS:
        row = _Row(cls)
        forms[cls] = row.write, row.read
    for choice in CHOICES:
        forms[choice] = _write_choice, partial(_read_choice, choice)
    readers = {OURS + name_of(cls): read for cls, (_, read) in forms.items()}
    return {cls: write for cls, (write, _) in forms.items()}, readers


def kind_of_record(value: Any) -> Callable[[Writer, Any, tuple[Any, ...]], Any] | None:
    """Return what writes a record; `None` where a value is none."""
    writers, kind = _known()[0], type(value)
    found = writers.get(SavedAttempt if kind is Attempt else kind)
    if found is None:
        if issubclass(kind, BaseException):
            return writers[BaseException]  # type: ignore[no-any-return]  # as the table has it
        if issubclass(kind, Stopper):
            return writers[Stopper]  # type: ignore[no-any-return]  # as above
        if issubclass(kind, LISTS):
            return _write_list
    return found


def kind_of_tag(tag: str) -> Callable[[Reader, Mapping[str, Any]], Any] | None:
    """Return what reads a record, by its tag; `None` where there is none of that name."""
    return _known()[1].get(tag)
