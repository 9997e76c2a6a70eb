"""The checkpoints of a folder: one file, to which every process that writes adds."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.values import Codec, to_bytes
from lellm_nb.store.folder.claim import locked
from lellm_nb.store.folder.commit import CommitLine, Cursor, Span
from lellm_nb.store.folder.errors import damaged_at, refused
from lellm_nb.store.folder.journal import Journal
from lellm_nb.store.opened import exchanged
from lellm_nb.store.packing import JSON_STRING

__all__ = ["CheckpointFile", "Saved"]

CHECKPOINTS = "checkpoints"
"""What the first line of the file says that it is."""

WASTE = 1 << 20
"""The file is written anew when more than so many bytes, and more than half of it, are of what
was dropped."""

_SAVE = re.compile(rb'\["save",(\[' + JSON_STRING + rb"," + JSON_STRING + rb",(?:true|false)\]),")


class Saved(NamedTuple):
    """A checkpoint that is there."""

    trace: str
    protected: bool
    body: Span


_NONE = Saved("", False, Span(0, 0))


class CheckpointFile:
    """The file with the checkpoints of all runs.

    Args:
        path: Where it is, or will be.
        readonly: Whether to only read.
        sync: Whether a write waits for the disk.
        timeout: Seconds to wait for another process that writes.
    """

    def __init__(self, path: Path, *, readonly: bool, sync: bool, timeout: float) -> None:
        self.path = path
        self._readonly = readonly
        self._sync = sync
        self._timeout = timeout
        self._lock = UninterruptedLock()
        self._journal: Journal | None = None
        self._begin()

    def _begin(self) -> None:
        self._seen = Cursor(0, 0)
        self._known: dict[str, Saved] = {}
        self._live = 0
        self._damage: CorruptedCheckpointError | None = None

    def close(self) -> None:
        """Let the file go."""
        if self._journal is not None:
            self._journal.close()

    # -- reading -----------------------------------------------------------------

    @contextlib.contextmanager
    def reading(self) -> Iterator[dict[str, Saved]]:
        """Give what is there by now: checkpoints by their ids, oldest first.

        Raises:
            CheckpointStoreError: The file can't be read.
            CorruptedCheckpointError: It is damaged.
        """
        with self._lock:
            try:
                self._catch_up()
            except OSError as error:
                raise refused(self.path, "read it", error) from error
            yield self._known

    def body(self, saved: Saved) -> bytes:
        """Return what was saved."""
        if self._journal is None:
            raise exchanged(self.path)
        return self._journal.read(saved.body)

    def _catch_up(self) -> None:
        journal = self._journal
        if journal is not None and not journal.is_there():
            # another process has written it anew, without what was dropped; or it is another one
            found = None
            with contextlib.suppress(FileNotFoundError):
                found = Journal.open(self.path, CHECKPOINTS, write=not self._readonly)
            if found is None or found.head.get("id") != journal.head.get("id"):
                raise exchanged(self.path)
            journal.close()
            self._take(found)
        if self._journal is None:
            try:
                found = Journal.open(self.path, CHECKPOINTS, write=not self._readonly)
            except FileNotFoundError:
                return
            if found is None:
                return
            self._take(found)
        if self._damage is not None:
            raise self._damage
        assert self._journal is not None
        at = 0
        try:
            for lines in self._journal.walk(self._seen):
                for line in lines:
                    at = line.number
                    self._add(line)
        except DAMAGE as error:
            self._damage = damaged_at(self.path, at, f"{error_text(error)}.")
            raise self._damage from error

    def _take(self, journal: Journal) -> None:
        self._begin()
        self._journal = journal
        self._seen = journal.begin()

    def _add(self, line: CommitLine) -> None:
        if line.text.startswith(b'["drop",'):
            _, ids = Codec().parse(line.text + b"]")
            for id in ids:
                self._live -= self._known.pop(id, _NONE).body.size
            return
        found = _SAVE.match(line.text)
        if found is None:
            raise ValueError(f"an unknown row {line.text[:40]!r}")
        trace, id, protected = Codec().parse(found[1])
        span = Span(line.at + found.end(), len(line.text) - found.end())
        self._live += span.size - self._known.get(id, _NONE).body.size
        self._known[str(id)] = Saved(str(trace), bool(protected), span)

    # -- writing -----------------------------------------------------------------

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[Journal]:
        if self._readonly:
            raise CheckpointStoreError(
                f"{str(self.path.parent)!r}: could not {what}: it was opened for reading."
            )
        with self._lock:
            try:
                with locked(self.path.parent, self._timeout):
                    self._catch_up()
                    if self._journal is None:
                        self._make()
                    journal = self._journal
                    assert journal is not None
                    journal.end = self._seen.end
                    if journal.size != journal.end:
                        journal.cut()  # half of what a killed process wrote
                    yield journal
                    self._catch_up()
                    self._tidy()
            except OSError as error:
                raise refused(self.path, what, error) from error

    def _make(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # of a process that was killed at once
            if Journal.open(self.path, CHECKPOINTS) is None:
                self.path.unlink()
        head = {"id": uuid.uuid4().hex}
        self._take(Journal.create(self.path, CHECKPOINTS, head, sync=self._sync))

    def save(self, trace: str, id: str, protected: bool, body: bytes) -> None:
        """Keep a checkpoint; one of that id keeps its place.

        Raises:
            CheckpointStoreError: The file does not take it.
        """
        with self._writing("save a checkpoint") as journal:
            row = b'["save",%b,%b' % (to_bytes([trace, id, protected]), body)
            journal.append([row], sync=self._sync)

    def drop(self, ids: Sequence[str]) -> int:
        """Drop checkpoints; return how many were there.

        Raises:
            CheckpointStoreError: The file does not take it.
        """
        with self._writing("drop checkpoints") as journal:
            there = [id for id in ids if id in self._known]
            if there:
                journal.append([to_bytes(["drop", there])[:-1]], sync=self._sync)
        return len(there)

    def compact(self, least: int = 0) -> None:
        """Write the file anew without what was dropped.

        Raises:
            CheckpointStoreError: The folder does not take it.
        """
        if self.path.exists():
            with self._writing("compact the checkpoints"):
                self._tidy(least)

    def _tidy(self, least: int = WASTE) -> None:
        journal = self._journal
        assert journal is not None
        if journal.end - self._live <= max(least, self._live if least else 0):
            return
        made = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            fresh = Journal.create(made, CHECKPOINTS, journal.head, sync=False)
            for id, saved in self._known.items():
                meant = to_bytes([saved.trace, id, saved.protected])
                fresh.append([b'["save",%b,%b' % (meant, journal.read(saved.body))], sync=False)
            fresh.flush()
            fresh.close()
            made.replace(self.path)
        finally:
            made.unlink(missing_ok=True)
        self._catch_up()
