"""Commands that decide beforehand, answer, and stop by conditions that are text."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from lellm_nb import Answer, Modify, StopReason
from lellm_nb.errors import (
    DebuggerError,
    NodeNotFoundError,
    NoSuchNodeError,
    NotWaitingError,
    QuestionError,
)
from lellm_nb.graph.walk import nodes
from tests.laws.machine_model import Model, any_number, which
from tests.strategies_graphs import CHOICES

conditions = st.sampled_from(
    [
        "n > 0",
        "not broken",
        "len(log) >= 3",
        'last.root == 1 or "n" in log',
        "not there",
        "n[2] < 1",
    ]
)
"""Each can be asked of any state, whatever is missing there."""


class Rules(Model):
    """Standing rules, answers, refused edges, and conditions as text."""

    # -- decided beforehand ------------------------------------------------------------------

    @rule(
        number=which,
        barrier=any_number,
        decision=st.sampled_from(["approve", "reject", Answer(2), Modify("n", 1)]),
        when=st.none() | conditions,
    )
    def always(self, number, barrier, decision, when):
        dbg = self.pick(number)
        barriers = [path for path, node in nodes(dbg.graph) if node.kind == "barrier"]
        before = list(dbg.standing)
        with self.only(runs=False):
            if not barriers:
                with pytest.raises(NoSuchNodeError):
                    dbg.always("m0", decision, when)
                return
            path = barriers[barrier % len(barriers)]
            try:
                made = dbg.always(path, decision, when)
            except DebuggerError:  # what asks takes an answer, what does not takes none
                assert list(dbg.standing) == before
                return
        assert list(dbg.standing) == [*before, made]
        assert all(made.id > each.id for each in before)
        assert (made.barrier, made.condition, made.used) == (path, when or "", 0)

    @rule(number=which, place=st.integers(0, 3), cleared=st.booleans())
    def revoke(self, number, place, cleared):
        """By its id, which stays what it is when others go."""
        dbg = self.pick(number)
        before = list(dbg.standing)
        with self.only(runs=False):
            if place >= len(before):
                with pytest.raises(DebuggerError, match="no standing rule"):
                    dbg.standing.revoke(max([0, *(each.id for each in before)]) + 1)
                return
            if cleared:
                dbg.standing.clear()
            else:
                dbg.standing.revoke(before[place].id)
        assert list(dbg.standing) == ([] if cleared else before[:place] + before[place + 1 :])

    @rule(number=which)
    def approve_all(self, number):
        """What asks for more than a yes goes on waiting; all else is decided."""
        dbg = self.pick(number)
        asking = {waits.id for waits in dbg.pending if waits.question is not None}
        asked = {waits.id for waits in dbg.pending} - asking
        waiting = {waits.barrier_id for waits in dbg.position.waiting} - asking
        head = dbg.head
        with self.only(dbg):
            if not asked:
                with pytest.raises(QuestionError if asking else NotWaitingError):
                    dbg.approve(all=True)
                return
            stop = dbg.approve(all=True)
        if not self.frame_of(dbg).failed:
            decided = {f.decision.barrier_id for f in dbg.frames[head + 1 :] if f.decision}
            assert waiting <= decided
            assert not asking & decided
            assert stop.error is not None or not asking

    @rule(number=which, value=st.sampled_from([*CHOICES, 9, None]), place=st.integers(0, 3))
    def answer(self, number, value, place):
        dbg = self.pick(number)
        pending, before = dbg.pending, self.frame_of(dbg)
        with self.only(dbg):
            if not pending:
                with pytest.raises(NotWaitingError):
                    dbg.answer(value)
                return
            waits = pending[place % len(pending)]
            try:
                dbg.answer(value, waits.id)
            except DebuggerError:
                assert waits.question is None or value not in CHOICES
                assert self.frame_of(dbg) is before
                return
        if waits.question is None:  # a node that is asked about before it runs
            return
        record = dbg.frames[before.index + 1].decision
        assert (record.barrier_id, record.decision) == (waits.id, Answer(value))

    # -- conditions as text ------------------------------------------------------------------

    @rule(number=which, node=any_number, when=conditions)
    def break_at_when(self, number, node, when):
        dbg = self.pick(number)
        with self.only(runs=False):
            made = dbg.break_at(dbg.paths[node % len(dbg.paths)], when=when)
        assert made.label.endswith(f" if {when}")

    @rule(number=which, edge=any_number)
    def break_on_refused(self, number, edge):
        dbg = self.pick(number)
        edges = dbg.graph.edges
        if not edges:
            return
        chosen = edges[edge % len(edges)]
        asked = any(
            one.kind == "conditional"
            for one in edges
            if (one.source, one.target) == (chosen.source, chosen.target)
        )
        with self.only(runs=False):
            if asked:
                dbg.break_on(edge=(chosen.source, chosen.target), refused=True)
                return
            with pytest.raises(DebuggerError, match="has no condition"):
                dbg.break_on(edge=(chosen.source, chosen.target), refused=True)

    @rule(number=which, until=conditions)
    def run_until_it_holds(self, number, until):
        dbg = self.pick(number)
        with self.only(dbg):
            stop = dbg.run(until=until)
        if stop.reason is StopReason.STEP:
            assert dbg.evaluate(until)["value"].iloc[dbg.head]

    @rule(number=which, text=conditions)
    def ask_all_lines(self, number, text):
        """One row for each frame of each line; and no question moves anything."""
        dbg = self.pick(number)
        with self.only(runs=False):
            table = dbg.evaluate(text, lines="all")
            assert sorted(set(table["line"])) == sorted(dbg.lines)
            found = dbg.find("broken", lines="all")
            everywhere = {id(hit.frame) for hit in found}
            assert {id(hit.frame) for hit in dbg.find("broken")} <= everywhere
            assert list(dbg.frames.to_pandas(evaluate={"held": text})["held"]) == list(
                dbg.evaluate(text)["value"]
            )

    @rule(number=which, text=st.sampled_from(["n >", "n.__class__", "open(n)", ""]))
    def what_is_no_condition_is_refused(self, number, text):
        dbg = self.pick(number)
        stops, rules = len(dbg.breakpoints), list(dbg.standing)
        with self.only(runs=False):
            with pytest.raises(DebuggerError):
                dbg.break_at(dbg.paths[0], when=text)
            with pytest.raises((DebuggerError, NodeNotFoundError)):
                dbg.run(until=text)
        assert (len(dbg.breakpoints), list(dbg.standing)) == (stops, rules)
