"""Changing without losing: forks, new code, a history folded again, notes and pins."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.breakpoints.triggers import graph_at
from lellm_nb.debug.codegen.redefined import meant_by_name, redefined, written_after
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.core.warn_caller import caution
from lellm_nb.debug.diff.compare import Comparison, compare_lines
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.history.tree import Tree, no_such_line
from lellm_nb.debug.names.address import levels_of, node_at
from lellm_nb.debug.names.level_frames import level_name
from lellm_nb.debug.verbs.decide import Deciding
from lellm_nb.debug.verbs.refold import check_mutation, fold_on, made_again
from lellm_nb.engine.halt import Halt
from lellm_nb.errors import DebuggerError, RunError, StateTypeError, listed
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.session.recording import Recording
from lellm_nb.state.key import StateKey

if TYPE_CHECKING:
    from lellm_nb.debug.debugger import Debugger
    from lellm_nb.session.session import ExecutionSession

__all__ = ["Changing"]


class Changing(Deciding):
    """``fork, branch, patch, without, resolve_join, compare, tree, note, pin``."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._family: dict[str, Any] = {}
        self._first: Callable[[], Any] = weakref.ref(self)
        self._patched: dict[str, float] = {}
        self._by_hand: dict[str, Any] = {}

    # -- lines -----------------------------------------------------------------

    def fork(
        self,
        at: Any = None,
        *,
        put: Mapping[Any, Any] | None = None,
        delete: Sequence[Any] | str | None = None,
        nodes: Mapping[str, Callable[[Any], Any]] | None = None,
        name: str | None = None,
    ) -> Debugger:
        """Return a debugger on a line of its own that begins at a frame; this one stays.

        Args:
            at: An index, a `Frame` or ``(node, visit)``; the head by default. The line goes
                on *after* it: to run a step again, fork from the frame before it.
            put: Keys and values to write there, as one frame of kind *edit*.
            delete: Keys to remove in the same frame.
            nodes: New functions, on the new line only. Where the frame at which it begins is a
                run of one of them, a warning names the frame before it.
            name: The line's name; ``fork 1``, ``fork 2``, … by default.

        Raises:
            BusyError: A run is going on.
            NoSuchFrameError: There is no such frame.
            StateError: What is to be written does not fit.
            DebuggerError: The name is taken.
        """
        self._refuse_while_busy("fork")
        given: Any = name
        if given is not None and not (isinstance(given, str) and given.strip()):
            raise DebuggerError(f"A line's name is text that is not empty, not {name!r:.60}.")
        frame = self._session.head if at is None else self._frame(at)
        by_path = self._by_path(nodes or {})
        # from the head on, a node of a cycle gets its new function in the turns to come
        named = at is not None or not self._in_cycle(frame)
        if named and frame.kind == "commit" and frame.static_path in by_path:
            caution(
                f"The fork goes on after frame {frame.index}, which ran {frame.path}; to run it"
                f" again with its new function, fork(at={frame.index - 1}, …)."
            )
        for key in (*(put if isinstance(put, Mapping) else ()), *_listed(delete)):
            self._check_level(key, frame)
        graph = self.graph.patched(by_path) if nodes else self.graph
        left = self._session.line_through(frame)
        made = self._session.fork(frame, put=checked(put), delete=_listed(delete), name=name)
        child = self._on(made)
        child._recording = Recording(self._session.history, left)
        child._session.use(graph)
        child._replaced(by_path)
        self._changed()
        return child

    def _check_level(self, key: Any, frame: Frame) -> None:
        """Warn of ``level:key`` where a key is written: that is how one asks, not how one puts."""
        level, _, name = key.partition(":") if isinstance(key, str) else ("", "", "")
        if name and level in levels_of(self.graph) and key not in kept_items(frame.level.data):
            here = level_name(frame) == level
            way = f"write {name!r}" if here else f"fork at a frame of level {level!r}"
            caution(
                f"A fork writes at the level of its frame, and {key!r} is a key of that name there;"
                f" to change {name!r} of level {level!r}, {way}."
            )

    def _in_cycle(self, frame: Frame) -> bool:
        """Whether a frame's node may run again, in its level or with a level around it."""
        path = frame.static_path
        while path:
            path, _, node = path.rpartition("/")
            cycles = graph_at(self.graph, path).analyze_cycles()
            if any(node in cycle.nodes for cycle in cycles):
                return True
        return False

    def _on(self, session: ExecutionSession) -> Debugger:
        """Make a debugger for another line of the same history."""
        made: Any = type(self).__new__(type(self))
        Changing.__init__(made, session, self.name, self.max_steps)
        made.breakpoints = self.breakpoints.copied()
        made._modes = dict(self._modes)
        made._patched = dict(self._patched)
        made._by_hand = dict(self._by_hand)
        made._first = self._first
        made._family = self._family
        made._redact = self.redact
        self._family[session.line.name] = made
        return made  # type: ignore[no-any-return]  # of this very class

    def branch(self, name: str) -> Debugger:
        """Return the debugger of any line by its name.

        Raises:
            DebuggerError: There is no such line; lists those that are.
        """
        if name == self.line:
            return self  # type: ignore[return-value]  # a Changing is only ever a Debugger
        line = self._session.history.lines.get(name)
        if line is None:
            raise no_such_line(name, self.lines)
        for known in (self._family.get(name), *self._family.values(), self._first()):
            if known is not None and known.line == name:
                return known  # type: ignore[no-any-return]  # the family holds debuggers
        session = self._session.at_tip(line)
        session.use(self.graph)
        return self._on(session)

    @property
    def tree(self) -> Tree:
        """All lines, with where each was forked, how it stands, its notes and pins."""
        return Tree(self._session.history, self._session.line, self._session.head)

    def compare(self, other: Debugger | str) -> Comparison:
        """Return this line and another one, aligned by path, node and visit.

        Each side counts up to where its debugger stands; rewind to its last frame to compare
        the whole line.

        Args:
            other: A debugger of the other line, or the line's name.
        """
        against: Any = self.branch(other) if isinstance(other, str) else other
        if not isinstance(against, Changing):
            raise DebuggerError(f"compare takes a Debugger or a line's name, not {other!r:.60}.")
        mine, its = self._session, against._session
        left, right = mine.line.name, its.line.name
        same = mine.history is its.history and left == right
        names = (self.name, against.name) if left == right and not same else (left, right)
        found = compare_lines(
            names, self.frames[: mine.head.index + 1], against.frames[: its.head.index + 1]
        )
        found.parts = _up_to(mine), _up_to(its)
        found.line = left if same else ""
        return found

    def note(self, frame: Any, text: str) -> None:
        """Write a note to a frame; an empty one takes it away."""
        self._session.history.note(self._frame(frame), str(text))
        self._changed()

    def pin(self, frame: Any, on: bool = True) -> None:
        """Pin a frame, so that no retention ever drops it."""
        self._session.history.pin(self._frame(frame), on)
        self._changed()

    # -- code ------------------------------------------------------------------

    def patch(
        self,
        nodes: Mapping[str, Callable[[Any], Any]] | None = None,
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> None:
        """Go on with new functions; the history is kept.

        Args:
            nodes: ``{path or unique name: function}``.
            edges: ``{(source, target): predicate}`` of conditional edges.

        Raises:
            BusyError: A run is going on.
            NoSuchNodeError: There is no such node or conditional edge.
        """
        self._refuse_while_busy("patch")
        by_path = self._by_path(nodes or {})
        self._use(by_path, edges)
        self._by_hand |= {path: meant_by_name(fn) for path, fn in by_path.items()}

    def _use(
        self,
        nodes: Mapping[str, Callable[[Any], Any]],
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> None:
        self._session.use(self.graph.patched(nodes, edges))
        self._replaced(nodes)
        self._changed()

    def _replaced(self, nodes: Mapping[str, Any]) -> None:
        """Take note that there is new code for some nodes, from now on and on this line."""
        self._patched |= dict.fromkeys(nodes, self._session.clock.wall())

    def _by_path(self, nodes: Mapping[str, Any]) -> dict[str, Any]:
        """Return functions by the paths of the nodes that they are for.

        Raises:
            NoSuchNodeError: There is no such node.
            DebuggerError: It is a node whose code is not one function.
        """
        found = {self._static_path(name): function for name, function in nodes.items()}
        for path in found:
            inside = [each for each in self.paths if each.startswith(f"{path}/")]
            if inside:
                raise DebuggerError(
                    f"{path!r} has nodes inside, and stays as it is; patch {listed(inside)}."
                )
            kind = getattr(node_at(self.graph, path), "kind", "")
            if kind in ("barrier", "condition"):
                raise DebuggerError(f"{path!r} is a {kind}, and runs no function to replace.")
        return found

    def _refresh_code(self) -> None:
        """Use functions that were defined again since, in a cell or a reloaded module."""
        found = redefined(self.graph, self._by_hand)
        if found:
            self._use(found)

    def has_old_code(self, frame: Any) -> bool:
        """Tell whether a frame was made by code that has been replaced since."""
        return written_after(self._patched, self._frame(frame))

    # -- the history, folded again -----------------------------------------------

    def without(self, frame: Any, mutation: int = 0) -> Debugger:
        """Fold the log again without one mutation; no node runs.

        The recorded outcomes after the frame are committed again on a new line, one
        mutation unticked, as far as the head; decisions and edits are given again as well.
        Conditions see the state as it would have been: where the run would have gone another
        way and nothing is recorded there, the line ends.

        Args:
            frame: The frame that wrote it: a node's commit, or an edit.
            mutation: Its place among the frame's mutations, from 0.

        Returns:
            The debugger of the new line, at the last frame that could be folded.

        Raises:
            DebuggerError: The frame has no such mutation, or is neither of the two.
        """
        return self._call("without", lambda: self._do_without(frame, mutation))

    async def awithout(self, frame: Any, mutation: int = 0) -> Debugger:
        """Do what `without` does, with await."""
        return await self._handle("without", lambda: self._do_without(frame, mutation))

    async def _do_without(self, frame: Any, mutation: int = 0) -> Debugger:
        found = self._frame(frame)
        check_mutation(found, mutation)
        assert found.parent is not None
        left = self._session.line_through(found)
        end = max(self._end_of(left), found.index)
        recording = made_again(self._session, left, end, found, mutation)
        child = self._on(self._session.fork(found.parent))
        await fold_on(child._session, recording, left[found.index : end + 1], mutation)
        return child

    def _end_of(self, line: Any) -> int:
        """The index up to which a line's outcomes count: the head, or the line's tip."""
        on_line = self._session.line is line
        return self._session.head.index if on_line else len(line) - 1

    def resolve_join(self, how: str) -> Stop:
        """Say what becomes of a collect-all Parallel of which some branches failed.

        Args:
            how: ``"keep"`` joins the good branches, ``"drop"`` joins none, ``"retry"``
                runs the failed branches again.

        Raises:
            DebuggerError: No such failure is there, or `how` is none of the three.
        """
        return self._call("resolve_join", lambda: self._do_resolve_join(how))

    async def aresolve_join(self, how: str) -> Stop:
        """Do what `resolve_join` does, with await."""
        return await self._handle("resolve_join", lambda: self._do_resolve_join(how))

    async def _do_resolve_join(self, how: str) -> Stop:
        if how not in ("keep", "retry", "drop"):
            raise DebuggerError(f"resolve_join takes 'keep', 'retry' or 'drop', not {how!r}.")
        if not (self._session.head.failed and self._in_patient_fan()):
            raise DebuggerError("The run does not stand in a collect-all Parallel that failed.")
        if how == "retry":
            return await self._do_run()
        try:
            await self._session.close_fan(keep=how == "keep")
        except RunError as error:
            return self._stop(StopReason.FAILED, error=error)
        return self._stop_for(Halt.STEPPED, None)

    def _in_patient_fan(self) -> bool:
        scope, level = self._session.scope, self._session.position
        while isinstance(level.inner, Position):
            scope, level = scope.child(scope.site(level.node or ""), level), level.inner
        patient = level.node and scope.site(level.node).node
        return isinstance(level.inner, Fan) and getattr(patient, "on_error", "") == "collect_all"


def _up_to(session: ExecutionSession) -> str:
    """Say up to where a line counts, when its debugger does not stand at the end."""
    head, last = session.head.index, len(session.line) - 1
    return f" (up to frame {head} of {last})" if head < last else ""


def checked(put: Any) -> Any:
    """Return what is to be put under plain keys, each `StateKey` having checked its value.

    Raises:
        StateTypeError: A value is not of its key's type.
    """
    if not isinstance(put, Mapping):
        return put  # the session says what is wrong with it
    for key, value in put.items():
        if isinstance(key, StateKey):
            key.check(value)
    return {key.name if isinstance(key, StateKey) else key: value for key, value in put.items()}


def _listed(delete: Any) -> tuple[Any, ...]:
    if delete is None:
        return ()
    if isinstance(delete, str | tuple | StateKey):
        delete = (delete,)
    if not isinstance(delete, Sequence | Set):
        kind = type(delete).__name__
        problem = f"delete is a key or a list of keys, not {kind}."
        raise StateTypeError(None, "a list of keys", kind, problem)
    return tuple(key.name if isinstance(key, StateKey) else key for key in delete)
