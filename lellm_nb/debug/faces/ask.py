"""Questions to the history: looking only, and possible while a run is going on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from lellm_nb.arguments import chosen
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.history.frames import Frames
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.names.address import Address
from lellm_nb.debug.names.level_frames import frames_inside
from lellm_nb.debug.names.node_name import node_paths
from lellm_nb.debug.query.bisect import first_holding
from lellm_nb.debug.query.evaluate import evaluated
from lellm_nb.debug.query.loops import loop_table, rings
from lellm_nb.debug.query.route_reason import Why, explain
from lellm_nb.debug.query.search import Hits, find_text
from lellm_nb.debug.query.timing import timing_table
from lellm_nb.debug.query.trace_writer import who_wrote
from lellm_nb.debug.query.value_history import change_table
from lellm_nb.debug.query.where import Where, with_tries
from lellm_nb.debug.query.writers import Writes
from lellm_nb.errors import DebuggerError, MissingKeyError
from lellm_nb.record.frame import Frame

if TYPE_CHECKING:
    import pandas

__all__ = ["AskFace"]

T = TypeVar("T")


class AskFace(Face):
    """``who, history, why, find, evaluate, bisect, loops, timing``."""

    def who(self, path: Any) -> Writes:
        """Return which steps wrote a value on the way to the head, newest first.

        What a subgraph or a parallel brought out leads on to the steps inside that made it,
        through lenses, reducers and merges. Edits and decisions are writers as well.

        Args:
            path: A key of the root state, a path tuple into it, or either with a level before
                it: ``"agent:key"`` for every entry of ``agent``, ``"agent#2:key"`` for one. A
                text that is no key is read as a path as well: ``"plan.steps[2]"``.

        Raises:
            MissingKeyError: Nothing on the way had such a key; names the nearest.
            NoSuchNodeError: There is no such level.
        """
        session = self._context.session
        found = self._found(path, lambda at: who_wrote(session.head, session.graph, at))
        return found.hiding(self._context.hide())

    def history(self, path: Any) -> pandas.DataFrame:
        """Return every change of a value on the current line, oldest first.

        Args:
            path: As for `who`. The value is the one at its own level: what a subgraph wrote
                changes a root key when the subgraph is left.

        Returns:
            One row per change: frame, path, node, visit, kind, old, new. A write of the value
            that was there already changes nothing and has no row.

        Raises:
            MissingKeyError: Nothing on the line had such a key; names the nearest.
            NoSuchNodeError: There is no such level.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
            >>> dbg = Debugger(g.build(), {"n": 0}); dbg.run().frame.index
            1
            >>> dbg.history("n")[["frame", "path", "old", "new"]]
               frame path  old  new
            0      1    a    0    1
        """
        before, graph = self._context.before, self._context.session.graph
        return self._found(path, lambda at: change_table(self._line, before, graph, at))

    def why(self, frame: Any) -> Why:
        """Return why a step went the way it went: every way out, and which one won.

        The conditions are asked again, of the state that the step committed; one that raises
        now says so in its row. `Why.held` says of each that was refused at which earlier frame it
        held; so do the text and the table.

        Args:
            frame: An index, a `Frame`, or ``(node, visit)``.

        Raises:
            NoSuchFrameError: There is no such frame.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
            >>> g = g.node("b", lambda ctx: None).edge_if("a", "a", lambda s: s["n"] < 2)
            >>> dbg = Debugger(g.edge("a", "b").start("a").end("b").build(), {"n": 0})
            >>> stop = dbg.run(); dbg.why(2).held
            (1, None)
        """
        self._context.may("why")
        return explain(self._frame(frame), self._context.session.graph)

    def find(self, text: str, *, case: bool = False, lines: str = "current") -> Hits:
        """Return where a text occurs on the current line, or on all of them.

        Looked through are keys and values as they were written, what nodes printed and
        streamed, errors and decisions; a hit shows the text around it, without secrets.

        Args:
            case: Whether capital and small letters differ.
            lines: ``"all"`` looks through every line of `tree`, what they share once; each hit
                says its line.

        Raises:
            DebuggerError: It is no text, or an empty one; or `lines` is neither of the two.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"topic": "seals"}).start("a").end("a")
            >>> dbg = Debugger(g.build()); fork = dbg.fork(put={"note": "seals too"}); dbg.run()
            Stop(COMPLETED, frame 1 a)
            >>> dbg.find("seals", lines="all")
            frame 1 of main a topic: seals
            frame 1 of fork 1 start note: seals too
        """
        frames = self._of_lines(lines)
        return find_text(frames, text, case, self._context.redactor, self._context.hide())

    def evaluate(
        self,
        expression: str | Callable[[Frame], Any],
        *,
        level: str | None = None,
        lines: str = "current",
    ) -> pandas.DataFrame:
        """Ask every recorded frame of the current line, or of all lines, after the fact.

        Args:
            expression: Text in the expression language (SEMANTICS G10), in which the keys of the
                root state are names, `state` is the root state and `frame` the frame, of which
                index, kind, node, path, visit, duration, state and others may be asked. After
                ``py:`` it is Python proper with the same names. Or a function of a frame.
            level: Ask the frames of a level only, ``"agent"``, ``"agent#2"`` for one entry or
                ``"checks/stock"`` for a branch; names and `state` mean that level's state.
            lines: ``"all"`` asks the frames of every line of `tree`, those that lines share once.

        Returns:
            A column ``value``, by frame, and a column ``error`` that says what the
            expression raised there. A key that was not there yet is None; where no frame has
            one, a warning says what may have been meant. Of all lines a column ``line`` says on
            which the frame was made.

        Raises:
            DebuggerError: A text is no expression; shows where. Or `lines` is neither of the two.
            NoSuchNodeError: There is no such level.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
            >>> dbg = Debugger(g.build()); dbg.run().frame.index
            1
            >>> dbg.evaluate("n > 0 and n < 5")
                   value error
            frame
            0      False  <NA>
            1       True  <NA>
        """
        asked = list(self._of_lines(lines))
        if level is not None:
            inside = frames_inside((f for _, f in asked), self._context.session.graph, level)
            meant = set(map(id, inside))
            asked = [(line, frame) for line, frame in asked if id(frame) in meant]
        names = None if lines == "current" else [line for line, _ in asked]
        frames = (frame for _, frame in asked)
        return evaluated(frames, expression, inside=level is not None, lines=names)

    def bisect(self, predicate: str | Callable[[Frame], Any], *, level: str | None = None) -> Frame:
        """Return the first frame from which a predicate holds on the way to the head.

        By binary search: about log2(n) frames are asked. It is taken to hold from some frame
        on; where it changes more than once, one of the frames where it came to hold is found.
        Where it raises it does not hold. Frames of failures, which committed nothing, are left
        out. Where it holds from the beginning, the start frame comes back.

        Args:
            predicate: A function of a frame, or an expression as for `evaluate`.
            level: Ask the frames of a level only, as for `evaluate`: the last of them is
                where it has to hold.

        Raises:
            NoSuchFrameError: It does not hold at the head, so nothing made it true; says so
                where it holds at the end of another level.
            DebuggerError: A text is no expression; shows where.
            NoSuchNodeError: There is no such level.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
            >>> dbg = Debugger(g.build(), {"n": 0}); dbg.run().frame.index
            1
            >>> dbg.bisect("n > 0")
            <Frame 1 commit a: n>
            >>> outer = GraphBuilder("outer").subgraph("agent", g.build(), lens="job")
            >>> dbg = Debugger(outer.start("agent").end("agent").build(), {"job": {"n": 0}})
            >>> dbg.run().frame.index
            2
            >>> dbg.bisect("n > 0", level="agent")
            <Frame 1 commit agent/a: n>
            >>> dbg.bisect("job['n'] > 5")
            Traceback (most recent call last):
            lellm_nb.errors.NoSuchFrameError: There is no frame from which it holds: the \
