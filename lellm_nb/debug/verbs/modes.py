"""Modes: whether a node runs, is looked up, or asks first (SEMANTICS R10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lellm_nb.debug.codegen.redefined import locked
from lellm_nb.debug.core.stop import Pending
from lellm_nb.debug.names.address import node_at
from lellm_nb.debug.verbs.backward import Rewinding
from lellm_nb.engine.commit import Committed, commit_node
from lellm_nb.engine.run import Run
from lellm_nb.engine.scope import Scope, Site, scope_at
from lellm_nb.engine.spot import Move, Spot, movable_spots
from lellm_nb.errors import DebuggerError, LellmError, listed
from lellm_nb.graph.decision import Approve, Decision, Modify, Reroute
from lellm_nb.graph.node import Barrier
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.history import Line
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.outcome import LIVE, Outcome
from lellm_nb.record.position import Position
from lellm_nb.session.recording import Recording
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Put, check_key
from lellm_nb.state.state import content_of

__all__ = ["Modes"]


class Modes(Rewinding):
    """``mode``, and the questions of nodes that ask."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._modes: dict[str, str] = {}
        self._recording: Recording | None = None
        self._answers: dict[str, Outcome] = {}

    def mode(self, node: str, mode: str) -> None:
        """Say what happens when the run comes to a node.

        Args:
            node: Its path; a bare name where it is unique.
            mode: ``"live"`` runs it. ``"recorded"`` looks its outcome up by path and visit,
                and pauses where none is recorded. ``"ask"`` waits, and takes `approve` (run
                it), `reject` (use what is recorded), `modify` (put a value instead) or
                `reroute` (go elsewhere instead).

        A node that declared side effects is looked up where an outcome is recorded, unless
        it is set to live. A barrier set to ``"recorded"`` takes the decision that was recorded
        for it, where there is one; else it waits, as ever.

        Raises:
            NoSuchNodeError: There is no such node.
            DebuggerError: The mode is none of the three, or the node runs no code of its own.
            BusyError: A run is going on.
        """
        self._refuse_while_busy("mode")
        if mode not in ("live", "recorded", "ask"):
            raise DebuggerError(f"A mode is 'live', 'recorded' or 'ask', not {mode!r}.")
        path = self._static_path(node)
        inside = [each for each in self.paths if each.startswith(f"{path}/")]
        if inside:
            raise DebuggerError(
                f"{path!r} has nodes inside, and a mode is about one that runs; set it for"
                f" {listed(inside)}."
            )
        if mode == "ask" and isinstance(node_at(self.graph, path), Barrier):
            raise DebuggerError(f"{path!r} is a barrier, which asks as it is.")
        self._modes[path] = mode
        self._changed()

    @property
    def modes(self) -> dict[str, str]:
        """The modes that were set, by path; ``recorded`` for what side effects lock."""
        return {**dict.fromkeys(sorted(locked(self.graph)), "recorded"), **self._modes}

    def _left(self, line: Line) -> None:
        self._recording = Recording(self._session.history, line)
        self._answers.clear()

    # -- while running -----------------------------------------------------------

    def _prepare(self, run: Run) -> None:
        super()._prepare(run)
        if self._modes or (self._recording is not None and locked(self.graph)):
            run.recorded = self._look_up
            run.decided = self._recorded_decision

    def _recorded_decision(self, barrier_id: str) -> DecisionRecord | None:
        path = without_visits(barrier_id)
        if self._modes.get(path) != "recorded":
            return None
        recording = self._recording or Recording(self._session.history, self._session.line)
        return recording.decision(barrier_id)

    def _look_up(self, scope: Scope, site: Site, level: Position) -> Outcome | None:
        path = site.place.static
        mode = self._modes.get(path, "locked" if path in locked(self.graph) else "live")
        if mode == "live":
            return LIVE
        visit = level.visits.count(site.name, level.step) + 1
        if mode == "ask":
            return self._answers.pop(f"{site.place.path}#{visit - 1}", None)
        found = self._recorded_outcome(scope, site, level, visit)
        return LIVE if found is None and mode == "locked" else found

    def _recorded_outcome(
        self, scope: Scope, site: Site, level: Position, visit: int
    ) -> Outcome | None:
        recording = self._recording or Recording(self._session.history, self._session.line)
        outcome = recording.outcome(site.place.path, visit)
        frame = recording.frame(site.place.path, visit)
        if outcome is None or frame is None:
            return None
        outcome.recorded = True
        outcome.stale = self._stale_keys(frame, level)
        return outcome

    def _stale_keys(self, frame: Frame, level: Position) -> tuple[str, ...]:
        """The keys in which a node's state differs from when its outcome was recorded."""
        if frame.parent is None:
            return ()
        root = frame.parent.position
        then = content_of(scope_at(self._session.scope, root, frame).level(root).data)
        now = content_of(level.data)
        keys = dict.fromkeys([*then, *now])
        return tuple(k for k in keys if k not in then or k not in now or then[k] != now[k])

    # -- asking ------------------------------------------------------------------

    def _asking(self) -> Iterator[tuple[str, Spot]]:
        """Walk the nodes that are next, are in mode ask, and have no answer yet."""
        if "ask" not in self._modes.values() or self.position.ended:
            return
        try:
            spots = list(movable_spots(self._session.scope, self.position))
        except LellmError:
            return  # the next node is not in the graph; moving will say so
        for spot in spots:
            if spot.move is Move.RUN and spot.site is not None:
                visit = spot.level.visits.count(spot.site.name, spot.level.step) + 1
                asked = f"{spot.site.place.path}#{visit - 1}"
                wants = self._modes.get(spot.site.place.static) == "ask"
                if wants and asked not in self._answers:
                    yield asked, spot

    @property
    def _held(self) -> bool:
        """Whether nothing can move without a decision, for a barrier or a node that asks."""
        if "ask" not in self._modes.values() or self.position.ended:
            return super()._held
        try:
            movable = list(movable_spots(self._session.scope, self.position))
        except LellmError:
            return False
        return len(list(self._asking())) == len(movable)

    @property
    def pending(self) -> list[Pending]:
        """What waits for a decision: barriers, and nodes in mode ask."""
        head = self._session.head
        asking = [
            Pending(id, spot.site.place.path, spot.site.name, None, head.started, head.index)
            for id, spot in self._asking()
            if spot.site is not None
        ]
        return [*super().pending, *asking]

    def _answer(self, id: str, spot: Spot, decision: Decision) -> None:
        """Take a decision for a node that asks.

        Raises:
            DebuggerError, NodeNotFoundError, StateError: As for `_outcome_for`.
        """
        self._answers[id] = self._outcome_for(spot, decision)[0]

    def _outcome_for(self, spot: Spot, decision: Decision) -> tuple[Outcome, Committed | None]:
        """Return what an answer means, and what would be committed; a live run is not known.

        Raises:
            DebuggerError: It is to use what is recorded, and nothing is.
            NodeNotFoundError: It is to go to a node that is not there.
            StateError: What it puts does not fit.
        """
        assert spot.site is not None
        outcome: Outcome = Outcome()
        if isinstance(decision, Approve):
            return LIVE, None
        if isinstance(decision, Modify):
            key = check_key(decision.key)
            outcome.mutations = [Put(key, freeze(decision.value, key))]
        elif isinstance(decision, Reroute):
            outcome.target = decision.target
        else:
            visit = spot.level.visits.count(spot.site.name, spot.level.step) + 1
            found = self._recorded_outcome(spot.scope, spot.site, spot.level, visit)
            if found is None:
                raise DebuggerError(
                    f"Nothing is recorded for visit {visit} of {spot.site.place.path};"
                    " approve() runs it, modify() puts a value instead."
                )
            outcome = found
        return outcome, commit_node(spot.scope, spot.site, spot.level, outcome)
