"""Laws of the questions: what they say agrees with the frames, on random nested graphs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lellm_nb import Debugger
from lellm_nb.debug.diff.diff import diff_states
from lellm_nb.debug.diff.sequence_diff import aligned
from lellm_nb.debug.diff.text_diff import TextDiff
from lellm_nb.debug.names.address import levels_of
from tests.strategies import states, values
from tests.strategies_graphs import nested_plans


def finished(plan):
    """A debugger on a random graph, run to its end or to a failure."""
    dbg = Debugger(plan.build(), {})
    for _ in range(60):
        stop = dbg.run()
        if not stop.pending:
            break
        dbg.approve(stop.pending[0].id)
    return dbg


@given(nested_plans)
@settings(max_examples=60, deadline=None)
def test_every_change_has_a_writer_and_every_row_is_a_change(plan):
    """`history` is what the frames show, and `who` names whoever made each change."""
    dbg = finished(plan)
    for key in dbg.state:
        table = dbg.history(key)
        shown = [frame.root_state.get(key) for frame in dbg.frames]
        changed = [i for i in range(1, len(shown)) if shown[i] != shown[i - 1]]
        writers = {w.frame.index for w in dbg.who(key) if not w.through}

        assert list(table["frame"]) == changed
        assert set(changed) <= writers
        assert [shown[i] for i in changed] == list(table["new"])


@given(nested_plans)
@settings(max_examples=60, deadline=None)
def test_who_never_loses_the_inner_writer(plan):
    """What an exit or a join brought out leads on to a step inside, down to a leaf."""
    dbg = finished(plan)
    for key in dbg.state:
        found = dbg.who(key)
        indexes = [w.frame.index for w in found]
        leaves = [w for w in found if w.frame.kind not in ("exit", "join")]
        followed = {frame.index for w in leaves for frame in w.through}

        assert indexes == sorted(indexes, reverse=True)
        assert all(
            w.frame.index in followed
            for w in found
            # what a map of no items collects has no writer but the join itself
            if w.frame.kind in ("exit", "join") and getattr(w.mutation, "value", None) != []
        )


@given(nested_plans, st.data())
@settings(max_examples=60, deadline=None)
def test_bisect_finds_the_first_frame_of_every_level(plan, data):
    """What holds from some frame on is found, over all frames and over those of a level."""
    dbg = finished(plan)
    since = data.draw(st.integers(0, dbg.head))
    for level in (None, *levels_of(dbg.graph)):
        asked = dbg.evaluate("frame.index", level=level)["value"].tolist()
        asked = [i for i in asked if dbg.frames[i].kind != "error" or dbg.frames[i].route]
        if not asked or asked[-1] < since:
            continue
        found = dbg.bisect(lambda frame: frame.index >= since, level=level)

        assert found.index == next(i for i in asked if i >= since)


@given(nested_plans)
@settings(max_examples=60, deadline=None)
def test_every_question_has_an_answer_at_every_frame(plan):
    """Looking never fails, and what was taken is what wins."""
    dbg = finished(plan)
    for frame in dbg.frames:
        why = dbg.why(frame)
        won = why.winner
        if frame.route is not None and frame.route.edge is not None and frame.kind != "edit":
            assert won is None or won.target == frame.next_node
        table = frame.to_pandas()
        assert list(table["key"]) == list(frame.state)
        written = table["at"].dropna()
        assert all(at <= frame.index for at in written)
    assert len(dbg.frames.to_pandas(keys=True)) == len(dbg.frames)
    assert dbg.timing()["visits"].sum() <= len(dbg.frames)
    assert len(dbg.loops()) >= 0
    assert dbg.compare(dbg).first_difference is None


@given(nested_plans)
@settings(max_examples=30, deadline=None)
def test_a_run_compared_with_its_repetition_is_equal(plan):
    """Nothing in a comparison depends on which run came first."""
    one, two = finished(plan), finished(plan)

    assert not one.compare(two).diff
    assert [str(p.keys) for p in one.compare(two).pairs] == [
        str(p.keys) for p in two.compare(one).pairs
    ]


@given(nested_plans, st.data())
@settings(max_examples=60, deadline=None)
def test_the_keys_of_a_pair_are_those_that_differ(plan, data):
    """What is kept up as both sides go on is what a comparison from nothing says."""
    dbg = finished(plan)
    at = data.draw(st.integers(0, len(dbg.frames) - 1))
    fork = dbg.fork(at, put={"extra": data.draw(values), "log": []})
    for _ in range(60):
        stop = fork.run()
        if not stop.pending:
            break
        fork.approve(stop.pending[0].id)

    for pair in dbg.compare(fork).pairs:
        if pair.left is not None and pair.right is not None:
            assert set(pair.keys) == set(pair.diff.keys)


@given(states, states)
def test_a_diff_is_empty_exactly_for_equal_states(old, new):
    """And it names only keys that differ."""
    diff = diff_states(old, new)

    assert bool(diff) == (repr(_sorted(old)) != repr(_sorted(new)))
    assert set(diff.keys) <= {k for k in {**old, **new} if repr(old.get(k)) != repr(new.get(k))} | {
        k for k in {**old, **new} if (k in old) != (k in new)
    }


def _sorted(value):
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@given(st.lists(values, max_size=12), st.lists(values, max_size=12))
def test_blocks_make_the_new_list_of_the_old_one(old, new):
    """The blocks cover both lists, in order, and what is equal is equal."""
    blocks = aligned(old, new)

    assert [x for _, i, j, _, _ in blocks for x in old[i:j]] == old
    assert [x for _, _, _, i, j in blocks for x in new[i:j]] == new
    assert all(old[a:b] == new[c:d] for tag, a, b, c, d in blocks if tag == "equal")


@given(st.text("ab \n.<", max_size=40), st.text("ab \n.<", max_size=40))
def test_pieces_make_both_texts(old, new):
    """Each side of a text diff gives its text again."""
    pieces = TextDiff(old, new).pieces

    assert "".join(p.old for p in pieces) == old
    assert "".join(p.new for p in pieces) == new
    assert all(p.stayed == (p.old == p.new) for p in pieces)
