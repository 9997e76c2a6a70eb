"""Modes: whether a node runs, is looked up, or asks first (SEMANTICS R10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from lellm_nb.debug.inputs.mocks import NodeMocks
from lellm_nb.errors import DebuggerError, LellmError
from lellm_nb.graph.decision import Approve, Decision, Modify, Reroute
from lellm_nb.graph.item_branches import named_for
from lellm_nb.graph.walk import nodes
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.history import Line
from lellm_nb.record.level_key import without_visits
from lellm_nb.session.protocol import (
    LIVE,
    Capability,
    Controls,
    MoveKind,
    NextMove,
    Outcome,
    Previewed,
    Recorded,
    Session,
)
from lellm_nb.state.sameness import same
from lellm_nb.state.state import content_of

__all__ = ["MISSES", "MODES", "NodeModes", "locked"]

MODES = ("live", "recorded", "ask", "calls")
MISSES = ("stop", "live", "drift")


class NodeModes:
    """How the nodes of one line are run.

    Args:
        before: Returns the compact state that a frame's own level had before it, or `None`.

    Attributes:
        chosen: The modes that were set, by path.
        mocks: The outcomes that are fixed: they come before every mode.
        misses: What becomes of calls that are not recorded, by the path of a node in mode calls.
    """

    def __init__(self, session: Session, before: Callable[[Frame], Any]) -> None:
        self._session = session
        self._before = before
        self._recorded: Recorded | None = None
        self._answers: dict[str, Outcome] = {}
        self.chosen: dict[str, str] = {}
        self.misses: dict[str, str] = {}
        self.mocks = NodeMocks()

    def take_over(self, other: NodeModes) -> None:
        """Begin with what another line has."""
        self.chosen, self.misses = dict(other.chosen), dict(other.misses)
        self.mocks = other.mocks.copied()

    @property
    def all(self) -> dict[str, str]:
        """Those that were set, and ``recorded`` for what side effects lock."""
        return {**dict.fromkeys(sorted(locked(self._session.graph)), "recorded"), **self.chosen}

    def left(self, line: Line) -> None:
        """Take note of the line that is being left, before the head moves."""
        if Capability.RECORDED in self._session.capabilities:
            self._recorded = self._session.recorded(line)
        self._answers.clear()

    # -- while running -----------------------------------------------------------

    def control(self, controls: Controls) -> None:
        """Have a run look up what is to be looked up."""
        if (
            self.chosen
            or self.mocks.known
            or (self._recorded is not None and locked(self._session.graph))
        ):
            controls.look_up = self._look_up
            controls.decided = self._decision

    @property
    def _recording(self) -> Recorded:
        return self._recorded or self._session.recorded()

    def _decision(self, barrier_id: str) -> DecisionRecord | None:
        path = without_visits(barrier_id)
        if self._mode_at(path, "live") == "recorded":
            return self._recording.decision(barrier_id)
        inside = (mode for at, mode in self.chosen.items() if at.startswith(f"{path}/"))
        # a join has no mode of its own: what was chosen for it goes with its branches
        if "recorded" not in inside:
            return None
        return self._recording.decision(barrier_id)

    def _look_up(self, move: NextMove) -> Outcome | None:
        fixed = self.mocks.outcome(move) if self.mocks.known else None
        if fixed is not None:
            return fixed
        if self._answers:  # it stays, whatever mode the node has got since
            given = self._answers.pop(asked_as(move), None)
            if given is not None:
                return given
        by_default = "locked" if move.static_path in locked(self._session.graph) else "live"
        mode = self._mode_of(move, by_default)
        if mode in ("live", "calls"):
            return LIVE
        if mode == "ask":
            return None
        found = self._outcome(move)
        return LIVE if found is None and mode == "locked" else found

    def _mode_of(self, move: NextMove, default: str) -> str:
        """Return the mode of a node that is next: for its item of a map, or for all."""
        return self._mode_at(named_for(move.path, move.static_path, self.chosen), default)

    def _mode_at(self, path: str, default: str) -> str:
        """Return the mode of a node: its own, or that of the innermost composite around it."""
        while path:
            if path in self.chosen:
                return self.chosen[path]
            path = path.rpartition("/")[0]
        return default

    def miss(self, path: str) -> str | None:
        """Return what becomes of a call that is not recorded; `None` where none is looked up."""
        if self._mode_at(path, "live") != "calls":
            return None
        while path not in self.chosen:
            path = path.rpartition("/")[0]
        return self.misses.get(path, "stop")

    def recorded_frame(self, path: str, visit: int) -> Frame | None:
        """Return the frame of what is recorded of a visit of a node, or `None`."""
        return self._recording.frame(path, visit)

    def _outcome(self, move: NextMove) -> Outcome | None:
        recording, path, visit = self._recording, move.path, move.visit
        outcome, frame = recording.outcome(path, visit), recording.frame(path, visit)
        if outcome is None or frame is None:
            return None
        outcome.recorded = True
        outcome.stale = self._stale_keys(frame, move)
        return outcome

    def _stale_keys(self, frame: Frame, move: NextMove) -> tuple[str, ...]:
        """The keys in which a node's state differs from when its outcome was recorded."""
        data = self._before(frame)
        if data is None:
            return ()
        then = content_of(data)
        now = content_of(move.data)
        keys = dict.fromkeys([*then, *now])
        return tuple(k for k in keys if k not in then or k not in now or not same(then[k], now[k]))

    # -- asking ------------------------------------------------------------------

    @property
    def any_asks(self) -> bool:
        """Whether there may be a node that asks."""
        return "ask" in self.chosen.values() and not self._session.position.ended

    def asking(self) -> Iterator[tuple[str, NextMove]]:
        """Walk the nodes that are next, are in mode ask, and have no answer yet."""
        if not self.any_asks:
            return
        try:
            moves = self._session.next_moves()
        except LellmError:
            return  # the next node is not in the graph; moving will say so
        for move in moves:
            if move.kind is MoveKind.RUN and self._mode_of(move, "live") == "ask":
                id = asked_as(move)
                if id not in self._answers and not self.mocks.fixes(move):
                    yield id, move

    def answer(self, id: str, move: NextMove, decision: Decision) -> None:
        """Take a decision for a node that asks.

        Raises:
            DebuggerError: It is to use what is recorded, and nothing is.
            NodeNotFoundError: It is to go to a node that is not there.
            StateError: What it puts does not fit.
        """
        self._answers[id] = self.outcome_for(move, decision)[0]

    def outcome_for(self, move: NextMove, decision: Decision) -> tuple[Outcome, Previewed | None]:
        """Return what an answer means, and what it would do; a live run is not known.

        Raises:
            DebuggerError, NodeNotFoundError, StateError: As for `answer`.
        """
        outcome: Outcome = Outcome()
        if isinstance(decision, Approve):
            return LIVE, None
        if isinstance(decision, Modify):
            outcome = move.put(decision.key, decision.value)
        elif isinstance(decision, Reroute):
            outcome.target = decision.target
        else:
            found = self._outcome(move)
            if found is None:
                raise DebuggerError(
                    f"Nothing is recorded for visit {move.visit} of {move.path};"
                    " approve() runs it, modify() puts a value instead."
                )
            outcome = found
        return outcome, self._session.preview_outcome(move, outcome)


def asked_as(move: NextMove) -> str:
    """Return the id under which a node asks, as a barrier's is made (SEMANTICS B2)."""
    return f"{move.path}#{move.visit - 1}"


_seen: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()


def locked(graph: Any) -> frozenset[str]:
    """Return the paths of the tasks with side effects: going over them again looks them up."""
    found = _seen.get(graph)
    if found is None:
        effects = (path for path, node in nodes(graph) if getattr(node, "side_effects", False))
        found = _seen[graph] = frozenset(effects)
    return found
