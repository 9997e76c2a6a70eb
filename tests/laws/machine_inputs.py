"""Commands that give something to a run: inputs, writes on the way, outcomes."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from lellm_nb import StopReason
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from tests.laws.machine_model import Model, any_number, which

numbers = st.integers(-3, 3)


class Inputs(Model):
    """Turns, steering, mocks and what is skipped, between all the other commands."""

    @rule(number=which, n=numbers, then_run=st.booleans())
    def send(self, number, n, then_run):
        dbg = self.pick(number)
        before, frames = self.frame_of(dbg), len(dbg.frames)
        between = dbg.position.ended or dbg.status == "ready"
        with self.only(dbg):
            try:
                dbg.send({"n": n}, then_run=then_run)
            except DebuggerError:
                assert before.failed or not between
                assert (self.frame_of(dbg), len(dbg.frames)) == (before, frames)
                return
        made = dbg.frames[before.index + 1]
        assert (made.kind, made.parent, made.state["n"]) == ("input", before, n)
        assert made.cursor == before.position.step
        assert made.position.node == dbg.graph.start
        before_counts = before.position.visits.counts(before.position.step)
        after_counts = made.position.visits.counts(made.cursor)
        assert {**after_counts, "": made.visit} == {**before_counts, "": made.visit}

    @rule(number=which, n=numbers)
    def steer(self, number, n):
        dbg = self.pick(number)
        before = self.frame_of(dbg)
        with self.only(dbg, runs=False):
            stop = dbg.steer(put={"n": n}, delete=["steered"])

        edits = self.way_onwards(dbg)[before.index + 1 :]  # one for each level that sees it
        assert stop.frame is edits[-1]
        assert edits[0].parent is before
        assert {edit.kind for edit in edits} == {"edit"}
        assert dbg.state["n"] == n
        assert dbg.position.node == before.position.node

    @rule(number=which, n=numbers)
    def steer_while_it_runs(self, number, n):
        """It is written once, by whoever moves the run; where that failed a warning says so."""
        dbg = self.pick(number)
        asked = []

        def look():
            if dbg.busy and not asked:
                asked.append(dbg.head)
                dbg.steer(put={"steered": n})

        leave = dbg.subscribe(look)
        with self.only(dbg), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            dbg.run()
        leave()
        since = [f for f in self.way_onwards(dbg)[asked[0] + 1 :] if f.changed_keys == ["steered"]]
        since = [f for f in since if f.parent not in since]  # not again inside, which sees it
        dropped = any("was not written" in str(one.message) for one in told)
        assert len([f for f in since if f.kind == "edit" and f.state["steered"] == n]) == (
            not dropped
        )

    @rule(number=which)
    def skip(self, number):
        dbg = self.pick(number)
        before, frames = self.frame_of(dbg), len(dbg.frames)
        with self.only(dbg, runs=False):
            try:
                stop = dbg.skip()
            except DebuggerError:
                assert (self.frame_of(dbg), len(dbg.frames)) == (before, frames)
                return
        head = self.frame_of(dbg)
        assert (stop.head or stop.frame) is head
        passed = head.skipped or (head.decision is not None and head.decision.decision == "skip")
        known = (StopReason.COMPLETED, StopReason.WATCH)
        assert passed or head.failed or stop.reason in known, stop

    @rule(
        number=which,
        node=any_number,
        what=st.none() | numbers.map(lambda n: {"n": n}) | st.just("function"),
        visit=st.none() | st.integers(1, 3),
    )
    def mock(self, number, node, what, visit):
        dbg = self.pick(number)
        path = dbg.paths[node % len(dbg.paths)]
        given = (lambda ctx: {"mocked": ctx.path}) if what == "function" else what
        before = dbg.mocks
        with self.only(runs=False):
            try:
                dbg.mock(path, given, visit=visit)
            except DebuggerError:
                assert dbg.mocks == before
                return
            with pytest.raises(NoSuchNodeError):
                dbg.mock("not there", {})
        listed = dbg.mocks.get(path if visit is None else (path, visit))
        assert listed == (given if what is not None else None)

    @rule(number=which, more=st.integers(1, 3))
    def run_a_few(self, number, more):
        dbg = self.pick(number)
        steps = dbg.position.step
        with self.only(dbg):
            stop = dbg.run(more=more)

        assert dbg.position.step - steps <= more
        if stop.reason is StopReason.LIMIT and stop.error is None:
            assert dbg.position.step - steps == more
