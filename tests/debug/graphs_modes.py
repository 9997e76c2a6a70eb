"""Three nodes of which one calls the world, for the tests of modes."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder


class World:
    """Three nodes in a row whose runs are counted; the second calls the world."""

    def __init__(self, **call):
        self.runs = []
        g = GraphBuilder("world")
        for name in ("ask", "call", "tell"):
            g.task(self.node(name), name=name, **(call if name == "call" else {}))
        g.edge("ask", "call").edge("call", "tell").start("ask").end("tell")
        self.dbg = Debugger(g.build(), {"n": 0})

    def node(self, name):
        def run(ctx):
            self.runs.append(name)
            print("ran", name)
            ctx.put(name, ctx.state["n"] + len(self.runs))

        return run
