"""Standing rules: what decides a barrier by itself, once it waits (SEMANTICS B9)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import answered, shown
from lellm_nb.debug.breakpoints.unsaved_condition import name_of
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.condition_source import source_of
from lellm_nb.engine.driving.drive import apart
from lellm_nb.errors import DebuggerError, StandingRuleError, listed
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.graph.decision import Answer, Decision, Modify, Reject
from lellm_nb.record.frame import DecisionRecord
from lellm_nb.record.level_key import without_visits
from lellm_nb.session.protocol import Controls, Session
from lellm_nb.state.state import view

if TYPE_CHECKING:
    import pandas

__all__ = ["NOT_ARMED", "StandingRule", "StandingRules"]

NOT_ARMED = "standing rules are not kept armed"
"""Why a rule of a reopened run is off."""

MOST = 120
"""So many characters of a condition are shown."""


@dataclass(eq=False)
class StandingRule:
    """One decision that is made beforehand.

    Attributes:
        barrier: The path of the barrier, without visits.
        decision: What is decided; of a reopened run as it was in words.
        when: Asked with the state of the barrier's level; `None` for always. Of a reopened run
            as it was in words.
        used: How often it decided.
        id: Its number, by which it is revoked; 0 until it is added.
        armed: Whether it decides; a rule of a reopened run does not.
    """

    barrier: str
    decision: Decision | str
    when: Callable[[Any], Any] | str | None = None
    used: int = 0
    armed: bool = True
    id: int = 0

    @property
    def condition(self) -> str:
        """What it asks, in words; empty where it asks nothing."""
        if self.when is None or isinstance(self.when, str):
            return self.when or ""
        name = name_of(self.when)
        text = " ".join((source_of(self.when) if name == "condition" else name).split())
        return text if len(text) <= MOST else f"{text[:MOST]}…"

    @property
    def label(self) -> str:
        """What it is, in words: ``approve when small``; no value is told."""
        said = self.decision
        if isinstance(said, Answer | Modify | Reject):
            said = said.word
        return f"{said} when {self.condition}" if self.condition else str(said)

    @property
    def by(self) -> str:
        """Who it is that decides, as it is recorded."""
        return without_keys(f"rule: {self.label}")

    def holds(self, state: Any, barrier_id: str) -> bool:
        """Tell whether it decides a barrier, given the state of its level.

        Raises:
            StandingRuleError: Its condition raised.
        """
        if not callable(self.when):
            return True
        try:
            return bool(answered(apart(self.when, state)))
        except BaseException as error:  # a condition is code of the user's
            if is_interrupt(error):
                raise
            raise StandingRuleError(self.label, barrier_id, error) from error

    def __repr__(self) -> str:
        off = "" if self.armed else f" ({NOT_ARMED})"
        said = f"{self.id} {self.label} at {self.barrier}{off}, used {self.used}"
        return without_keys(f"<StandingRule {said}>")


class StandingRules:
    """The rules of a line, in the order in which they are asked; revoked here.

    Args:
        told: Called when there is something new to be kept.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("pay").barrier("ok").start("ok").end("ok").build()
        >>> dbg = Debugger(g, {"amount": 3})
        >>> rule = dbg.always("ok", "approve", when=lambda s: s["amount"] < 10)
        >>> dbg.run(), dbg.standing[0].used
        (Stop(COMPLETED, frame 2 ok), 1)
        >>> dbg.standing.revoke("ok"); dbg.standing
        (no standing rules)
    """

    def __init__(self, told: Callable[[], None] = lambda: None) -> None:
        self.told = told
        self.rules: list[StandingRule] = []
        self._used = 0
        self._next = 1

    def add(self, rule: StandingRule) -> StandingRule:
        """Add a rule; one like it that a reopened run has is armed in its place."""
        known = [one for one in self.rules if not one.armed and _alike(one, rule)]
        if known:
            rule.id, rule.used = known[0].id, known[0].used
            self.rules = [rule if one is known[0] else one for one in self.rules]
        else:
            rule.id = self._next
            self._next += 1
            self.rules = [*self.rules, rule]
        self.told()
        return rule

    def revoke(self, which: StandingRule | int | str) -> None:
        """Have a rule decide no more, from now on.

        Args:
            which: The rule, its id, or a barrier: then all that are for it.

        Raises:
            DebuggerError: There is none such; lists those that are.
        """
        found = self._found(which)
        if not found:
            rules = (f"{one.id} ({one.label} at {one.barrier})" for one in self.rules)
            raise DebuggerError(f"There is no standing rule {shown(which)}. Set: {listed(rules)}.")
        self.rules = [one for one in self.rules if one not in found]
        self.told()

    def clear(self) -> None:
        """Revoke them all."""
        self.rules = []
        self.told()

    def _found(self, which: Any) -> list[StandingRule]:
        if isinstance(which, int) and not isinstance(which, bool):
            return [one for one in self.rules if one.id == which]
        if isinstance(which, str):
            paths = [one.barrier for one in self.rules if one.barrier == which]
            ends = {p for one in self.rules if (p := one.barrier).rpartition("/")[2] == which}
            named = set(paths) or (ends if len(ends) == 1 else set())
            return [one for one in self.rules if one.barrier in named]
        return [one for one in self.rules if one is which]

    # -- deciding ------------------------------------------------------------------

    def control(self, session: Session, controls: Controls) -> None:
        """Have a run ask the rules at its barriers; without one it costs nothing."""
        if not any(rule.armed for rule in self.rules):
            return
        recorded = controls.decided

        def decided(barrier_id: str) -> DecisionRecord | None:
            known = None if recorded is None else recorded(barrier_id)
            return self._decided(session, barrier_id) if known is None else known

        controls.decided = decided

    def _decided(self, session: Session, barrier_id: str) -> DecisionRecord | None:
        path = without_visits(barrier_id)
        rules = [rule for rule in self.rules if rule.barrier == path and rule.armed]
        waits = [one for one in session.waiting if one.barrier_id == barrier_id] if rules else []
        if not waits:  # it may be asked whether there will be a decision, before it waits
            return None
        data = session.waiting_data(waits[0])
        state = session.state if data is None else view(data)
        for rule in rules:
            if not isinstance(rule.decision, str) and rule.holds(state, barrier_id):
                rule.used += 1
                return DecisionRecord(barrier_id, rule.decision, rule.by, session.clock.wall())
        return None

    def moved(self) -> None:
        """Have it kept how often they decided, after a command in which some may have."""
        used = sum(rule.used for rule in self.rules)
        if used != self._used:
            self._used = used
            self.told()

    # -- lines ---------------------------------------------------------------------

    def copied(self) -> StandingRules:
        """Return the same rules for another line, to be changed apart."""
        made = StandingRules()
        made.load((copy.copy(rule) for rule in self.rules), self._next)
        return made

    def load(self, rules: Iterable[StandingRule], following: int = 1) -> None:
        """Take rules that have their ids, in place of those that there are.

        Args:
            following: The least id of a rule that is added later.
        """
        self.rules = list(rules)
        self._next = max([following, *(rule.id + 1 for rule in self.rules)])
        self._used = sum(rule.used for rule in self.rules)

    # -- a list --------------------------------------------------------------------

    def __iter__(self) -> Iterator[StandingRule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __getitem__(self, place: int) -> StandingRule:
        return self.rules[place]

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per rule: id, barrier, decision, when, used, armed."""
        rules = self.rules
        return table(
            {
                "id": [rule.id for rule in rules],
                "barrier": [rule.barrier for rule in rules],
                "decision": [without_keys(str(rule.decision)) for rule in rules],
                "when": [without_keys(rule.condition) or None for rule in rules],
                "used": [rule.used for rule in rules],
                "armed": [rule.armed for rule in rules],
            },
            texts=("barrier", "decision", "when"),
            counts=("id", "used"),
            flags=("armed",),
        )

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.rules)) or "(no standing rules)"


def _alike(one: StandingRule, two: StandingRule) -> bool:
    return one.barrier == two.barrier and one.label == two.label
