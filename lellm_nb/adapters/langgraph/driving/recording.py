"""What a LangGraph run recorded, with what its tasks wrote to channels that are no state."""

from __future__ import annotations

from collections.abc import Iterator

from lellm_nb.adapters.langgraph.position.level import INTERRUPT, RESUME, At, Pairs, waits_name
from lellm_nb.record.frame import Frame
from lellm_nb.record.outcome import Outcome
from lellm_nb.session.recording import Recording

__all__ = ["LangGraphRecording", "RecordedOutcome"]


class RecordedOutcome(Outcome):
    """What a task did.

    Attributes:
        pairs: Everything that it wrote, the way out included; `None` where that is not known.
        asked: What it asked before, in order: the barrier's id, and what it wrote for it.
        left: Whether it is a composite that was left: what is inside is looked up for itself.
    """

    pairs: Pairs | None = None
    asked: tuple[tuple[str, Pairs], ...] = ()
    left: bool = False


class LangGraphRecording(Recording):
    """The outcomes of a history, by path and visit."""

    steps = frozenset(("commit", "exit"))

    _asked: dict[tuple[str, int], list[tuple[str, Pairs]]] | None = None

    def outcome(self, path: str, visit: int) -> RecordedOutcome | None:
        """Return what a task did, or `None` where nothing is recorded."""
        found = super().outcome(path, visit)
        frame = self.frame(path, visit)
        if found is None or frame is None:
            return None
        made = RecordedOutcome()
        made.__dict__.update(found.__dict__)
        made.pairs = _pairs_of(frame)
        made.left = frame.kind == "exit"
        if self._asked is None:
            self._asked = {}
            for one in self._frames():
                if one.kind == "waiting":
                    known = self._asked.setdefault((one.path, one.visit), [])
                    known.extend(_asked_at(one, {id for id, _ in known}))
        made.asked = tuple(self._asked.get((path, visit), ()))
        return made


def _pairs_of(frame: Frame) -> Pairs | None:
    at = frame.position.native
    if not isinstance(at, At):
        return None
    return tuple(pair for pair in at.pairs if pair[0] != RESUME)


def _asked_at(frame: Frame, known: set[str]) -> Iterator[tuple[str, Pairs]]:
    """Tell what a frame of kind *waiting* asks, if that is an interrupt with a value."""
    pairs = _pairs_of(frame) or ()
    level = frame.level
    occurrence = level.visits.count(waits_name(frame.path), level.step) - 1
    barrier_id = f"{frame.path}#{occurrence}"
    if barrier_id not in known and any(channel == INTERRUPT for channel, _ in pairs):
        yield barrier_id, pairs
