"""Recorded outcomes: what steps did, looked up instead of done again (SEMANTICS R10)."""

from __future__ import annotations

from collections.abc import Iterator

from lellm_nb.errors import ParallelError, RunError
from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import Waiting
from lellm_nb.state.mutation import Mutation

__all__ = ["Recording", "outcome_of"]


class Recording:
    """The outcomes of a history, by path and visit; the line last left comes first.

    A path carries the visits of its composites, so that path and visit name one step.
    The index is made when the first outcome is asked for.

    Args:
        end: The index of the last frame that counts; then the other lines do not.
    """

    steps: frozenset[str] = frozenset(("commit",))
    """Kinds of frames whose outcome is looked up whole."""

    def __init__(self, history: History, line: Line, end: int | None = None) -> None:
        self._history = history
        self._line = line
        self._end = end
        self._steps: dict[tuple[str, int], Frame] | None = None
        self._decisions: dict[str, DecisionRecord] = {}
        self._failures: dict[tuple[str, int], RunError] = {}
        self._replaced: dict[tuple[str, int], Outcome] = {}

    def frame(self, path: str, visit: int) -> Frame | None:
        """Return the frame that recorded a step, or `None`."""
        return self._index().get((path, visit))

    def outcome(self, path: str, visit: int) -> Outcome | None:
        """Return what a step did, or `None` where nothing is recorded."""
        if (path, visit) in self._replaced:
            outcome = self._replaced[path, visit]
            outcome.recorded = True
            return outcome
        frame = self.frame(path, visit)
        if frame is None:
            return None
        outcome = outcome_of(frame)
        outcome.failure = self._failures.get((path, visit))
        outcome.recorded = True
        return outcome

    def change(self, frame: Frame, mutations: list[Mutation]) -> None:
        """Have other mutations in place of those that a frame's step made."""
        outcome = outcome_of(frame)
        outcome.mutations = mutations
        self._replaced[frame.path, frame.visit] = outcome

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
                elif frame.kind in self.steps or frame.mocked or frame.skipped:
                    steps.setdefault((frame.path, frame.visit), frame)
                elif frame.kind == "error" and frame.error is not None and not frame.failed:
                    for failure in _node_failures(frame.error):
                        key = failure.path, failure.visit
                        if key not in steps:
                            steps[key] = frame
                            self._failures[key] = failure
            self._steps = steps
        return self._steps

    def _frames(self) -> Iterator[Frame]:
        if self._end is not None:
            yield from self._line[: self._end + 1]
            return
        yield from self._line
        for line in list(self._history.lines.values()):  # a run that goes on may make lines
            if line is not self._line:
                yield from line[line.first :]


def _node_failures(error: RunError) -> Iterator[RunError]:
    """Walk the failures of nodes that a failure of composites is made of."""
    if isinstance(error, ParallelError):
        for member in error.exceptions:
            if isinstance(member, RunError):
                yield from _node_failures(member)
    elif isinstance(error.__cause__, RunError):
        yield from _node_failures(error.__cause__)
    else:
        yield error


def outcome_of(frame: Frame) -> Outcome:
    """Return the outcome that a frame recorded."""
    outcome = Outcome()
    outcome.mutations = list(frame.mutations)
    if frame.kind == "error":
        return outcome  # what failed is known to the recording: the frame may be a composite's
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
    outcome.displayed = frame.displayed
    outcome.attempts = frame.attempts
    outcome.has_more = bool(frame.attempts)
    outcome.mocked, outcome.skipped = frame.mocked, frame.skipped
    return outcome
