"""Law: no sequence of debugger commands loses a committed frame, or moves what it should not.

Every verb at any time, on a debugger and on its forks, over random graphs, against a simple
model: every frame ever seen with what a reader sees of it and the frame before it, and where
each debugger stands.
"""

from __future__ import annotations

import contextlib
import os

import pytest
from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lellm_nb import Approve, Debugger, Reject, StopReason
from lellm_nb.debug.code import tasks
from lellm_nb.errors import (
    DebuggerError,
    LellmError,
    MissingKeyError,
    NodeNotFoundError,
    NoSuchFrameError,
    NoSuchNodeError,
    NotWaitingError,
    StateError,
)
from tests.strategies import KEYS, scalars
from tests.strategies_graphs import Node, Plan, plans

LONG = os.environ.get("LELLM_LONG", "") not in ("", "0")
EXAMPLES = 5_000 if LONG else 100 if os.environ.get("CI") else 50

MOST = 6
"""So many debuggers are open at once."""

which = st.integers(0, 9)
any_number = st.integers(0, 1000)
failing_fans = st.builds(
    lambda first, branch: Plan(
        (
            *first.nodes[:1],
            Node("fan", inner=(Plan((Node("flaky"),)), branch), patient=True),
            Node("task"),
        )
    ),
    plans(0),
    plans(0, flaky=True, most=2),
)
random_graphs = (
    plans(1, flaky=True, least=3) | plans(1, flaky=True, least=2, most=3, wild=True) | failing_fans
)
watched = st.sampled_from(
    ["log", "n", "broken", "last.root", ("plan", "x"), "not there"]
) | st.sampled_from([lambda s: len(s.get("log", ())), lambda s: s["n"], lambda s: "n" in s])


