"""The bodies of aiohttp's answers: taken down while they are read, and read from a record."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.flight import SENDING
from lellm_nb.calls.wire.client_errors import raised_again
from lellm_nb.calls.wire.recording import AnswerRecording, aleave, served_end

__all__ = ["recorded_content", "served_content"]


class _Recorded:
    """A `StreamReader` that is taken down while it is read.

    What it does not have itself is the client's own: its base class is never set up.

    Args:
        inner: The client's own.
        recording: What takes it down.
    """

    def __init__(self, inner: Any, recording: AnswerRecording) -> None:
        self._inner = inner
        self._recording = recording

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, n: int = -1) -> bytes:
        """Read so much, or all."""
        return await self._take(self._inner.read(n))

    async def readany(self) -> bytes:
        """Read what has come."""
        return await self._take(self._inner.readany())

    async def readuntil(self, separator: bytes = b"\n", **limit: Any) -> bytes:
        """Read up to a separator."""
        return await self._take(self._inner.readuntil(separator, **limit))

    async def readline(self, **limit: Any) -> bytes:
        """Read a line."""
        return await self._take(self._inner.readline(**limit))

    async def readchunk(self) -> tuple[bytes, bool]:
        """Read a piece as it was sent, and whether it ended."""
        ends = False

        async def piece() -> bytes:
            nonlocal ends
            read, ends = await self._inner.readchunk()
            return bytes(read)

        return await self._take(piece()), ends

    def read_nowait(self, n: int = -1) -> bytes:
        """Read what is there."""
        read: bytes = self._inner.read_nowait(n)
        self._recording.take(read)
        self._see_end()
        return read

    def set_exception(self, *error: Any) -> None:
        """Hear that the answer is closed: the client says it this way.

        What has come and was not read is taken: some look at the status alone.
        """
        if self._inner.is_eof() and self._inner.exception() is None:
            self.read_nowait()
        self._inner.set_exception(*error)
        self._recording.left()

    def set_read_chunk_size(self, n: int) -> None:
        """Read in pieces of this size."""
        self._inner.set_read_chunk_size(n)

    def unread_data(self, data: bytes) -> None:
        """Put something back."""
        self._inner.unread_data(data)

    def on_eof(self, callback: Any) -> None:
        """Have something called at the end."""
        self._inner.on_eof(callback)

    async def wait_eof(self) -> None:
        """Wait for the end."""
        await self._inner.wait_eof()

    async def _take(self, reading: Any) -> bytes:
        recording = self._recording
        flight = recording.flight
        flight.taken_over()
        flight.patience = SENDING
        try:
            read: bytes = await reading
        except Exception as error:  # one that is cancelled may read on
            await aleave(recording.tape, recording.broke(error))
            raise
        recording.take(read)
        await aleave(recording.tape, self._see_end())
        return read

    def _see_end(self) -> Any:
        return self._recording.whole() if self._inner.at_eof() else None


class _Served:
    """A `StreamReader` that gives the pieces of a record when it would wait for the next ones."""

    def __init__(self, found: Exchange, package: ModuleType, **base: Any) -> None:
        super().__init__(**base)
        self._left = [piece for _, piece in found.chunks if piece]
        self._left.reverse()
        self._end = served_end(found)
        self._package = package

    async def _wait(self: Any, _asking: str) -> None:
        if self._left:
            self.feed_data(self._left.pop())
        elif self._end:
            raise raised_again(self._end, self._package.ClientPayloadError, self._package)
        else:
            self.feed_eof()


class _Source:
    """What stands for a connection: nothing is kept back, and nothing is asked to wait."""

    connected = True

    def pause_reading(self) -> None:
        """Go on all the same."""

    def resume_reading(self, **_how: Any) -> None:
        """Go on."""


@cache
def _made(package: ModuleType, kind: type) -> Any:
    """Return a class of ours that is the package's, too: some look whether it is."""
    return type(kind.__name__, (kind, package.StreamReader), {})


def recorded_content(package: ModuleType, inner: Any, recording: AnswerRecording) -> Any:
    """Return a body that is taken down while it is read."""
    return _made(package, _Recorded)(inner, recording)


def served_content(package: ModuleType, found: Exchange, loop: Any) -> Any:
    """Return the body of a recorded answer."""
    return _made(package, _Served)(found, package, protocol=_Source(), limit=2**16, loop=loop)
