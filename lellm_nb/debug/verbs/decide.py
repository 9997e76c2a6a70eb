"""Barriers: every verb that answers, and what an answer would do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, ParamSpec

from lellm_nb.arguments import flag
from lellm_nb.debug.breakpoints.kinds import Hit
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import pending, stop, stop_at, stop_with
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.diff.diff import Diff, diff_states
from lellm_nb.debug.verbs.forward import run
from lellm_nb.errors import DebuggerError, NotWaitingError, QuestionError, RunError, listed
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.graph.decision import (
    Answer,
    Approve,
    Decision,
    Modify,
    Reject,
    Reroute,
    check_decision,
)
from lellm_nb.login import login
from lellm_nb.session.protocol import NextMove

__all__ = [
    "Preview",
    "answer",
    "approve",
    "decider",
    "modify",
    "preview",
    "reject",
    "reroute",
    "reroute_targets",
]

P = ParamSpec("P")


class Preview(NamedTuple):
    """What a decision would do, had it been given.

    Attributes:
        diff: What it would write in the state of the barrier's level.
        next_node: Where it would lead; `None` for the end.
        error: Why it would not route, if it would not.
        given: What the node that asked would be given as its answer, alone in a tuple; empty
            where nothing asked.
    """

    diff: Diff
    next_node: str | None
    error: Exception | None = None
    given: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        to = f"then {self.next_node or 'the end'}"
        for answer in self.given:
            to = f"then {self.next_node} runs again, and is given {safe_repr(answer, 200)}"
            if not self.diff:
                return without_keys(to)
        if self.error is not None:
            to = f"then fails: {error_words(self.error)}"
        return f"{self.diff!r}\n{to}"


class _Wanted(NamedTuple):
    """A decision, for which barrier or for all, and whether to run on after it."""

    decision: Decision
    id: str | None
    then_run: bool
    all: bool = False


class _Verb(Generic[P]):
    """A verb that decides.

    It claims the run, makes the decision frame, and stays or runs on. A run that goes through
    its barriers has claimed it already, and waits: to that one it is handed in.
    """

    def __init__(self, asked: Callable[P, _Wanted]) -> None:
        self._asked = asked
        self.__name__ = asked.__name__

    async def __call__(self, context: DebugContext, *args: P.args, **options: P.kwargs) -> Stop:
        return await _decide(context, self._asked(*args, **options))

    def hand_in(self, context: DebugContext, *args: P.args, **options: P.kwargs) -> Stop:
        """Answer a barrier that a run through barriers waits for.

        Raises:
            NotWaitingError: It does not wait there, or it is not clear which is meant.
            DebuggerError: The decision would be refused.
        """
        return _hand_in(context, self._asked(*args, **options))


@_Verb
def approve(id: str | None = None, *, all: bool = False, then_run: bool = False) -> _Wanted:
    all = flag(all, "all", DebuggerError)
    if all and id is not None:
        error = DebuggerError(
            f"approve(id={id!r:.60}, all=True): name one barrier, or approve all that wait."
        )
        error.argument = "all"
        raise error
    return _Wanted(Approve(), id, then_run, all)


@_Verb
def reject(reason: str = "rejected", id: str | None = None, *, then_run: bool = False) -> _Wanted:
    return _Wanted(Reject(reason), id, then_run)


@_Verb
def modify(key: Any, value: Any, id: str | None = None, *, then_run: bool = False) -> _Wanted:
    return _Wanted(Modify(key, value), id, then_run)


@_Verb
def answer(value: Any, id: str | None = None, *, then_run: bool = False) -> _Wanted:
    return _Wanted(Answer(value), id, then_run)


@_Verb
def reroute(target: str, id: str | None = None, *, then_run: bool = False) -> _Wanted:
    return _Wanted(Reroute(target), id, then_run)


async def _decide(context: DebugContext, asked: _Wanted) -> Stop:
    flag(asked.then_run, "then_run", DebuggerError)
    came = await (_decide_all if asked.all else _decide_one)(context, asked)
    if came.reason is not StopReason.STEP or not asked.then_run:
        return came
    ran = await run(context)
    return ran if came.error is None else dataclasses.replace(ran, error=ran.error or came.error)


async def _decide_one(context: DebugContext, asked: _Wanted) -> Stop:
    session = context.session
    node = _asked_for(context, asked.id)
    if node is not None:
        context.modes.answer(*node, asked.decision)
        return stop(context, StopReason.STEP)
    context.refresh_code()
    try:
        await session.decide(asked.decision, asked.id, by=decider(context))
    except RunError as error:
        if session.head.error is not error:
            raise  # refused: the barrier goes on waiting
        return stop_with(context, StopReason.FAILED, _hit(context), error=error)
    hit = _hit(context)
    if session.position.ended:
        return stop_with(context, StopReason.COMPLETED, hit)
    return stop(context, StopReason.STEP) if hit is None else stop_at(context, hit)


async def _decide_all(context: DebugContext, asked: _Wanted) -> Stop:
    """Decide all that waits, in order; what asks for more than a yes goes on waiting.

    Raises:
        NotWaitingError: Nothing waits.
        QuestionError: Nothing that waits takes a yes.
    """
    ids = [one.id for one in pending(context)]
    if not ids:
        raise NotWaitingError(None, ids)
    came: Stop | None = None
    refused: list[QuestionError] = []
    for id in ids:
        try:
            made = await _decide_one(context, asked._replace(id=id))
        except QuestionError as error:
            refused.append(error)
            continue
        if made.reason in (StopReason.FAILED, StopReason.COMPLETED):
            return made
        if came is None or came.reason is StopReason.STEP:
            came = made
    left = _left(refused)
    if came is None:
        raise refused[0] if left is None else left
    frame = came.frame if came.reason is not StopReason.STEP else context.session.head
    waits = tuple(pending(context))
    return dataclasses.replace(came, frame=frame, pending=waits, error=left or came.error)


def _left(refused: list[QuestionError]) -> QuestionError | None:
    """Return one refusal that tells of all of them."""
    if len(refused) < 2:
        return refused[0] if refused else None
    ids = listed(error.barrier_id for error in refused)
    problem = "they ask, so that each is answered with answer(value)."
    return QuestionError("approve()", ids, problem, several=True)


def decider(context: DebugContext) -> str:
    """Return who decides, as it is recorded: who was named, else the login."""
    return context.user or login()


def _hit(context: DebugContext) -> Hit | None:
    """Return the stop that the decision just made hits: it is a step like any other."""
    return context.triggers.after(context.session.head)


def _hand_in(context: DebugContext, asked: _Wanted) -> Stop:
    claim = context.commands.claim
    live: Any = None if claim is None else claim.live  # once: the run may end at any moment
    waiting = [] if live is None else live.asked
    if asked.all and waiting:
        return _hand_in_all(context, asked, live)
    id = asked.id
    if id is None and len(waiting) == 1:
        id = waiting[0]
    if live is None or id is None or id not in waiting:
        raise NotWaitingError(id, waiting)
    would = preview(context, asked.decision, id)  # refuses what cannot be, while it still waits
    if isinstance(would.error, RunError):
        raise DebuggerError(f"This decision would not lead anywhere: {would.error}")
    live.hand_in(id, asked.decision, decider(context))
    return stop(context, StopReason.STEP)


def _hand_in_all(context: DebugContext, asked: _Wanted, live: Any) -> Stop:
    refused: list[QuestionError] = []
    ids = live.asked
    for id in ids:
        try:
            preview(context, asked.decision, id)
        except QuestionError as error:
            refused.append(error)
        else:
            live.hand_in(id, asked.decision, decider(context))
    left = _left(refused)
    if left is not None and len(refused) == len(ids):
        raise left
    return dataclasses.replace(stop(context, StopReason.STEP), error=left)


def preview(context: DebugContext, decision: Decision, id: str | None = None) -> Preview:
    """Tell what a decision would write and where it would lead; nothing is decided.

    Raises:
        NotWaitingError, NodeNotFoundError, MissingKeyError: As for the decision itself.
    """
    check_decision(decision, DebuggerError)
    node = _asked_for(context, id)
    if node is None:
        would = context.session.preview(decision, id)
    else:
        answered = context.modes.outcome_for(node[1], decision)[1]
        if answered is None:  # the node itself runs: nobody knows what it will do
            return Preview(diff_states({}, {}), node[1].node)
        would = answered
    return Preview(
        diff_states(would.before, would.after), would.next_node, would.error, would.given
    )


def reroute_targets(context: DebugContext, id: str | None = None) -> list[str]:
    """Return the nodes that `reroute` may name for a waiting barrier.

    Raises:
        NotWaitingError: No such barrier waits, or several do and none is named.
    """
    node = _asked_for(context, id)
    return context.session.targets(id) if node is None else list(node[1].names)


def _asked_for(context: DebugContext, id: str | None) -> tuple[str, NextMove] | None:
    """Return the node in mode ask that an id means; `None` where a barrier is meant.

    Raises:
        NotWaitingError: Nothing of that id waits, or it is not clear which is meant.
    """
    asking = dict(context.modes.asking()) if context.modes.chosen else {}
    if not asking:
        return None  # the session knows what else may be meant
    waiting = [each.barrier_id for each in context.session.waiting]
    if id is None and len(asking) == 1 and not waiting:
        id = next(iter(asking))
    if id is None or id not in (*asking, *waiting):
        raise NotWaitingError(id, (*waiting, *asking))
    return (id, asking[id]) if id in asking else None
