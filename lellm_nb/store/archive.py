"""One file with a whole run: what `Debugger.save` writes and `Debugger.load` reads.

The file is gzip around lines of JSON in UTF-8, so ``zcat`` and any JSON library read it.
The first line is an object::

    {"lellm_nb": "run", "format": 1, "trace": …, "name": …, "created": …, "facts": {…}}

Every other line is a list that begins with what it is. ``facts`` has the graph's name, hash,
shape and outline. Bodies are JSON data as `lellm_nb.record` writes it:

=====================================================  ======================================
``["line", number, name, base, first]``                a line; its first frame's index
``["template", number, body]``                         what frames of one kind and path share
``["frame", line, index, [template, visit, cursor,     one frame: its mutations, and what only
started, duration], body]``                            some frames have
``["anchor", line, index, body]``                      a whole position
``["value", number, body]``                            a large value that anchors refer to
``["items", list, start, body]``                       a piece of a long list
``["mark", kind, key, body]``                          head, notes, pins, breakpoints
=====================================================  ======================================

The last line is ``["end", lines, sha256]``, over the bytes of all lines before it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from lellm_nb.arguments import path_of
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, sentence
from lellm_nb.ids import TraceId
from lellm_nb.private_file import written_whole
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.values import Codec, Limits, to_bytes
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.store import row_text
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.packing import FREE, weight
from lellm_nb.store.rows import LineRow
from lellm_nb.store.sqlite.errors import DATABASE, begins

__all__ = ["FORMAT", "read_archive", "write_archive"]

FORMAT = 1

RATIO = 64
"""A file may take so many bytes of memory for each that it has on disk, beyond what is free: a
frame in a saved run has fifteen at least, for its times are never the same, and takes 600."""

SQUEEZED = 56
"""What is written takes less than so many times its bytes, so that it can be read again."""

ROW = 300
"""So many bytes one line takes beside what stands in it."""

_FRAME_FACTS = re.compile(rb'\["frame",\d+,\d+,\[[^\]]*\],')

END_OF_ROW = b"]\n"

END = 128
"""The last line is shorter than this."""


def write_archive(path: str | os.PathLike[str], rows: MemoryRows, name: str) -> None:
    """Write a run to a file: the whole of it, or the file stays what it was.

    Raises:
        CheckpointStoreError: The file cannot be written.
    """
    target = path_of(path, "path", CheckpointStoreError)
    try:
        with written_whole(target) as file:
            for level, strategy in _LESS_AND_LESS:
                file.seek(0)
                file.truncate()
                takes = _write(file, _lines(rows, name), level, strategy)
                # what is so repetitive that it would look like a bomb is squeezed less
                if takes <= FREE + SQUEEZED * file.tell():
                    break
    except OSError as error:
        raise CheckpointStoreError(f"Could not write {str(target)!r}: {sentence(error)}") from error


_LESS_AND_LESS = (
    (6, zlib.Z_DEFAULT_STRATEGY),
    (6, zlib.Z_HUFFMAN_ONLY),
    (0, zlib.Z_DEFAULT_STRATEGY),
)


def _write(file: IO[bytes], lines: Iterable[bytes], level: int, strategy: int) -> int:
    """Pack lines and their checksum into a file; return how much memory they take when read."""
    squeeze = zlib.compressobj(level, zlib.DEFLATED, 31, 8, strategy)  # 31: with a gzip header
    digest, count, takes = hashlib.sha256(), 0, 0
    for line in lines:
        digest.update(line)
        count += 1
        takes += _takes(line)
        file.write(squeeze.compress(line))
    end = to_bytes(["end", count, digest.hexdigest()]) + b"\n"
    file.write(squeeze.compress(end) + squeeze.flush())
    return takes


def _takes(line: bytes) -> int:
    """Return about how much memory a line takes when it is read and looked at."""
    found = _FRAME_FACTS.match(line)
    return ROW + weight(line[found.end() :] if found else line)


def _lines(rows: MemoryRows, name: str) -> Iterator[bytes]:
    head = {
        "lellm_nb": "run",
        "format": FORMAT,
        "trace": rows.trace_id,
        "name": name,
        "created": time.time(),
        "facts": rows.facts,
    }
    yield to_bytes(head) + b"\n"
    for line in rows.lines():
        yield row_text.line(line) + END_OF_ROW
    for template in rows.templates(0):
        yield row_text.template(*template) + END_OF_ROW
    for value in rows.all_values():
        yield row_text.value(*value) + END_OF_ROW
    for piece in rows.all_items():
        yield row_text.items(*piece) + END_OF_ROW
    for line in rows.lines():
        frames = rows.frames(line.number, line.first, line.first + rows.length(line.number))
        for index, row in enumerate(frames, line.first):
            facts = to_bytes(list(row[:5]))
            yield b'["frame",%d,%d,%s,%s]\n' % (line.number, index, facts, row.body)
    for anchor in rows.all_anchors():
        yield row_text.anchor(*anchor) + END_OF_ROW
    for mark in rows.marks():
        yield row_text.mark(*mark) + END_OF_ROW


def read_archive(
    path: str | os.PathLike[str], limits: Limits | None = None
) -> tuple[MemoryRows, str]:
    """Return the rows of a run, and its name.

    The checksum is looked at before anything is read into memory.

    Raises:
        CorruptedCheckpointError: The file is no run, damaged, or beyond a limit.
        CheckpointStoreError: It cannot be read.
    """
    codec, path = Codec(limits), path_of(path, "path", CheckpointStoreError)
    if begins(Path(path), DATABASE):
        raise CheckpointStoreError(f"{str(path)!r} is a store: Debugger.open opens it.")
    try:
        count = _checked(Path(path))
        lines = _within(_lines_of(Path(path), codec.limits), Path(path).stat().st_size)
        name, rows = _head(codec.parse(next(lines)))
        for line in islice(lines, count - 1):
            _take(codec.parse(line), rows)
        return rows, name
    except OSError as error:
        raise CheckpointStoreError(f"Could not read {str(path)!r}: {sentence(error)}") from error
    except MemoryError:
        raise CorruptedCheckpointError("The file is larger than there is memory for.") from None
    except DAMAGE as error:
        raise CorruptedCheckpointError(f"This file is no run: {error_text(error)}.") from error


def _within(lines: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Walk lines as long as they take no more memory than a file of a size may."""
    left = FREE + RATIO * size
    for line in lines:
        left -= _takes(line)
        if left < 0:
            raise CorruptedCheckpointError("The file unpacks to far more than its size.")
        yield line


