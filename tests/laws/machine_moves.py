"""Commands that move a run: forward, backward, to stops, and past barriers."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from lellm_nb import StopReason
from lellm_nb.errors import (
    DebuggerError,
    NodeNotFoundError,
    NoSuchFrameError,
    NoSuchNodeError,
    NotWaitingError,
    StateError,
)
from tests.laws.machine_model import Model, any_number, tasks, which
from tests.strategies import KEYS, scalars

watched = st.sampled_from(
    ["log", "n", "broken", "last.root", ("plan", "x"), "not there"]
) | st.sampled_from([lambda s: len(s.get("log", ())), lambda s: s["n"], lambda s: "n" in s])


class Moves(Model):
    """Any verb of the toolbar, any stop, any decision."""

    # -- forward -----------------------------------------------------------------------

    @rule(number=which, verb=st.sampled_from(["step", "run", "over", "into", "out"]))
    def go(self, number, verb):
        dbg = self.pick(number)
        before = self.frame_of(dbg)
        with self.only(dbg):
            stop = getattr(dbg, verb)()

        assert (stop.head or stop.frame) is self.frame_of(dbg)
        assert before in self.way_onwards(dbg)
        if stop.reason is StopReason.COMPLETED:
            assert dbg.position.ended
        if stop.reason is StopReason.BARRIER:
            assert stop.pending
        if stop.reason is StopReason.FAILED:
            assert stop.error is not None
        if stop.reason in (StopReason.BREAKPOINT, StopReason.WATCH):
            assert stop.breakpoint in list(dbg.breakpoints)

    def way_onwards(self, dbg):
        """The frames up to where a debugger stands now, as it tells them."""
        return list(dbg.frames[: dbg.head + 1])

    @rule(number=which, n=st.integers(1, 4))
    def step_several(self, number, n):
        dbg = self.pick(number)
        before = dbg.head
        with self.only(dbg):
            dbg.step(n)
        assert dbg.head >= before

    @rule(number=which, most=st.integers(1, 4))
    def run_and_approve(self, number, most):
        dbg = self.pick(number)
        with self.only(dbg):
            for _ in range(most):
                stop = dbg.run()
                if not stop.pending:
                    break
                with contextlib.suppress(DebuggerError):  # nothing recorded for one that asks
                    waits = stop.pending[-1]
                    if waits.question is None:
                        dbg.approve(waits.id)
                    else:
                        dbg.answer(1, waits.id)

    @rule(number=which)
    def retry(self, number):
        dbg = self.pick(number)
        with self.only(dbg):
            if self.frame_of(dbg).failed:
                dbg.retry()
                return
        with self.only(runs=False), pytest.raises(DebuggerError):
            dbg.retry()

    @rule(number=which, node=any_number)
    def run_until(self, number, node):
        dbg = self.pick(number)
        with self.only(dbg):
            dbg.run(until=dbg.paths[node % len(dbg.paths)])

    # -- backward ------------------------------------------------------------------------

    @rule(number=which, n=st.integers(1, 5))
    def back(self, number, n):
        dbg = self.pick(number)
        way = self.way_to(self.frame_of(dbg))
        before = dbg.head
        with self.only(dbg, runs=False):
            stop = dbg.back(n)

        assert stop.frame is way[max(0, before - n)]
        assert (stop.reason is StopReason.START) is (before < n)

    @rule(number=which, index=st.integers(-30, 30))
    def rewind(self, number, index):
        dbg = self.pick(number)
        with self.only(dbg, runs=False):
            if -len(dbg.frames) <= index < len(dbg.frames):
                assert dbg.rewind(index).frame is dbg.frames[index]
                return
        with self.only(runs=False), pytest.raises(NoSuchFrameError):
            dbg.rewind(index)

    @rule(number=which, pick=any_number)
    def rewind_to_any_frame_ever_seen(self, number, pick):
        frame = self.any_frame(pick)
        dbg = self.pick(number)
        with self.only(dbg, runs=False):
            dbg.rewind(frame)

        assert self.frame_of(dbg) is frame
        assert repr(dbg.state) == self.seen[id(frame)][1][8]

    @rule(number=which, node=st.none() | any_number)
    def run_back(self, number, node):
        dbg = self.pick(number)
        way = self.way_to(self.frame_of(dbg))
        with self.only(dbg, runs=False):
            stop = dbg.run_back(None if node is None else dbg.paths[node % len(dbg.paths)])

        assert stop.frame in way
        if stop.reason is StopReason.START:
            assert dbg.head == 0

    # -- stops -----------------------------------------------------------------------------

    @rule(number=which, node=any_number, after=st.booleans(), ignore=st.integers(0, 2))
    def break_at(self, number, node, after, ignore):
        dbg = self.pick(number)
        with self.only(runs=False):
            dbg.break_at(dbg.paths[node % len(dbg.paths)], after=after, ignore=ignore)

    @rule(number=which, node=any_number)
    def break_at_what_raises(self, number, node):
        dbg = self.pick(number)
        with self.only(runs=False):
            dbg.break_at(dbg.paths[node % len(dbg.paths)], when=lambda s: s["not there"])

    @rule(number=which, edge=any_number)
    def break_on(self, number, edge):
        dbg = self.pick(number)
        edges = dbg.graph.edges
        with self.only(runs=False):
            if edges:
                chosen = edges[edge % len(edges)]
                dbg.break_on(edge=(chosen.source, chosen.target))
            with pytest.raises(NoSuchNodeError):
                dbg.break_on(edge=(dbg.graph.end, "not there"))

    @rule(number=which)
    def break_on_error(self, number):
        with self.only(runs=False):
            self.pick(number).break_on_error()

    @rule(number=which, what=watched)
    def watch(self, number, what):
        with self.only(runs=False):
            self.pick(number).watch(what)

    @rule(number=which, stop=any_number, verb=st.sampled_from(["disable", "enable", "remove"]))
    def change_a_stop(self, number, stop, verb):
        stops = self.pick(number).breakpoints
        if len(stops):
            getattr(stops, verb)(stops[stop % len(stops)].id)

    @rule(number=which)
    def clear_breakpoints(self, number):
        self.pick(number).breakpoints.clear()

    # -- barriers ----------------------------------------------------------------------------

    @rule(
        number=which,
        which=st.integers(0, 5),
        verb=st.sampled_from(["approve", "reject", "modify", "reroute"]),
        key=st.sampled_from([*KEYS, ("absent", "x")]),
        value=scalars,
        node=any_number,
        then_run=st.booleans(),
    )
    def decide(self, number, which, verb, key, value, node, then_run):
        dbg = self.pick(number)
        pending = dbg.pending
        frames = len(dbg.frames)
        waiting = pending[which % len(pending)].id if pending else "nothing#0"
        barriers = [w.barrier_id for w in dbg.position.waiting]
        names = dbg.reroute_targets(waiting) if pending else ["x"]
        arguments = {
            "approve": (),
            "reject": (str(value),),
            "modify": (key, value),
            "reroute": ([*names, "nowhere"][node % (len(names) + 1)],),
        }[verb]
        with self.only(dbg):
            try:
                getattr(dbg, verb)(*arguments, id=waiting, then_run=then_run)
            except NotWaitingError:
                assert not pending
            except (NodeNotFoundError, StateError):
                assert len(dbg.frames) == frames
                assert waiting in [p.id for p in dbg.pending]
            except DebuggerError:  # a node that asks, of which nothing is recorded
                assert verb == "reject"
                assert waiting not in barriers
                assert waiting in [p.id for p in dbg.pending]
            else:
                assert pending

    @rule(number=which, mode=st.sampled_from(["live", "recorded", "ask"]), node=any_number)
    def mode(self, number, mode, node):
        dbg = self.pick(number)
        path = dbg.paths[node % len(dbg.paths)]
        with self.only(runs=False):
            try:
                dbg.mode(path, mode)
            except DebuggerError:
                assert path not in tasks(dbg.graph)
            else:
                assert dbg.modes[path] == mode
