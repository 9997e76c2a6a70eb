"""Everything that is in a store: one of somebody's own, one in memory, one in a file."""

from __future__ import annotations

import contextlib
import json
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from lellm_nb import (
    CheckpointCodec,
    Redactor,
    SqliteStore,
)
from lellm_nb.record.visits import Visits
from lellm_nb.state.compact import COMPACT
from lellm_nb.state.structs.struct import Struct

AS_IT_IS = CheckpointCodec(redactor=Redactor(patterns={}))


class Own:
    """A checkpoint store of somebody's own, which keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.pickled: list[bytes] = []

    def save(self, trace_id: Any, checkpoint: Any) -> None:
        """Keep it, as it is and as its owner may write it."""
        self.rows.append(checkpoint)
        with contextlib.suppress(Exception):  # what cannot be pickled is walked
            self.pickled.append(pickle.dumps(checkpoint))

    def load(self, checkpoint_id: Any) -> Any:
        """Find it."""
        return next(row for row in self.rows if row.checkpoint_id == checkpoint_id)

    def load_latest(self, trace_id: Any) -> Any:
        """Return the newest."""
        return self.rows[-1]

    def list(self, trace_id: Any) -> Any:
        """Return the ids, newest first."""
        return [row.checkpoint_id for row in reversed(self.rows)]

    def delete(self, checkpoint_id: Any) -> bool:
        """Keep it all the same."""
        return False

    def prune(self, trace_id: Any, keep: int) -> int:
        """Drop nothing."""
        return 0

    def told(self) -> bytes:
        """Everything in it: as objects, as their owner may write them, and as our codec does."""
        made = [*self.pickled]
        for row in self.rows:
            made += [b"\n".join(walked(row)), AS_IT_IS.encode(row)]
            with contextlib.suppress(Exception):
                made.append(json.dumps(row.to_json(), default=repr).encode())
        return b"\n".join(made)


_QUIET = (int, float, type(None), type, FunctionType, Redactor, Struct, Visits)
"""What is no part of a checkpoint, though one leads there: classes, what later steps share."""


def walked(thing: Any, seen: set[int] | None = None) -> Iterator[bytes]:
    """Yield all texts and bytes that an object leads to."""
    seen = set() if seen is None else seen
    if type(thing) in COMPACT:
        thing = thing.whole()  # what its buffer has beyond that is of later steps
    if isinstance(thing, str):
        yield thing.encode("utf-8", "surrogatepass")
        return
    if isinstance(thing, (bytes, bytearray, memoryview)):
        yield bytes(thing)
        return
    if id(thing) in seen or isinstance(thing, _QUIET):
        return
    seen.add(id(thing))
    if isinstance(thing, dict):
        for key, value in dict.items(thing):
            yield from walked(key, seen)
            yield from walked(value, seen)
    elif isinstance(thing, (list, tuple, set, frozenset)):
        for item in tuple(thing):
            yield from walked(item, seen)
    else:
        yield repr(thing).encode("utf-8", "surrogatepass")
    slots = [n for cls in type(thing).__mro__ for n in getattr(cls, "__slots__", ())]
    for name in [*getattr(thing, "__dict__", ()), *slots]:
        with contextlib.suppress(Exception):
            yield from walked(getattr(thing, name), seen)


def unpacked(path: Path) -> bytes:
    """Everything in a SQLite file: its bytes, and each cell unpacked."""
    store = SqliteStore(path, readonly=True)
    made = [path.read_bytes()]
    for beside in path.parent.glob(f"{path.name}-*"):
        made.append(beside.read_bytes())
    for (table,) in store.query("look", "select name from sqlite_master where type = 'table'"):
        for row in store.query("look", f"select * from {table}"):
            for cell in row:
                if isinstance(cell, bytes):
                    made.append(zlib.decompress(cell[1:]) if cell[:1] == b"z" else cell)
                else:
                    made.append(str(cell).encode())
    store.close()
    return b"\n".join(made)
