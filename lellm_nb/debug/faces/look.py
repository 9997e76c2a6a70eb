"""Looking never moves the run, and works while one is going on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import plain_function, speaking, whole
from lellm_nb.debug.core import status
from lellm_nb.debug.core.stop import AllPending, Stop
from lellm_nb.debug.core.summary import Summary, summary_of
from lellm_nb.debug.diff.diff import Diff
from lellm_nb.debug.diff.level_diff import level_diff
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.history.frames import Frames
from lellm_nb.debug.history.tree import Tree
from lellm_nb.debug.names.node_name import node_paths
from lellm_nb.debug.query.evaluated_columns import evaluated_columns
from lellm_nb.debug.query.stack import Stack
from lellm_nb.errors import DebuggerError
from lellm_nb.ids import TraceId
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position
from lellm_nb.session.protocol import Capability, FailedJoin
from lellm_nb.state.state import view

if TYPE_CHECKING:
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["LookFace"]


class LookFace(Face):
    """``state, position, frames, at, diff`` and what the view shows of the head."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the engine is able to; a verb that needs what is missing says so by name."""
        return self._context.session.capabilities

    @property
    def trace_id(self) -> TraceId:
        """The run's id, by which a store knows it."""
        return self._context.storage.trace_id

    @property
    def max_steps(self) -> int:
        """How many steps one `run` may take before it holds with `LIMIT`."""
        return self._context.max_steps

    @max_steps.setter
    def max_steps(self, steps: int) -> None:
        self._context.max_steps = whole(steps, "max_steps", DebuggerError)

    @property
    def redact(self) -> Redactor:
        """What takes secrets out of all that is shown, exported or written out as code.

        Unless it is chosen, that of the store, else one that knows the common API keys. A
        store takes out what either of them calls secret, from when it is chosen on.
        The states themselves are never changed by it.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, Redactor
            >>> g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
            >>> dbg = Debugger(g, {"pin": 1234}, redact=Redactor(paths=["pin"]))
            >>> dbg.redact.paths, dbg.state["pin"]
            (('pin',), 1234)
        """
        return self._context.redactor

    @redact.setter
    def redact(self, redactor: Redactor) -> None:
        what = "a Redactor"
        chosen = speaking(redactor, "redact", DebuggerError, "apply", what)
        self._context.redact = chosen
        self._context.follow_items()
        self._context.storage.hide(chosen)

    @property
    def graph(self) -> Any:
        """The graph that runs."""
        return self._context.session.graph

    @property
    def state(self) -> Any:
        """The root state where the run stands."""
        return self._context.session.state

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return self._context.session.position

    @property
    def stack(self) -> Stack:
        """Every open level of every branch, the outermost first: the paths of what is next.

        Each path says more of its level (`graph`, `visit`, `step`, `kind`, `status`,
        `waits_for`, `state`), and `dbg.stack.to_pandas()` is all of it as a table.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").parallel("both", {"a": lambda c: None, "b": lambda c: None})
            >>> dbg = Debugger(g.start("both").end("both").build())
            >>> dbg.stack
            ['both', 'both/a', 'both/b']
            >>> stop = dbg.step(); dbg.stack.to_pandas()[["path", "kind", "status"]]
                 path    kind status
            0    both  inside   open
            1  both/b     run   next
        """
        return status.stack(self._context)

    @property
    def frames(self) -> Frames:
        """The current line: from the root to the head, and on along the line last left."""
        return Frames(self._context.session.line, None, self._context.hide, evaluated_columns)

    @property
    def head(self) -> int:
        """The index in `frames` of where the run stands."""
        return self._context.session.head.index

    @property
    def line(self) -> str:
        """The name of the line that the head is on."""
        return self._context.session.line.name

    @property
    def lines(self) -> list[str]:
        """The names of all lines, ``main`` first."""
        return list(self._context.session.history.lines)

    @property
    def tree(self) -> Tree:
        """All lines, with where each was forked, how it stands, its notes and pins."""
        session = self._context.session
        return Tree(session.history, session.line, session.head)

    @property
    def paths(self) -> list[str]:
        """The paths of all nodes, composites before what is in them."""
        return node_paths(self._context.session.graph)

    @property
    def pending(self) -> AllPending:
        """What waits for a decision: barriers, and nodes in mode ask; a list, and a table."""
        return status.pending(self._context)

    @property
    def summary(self) -> Summary:
        """What a front end shows of the head, read in one go.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
            >>> now = Debugger(g).summary
            >>> now.status, now.text, now.count
            ('ready', 'ready · frame 0 of 0 · main', 1)
        """
        return summary_of(self._context)

    @property
    def failed_join(self) -> FailedJoin | None:
        """The parallel of which branches failed or disagree: `resolve_join` says what becomes."""
        return self._context.session.failed_join()

    @property
    def status(self) -> str:
        """``ready, running, waiting, paused, failed`` or ``completed``."""
        return status.status(self._context)

    @property
    def status_line(self) -> str:
        """The head in words: ``waiting at approve · frame 3 of 3 · main``."""
        return status.status_line(self._context)

    @property
    def busy(self) -> bool:
        """Whether a command is going on."""
        return self._context.commands.busy

    @property
    def last_stop(self) -> Stop | None:
        """What the last command that moved came back with, by whatever way it was given."""
        return self._context.commands.last_stop

    @property
    def streaming(self) -> dict[str, list[Any]]:
        """What nodes that run now have emitted so far, by path."""
        return self._context.streams.now() if self.busy else {}

    @property
    def reading(self) -> bool:
        """Whether a stored run was opened for reading: it can be looked at, and not go on."""
        return self._context.storage.reading

    @property
    def lacking(self) -> list[tuple[Any, ...]]:
        """Where secrets have to be given again (`supply`) before a reopened run goes on."""
        return self._context.storage.missing_secrets(self._context.session)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, on whatever thread made it.

        It must return at once: it may be called thousands of times a second.

        Returns:
            A function that ends the subscription.

        Raises:
            DebuggerError: It cannot be called with nothing.
        """
        plain_function(listener, "listener", DebuggerError, "")
        return self._context.commands.subscribe(listener)

    def at(self, node: str, visit: int = 1) -> Frame:
        """Return the frame of a node's run on this line.

        Raises:
            NoSuchFrameError: It did not run, or not that often.
        """
        return self._frame((node, visit))

    def state_at(self, frame: Any, like: Any = None) -> Any:
        """Return the state of a level at a frame; `None` where the run was not in that level.

        Args:
            like: A frame of the level that is meant; by default the root is. A level that the
                run was about to enter is as its first node would have seen it.

        Raises:
            NoSuchFrameError: One of them is not there.
        """
        near = None if like is None else self._frame(like)
        data = self._context.session.data_at(self._frame(frame), near)
        return None if data is None else view(data)

    def diff(self, a: Any, b: Any) -> Diff:
        """Return what differs between two frames, as a tree of paths.

        Names mean the root state. Where a frame is of an inner level, what differs in that
        level comes after it, under ``level:key``.

        Raises:
            NoSuchFrameError: One of them is not there.
        """
        found = level_diff(self._frame(a), self._frame(b), self._context.session)
        return found.hiding(self._context.hide())

    def has_old_code(self, frame: Any) -> bool:
        """Tell whether a frame was made by code that has been replaced since."""
        return self._context.code.is_older(self._frame(frame))
