"""`to_json` and `from_json`: a record as data that the standard `json` module writes, and back."""

from __future__ import annotations

import re
from typing import Any

from lellm_nb.arguments import refusal, shown
from lellm_nb.errors import CorruptedCheckpointError, LellmError, SerializationError
from lellm_nb.record.codec.limits import DAMAGE, TAG, error_text
from lellm_nb.record.codec.types import Unsaved
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.records.document import OURS, Reader, Writer
from lellm_nb.records.rows import kind_of_record, kind_of_tag
from lellm_nb.session.checkpoint import SessionCheckpoint
from lellm_nb.state.frozen import thaw

__all__ = ["from_json", "to_json"]


def to_json(record: Any, redact: Redactor | None = None) -> Any:
    """Return a record as JSON data: what `json.dumps` takes as it is, and `from_json` reads.

    A record is what lellm_nb hands out as a value: frames and stacks of them, positions,
    checkpoints, states, mutations, decisions and outcomes, events and chunks, log entries,
    traces and results, policies, stops, and what a Debugger answers with; a list or dict of them
    and a DataFrame will do as well. Errors are written as their facts: type, words, path, node
    and causes. A sequence such as ``dbg.frames`` is written as a list.

    The data is a dict with the record's name under ``"$"`` and its fields beside it. Values of
    the user's are written as stores write them: JSON has most as they are, others are tagged
    with their type, and what cannot be written leaves a marker with its repr.

    Args:
        redact: What is secret and stays out of it; API keys in the common formats by default,
            as in stores. ``Redactor(patterns={})`` takes nothing out. A record does not say where
            an inner level stands in the whole state, so a path is secret by its end as well:
            ``job.pin`` hides ``pin``.

    Raises:
        SerializationError: It is no record, or is the state of a class that cannot be written.

    Example:
        >>> from lellm_nb import Modify, from_json
        >>> to_json(Modify("n", (1, 2)))
        {'$': 'lellm_nb.Modify', 'key': 'n', 'value': {'$': 'tuple', 'v': [1, 2]}}
        >>> from_json(to_json(Modify("n", (1, 2))))
        Modify(key='n', value=(1, 2))
    """
    if redact is not None and not isinstance(redact, Redactor):
        raise refusal(redact, "redact", "a Redactor", SerializationError)
    writer = Writer(_by_ends(redact or Redactor()), kind_of_record)
    many = isinstance(record, (FrameStack, SessionCheckpoint))
    made = writer.document(record, shares=many)
    if isinstance(made, dict) and made.get(TAG) == "?" and type(record) is not Unsaved:
        raise SerializationError(
            f"{shown(record)} is no record. Records are what lellm_nb hands out as values: frames,"
            " states, checkpoints, decisions, events and the like; what runs or keeps them is none."
        )
    return made


def _by_ends(redactor: Redactor) -> Redactor:
    """Return a redactor for which the end of a secret path is secret, too."""
    ends = {
        path[found.end() :] for path in redactor.paths for found in re.finditer(r"\.|\]\.?", path)
    }
    ends = {end for end in ends if re.match(r"[^\[\].]", end)}
    return redactor.also(sorted(ends)) if ends else redactor


def from_json(form: Any) -> Any:
    """Return the record of what `to_json` returned, or `json.loads` of its text.

    Only records of our own are made, by a fixed list, and values of types that are registered in
    this process: reading runs no code of the file's, and imports nothing. An error comes back as
    one of ours or Python's with its facts, or as the record of one; a function (a breakpoint's
    condition, a reducer of the user's) comes back by its name, and does not run.

    Raises:
        CorruptedCheckpointError: It is no such data, or is damaged.

    Example:
        >>> from lellm_nb import Frame, from_json, to_json
        >>> import json
        >>> text = json.dumps(to_json(Frame("g", "a", {"n": 1}, 1)))
        >>> frame = from_json(json.loads(text))
        >>> frame, frame.state, frame.cursor
        (<Frame 0 commit a>, State({'n': 1}), 1)
        >>> from_json({"$": "os.system", "v": "true"})
        Traceback (most recent call last):
        lellm_nb.errors.CorruptedCheckpointError: This is no record: there is none of the name \
'os.system'.
    """
    if not isinstance(form, (dict, list)):
        hint = " json.loads it first." if isinstance(form, (str, bytes)) else ""
        raise CorruptedCheckpointError(
            f"This is no record: the data of one is a dict or a list, not {shown(form)}.{hint}"
        )
    tag = form.get(TAG) if isinstance(form, dict) else None
    if tag is not None and not _is_known(tag):
        raise CorruptedCheckpointError(
            f"This is no record: there is none of the name {shown(tag)}."
        )
    try:
        shared = form.get("shared") if isinstance(form, dict) else None
        return _opened(Reader(kind_of_tag, shared).value(form))
    except CorruptedCheckpointError:
        raise
    except (LellmError, *DAMAGE, MemoryError, AssertionError) as error:
        raise CorruptedCheckpointError(f"This is no record: {error_text(error)}.") from error


_VALUES = frozenset({"dict", "DataFrame", "Series", "Index", "redacted", "?"})
"""Values that will do as well: tables, dicts of records, and what stands where a value was."""


def _is_known(tag: Any) -> bool:
    if not isinstance(tag, str):
        return False
    if tag.startswith(OURS):
        return kind_of_tag(tag) is not None
    return tag in _VALUES


def _opened(value: Any) -> Any:
    """Return a list or a dict of records as a plain one."""
    return (
        thaw(value) if isinstance(value, (dict, list)) and kind_of_record(value) is None else value
    )
