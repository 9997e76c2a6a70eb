"""A command that goes on in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

__all__ = ["HEARTBEAT", "Handle"]

T = TypeVar("T")

HEARTBEAT = 0.2
"""Seconds between looks while a cell awaits, so that Interrupt is felt (NOTEBOOK_FACTS S2)."""


class Handle(Awaitable[T], Generic[T]):
    """A command that goes on in the background: await it, or ask for its result."""

    def __init__(self, future: Future[T], on_cancel: Callable[[], None]) -> None:
        self._future = future
        self._on_cancel = on_cancel

    @property
    def done(self) -> bool:
        """Whether it has come back."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> T:
        """Wait and return what it came back with.

        Raises:
            TimeoutError: It took longer than `timeout` seconds.
        """
        return self._future.result(timeout)

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()

    async def _wait(self) -> T:
        future = asyncio.ensure_future(asyncio.wrap_future(self._future))
        try:
            while not future.done():
                await asyncio.wait({future}, timeout=HEARTBEAT)
            return future.result()
        except asyncio.CancelledError:
            # Interrupt in a notebook: leave the run paused at a commit, then give way
            self._on_cancel()
            await asyncio.wait({future}, timeout=2.0)
            raise

    def __repr__(self) -> str:
        return f"<Handle: {self._future.result()!r}>" if self.done else "<Handle: going on>"
