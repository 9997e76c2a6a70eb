"""Calls as JSON data, each whole in itself (CALLS.md, K10, K14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_form import StoredCalls, call_forms
from lellm_nb.calls.redacting import without_secrets
from lellm_nb.records.document import Reader, Writer, tagged

__all__ = ["read_call_record", "read_calls", "write_call_record", "write_calls"]


def write_calls(writer: Writer, calls: Sequence[Call]) -> list[Any]:
    """Return calls as JSON data without secrets."""
    redactor = writer.codec.redactor
    return call_forms(
        calls,
        write=lambda value, name: writer.value(value, (name,)),
        clean=lambda value: without_secrets(redactor, value),
        put=lambda text: text,
    )


def read_calls(reader: Reader, forms: Any) -> tuple[Call, ...]:
    """Return the calls of JSON data."""
    return tuple(StoredCalls(forms, read=reader.value, get=str))


def write_call_record(writer: Writer, call: Call, at: tuple[Any, ...]) -> Any:
    """Return one call as a record."""
    return tagged("Call", {"call": write_calls(writer, [call])[0]})


def read_call_record(reader: Reader, form: Any) -> Call:
    """Return the call of a record."""
    return read_calls(reader, [form["call"]])[0]