def _pieces(path: Path) -> Iterator[bytes]:
    """Walk what a packed file unpacks to, a little at a time."""
    size = path.stat().st_size
    unpack = zlib.decompressobj(31)
    total = 0
    with path.open("rb") as file:
        while not unpack.eof and (piece := file.read(1 << 16)):
            while piece and not unpack.eof:
                try:
                    made = unpack.decompress(piece, 1 << 18)
                except zlib.error as error:
                    raise CorruptedCheckpointError(
                        f"This file is no run: {sentence(error)}"
                    ) from None
                piece = unpack.unconsumed_tail
                total += len(made)
                if total > FREE + RATIO * size:
                    raise CorruptedCheckpointError("The file unpacks to far more than its size.")
                yield made
    if not unpack.eof:
        raise CorruptedCheckpointError("The file ends before the run does.")


def _checked(path: Path) -> int:
    """Return how many lines a file has before its last one, which must fit them."""
    digest, count, held = hashlib.sha256(), 0, b""
    for piece in _pieces(path):
        held += piece
        digest.update(held[:-END])
        count += held.count(b"\n", 0, max(len(held) - END, 0))
        held = held[-END:]
    rest, _, end = held.rstrip(b"\n").rpartition(b"\n")
    digest.update(rest + b"\n")
    count += rest.count(b"\n") + 1
    if json.loads(end) != ["end", count, digest.hexdigest()]:
        raise CorruptedCheckpointError("The file's checksum does not fit.")
    return count


def _lines_of(path: Path, limits: Limits) -> Iterator[bytes]:
    until = time.monotonic() + limits.seconds
    held = bytearray()
    for piece in _pieces(path):
        first, *more = piece.split(b"\n")
        held += first
        for part in more:
            yield bytes(held)
            held = bytearray(part)
        if len(held) > limits.size:
            raise CorruptedCheckpointError(f"A line is beyond the limit of {limits.size} bytes.")
        if time.monotonic() > until:
            raise CorruptedCheckpointError(f"Reading took over {limits.seconds} s.")


def _head(head: Any) -> tuple[str, MemoryRows]:
    if not isinstance(head, dict) or head.get("lellm_nb") != "run":
        raise CorruptedCheckpointError("This file is no run.")
    format = head["format"]
    if type(format) is not int or format < 1:
        raise CorruptedCheckpointError(f"This file has no format, but {format!r:.40}.")
    if format > FORMAT:
        raise CheckpointStoreError(
            f"This file has format {format}, and this version of lellm_nb knows up to {FORMAT}:"
            " install a newer one."
        )
    if not isinstance(head["facts"], dict):
        raise CorruptedCheckpointError("The file says nothing of its graph.")
    return str(head["name"]), MemoryRows(TraceId(str(head["trace"])), head["facts"])


def _take(form: Any, rows: MemoryRows) -> None:
    match form:
        case ["line", int(number), str(name), int(base), int(first)]:
            rows.add(("line", number), LineRow(number, name, base, first))
        case ["template", int(number), body]:
            rows.add(("template", number), _body(body))
        case ["frame", int(line), int(index), [int(template), int(visit), int(cursor), s, d], body]:
            row = FrameRow(template, visit, cursor, float(s), float(d), _body(body))
            rows.add(("frame", line, index), row)
        case ["anchor", int(line), int(index), body]:
            rows.add(("anchor", line, index), _body(body))
        case ["value", int(number), body]:
            rows.add(("value", number), _body(body))
        case ["items", int(number), int(start), body]:
            rows.add(("items", number, start), _body(body))
        case ["mark", str(kind), str(key), body]:
            rows.add(("mark", kind, key), _body(body))
        case _:
            raise ValueError(f"an unknown line {str(form)[:60]}")


def _body(form: Any) -> bytes:
    return json.dumps(form, separators=(",", ":")).encode()
