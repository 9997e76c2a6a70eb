"""Short ways to step a session and to say what it did."""

from __future__ import annotations

import asyncio


def stepped(session, n):
    """Make n commits."""

    async def go():
        return [await session.step() for _ in range(n)]

    return asyncio.run(go())


def paths(frames):
    """What happened, in short."""
    return [f"{f.kind} {f.path}" for f in frames]
