"""Damage to rows of a SQLite file is found, by a checksum or by what stands in them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.rows.frame_row import FrameRow

__all__ = ["checked", "with_sum"]

_facts_of = struct.Struct("<qqqqdd").pack

P = ParamSpec("P")
T = TypeVar("T")


def checked(read: Callable[P, T]) -> Callable[P, T]:
    """Make what damaged rows raise, where numbers stand as text, an error by its name."""

    @wraps(read)
    def checking(*args: P.args, **options: P.kwargs) -> T:
        try:
            return read(*args, **options)
        except (*DAMAGE, struct.error) as error:
            raise CorruptedCheckpointError(f"Damaged rows: {error_text(error)}.") from error

    return checking


def with_sum(id: int, row: FrameRow) -> tuple[Any, ...]:
    """Return the columns of a frame, its checksum last."""
    template, visit, cursor, started, duration, body = row
    facts = _facts_of(id, template, visit, cursor, started, duration)
    return id, template, visit, cursor, started, duration, body, zlib.crc32(body, zlib.crc32(facts))