class Commands(RuleBasedStateMachine):
    """Any verb at any time; the world may break and mend."""

    @initialize(plan=random_graphs, broken=st.integers(0, 2).map(lambda n: not n))
    def begin(self, plan, broken):
        self.runs = 0
        graph = plan.build()
        graph = graph.patched({path: self.counted(task.fn) for path, task in tasks(graph)})
        first = Debugger(graph, {"broken": broken}, max_steps=40)
        self.debuggers = [first]
        self.seen = {}
        self.stands = {}
        self.notes = {}
        self.pins = set()
        self.learn()

    def counted(self, function):
        """A node's function that is counted when it runs."""

        def count(ctx):
            self.runs += 1
            return function(ctx)

        async def acount(ctx):
            self.runs += 1
            return await function(ctx)

        is_async = function.__code__.co_flags & 0x80
        return acount if is_async else count

    # -- the model -----------------------------------------------------------------------

    def pick(self, number):
        """One of the debuggers."""
        return self.debuggers[number % len(self.debuggers)]

    def frame_of(self, dbg):
        """Where a debugger stands."""
        return dbg.frames[dbg.head]

    def any_frame(self, number):
        """One of all the frames ever seen."""
        return list(self.seen.values())[number % len(self.seen)][0]

    def way_to(self, frame):
        """The frames from the start to one, as the model remembers them."""
        way = [frame]
        while self.seen[id(way[-1])][2] is not None:
            way.append(self.seen[id(way[-1])][2])
        return way[::-1]

    def learn(self):
        """Remember what is new."""
        history = self.debuggers[0]._session.history
        for line in history.lines.values():
            for frame in line:
                if id(frame) not in self.seen:
                    self.seen[id(frame)] = (frame, look(frame), frame.parent)
        self.stands = {id(dbg): (self.frame_of(dbg), dbg.line) for dbg in self.debuggers}

    @contextlib.contextmanager
    def only(self, *moving, runs=True):
        """Nobody but those given may move, and nothing runs unless it may."""
        before, ran, lines = dict(self.stands), self.runs, len(self.debuggers[0].lines)
        yield
        for dbg in self.debuggers:
            if dbg not in moving and id(dbg) in before:
                assert (self.frame_of(dbg), dbg.line) == before[id(dbg)]
        if not runs:
            assert self.runs == ran
        if not moving and not runs:
            assert len(self.debuggers[0].lines) == lines

    # -- forward -----------------------------------------------------------------------

    @rule(number=which, verb=st.sampled_from(["step", "run", "over", "into", "out"]))
    def go(self, number, verb):
        dbg = self.pick(number)
        before = self.frame_of(dbg)
        with self.only(dbg):
            stop = getattr(dbg, verb)()

        assert stop.frame is self.frame_of(dbg)
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
                    dbg.approve(stop.pending[-1].id)

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
                assert path not in dict(tasks(dbg.graph))
            else:
                assert dbg.modes[path] == mode

    # -- change ------------------------------------------------------------------------------

    @precondition(lambda self: len(self.debuggers) < MOST)
    @rule(number=which, index=any_number, broken=st.booleans(), named=st.booleans())
    def fork(self, number, index, broken, named):
        dbg = self.pick(number)
        frame = dbg.frames[index % len(dbg.frames)]
        name = f"line {len(dbg.lines)}" if named else None
        before, ran = dict(self.stands), self.runs
        child = dbg.fork(frame, put={"broken": broken}, delete=["n"], name=name)
        assert self.runs == ran
        assert all((self.frame_of(d), d.line) == before[id(d)] for d in self.debuggers)

        edit = self.frame_of(child)
        assert (edit.kind, edit.parent) == ("edit", frame)
        assert child.line == (name or child.line)
        assert dbg.branch(child.line) is child
        self.debuggers.append(child)
        with pytest.raises(DebuggerError, match="another name"):
            dbg.fork(name=child.line)

    @precondition(lambda self: len(self.debuggers) < MOST)
    @rule(number=which, pick=any_number, mutation=st.integers(0, 3))
    def without(self, number, pick, mutation):
        dbg = self.pick(number)
        frame = dbg.frames[pick % (dbg.head + 1)]
        lines = dbg.lines
        ran, before = self.runs, dict(self.stands)
        try:
            child = dbg.without(frame, mutation)
        except DebuggerError:
            assert frame.kind not in ("commit", "edit") or mutation >= len(frame.mutations)
            assert dbg.lines == lines
        else:
            assert child.frames[frame.index - 1] is frame.parent
            assert child.head <= dbg.head
            assert all(
                f.recorded for f in child.frames[frame.index : child.head + 1] if f.kind == "commit"
            )
            self.debuggers.append(child)
        assert self.runs == ran
        assert all(
            (self.frame_of(d), d.line) == before[id(d)] for d in self.debuggers if id(d) in before
        )

    @rule(number=which, node=any_number)
    def patch(self, number, node):
        dbg = self.pick(number)
        found = list(tasks(dbg.graph))
        path, task = found[node % len(found)]
        old = task.fn

        def patched(ctx):
            ctx.put(f"patched.{ctx.path}", True)
            return old(ctx)

        with self.only(runs=False):
            dbg.patch({path: patched})
            with pytest.raises(NoSuchNodeError):
                dbg.patch({"not there": patched})

    @rule(number=which, how=st.sampled_from(["keep", "drop", "retry"]))
    def resolve_join(self, number, how):
        dbg = self.pick(number)
        with self.only(dbg):
            dbg.run()  # to where it may have failed
            self.learn()
            before, frames = self.frame_of(dbg), len(dbg.frames)
            try:
                stop = dbg.resolve_join(how)
            except DebuggerError:
                assert (self.frame_of(dbg), len(dbg.frames)) == (before, frames)
            else:
                assert before.failed
                assert stop.frame is self.frame_of(dbg)

    @precondition(lambda self: len(self.debuggers[0].lines) < 12)
    @rule(number=which, index=any_number, values=st.lists(scalars, min_size=1, max_size=2))
    def sweep(self, number, index, values):
        dbg = self.pick(number)
        lines = dbg.lines
        before = dict(self.stands)
        variants = [{"n": value} for value in values]
        table = dbg.sweep(index % len(dbg.frames), variants, progress=False)

        assert list(table["line"]) == dbg.lines[len(lines) :]
        assert len(table) == len(values)
        assert all((self.frame_of(d), d.line) == before[id(d)] for d in self.debuggers)

    @rule(number=which, pick=any_number, text=st.sampled_from(["", "here", "<b>"]))
    def note(self, number, pick, text):
        frame = self.any_frame(pick)
        with self.only(runs=False):
            self.pick(number).note(frame, text)
        self.notes[id(frame)] = text

    @rule(number=which, pick=any_number, on=st.booleans())
    def pin(self, number, pick, on):
        frame = self.any_frame(pick)
        with self.only(runs=False):
            self.pick(number).pin(frame, on)
        (self.pins.add if on else self.pins.discard)(id(frame))

    @rule(number=which, line=any_number)
    def follow_a_line(self, number, line):
        dbg = self.pick(number)
        name = dbg.lines[line % len(dbg.lines)]
        with self.only():
            other = dbg.branch(name)

        assert other.line == name
        assert dbg.branch(name) is other
        if other not in self.debuggers and len(self.debuggers) < MOST:
            self.debuggers.append(other)

    # -- looking -----------------------------------------------------------------------------

    @rule(number=which, pick=any_number, key=st.sampled_from(["log", "n", "broken", "not there"]))
    def ask(self, number, pick, key):
        """No question moves or loses anything, or raises but for a key that never was."""
        dbg = self.pick(number)
        frame = self.any_frame(pick)
        frames = list(dbg.frames)
        with self.only(runs=False):
            for question in (dbg.who, dbg.history):
                with contextlib.suppress(MissingKeyError):
                    found = question(key)
                    assert len(repr(found))
            assert dbg.why(frame).frame is frame
            dbg.find(key)
            assert list(dbg.evaluate("frame.index")["value"]) == [f.index for f in frames]
            with contextlib.suppress(NoSuchFrameError):
                assert dbg.bisect(lambda f: f.index >= frame.index).index <= dbg.head
            assert dbg.timing()["visits"].sum() >= 0
            dbg.loops()
            assert len(dbg.frames.to_pandas()) == len(frames)
            frame.to_pandas()
            dbg.diff(frame, 0)
            assert dbg.has_old_code(frame) in (True, False)
            if frame.kind == "commit" and frame.static_path in dict(tasks(dbg.graph)):
                compile(dbg.to_test(frame), "<test>", "exec")
                compile(dbg.to_cell(frame), "<cell>", "exec")
            for pending in dbg.pending:
                dbg.preview(Approve(), pending.id)
                with contextlib.suppress(DebuggerError):
                    dbg.preview(Reject("no"), pending.id)
            assert len(repr(dbg)) < 1_000

    @rule(number=which, other=which)
    def compare(self, number, other):
        """Both sides are there whole, each frame once and in its order."""
        a, b = self.pick(number), self.pick(other)
        with self.only(runs=False):
            found = a.compare(b)
            repr(found)
        left = [pair.left for pair in found.pairs if pair.left is not None]
        right = [pair.right for pair in found.pairs if pair.right is not None]
        assert left == self.way_to(self.frame_of(a))
        assert sorted(right, key=lambda f: f.index) == self.way_to(self.frame_of(b))
        if a is b:
            assert found.first_difference is None

    # -- the law ---------------------------------------------------------------------------------

    @invariant()
    def the_model_agrees(self):
        if hasattr(self, "debuggers"):
            self.nothing_is_lost()
            self.every_debugger_stands_where_the_model_says()

    def nothing_is_lost(self):
        history = self.debuggers[0]._session.history
        self.learn()
        there = {id(frame) for line in history.lines.values() for frame in line}
        assert there == self.seen.keys()
        for line in history.lines.values():
            frames = list(line)
            assert [frame.index for frame in frames] == list(range(len(frames)))
            assert frames == self.way_to(frames[-1])

    def every_debugger_stands_where_the_model_says(self):
        for dbg in self.debuggers:
            assert not dbg.busy
            head = self.frame_of(dbg)
            way = self.way_to(head)
            assert self.way_onwards(dbg) == way
            assert repr(dbg.state) == self.seen[id(head)][1][8]
            assert dbg.status_line.startswith(dbg.status)
            assert dbg.tree[dbg.line].current
            try:
                dbg.stack  # noqa: B018  # may not raise anything but ours
            except LellmError:
                assert head.error is not None

    def teardown(self):
        """Everything ever seen reads as it did when it was seen, notes and pins included."""
        if not hasattr(self, "debuggers"):
            return
        for frame, kept, parent in self.seen.values():
            assert kept == look(frame)
            assert parent is frame.parent
        notes = [text for branch in self.debuggers[0].tree for _, text in branch.notes]
        assert sorted(notes) == sorted(text for text in self.notes.values() if text)
        pins = sum(len(branch.pins) for branch in self.debuggers[0].tree)
        assert pins == len(self.pins)


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
        frame.output,
        frame.recorded,
    )


@pytest.mark.timeout(120 if not LONG else 300)
class TestCommands(Commands.TestCase):
    """The machine, as pytest finds it."""

    settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)


if LONG:
    TestCommands = seed(20261120)(TestCommands)
