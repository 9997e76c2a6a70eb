"""The laws of the engine, on random graphs in which everything happens.

The graphs are nested and parallel, with barriers, loops, lenses, typed states, retries,
failures that are routed and failures that go away; see `strategies_graphs`.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lellm_nb import (
    Approve,
    Delete,
    ExecutionSession,
    FrameInfo,
    GraphBuilder,
    InMemoryStore,
    LastWriteWins,
    Put,
    Reduce,
    Reducer,
    RetentionPolicy,
    StateMerge,
    StoreSink,
    TriggerPolicy,
)
from lellm_nb.engine.scope import scope_at
from lellm_nb.errors import MergeConflictError, NotWaitingError, RunError
from lellm_nb.session.protocol import Controls
from lellm_nb.state.mutation import apply
from lellm_nb.state.state import keep, view
from tests.strategies_graphs import Node, Plan, wild_plans
from tests.strategies_story import Story, look

ways = st.lists(st.integers(0, 9), min_size=1, max_size=4)
"""Which decisions are taken, by number, over and over."""


def _replayed(session, **options):
    return session.advance(Controls.replay(session.recorded(), **options))


# -- the fold ------------------------------------------------------------------------------


@given(plan=wild_plans, ways=ways, typed=st.booleans(), stepped=st.booleans())
def test_the_log_of_every_level_folds_to_every_frame(plan, ways, typed, stepped):
    """Law: fold(log[:n]) equals the state of frame n, in each entry of each level (N2, N3)."""
    session = asyncio.run(Story(plan, ways, typed, stepped).told())
    start, *frames = session.line
    logs = {("", None): (start.level.data, [])}
    for frame in frames:
        scope = scope_at(session.scope, frame.position, frame)
        place = (scope.prefix, scope.branch)
        if place not in logs:
            logs[place] = (entered(scope, frame), [])
        base, log = logs[place]
        log += frame.mutations

        assert frame.level.data == apply(base, log), frame


def entered(scope, frame):
    """What a level began with: what its lens shows of the level around it, or it and an item."""
    around = scope.parent.level(frame.position).data
    if scope.branch is not None:
        node = scope.parent.site(scope.name_in_parent).node
        if not scope.is_item or node.item_key is None:
            return around
        items = scope.parent.level(frame.position).inner.items
        return apply(around, (Put(node.item_key, items.values[scope.order]),))
    lens = scope.parent.site(scope.name_in_parent).node.lens
    return keep(lens.get(view(around)))


# -- forks and checkpoints -------------------------------------------------------------------


@given(plan=wild_plans, ways=ways, typed=st.booleans(), data=st.data())
def test_a_fork_from_any_frame_leaves_its_parent_unchanged(plan, ways, typed, data):
    """Law: also inside a composite, while branches run, of a typed state, and run live."""
    story = Story(plan, ways, typed, stepped=True)
    session = asyncio.run(story.told())
    frames, head = list(session.line), session.head
    before = list(map(look, frames))
    for at in data.draw(st.permutations(frames))[:4]:
        child = session.fork(at, put={"mine": [1]}, delete=["log"])
        assert child.head.kind == "edit"
        story.session = child
        with contextlib.suppress(RunError, AssertionError):
            asyncio.run(story.told(most=60))

    assert session.head is head
    assert list(session.line) == frames
    assert list(map(look, frames)) == before


@given(plan=wild_plans, ways=ways, typed=st.booleans(), data=st.data())
def test_resuming_from_any_checkpoint_equals_never_having_stopped(plan, ways, typed, data):
    """Law (C2): in another session, with a graph built anew, in the same world."""
    assume(not plan.forgets)  # a failure is no part of a position (R3)
    whole = Story(plan, ways, typed, stepped=True)
    world, kept = whole.world, []
    whole.after = lambda: kept.append((whole.session.checkpoint(), set(world.seen), whole.decided))
    asyncio.run(whole.told())
    end = whole.session
    for checkpoint, seen, decided in data.draw(st.permutations(kept))[:6]:
        rest = Story(plan, ways, typed, stepped=True)
        rest.world.seen |= seen
        rest.decided = decided
        rest.session = ExecutionSession.restore(checkpoint, rest.graph)
        asyncio.run(rest.told())

        assert rest.session.state == end.state
        assert rest.session.position == end.position
        # siblings of a branch that failed go first, which a restored session does not know
        assert told(rest.session.frame_stack) == told(end.frame_stack)


def told(frames):
    """What frames say, wherever they stand."""
    said = [(f.path, f.visit, f.cursor, f.kind, repr(f.mutations), repr(f.state)) for f in frames]
    return sorted(said)


# -- merging -----------------------------------------------------------------------------------

writes = st.one_of(
    st.builds(Put, st.sampled_from("ab"), st.integers(0, 1)),
    st.builds(Put, st.sampled_from([("tree", "p"), ("tree", "q")]), st.integers(0, 1)),
    st.builds(Delete, st.sampled_from(["a", "b", ("tree", "p")])),
    st.builds(lambda n: Reduce("count", n, Reducer.SUM), st.integers(1, 3)),
    st.builds(lambda n: Reduce("log", [n], Reducer.APPEND), st.integers(1, 3)),
    st.builds(lambda n: Reduce("top", n, Reducer.MAX), st.integers(1, 3)),
    st.builds(
        lambda k, n: Reduce("both", {k: n}, Reducer.MERGE_OBJECT),
        st.sampled_from("pq"),
        st.integers(0, 1),
    ),
)


@given(
    branches=st.lists(st.lists(writes, max_size=3), min_size=2, max_size=4),
    merge=st.sampled_from([None, LastWriteWins, StateMerge]),
    data=st.data(),
)
def test_the_finishing_order_of_branches_never_changes_a_merge(branches, merge, data):
    """Law (P1, P2): neither the state nor the conflict that is named."""
    order = data.draw(st.permutations(range(len(branches))))
    ends = [merged(branches, merge, range(len(branches))), merged(branches, merge, order)]

    assert ends[0] == ends[1]


def merged(branches, merge, order):
    """The state after branches that finish in an order, or the facts of their conflict."""

    def branch(i, mutations):
        async def node(ctx):
            for mutation in mutations:
                ctx.record(mutation)
            await turns[i].wait()
            done.append(i)
            if len(done) < len(order):
                turns[order[len(done)]].set()

        return node

    done, turns = [], [asyncio.Event() for _ in order]
    turns[order[0]].set()
    g = GraphBuilder("g")
    g.parallel("par", {f"b{i}": branch(i, m) for i, m in enumerate(branches)}, merge=merge)
    start = {"tree": {"p": 5, "q": 6}, "a": 9}
    graph = g.start("par").end("par").build()
    try:
        end = graph.run(start).state
    except MergeConflictError as conflict:
        end = (conflict.key, conflict.values, conflict.state == start)
    assert done == list(order)
    return end


# -- retention ---------------------------------------------------------------------------------

policies = st.one_of(
    st.just(RetentionPolicy.keep_all()),
    st.builds(RetentionPolicy.keep_latest, st.integers(0, 4)),
    st.builds(RetentionPolicy.keep_for, st.sampled_from([0.0, 3600.0])),
    st.builds(RetentionPolicy, st.integers(0, 4), st.just(0.0)),
)


@given(plan=wild_plans, ways=ways, policy=policies, trigger=st.sampled_from(TriggerPolicy))
def test_retention_never_drops_what_is_protected(plan, ways, policy, trigger):
    """Law (C4): barriers stay, whatever the policies; and so does what was pinned in time."""
    session = asyncio.run(Story(plan, ways, False, stepped=True).told())
    store, wanted, pinned = InMemoryStore(), [], []
    sink = StoreSink(store, session.graph.canonical_hash, trigger=trigger, retention=policy)
    for frame in session.frame_stack:
        info = FrameInfo(frame.node, frame.cursor, frame.graph_id, frame.path, frame)
        saved = sink.on_checkpoint(frame.state, info)
        if saved and frame.kind in ("waiting", "decision"):
            wanted.append(saved)
        if frame.index % 5 == 4:
            pinned += [one for one in [sink.save_now()] if sink.protect(one)]
    left = store.list(sink.trace_id)

    assert set(wanted) | set(pinned) <= set(left)
    if policy.latest is None and policy.age is None:
        assert trigger is not TriggerPolicy.EVERY_NODE or len(left) == len(
            session.frame_stack
        ) + len(pinned)


# -- commands ----------------------------------------------------------------------------------


class Commands(RuleBasedStateMachine):
    """Any command of a session at any time, on it and on its forks; the world stumbles."""

    @initialize(plan=wild_plans, typed=st.booleans())
    def begin(self, plan, typed):
        story = Story(plan, [0], typed, stepped=True)
        self.sessions = [story.session]
        self.seen = {}

    def do(self, number, work):
        """Do something with one of the sessions; a failure of the graph is no failure."""
        session = self.sessions[number % len(self.sessions)]
        with contextlib.suppress(RunError):
            asyncio.run(work(session))
        return session

    @rule(number=st.integers(0, 4), most=st.integers(1, 6))
    def step(self, number, most):
        async def work(session):
            for _ in range(most):
                await session.step()

        self.do(number, work)

    @rule(number=st.integers(0, 4))
    def run(self, number):
        self.do(number, lambda session: session.run(max_steps=30))

    @rule(number=st.integers(0, 4))
    def run_recorded(self, number):
        self.do(number, lambda session: _replayed(session, max_steps=30))

    @rule(number=st.integers(0, 4), pick=st.integers(0, 99))
    def rewind_to_any_frame_of_any_line(self, number, pick):
        session = self.sessions[number % len(self.sessions)]
        frame = list(self.seen.values())[pick % len(self.seen)][0]
        session.rewind(frame)

        assert session.position is frame.position

    @rule(number=st.integers(0, 4), way=st.integers(0, 9))
    def decide(self, number, way):
        session = self.sessions[number % len(self.sessions)]
        if not session.waiting:
            with pytest.raises(NotWaitingError):
                asyncio.run(session.decide(Approve()))
            return
        story = Story(Plan((Node("task"),)), [way], False, stepped=True)
        story.session = session
        with contextlib.suppress(RunError):
            asyncio.run(story.decide())

    @precondition(lambda self: len(self.sessions) < 4)
    @rule(number=st.integers(0, 4), pick=st.integers(0, 99))
    def fork(self, number, pick):
        session = self.sessions[number % len(self.sessions)]
        frame = list(self.seen.values())[pick % len(self.seen)][0]
        self.sessions.append(session.fork(frame, put={"mine": pick}))

    @invariant()
    def nothing_is_lost(self):
        if not hasattr(self, "sessions"):
            return
        history = self.sessions[0].history
        there = {id(frame) for line in history.lines.values() for frame in line}
        for line in history.lines.values():
            for place, frame in enumerate(line):
                assert frame.index == place
                assert place == 0 or frame.parent is line[place - 1]
                self.seen.setdefault(id(frame), (frame, look(frame)))
        for frame, kept in self.seen.values():
            assert id(frame) in there
            assert kept == look(frame)
        for session in self.sessions:
            assert session.history is history
            assert session.line[session.head.index] is session.head


class TestCommands(Commands.TestCase):
    """The machine, as pytest finds it: no sequence of commands loses a committed frame."""

    settings = settings(stateful_step_count=30, deadline=None)
