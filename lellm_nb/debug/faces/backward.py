"""Backward: going into the past never runs user code."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.breakpoints.triggers import Until
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import backward

__all__ = ["BackwardFace"]


class BackwardFace(Face):
    """``back, run_back, rewind`` and their async twins."""

    def back(self, n: int = 1) -> Stop:
        """Go `n` frames into the past; no user code runs. At the first frame: START."""
        return self._context.at_once(backward.back, n)

    async def aback(self, n: int = 1) -> Stop:
        """Do what `back` does, with await."""
        return await self._context.start_at_once(backward.back, n)

    def run_back(self, until: Until = None) -> Stop:
        """Go into the past to the last breakpoint passed, or to the start.

        Args:
            until: A node, or ``(node, visit)``, named as for `break_at`: stops where it is about
                to run. An expression over the root state of each frame, or a predicate of a
                frame: stops at the first one for which it holds.

        Raises:
            NoSuchNodeError: `until` names no node of the graph.
        """
        return self._context.run(backward.run_back, until)

    async def arun_back(self, until: Until = None) -> Stop:
        """Do what `run_back` does, with await."""
        return await self._context.start(backward.run_back, until)

    def rewind(self, frame: Any) -> Stop:
        """Move the head to any frame: an index, a `Frame`, or ``(node, visit)``.

        Going on from there starts a new line; nothing is dropped.

        Raises:
            NoSuchFrameError: There is no such frame.
        """
        return self._context.at_once(backward.rewind, frame)

    async def arewind(self, frame: Any) -> Stop:
        """Do what `rewind` does, with await."""
        return await self._context.start_at_once(backward.rewind, frame)
