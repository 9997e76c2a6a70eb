"""Recorded outcomes: what steps did, looked up instead of done again (SEMANTICS R10)."""

from __future__ import annotations

from collections.abc import Iterator

from lellm_nb.engine.context import Outcome
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.position import Waiting

__all__ = ["Recording", "outcome_of"]


class Recording:
    """The outcomes of a history, by path and visit; the line last left comes first.

    A path carries the visits of its composites, so that path and visit name one step.
    The index is made when the first outcome is asked for.
    """

    def __init__(self, history: History, line: Line) -> None:
        self._history = history
        self._line = line
        self._steps: dict[tuple[str, int], Frame] | None = None
        self._decisions: dict[str, DecisionRecord] = {}
        self._replaced: dict[tuple[str, int], Outcome] = {}

    def frame(self, path: str, visit: int) -> Frame | None:
        """Return the frame that recorded a step, or `None`."""
        return self._index().get((path, visit))

    def outcome(self, path: str, visit: int) -> Outcome | None:
        """Return what a step did, or `None` where nothing is recorded."""
        if (path, visit) in self._replaced:
            return self._replaced[path, visit]
        frame = self.frame(path, visit)
        return None if frame is None else outcome_of(frame)

    def replace(self, path: str, visit: int, outcome: Outcome) -> None:
        """Have another outcome in place of a step's own."""
        self._replaced[path, visit] = outcome

    def outcomes_of(self, static_paths: set[str]) -> dict[tuple[str, int], Outcome]:
        """Return the recorded outcomes of some nodes, by path and visit, marked as recorded."""
        found = {}
        for key, frame in self._index().items():
            if frame.static_path in static_paths:
                found[key] = outcome_of(frame)
                found[key].recorded = True
        return found

    def decision(self, barrier_id: str) -> DecisionRecord | None:
        """Return what was decided for a barrier, or `None`."""
        self._index()
        return self._decisions.get(barrier_id)

    def _index(self) -> dict[tuple[str, int], Frame]:
        if self._steps is None:
            steps: dict[tuple[str, int], Frame] = {}
            for frame in self._frames():
                if frame.decision is not None:
                    self._decisions.setdefault(frame.decision.barrier_id, frame.decision)
                elif frame.kind == "commit":
                    steps.setdefault((frame.path, frame.visit), frame)
                elif frame.kind == "error" and frame.error is not None and not frame.failed:
                    steps.setdefault((frame.error.path, frame.error.visit), frame)
            self._steps = steps
        return self._steps

    def _frames(self) -> Iterator[Frame]:
        yield from self._line
        for line in self._history.lines.values():
            if line is not self._line:
                yield from line[line.first :]


def outcome_of(frame: Frame) -> Outcome:
    """Return the outcome that a frame recorded."""
    outcome = Outcome()
    outcome.mutations = list(frame.mutations)
    if frame.kind == "error":
        outcome.failure = frame.error
        return outcome
    hold = frame.level.hold
    route = frame.route
    if isinstance(hold, Waiting):
        outcome.waits = (hold.name, hold.timeout)
        outcome.target, outcome.ends = hold.then or None, hold.ends
    elif route is not None:
        outcome.target = route.next_node if route.kind == "goto" else None
        outcome.ends = route.kind == "end"
    outcome.cost = frame.cost
    outcome.side_effects = frame.side_effects
    outcome.stream = list(frame.stream) or None
    outcome.output = frame.output
    return outcome
