"""What is given to a run from outside: the input of the next turn, writes, outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import outcomes, steer, turns

__all__ = ["TurnsFace"]


class TurnsFace(Face):
    """``send, skip`` and their async twins, ``steer``, ``mock`` and ``mocks``."""

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

    def skip(self) -> Stop:
        """Go past the node that is next, without running it: nothing is written, and it is routed.

        Where the run stands at a failure it is the node that failed. A barrier is passed with
        nothing written, as by `DefaultAction.SKIP`. A subgraph or a parallel that is not entered
        is passed as a whole; `step` into it to skip a node inside.

        Raises:
            DebuggerError: What is next is committed already, and only to be left.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("pay", lambda ctx: {"paid": True})
            >>> g = g.node("tell", lambda ctx: {"told": True}).edge("pay", "tell")
            >>> dbg = Debugger(g.start("pay").end("tell").build())
            >>> dbg.skip().frame.skipped, dbg.run().reason.name, dbg.state
            (True, 'COMPLETED', State({'told': True}))
        """
        return self._context.run(outcomes.skip)

    async def askip(self) -> Stop:
        """Do what `skip` does, with await."""
        return await self._context.start(outcomes.skip)

    def mock(
        self,
        node: str,
        what: Mapping[Any, Any] | Callable[[Any], Any] | None,
        *,
        visit: int | None = None,
    ) -> None:
        """Fix what a node does, on this line and its forks, until it is let go by `None`.

        Mocks are never stored: in a run that is opened again the nodes run.

        Args:
            node: Its path; a bare name where it is unique.
            what: A mapping is written as if the node had returned it; of a subgraph or a parallel
                it stands for all that it would write. A function, also an async one, is called
                with the context in the node's place: its output, calls and tries are taken down.
                `None` lets the node run again.
            visit: For one visit only, from 1; for every one by default.

        Raises:
            NoSuchNodeError: There is no such node; names the nearest.
            DebuggerError: It is a barrier, or a function is given for what runs none.
            StateTypeError: A key is no text.
            BusyError: A run is going on.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("ask", lambda ctx: 1 / 0).start("ask").end("ask")
            >>> dbg = Debugger(g.build())
            >>> dbg.mock("ask", {"reply": "fine"}); dbg.mocks
            {'ask': {'reply': 'fine'}}
            >>> dbg.run().frame.mocked, dbg.state
            (True, State({'reply': 'fine'}))
        """
        self._context.at_once(outcomes.mock, node, what, visit=visit)

    @property
    def mocks(self) -> dict[str | tuple[str, int], Any]:
        """What is fixed: by path, and by ``(path, visit)`` where it is for one visit."""
        return self._context.modes.mocks.all

    def steer(
        self,
        put: Mapping[Any, Any] | None = None,
        *,
        delete: Sequence[Any] | str | None = None,
    ) -> Stop:
        """Write into the run at its next commit, from any thread; at the head where nothing runs.

        A run that is going on starts no node until it is written, as one frame of kind *edit* for
        each level, and goes on by itself. Where it failed before, nothing is written and a warning
        says so; where the state does not take it any more by then, the run pauses and its stop has
        the error.

        Args:
            put: Keys and values, at the root; ``"agent:key"`` is of level ``agent``. Each
                replaces what was there, past the reducers: a list of messages is put whole, or
                one of it by its path, ``{("messages", -1): message}``. `send` goes through the
                reducers.
            delete: Keys to remove; what is not there is no error.

        Returns:
            Where the run stands now: a run that is going on has not written yet.

        Raises:
            StateError: What is to be written does not fit the state as it is.
            NoSuchNodeError: The graph has no such level.
            DebuggerError: The run is not in that level, or nothing is given.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
            >>> dbg = Debugger(g.start("a").end("a").build(), {"n": 0})
            >>> dbg.steer(put={"n": 5}).frame
            <Frame 1 edit: n>
            >>> dbg.run().reason.name, dbg.state["n"]
            ('COMPLETED', 6)
        """
        return self._context.at_once(steer.steer, put, delete)
