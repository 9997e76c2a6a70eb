"""The bodies of requests' answers: taken down while they are read, and read from a record."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from http.client import responses as reasons
from typing import Any

from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.flight import SENDING
from lellm_nb.calls.formats.content_encoding import unpacked
from lellm_nb.calls.wire.client_errors import raised_again
from lellm_nb.calls.wire.recording import AnswerRecording, leave, served_end, served_headers

__all__ = ["RecordedBody", "ServedBody", "lines_of"]


class RecordedBody:
    """What stands for `Response.raw` while an answer is taken down.

    Args:
        raw: The client's own: urllib3's, or of an adapter of one's own a file.
        recording: What takes it down.
    """

    def __init__(self, raw: Any, recording: AnswerRecording) -> None:
        self._raw = raw
        self._recording = recording

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def __iter__(self) -> Iterator[bytes]:
        return lines_of(self.stream(decode_content=True))

    def __enter__(self) -> RecordedBody:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def stream(
        self, amt: int | None = 2**16, decode_content: bool | None = None
    ) -> Iterator[bytes]:
        """Give the answer piece by piece, as urllib3 does."""
        if not hasattr(self._raw, "stream"):
            yield from iter(lambda: self.read(amt), b"")
            return
        recording = self._recording
        self._opened(decode_content)
        try:
            for piece in self._raw.stream(amt, decode_content=decode_content):
                recording.take(piece)
                yield piece
                recording.flight.patience = SENDING
        except BaseException as error:
            leave(recording.tape, recording.broke(error))
            raise
        leave(recording.tape, recording.whole())

    def read(self, amt: int | None = None, *how: Any, **named: Any) -> bytes:
        """Give so much of the answer, or all of it, as urllib3 does."""
        return self._read(self._raw.read, amt, how, named)

    def read1(self, amt: int | None = None, *how: Any, **named: Any) -> bytes:
        """Give what has come of the answer, as urllib3 does."""
        return self._read(self._raw.read1, amt, how, named)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, for whoever reads it as a file."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close the answer."""
        self._raw.close()
        self._left()

    def release_conn(self) -> None:
        """Give the connection back, where there is one."""
        if hasattr(self._raw, "release_conn"):
            self._raw.release_conn()
        self._left()

    def _read(
        self,
        read: Callable[..., bytes],
        amt: int | None,
        how: tuple[Any, ...],
        named: dict[str, Any],
    ) -> bytes:
        recording = self._recording
        self._opened(how[0] if how else named.get("decode_content"))
        try:
            piece = read(amt, *how, **named)
        except BaseException as error:
            leave(recording.tape, recording.broke(error))
            raise
        recording.take(piece)
        if (not piece and amt != 0) or (amt is None and read == self._raw.read):
            leave(recording.tape, recording.whole())
        return piece

    def _opened(self, decode_content: bool | None) -> None:
        recording = self._recording
        own = getattr(self._raw, "decode_content", False)
        decodes = own if decode_content is None else decode_content
        exchange = recording.exchange
        if decodes and exchange.status is not None and not recording.pieces:
            recording.answered(exchange.status, exchange.response_headers, packed=False)
        recording.flight.taken_over()
        recording.flight.patience = SENDING

    def _left(self) -> None:
        leave(self._recording.tape, self._recording.left())


class ServedBody(io.RawIOBase):
    """`Response.raw` of an answer that is served.

    Attributes:
        status, reason, version, headers: As urllib3 has them.
        decode_content: Whether it is unpacked where that is not said.
    """

    decode_content = False
    version = 11

    def __init__(self, found: Exchange) -> None:
        self.status = found.status
        self.reason = reasons.get(found.status or 0, "")
        self.headers = dict(served_headers(found))
        self._pieces = [piece for _, piece in found.chunks if piece]
        self._end = served_end(found)

    def stream(
        self, amt: int | None = 2**16, decode_content: bool | None = None
    ) -> Iterator[bytes]:
        """Give the answer in the pieces in which it was read, or smaller ones."""
        packing = self.headers.get("content-encoding", "")
        if decode_content and packing:
            self._pieces = [unpacked(b"".join(self._pieces), packing)]
        while piece := self.read(amt, whole=False):
            yield piece

    def read(self, amt: int | None = None, *_more: Any, whole: bool = True, **_named: Any) -> bytes:
        """Give so much of the answer, or all of it; raise what broke it off, if anything did."""
        if not self._pieces:
            if self._end:
                urllib3 = sys.modules["urllib3"]
                raise raised_again(self._end, urllib3.exceptions.ProtocolError, urllib3.exceptions)
            return b""
        if whole and (amt is None or amt < 0):
            self._pieces = [b"".join(self._pieces)]
        piece = self._pieces.pop(0)
        if amt is not None and 0 <= amt < len(piece):
            self._pieces.insert(0, piece[amt:])
            piece = piece[:amt]
        return piece

    def __iter__(self) -> Iterator[bytes]:
        return lines_of(self.stream(decode_content=True))

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, for whoever reads it as a file."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def readable(self) -> bool:
        """It can be read."""
        return True

    def release_conn(self) -> None:
        """There is no connection."""


def lines_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give lines, each with its end, as urllib3 does.

    Example:
        >>> list(lines_of(iter([b"a", b"b\\nc\\n", b"d"])))
        [b'ab\\n', b'c\\n', b'd']
    """
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest
