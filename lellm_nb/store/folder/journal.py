"""A file of JSON lines that only grows, read and written."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.private_file import create_private, open_plain
from lellm_nb.record.codec.limits import Limits
from lellm_nb.record.codec.values import Codec, to_bytes
from lellm_nb.store.folder.commit import MORE, CommitLine, Cursor, Span, sealed
from lellm_nb.store.folder.errors import damaged_at, newer_format, refused
from lellm_nb.store.opened import exchanged, identity

__all__ = ["Journal"]

FORMAT = 1

PIECE = 1 << 20
"""So many bytes are read at once."""

_SUM = re.compile(rb',"([0-9a-f]{8})"\]$')
_HEAD_SUM = re.compile(rb',"sum":"([0-9a-f]{8})"\}$')


class Journal:
    """One such file.

    Args:
        path: Where it is.
        found: Its descriptor, which is the journal's from now on.
        kind: What its first line says that it is.

    Attributes:
        head: What its first line says.
        end: Where the next commit is to stand; whoever writes says so.
        writable: Whether it was opened to be written.
    """

    def __init__(self, path: Path, found: int, kind: str, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._found = found
        self._closing = weakref.finalize(self, os.close, found)
        self._identity = identity(os.fstat(found))
        self.end = 0
        self._first = 0
        self.head: dict[str, Any] = {}
        self._kind = kind
        self._torn = False

    @classmethod
    def create(cls, path: Path, kind: str, head: dict[str, Any], *, sync: bool) -> Journal:
        """Make a file that is not there yet, with its first line.

        Raises:
            OSError: It is there, or can't be made.
        """
        with create_private(path) as file:
            made = cls(path, os.dup(file.fileno()), kind, writable=True)
        try:
            made.head = {"lellm_nb": kind, "format": FORMAT, **head}
            text = to_bytes(made.head)[:-1]
            made._write(b'%b,"sum":"%08x"}\n' % (text, zlib.crc32(text)), sync)
            made._first = made.end
        except BaseException:
            made.close()
            path.unlink(missing_ok=True)
            raise
        return made

    @classmethod
    def open(cls, path: Path, kind: str, *, write: bool = False) -> Journal | None:
        """Open a file and read its first line; `None` where that is not whole yet.

        Raises:
            OSError: It can't be opened, or is no plain file.
            CorruptedCheckpointError: It is not such a file.
            CheckpointStoreError: A newer version wrote it.
        """
        try:
            found = open_plain(path, write=write)
        except OSError as error:
            if not write or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            found, write = open_plain(path), False  # to read it, that is enough
        made = cls(path, found, kind, writable=write)
        try:
            if made._read_head():
                return made
        except BaseException:
            made.close()
            raise
        made.close()
        return None

    def close(self) -> None:
        """Let the file go; what is asked of it from then on is refused."""
        self._closing()
        self._found = -1

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return os.fstat(self._found).st_size

    # -- writing -----------------------------------------------------------------

    def check_there(self) -> None:
        """Look whether what is written goes into the file at the path.

        Raises:
            CheckpointStoreError: The file is gone, or another one stands in its place.
        """
        if not self.is_there():
            raise exchanged(self.path)

    def is_there(self) -> bool:
        """Tell whether the file at the path is this one."""
        try:
            return identity(os.stat(self.path, follow_symlinks=False)) == self._identity
        except OSError:
            return False

    def append(self, rows: Sequence[bytes], *, sync: bool) -> int:
        """Write a commit; return where it begins. Whoever writes knows the end.

        Raises:
            CheckpointStoreError: The file did not take it, or somebody else has written to it.
        """
        try:
            if self._torn:
                self.cut()
            if self.size != self.end:
                raise CheckpointStoreError(
                    f"{str(self.path)!r} was written to by somebody else, or cut short, while it"
                    " was open. dbg.save(path) writes the whole run to a new file."
                )
            at = self.end
            self._write(sealed(rows, at), sync)
        except OSError as error:
            raise refused(self.path, "write to it", error) from error
        return at

    def _write(self, text: bytes, sync: bool) -> None:
        at, rest = self.end, memoryview(text)
        try:
            while rest:
                done = _write_at(self._found, rest, at)
                at, rest = at + done, rest[done:]
            if sync:
                os.fsync(self._found)
        except BaseException:
            self._torn = True  # readers see no commit in it; the next write takes it away
            with contextlib.suppress(OSError):
                self.cut()
            raise
        self.end = at

    def flush(self) -> None:
        """Wait until everything is on the disk.

        Raises:
            OSError: The disk did not take it.
        """
        os.fsync(self._found)

    def cut(self) -> None:
        """Take away what stands behind the last commit: half of one.

        Raises:
            OSError: It can't be taken away.
        """
        os.ftruncate(self._found, self.end)
        self._torn = False

    # -- reading -----------------------------------------------------------------

    def read(self, span: Span) -> bytes:
        """Return some bytes.

        Raises:
            CheckpointStoreError: The file can't be read.
            CorruptedCheckpointError: It is shorter than it was.
        """
        try:
            text = _read_at(self._found, span.size, span.at)
        except OSError as error:
            raise refused(self.path, "read it", error) from error
        if len(text) != span.size:
            raise CorruptedCheckpointError(f"{str(self.path)!r} is shorter than it was.")
        return text

    def begin(self) -> Cursor:
        """Return where the first commit stands."""
        return Cursor(self._first, 1)

    def walk(self, cursor: Cursor) -> Iterator[list[CommitLine]]:
        """Walk the commits from a place on, which goes with them.

        Raises:
            CorruptedCheckpointError: What stands there is no commit, and not the beginning of one.
            CheckpointStoreError: The file can't be read.
        """
        lines: list[CommitLine] = []
        crc, number = cursor.end & 0xFFFFFFFF, cursor.number
        for text, at in self._lines(cursor.end):
            number += 1
            if text.endswith(MORE):
                crc = zlib.crc32(text + b"\n", crc)
                lines.append(CommitLine(text[: -len(MORE)], at, number))
                continue
            found = _SUM.search(text)
            if found is None:
                raise damaged_at(self.path, number, "it has no end.")
            text = text[: found.start()]
            if zlib.crc32(text, crc) != int(found[1], 16):
                raise damaged_at(self.path, number, "its checksum does not fit.")
            lines.append(CommitLine(text, at, number))
            cursor.end, cursor.number = at + len(text) + len(found[0]) + 1, number
            yield lines
            lines, crc = [], cursor.end & 0xFFFFFFFF

    def _lines(self, at: int) -> Iterator[tuple[bytes, int]]:
        """Walk the whole lines from a place on: each without its end, and where it begins."""
        if self.size < at:
            raise CorruptedCheckpointError(f"{str(self.path)!r} is shorter than it was.")
        held, most = bytearray(), Limits().size
        while piece := _read_at(self._found, PIECE, at + len(held)):
            first = len(held)
            held += piece
            start = 0
            while (stop := held.find(b"\n", max(start, first))) >= 0:
                yield bytes(held[start:stop]), at + start
                start = stop + 1
            del held[:start]
            at += start
            if len(held) > most:
                raise CorruptedCheckpointError(
                    f"{str(self.path)!r}: a line is beyond the limit of {most} bytes."
                )

    def _read_head(self) -> bool:
        """Read the first line; tell whether it is there."""
        text = next((text for text, _ in self._lines(0)), None)
        if text is None:
            return False
        seal = _HEAD_SUM.search(text)
        try:
            head = Codec().parse(text)
        except CorruptedCheckpointError as error:
            raise damaged_at(self.path, 1, str(error)) from None
        if not isinstance(head, dict) or head.get("lellm_nb") != self._kind:
            raise damaged_at(self.path, 1, "this is no file of a store of runs.")
        format = head.get("format")
        if type(format) is not int or format < 1:
            raise damaged_at(self.path, 1, f"it has no format, but {format!r:.40}.")
        if format > FORMAT:
            raise newer_format(self.path, format, FORMAT)
        if seal is None or zlib.crc32(text[: seal.start()]) != int(seal[1], 16):
            raise damaged_at(self.path, 1, "its checksum does not fit.")
        self.head = head
        self._first = self.end = len(text) + 1
        return True


def _seek_and_write(found: int, text: memoryview, at: int) -> int:
    os.lseek(found, at, os.SEEK_SET)
    return os.write(found, text)


def _seek_and_read(found: int, size: int, at: int) -> bytes:
    os.lseek(found, at, os.SEEK_SET)
    return os.read(found, size)


# a forked child has the place in the file in common with its parent: where there is fork, do
# without one
_write_at: Callable[[int, memoryview, int], int] = getattr(os, "pwrite", _seek_and_write)
_read_at: Callable[[int, int, int], bytes] = getattr(os, "pread", _seek_and_read)
