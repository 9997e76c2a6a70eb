"""P2, P8: what branches claim, where they disagree, and one side of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import MergeMutations, Put, Reduce, Reducer
from lellm_nb.state.claims import (
    BranchResult,
    claims_of,
    conflicts_of,
    decisions_in,
    one_decision,
    one_side,
    without_decisions,
)
from lellm_nb.state.mutation import Delete, apply

keys = st.sampled_from(["a", "b", ("a", "x"), ("a", "y"), ("a", "x", "z"), "ok.approved"])
values = st.integers(0, 1) | st.just(float("nan")) | st.dictionaries(st.just("x"), st.just(1))
writes = st.one_of(
    st.builds(Put, keys, values),
    st.builds(Delete, keys),
    st.builds(Reduce, keys, st.integers(0, 1), st.sampled_from([Reducer.SUM, Reducer.REPLACE])),
    st.builds(
        Reduce,
        st.just("a"),
        st.dictionaries(st.sampled_from("xy"), st.integers(0, 1), min_size=1),
        st.just(Reducer.MERGE_OBJECT),
    ),
)
branches = st.lists(st.lists(writes, max_size=4), min_size=2, max_size=4)


def results_of(lists):
    """Branch results named b0, b1, …"""
    return [BranchResult(f"b{i}", mutations, {}) for i, mutations in enumerate(lists)]


@given(lists=branches)
def test_a_key_is_in_conflict_whoever_comes_first(lists):
    """P2: whether branches disagree does not depend on their order."""
    found = conflicts_of(results_of(lists))
    turned = conflicts_of(results_of(lists)[::-1])

    assert set(found) == set(turned)
    assert all(len(sides) > 1 for sides in found.values())


@given(lists=branches, chosen=st.integers(0, 3))
def test_the_side_that_is_chosen_keeps_all_it_wrote_and_disagrees_with_nobody(lists, chosen):
    """P8: what is left out of the others is only what disagrees with it."""
    results = results_of(lists)
    winner = results[chosen % len(results)]
    kept = one_side(results, {None: winner.name}, {})

    assert kept[chosen % len(results)] is winner
    assert not any(winner.name in sides for sides in conflicts_of(kept).values())
    for before, after in zip(results, kept, strict=True):
        lost = claims_of(before.mutations).keys() - claims_of(after.mutations).keys()
        assert bool(lost) is bool(before is not winner and conflicts_of([winner, before]))


def test_a_key_without_anything_of_another_branch():
    """P8: where a reducer refuses, the others leave nothing there, equal or not."""
    both = [[Reduce("k", n, Reducer.MAX)] for n in (1, 2)]
    results = results_of([[*both[0], Put("x", 1)], both[1]])

    assert [r.mutations for r in one_side(results, {None: "b1"}, {"k": "b1"})] == [
        [Put("x", 1)],
        both[1],
    ]


YES = [Put("ok.approved", True), Delete("ok.reject_reason")]
NO = [Put("ok.reject_reason", "no"), Delete("ok.approved")]


def test_a_decision_is_known_by_the_pair_that_it_writes():
    """N4: and by nothing less; the last one counts."""
    assert decisions_in([*YES, Put("n", 1), *NO]) == {"ok": "no"}
    assert not decisions_in([YES[0], Put("n", 1), YES[1]])
    assert not decisions_in([Put("a.approved", True), Delete("b.reject_reason")])
    lifted = [Put(("k", NO[0].key), "no"), Delete(("k", NO[1].key))]
    assert decisions_in(lifted) == {("k", "ok"): "no"}


def test_one_rejection_stands_for_all_decisions_of_a_name():
    """N4: the first one; where all agree, nothing is left out."""
    results = results_of([YES, [*NO, Put("n", 1)], [*YES, Put("m", 1)]])
    merged = apply({"ok.approved": True}, MergeMutations().merge({}, results))

    assert merged == {"ok.reject_reason": "no", "n": 1, "m": 1}
    alike = results_of([YES, YES])
    assert one_decision(alike) is alike


def test_decisions_of_some_names_are_left_out():
    """N4: of others they stay."""
    assert without_decisions([*YES, Put("n", 1)], {"ok"}) == [Put("n", 1)]
    assert without_decisions([*YES, Put("n", 1)], {"other"}) == [*YES, Put("n", 1)]
