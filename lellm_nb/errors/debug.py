"""Why a command does not fit the moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.errors.base import LellmError, closest, did_you_mean, listed, path_text
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.errors.state import StateError

__all__ = [
    "BusyError",
    "CallDiffersError",
    "ConditionNotStoredError",
    "DebuggerError",
    "NoSuchFrameError",
    "NoSuchNodeError",
    "NotRecordedError",
    "NotWaitingError",
    "QuestionError",
    "RedactedValueError",
    "StandingRuleError",
]


class DebuggerError(LellmError):
    """A debugger command did not fit the moment."""


class BusyError(DebuggerError):
    """A run is going on; only `pause`, `stop` and looking are allowed."""

    def __init__(self, verb: str) -> None:
        self.verb = verb
        super().__init__(
            f"{verb}: a run is going on. Wait for it, or call pause() or stop() first;"
            " looking at frames and state works meanwhile."
        )


class QuestionError(StateError, DebuggerError):
    """What was decided does not fit what a barrier asks; it goes on waiting (SEMANTICS B8).

    Attributes:
        barrier_id: What waits; of `several` their ids.
        at: Where in an answer it does not fit: keys and indexes; empty for the whole.
    """

    def __init__(
        self,
        decided: str,
        barrier_id: str,
        problem: str,
        at: tuple[Any, ...] = (),
        *,
        several: bool = False,
    ) -> None:
        self.barrier_id = barrier_id
        self.at = at
        then = "They go on waiting." if several else "It goes on waiting."
        super().__init__(
            f"{decided} does not answer {barrier_id}: {problem} {then}",
            key=at or None,
        )


class StandingRuleError(DebuggerError):
    """The condition of a standing rule raised, so that the rule decides nothing (SEMANTICS B9).

    Attributes:
        rule: What the rule is, in words.
        barrier_id: The barrier that it was asked about; it goes on waiting.
    """

    def __init__(self, rule: str, barrier_id: str, cause: BaseException) -> None:
        self.rule = rule
        self.barrier_id = barrier_id
        super().__init__(
            f"The standing rule {rule!r} could not be asked about {barrier_id}: its condition"
            f" raised {error_line(cause)}. Decide it yourself, or dbg.standing.revoke the rule;"
            " the barrier goes on waiting."
        )


class NotRecordedError(DebuggerError):
    """A run that looks outcomes up came to a step that was never recorded."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"No outcome is recorded for {path!r} at this visit, so the run pauses here;"
            f" mode({path!r}, 'live') lets it run."
        )


class CallDiffersError(DebuggerError):
    """A node whose calls are looked up asked something else than what was recorded.

    Attributes:
        path: Of the node.
    """

    def __init__(self, differs: str, path: str, way: str = "") -> None:
        self.path = path
        way = way or (
            f"Every run() stops here until mode({path!r}, 'live') has all of its calls sent, or"
            f" mode({path!r}, 'calls', miss='live') those that differ; miss='drift' serves what"
            " was recorded in their place."
        )
        super().__init__(f"{path!r}: {differs}. {way}")


class NoSuchFrameError(DebuggerError, IndexError):
    """A frame was asked for that does not exist."""

    def __init__(self, wanted: object, problem: str, *, shown: str = "") -> None:
        self.wanted = wanted
        super().__init__(f"There is no frame {shown or safe_repr(wanted, 80)}: {problem}")


class NoSuchNodeError(DebuggerError, LookupError):
    """A node or level was asked for that the graph does not have, or has in several places."""

    def __init__(
        self,
        wanted: str,
        known: Iterable[str],
        problem: str = "",
        *,
        hint: str = "",
        kind: str = "node",
    ) -> None:
        self.wanted = wanted
        self.known = list(known)
        super().__init__(
            f"{problem or f'There is no {kind} {wanted!r}.'}"
            f"{hint or _nearest_path(wanted, self.known)} {kind.capitalize()}s:"
            f" {listed(self.known)}."
        )


def _nearest_path(wanted: str, paths: list[str]) -> str:
    """Return a hint to a path, also where only its last name is near."""
    by_name = {path.rpartition("/")[2]: path for path in reversed(paths)}
    guess = closest(wanted, paths) or by_name.get(closest(wanted, by_name) or "")
    return did_you_mean([repr(guess)] if guess else [])


class RedactedValueError(DebuggerError):
    """A reopened run stands where a node could read a secret that was not stored.

    Attributes:
        paths: Where secrets were taken out, as paths of keys.
    """

    def __init__(self, paths: Iterable[tuple[Any, ...]]) -> None:
        self.paths = list(paths)
        first = self.paths[0]
        key = first if len(first) > 1 else first[0]
        super().__init__(
            "Secrets were taken out before this run was stored:"
            f" {listed(path_text(path) for path in self.paths)}. Give them again before it goes"
            f" on: dbg.supply({{{key!r}: …}})."
        )


class ConditionNotStoredError(DebuggerError):
    """A stop of a reopened run has a condition that was a function, and functions are not stored.

    Attributes:
        name: What the function was called.
        source: Its text, as far as it was known.
        where: The module and line where it stood.
        refused: Why a stored expression was not taken; empty for a function.
    """

    def __init__(self, name: str, source: str, where: str, refused: str = "") -> None:
        self.name = name
        self.source = source
        self.where = where
        self.refused = refused
        at = f" (of {where})" if where else ""
        what = f"condition refused ({refused})" if refused else f"condition not stored: {name}{at}"
        super().__init__(
            f"{what}; give it again: set the same stop once more, or"
            " breakpoints.rearm(which, condition). It was:\n" + source
        )


class NoInputError(DebuggerError):
    """A node asked for input where nobody can type: it was run by a button (SEMANTICS R11)."""

    def __init__(self, what: str = "input()") -> None:
        self.what = what
        super().__init__(
            f"{what} needs a cell: nobody can type into a run that goes on beside it (by button,"
            " with start() or arun()). Run this step in a cell, dbg.step(), or ask with a barrier."
        )


class NotWaitingError(DebuggerError):
    """A decision was given, and no barrier (or more than one) waits for it."""

    def __init__(self, wanted: str | None, waiting: Iterable[str]) -> None:
        self.wanted = wanted
        self.waiting = list(waiting)
        if not self.waiting:
            text = "No barrier waits for a decision."
        elif wanted is None:
            text = f"Several barriers wait; say which: {listed(self.waiting)}."
        else:
            text = f"Barrier {wanted!r} does not wait. Waiting: {listed(self.waiting)}."
        super().__init__(text)
