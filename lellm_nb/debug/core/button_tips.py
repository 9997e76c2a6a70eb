"""What a press of each button does right now, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Facts", "Tip", "back", "forks", "over", "press", "presses", "retry", "rewind"]
__all__ += ["enters", "idle", "leaves", "run_back", "runs", "steps"]


@dataclass(frozen=True, eq=False, repr=False)
class Facts:
    """What a tooltip may speak of.

    Attributes:
        busy: Whether a command is going on.
        reading: Whether the run was opened for reading.
        status: ``ready, running, waiting, paused, failed`` or ``completed``.
        head: The index of the frame at which the run stands.
        count: How many frames the line has.
        node: The path of the node that a step would run; empty where nothing can.
        waiting: The paths of what waits for a decision.
    """

    busy: bool
    reading: bool
    status: str
    head: int
    count: int
    node: str
    waiting: tuple[str, ...]


Tip = Callable[[Facts], tuple[bool, str]]
"""Says whether a button can be pressed while the run rests, and what a press does."""


class Pressed(Protocol):
    """What a button's verb says of a press: a row of the table of verbs."""

    @property
    def going(self) -> str: ...
    @property
    def onward(self) -> bool: ...
    @property
    def tip(self) -> Tip | None: ...


def press(verb: Pressed, facts: Facts) -> tuple[bool, str]:
    """Return whether a verb's button can be pressed, and what a press does right now.

    Example:
        >>> from lellm_nb.debug.core.verb_table import VERBS
        >>> press(VERBS["back"], Facts(False, False, "paused", 3, 4, "draft", ()))
        (True, 'Move the head back to frame 2')
    """
    if facts.busy:
        return bool(verb.going), verb.going or "Running: pause first"
    if facts.reading and verb.onward:
        return False, "For reading only: Debugger.open(store, run, graph=…) goes on with it"
    return (True, "") if verb.tip is None else verb.tip(facts)


def presses(verbs: Iterable[Pressed], facts: Facts) -> list[tuple[bool, str]]:
    """Return for each verb what `press` says."""
    return [press(verb, facts) for verb in verbs]


def _onward(words: Callable[[Facts], str]) -> Tip:
    """A tip of what goes on from here: what keeps it from that comes first."""

    def tip(facts: Facts) -> tuple[bool, str]:
        if facts.status == "completed":
            return False, "The run is complete: step back, rewind or fork"
        if facts.status == "waiting" and facts.waiting and not facts.node:
            return True, f"Waiting for a decision at {', '.join(facts.waiting[:3])}"
        return True, words(facts)

    return tip


def _one_commit(facts: Facts) -> str:
    verb = "Try" if facts.status == "failed" else "Run"
    return f"{verb} {facts.node}, one commit" if facts.node else "Make one commit"


def _whole(facts: Facts) -> str:
    return f"Run {facts.node} with all that is inside" if facts.node else "Run the next node whole"


def _into_the_past(words: Callable[[Facts], str]) -> Tip:
    return lambda facts: (facts.head > 0, words(facts) if facts.head else "This is the start")


def retry(facts: Facts) -> tuple[bool, str]:
    """Only what failed can be tried again."""
    again = facts.status == "failed"
    return again, f"Run {facts.node or 'it'} again" if again else "Nothing failed"


def idle(_facts: Facts) -> tuple[bool, str]:
    """What ends a run has nothing to do while none is going on."""
    return False, "Nothing is running"


def rewind(facts: Facts) -> tuple[bool, str]:
    """The head is at the head: another frame has to be on show."""
    return facts.count > 1, "Look at an earlier frame first"


def forks(facts: Facts) -> tuple[bool, str]:
    """A fork begins at the frame on show."""
    return facts.count > 0, f"Start a new line from frame {facts.head}"


steps = _onward(_one_commit)
over = _onward(_whole)
enters = _onward(lambda facts: f"Go into {facts.node or 'the next node'}")
leaves = _onward(lambda facts: "Run until this level is left")
runs = _onward(lambda facts: "Run to the next breakpoint, barrier, end or error")
back = _into_the_past(lambda facts: f"Move the head back to frame {facts.head - 1}")
run_back = _into_the_past(lambda facts: "Go back to the last breakpoint or watch")