predicate does not hold at frame 2, the head.
        """
        before = self._line[: self._context.session.head.index + 1]
        if level is None:
            return first_holding(before, predicate)
        inside = frames_inside(before, self._context.session.graph, level)
        return first_holding(inside, predicate, level)

    def loops(self, cycle: Any = None) -> pandas.DataFrame:
        """Return the current line's cycles, one row per turn.

        Args:
            cycle: The names or paths of its nodes, or one of them for the cycles it is in; by
                default every cycle of the graph, and of the graphs inside it.

        Returns:
            cycle, level (the entry of an inner graph), turn, first and last frame, nodes in the
            order they ran, steps (inner ones included), changed_keys, changes (in words), exits
            (each edge that leaves the cycle, what became of it when it was last looked at in the
            turn, and its condition), left (the way by which the turn left the cycle, if it did),
            cost, calls, tokens_in, tokens_out, paid (of the cost what was not served), duration (of
            the nodes) and elapsed (by the clock), both in seconds.

        Raises:
            NoSuchNodeError: There is no such node.
            DebuggerError: The node is in no cycle, or the nodes are of several levels.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state.get("n", 0) + 1})
            >>> g = g.node("z", lambda ctx: None).edge_if("a", "a", "n < 2").edge("a", "z")
            >>> dbg = Debugger(g.start("a").end("z").build()); dbg.run()
            Stop(COMPLETED, frame 3 z)
            >>> dbg.loops()["exits"].tolist()
            ['a -> z: False, unless n < 2', 'a -> z: True, unless n < 2']
        """
        graph = self._context.session.graph
        found = rings(graph, cycle, node_paths(graph))
        return loop_table(self._line, self._context.before, found, graph)

    def timing(self) -> pandas.DataFrame:
        """Return where the time went on the current line, one row per node, the slowest first.

        Returns:
            path, node, visits, failures, total, mean, max (of its own code, in seconds), share
            (of all such time), inside (what ran inside a composite), waited (for decisions),
            cost, calls, tokens_in, tokens_out and paid (of the cost what was not served).
        """
        return timing_table(self._line)

    def where(self) -> Where:
        """Return what runs now: each node, since when, and where it is, from any thread.

        Of a node that failed and is tried again: which try, when it begins, and after what.

        Returns:
            A sequence whose text shows the stacks, and `to_pandas()` a table: path, visit,
            seconds, thread, at (file, line and function of the innermost call), attempt, of,
            next_in (seconds until it is tried again) and error (of the try before).
        """
        session, hide = self._context.session, self._context.hide()
        running = with_tries(session.in_flight(), self._context.retries.now())
        shown = None if hide is None else hide.words(session.head)
        return Where(running, session.clock.wall(), shown)

    def _of_lines(self, lines: Any) -> Iterator[tuple[str, Frame]]:
        """Walk the frames of the current line without a name, or each line's own with its name.

        Raises:
            DebuggerError: It is neither ``"current"`` nor ``"all"``.
        """
        if chosen(lines, "lines", DebuggerError, ("current", "all")) == "current":
            return (("", frame) for frame in self._line)
        known = list(self._context.session.history.lines.values())
        return ((line.name, frame) for line in known for frame in line.own[: len(line.own)])

    @property
    def _line(self) -> Frames:
        return Frames(self._context.session.line, None, self._context.hide)

    def _found(self, path: Any, ask: Callable[[Address], T]) -> T:
        """Ask of a place; of what a text says as a path, where it is the name of no key."""
        session = self._context.session
        known = kept_items(session.head.position.data)
        address = Address.of(path, session.graph, known)
        try:
            return ask(address)
        except MissingKeyError as refused:
            inside = address.inside
            if inside is None:
                raise
            try:
                return ask(inside)
            except MissingKeyError as error:
                into_a_key = not address.level and inside.path[0] in known
                raise (error if into_a_key else refused) from None
