"""Law: no sequence of debugger commands loses a committed frame."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import (
    DebuggerError,
    LellmError,
    NodeNotFoundError,
    NoSuchFrameError,
    NotWaitingError,
    StateError,
)
from tests.strategies import KEYS, scalars
from tests.strategies_graphs import plans


class Commands(RuleBasedStateMachine):
    """Any verb at any time, on a debugger and on its forks; the world may break and mend.

    What was ever seen is remembered here and looked for after every command.
    """

    @initialize(plan=plans(1, flaky=True, least=3), broken=st.integers(0, 4).map(lambda n: not n))
    def begin(self, plan, broken):
        first = Debugger(plan.build(), {"broken": broken}, max_steps=40)
        self.debuggers = [first]
        self.seen = {}
        self.graph = first.graph

    def pick(self, number):
        """One of the debuggers."""
        return self.debuggers[number % len(self.debuggers)]

    # -- forward -----------------------------------------------------------------------

    @rule(number=st.integers(0, 9), verb=st.sampled_from(["step", "run", "over", "into", "out"]))
    def go(self, number, verb):
        dbg = self.pick(number)
        before = dbg.head
        stop = getattr(dbg, verb)()

        assert stop.frame is dbg.frames[dbg.head]
        assert dbg.head >= before
        if stop.reason is StopReason.COMPLETED:
            assert dbg.position.ended
        if stop.reason is StopReason.BARRIER:
            assert stop.pending
        if stop.reason is StopReason.FAILED:
            assert stop.error is not None

    @rule(number=st.integers(0, 9), n=st.integers(1, 4))
    def step_several(self, number, n):
        self.pick(number).step(n)

    @rule(number=st.integers(0, 9), most=st.integers(1, 4))
    def run_and_approve(self, number, most):
        dbg = self.pick(number)
        for _ in range(most):
            stop = dbg.run()
            if not stop.pending:
                break
            dbg.approve(stop.pending[-1].id)

    @rule(number=st.integers(0, 9))
    def retry(self, number):
        dbg = self.pick(number)
        failed = dbg.frames[dbg.head].failed
        if failed:
            dbg.retry()
            return
        with pytest.raises(DebuggerError):
            dbg.retry()

    @rule(number=st.integers(0, 9), node=st.integers(0, 20))
    def run_until(self, number, node):
        dbg = self.pick(number)
        dbg.run(until=dbg.paths[node % len(dbg.paths)])

    # -- backward ------------------------------------------------------------------------

    @rule(number=st.integers(0, 9), n=st.integers(1, 5))
    def back(self, number, n):
        dbg = self.pick(number)
        before = dbg.head
        stop = dbg.back(n)

        assert dbg.head == max(0, before - n)
        assert (stop.reason is StopReason.START) is (before < n)

    @rule(number=st.integers(0, 9), index=st.integers(-30, 30))
    def rewind(self, number, index):
        dbg = self.pick(number)
        if -len(dbg.frames) <= index < len(dbg.frames):
            assert dbg.rewind(index).frame is dbg.frames[index]
            return
        before = dbg.head
        with pytest.raises(NoSuchFrameError):
            dbg.rewind(index)
        assert dbg.head == before

    @rule(number=st.integers(0, 9), pick=st.integers(0, 1000))
    def rewind_to_any_frame_ever_seen(self, number, pick):
        if not self.seen:
            return
        frame = list(self.seen.values())[pick % len(self.seen)][0]
        dbg = self.pick(number)
        dbg.rewind(frame)

        assert dbg.frames[dbg.head] is frame
        assert dbg.state == frame.root_state

    @rule(number=st.integers(0, 9))
    def run_back(self, number):
        self.pick(number).run_back()

    # -- stops -----------------------------------------------------------------------------

    @rule(number=st.integers(0, 9), node=st.integers(0, 20), after=st.booleans())
    def break_at(self, number, node, after):
        dbg = self.pick(number)
        dbg.break_at(dbg.paths[node % len(dbg.paths)], after=after)

    @rule(number=st.integers(0, 9))
    def clear_breakpoints(self, number):
        self.pick(number).breakpoints.clear()

    # -- barriers ----------------------------------------------------------------------------

    @rule(
        number=st.integers(0, 9),
        which=st.integers(0, 5),
        verb=st.sampled_from(["approve", "reject", "modify", "reroute"]),
        key=st.sampled_from([*KEYS, ("absent", "x")]),
        value=scalars,
        node=st.integers(0, 20),
        then_run=st.booleans(),
    )
    def decide(self, number, which, verb, key, value, node, then_run):
        dbg = self.pick(number)
        pending = dbg.pending
        frames = len(dbg.frames)
        waiting = pending[which % len(pending)].id if pending else "nothing#0"
        names = dbg.reroute_targets(waiting) if pending else ["x"]
        arguments = {
            "approve": (),
            "reject": (str(value),),
            "modify": (key, value),
            "reroute": ([*names, "nowhere"][node % (len(names) + 1)],),
        }[verb]
        try:
            getattr(dbg, verb)(*arguments, id=waiting, then_run=then_run)
        except NotWaitingError:
            assert not pending
        except (NodeNotFoundError, StateError):
            assert len(dbg.frames) == frames
            assert waiting in [p.id for p in dbg.pending]
        else:
            assert pending

    # -- change ------------------------------------------------------------------------------

    @precondition(lambda self: len(self.debuggers) < 6)
    @rule(number=st.integers(0, 9), index=st.integers(0, 30), broken=st.booleans())
    def fork(self, number, index, broken):
        dbg = self.pick(number)
        before = (dbg.head, dbg.line)
        child = dbg.fork(index % len(dbg.frames), put={"broken": broken})

        assert (dbg.head, dbg.line) == before
        assert child.frames[child.head].kind == "edit"
        self.debuggers.append(child)

    @rule(number=st.integers(0, 9), line=st.integers(0, 20))
    def follow_a_line(self, number, line):
        dbg = self.pick(number)
        name = dbg.lines[line % len(dbg.lines)]
        other = dbg.branch(name)

        assert other.line == name

    # -- the law ---------------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost(self):
        if not hasattr(self, "debuggers"):
            return
        history = self.debuggers[0]._session.history
        there = {id(frame) for line in history.lines.values() for frame in line}
        for frame, kept in self.seen.values():
            assert id(frame) in there
            assert kept == look(frame)
        for line in history.lines.values():
            for place, frame in enumerate(line):
                assert frame.index == place
                assert place == 0 or frame.parent is line[place - 1]
                if id(frame) not in self.seen:
                    self.seen[id(frame)] = (frame, look(frame))

    @invariant()
    def every_debugger_stands_somewhere(self):
        for dbg in getattr(self, "debuggers", ()):
            assert not dbg.busy
            head = dbg.frames[dbg.head]
            assert dbg.state == head.root_state
            assert dbg.status_line.startswith(dbg.status)
            try:
                dbg.stack  # noqa: B018  # may not raise anything but ours
            except LellmError:
                assert head.error is not None


def look(frame):
    """What a reader sees of a frame."""
    return (
        frame.index,
        frame.kind,
        frame.path,
        frame.visit,
        frame.cursor,
        frame.route,
        repr(frame.mutations),
        repr(frame.state),
        repr(frame.root_state),
        repr(frame.position),
    )


class TestCommands(Commands.TestCase):
    """The machine, as pytest finds it."""

    settings = settings(stateful_step_count=40, deadline=None)
