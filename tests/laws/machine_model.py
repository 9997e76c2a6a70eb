"""The model behind the debugger machine: every frame ever seen, and where everybody stands."""

from __future__ import annotations

import contextlib

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from lellm_nb import Debugger
from lellm_nb.errors import LellmError
from lellm_nb.graph.walk import nodes
from tests.strategies_graphs import Node, Plan, plans

MOST = 6
"""So many debuggers are open at once."""


def tasks(graph):
    """Every task of a nest by its path."""
    return {path: node for path, node in nodes(graph) if node.kind == "task"}


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


class Model:
    """What is to be true of some debuggers on one history, whatever they are told."""

    @initialize(plan=random_graphs, broken=st.integers(0, 2).map(lambda n: not n))
    def begin(self, plan, broken):
        self.runs = 0
        graph = plan.build()
        graph = graph.patched({path: self.counted(task.fn) for path, task in tasks(graph).items()})
        first = Debugger(graph, {"broken": broken}, max_steps=40, store=self.store())
        self.debuggers = [first]
        self.seen = {}
        self.stands = {}
        self.notes = {}
        self.pins = set()
        self.learn()

    def store(self):
        """Where the run is kept, if anywhere."""
        return None

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
        history = self.debuggers[0].session.history
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

    # -- the law ---------------------------------------------------------------------------------

    @invariant()
    def the_model_agrees(self):
        if hasattr(self, "debuggers"):
            self.nothing_is_lost()
            self.every_debugger_stands_where_the_model_says()

    def nothing_is_lost(self):
        history = self.debuggers[0].session.history
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
        (frame.mocked, frame.skipped),
    )
