"""A run that stays inside a node until it is let go."""

from __future__ import annotations

import asyncio
import threading

from lellm_nb import Debugger, GraphBuilder
from tests.strategies import note

LIMIT = 10
"""Seconds after which a wait of these tests has failed."""


class Blocked:
    """A debugger on a -> b -> c, whose node b waits until it is let go."""

    def __init__(self, later=False):
        self.entered = threading.Event()
        self.go = threading.Event()
        self.left = threading.Event()

        def b(ctx):
            self.entered.set()
            assert self.go.wait(LIMIT)
            ctx.append("log", "b")
            self.left.set()

        async def b_later(ctx):
            self.entered.set()
            assert await asyncio.to_thread(self.go.wait, LIMIT)
            ctx.append("log", "b")
            self.left.set()

        g = GraphBuilder("blocked").node("a", note).node("b", b_later if later else b)
        g.node("c", note).edge("a", "b").edge("b", "c").start("a").end("c")
        self.dbg = Debugger(g.build())

    def __enter__(self):
        self.handle = self.dbg.start()
        assert self.entered.wait(LIMIT)
        return self

    def __exit__(self, *_error):
        self.go.set()
        self.stop = self.handle.result(LIMIT)
