"""What is given to a run from outside: the input of the next turn, writes, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import turns

__all__ = ["TurnsFace"]


class TurnsFace(Face):
    """``send`` and its async twin."""

    def send(self, input: Mapping[Any, Any] | str, *, then_run: bool = False) -> Stop:
        """Begin the next turn: take an input in, and stand at the start node again.

        The run has to be completed, or ready with nothing run yet. The input is a frame of kind
        *input*, to be rewound to and forked from like any other. The state is kept: visits,
        barrier counters and step counts go on, and `max_steps` counts anew.

        Args:
            input: Keys and values, written as if a node had returned them: through the graph's
                reducers, else put. Or text, for a graph with messages: it becomes
                ``{"role": "user", "content": text}``.
            then_run: Whether to run on to the next stop.

        Raises:
            DebuggerError: The run failed, waits, or is in the middle of a turn; says what to do.
            StateError: The input does not fit the state, or there is nowhere to put text.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, Reducer, ReducerRegistry
            >>> g = GraphBuilder("chat", ReducerRegistry({"messages": Reducer.APPEND}))
            >>> @g.task
            ... def answer(ctx):
            ...     last = ctx.state["messages"][-1]["content"]
            ...     return {"messages": {"role": "assistant", "content": last.upper()}}
            >>> dbg = Debugger(g.start("answer").end("answer").build())
            >>> dbg.send("hi", then_run=True).reason.name, dbg.send("bye").frame
            ('COMPLETED', <Frame 3 input: messages>)
            >>> dbg.run().reason.name, [m["content"] for m in dbg.state["messages"]]
            ('COMPLETED', ['hi', 'HI', 'bye', 'BYE'])
        """
        return self._context.run(turns.send, input, then_run=then_run)

    async def asend(self, input: Mapping[Any, Any] | str, *, then_run: bool = False) -> Stop:
        """Do what `send` does, with await."""
        return await self._context.start(turns.send, input, then_run=then_run)
