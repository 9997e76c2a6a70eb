"""The bodies of httpx answers: taken down while they are read, and read from a record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import cache
from time import perf_counter
from types import ModuleType
from typing import Any

from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.flight import IDLE, SENDING
from lellm_nb.calls.wire.client_errors import raised_again
from lellm_nb.calls.wire.recording import AnswerRecording, aleave, leave, served_end

__all__ = ["recorded_stream", "served_stream"]


class _Recorded:
    """A body that is taken down while it is read.

    Args:
        inner: The client's own.
        recording: What takes it down.
    """

    def __init__(self, inner: Any, recording: AnswerRecording) -> None:
        self._inner = inner
        self._recording = recording

    @property
    def elapsed(self) -> Any:
        """How long it took, as httpx2 asks it."""
        return getattr(self._inner, "elapsed", None)


class _RecordedSync(_Recorded):
    def __iter__(self) -> Iterator[bytes]:
        recording = self._recording
        flight, append = recording.flight, recording.pieces.append
        began = flight.began
        flight.taken_over()
        flight.patience = SENDING
        try:
            for piece in self._inner:
                flight.moved = now = perf_counter()
                flight.patience = IDLE
                append((now - began, piece))
                yield piece
                flight.patience = SENDING
        except BaseException as error:
            leave(recording.tape, recording.broke(error))
            raise
        stop = recording.whole()
        if stop is not None:
            self._inner.close()
            leave(recording.tape, stop)

    def close(self) -> None:
        self._inner.close()
        leave(self._recording.tape, self._recording.left())


class _RecordedAsync(_Recorded):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        recording = self._recording
        flight, append = recording.flight, recording.pieces.append
        began = flight.began
        flight.taken_over()
        flight.patience = SENDING
        pieces = self._inner.__aiter__()
        try:
            async for piece in pieces:
                flight.moved = now = perf_counter()
                flight.patience = IDLE
                append((now - began, piece))
                yield piece
                flight.patience = SENDING
        except BaseException as error:
            await aleave(recording.tape, recording.broke(error))
            raise
        finally:
            if hasattr(pieces, "aclose"):  # left early, it would be closed by nobody knows whom
                await pieces.aclose()
        stop = recording.whole()
        if stop is not None:
            await self._inner.aclose()
            await aleave(recording.tape, stop)

    async def aclose(self) -> None:
        await self._inner.aclose()
        await aleave(self._recording.tape, self._recording.left())


class _Served:
    """A recorded body.

    Args:
        found: What it is the body of.
        package: httpx, or httpx2.
    """

    def __init__(self, found: Exchange, package: ModuleType) -> None:
        self._pieces = [piece for _, piece in found.chunks]
        self._end = served_end(found)
        self._package = package

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._end:
            raise raised_again(self._end, self._package.ReadError, self._package)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        """There is nothing to close."""

    async def aclose(self) -> None:
        """There is nothing to close."""


@cache
def _made(package: ModuleType, kind: type, *bases: str) -> Any:
    """Return a class of ours that is the package's, too: a client looks whether it is."""
    return type(kind.__name__, (kind, *(getattr(package, base) for base in bases)), {})


def recorded_stream(package: ModuleType, inner: Any, recording: AnswerRecording) -> Any:
    """Return a body that is taken down while it is read."""
    if hasattr(inner, "__aiter__") and not hasattr(inner, "__iter__"):
        return _made(package, _RecordedAsync, "AsyncByteStream")(inner, recording)
    return _made(package, _RecordedSync, "SyncByteStream")(inner, recording)


def served_stream(package: ModuleType, found: Exchange) -> Any:
    """Return the body of a recorded answer."""
    return _made(package, _Served, "SyncByteStream", "AsyncByteStream")(found, package)
