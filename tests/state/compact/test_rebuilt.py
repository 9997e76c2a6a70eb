"""C14: a list or mapping that a node rebuilt around unchanged items costs what changed."""

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb.state.compact import EditedDict, EditedList, Tail, kept_inside, rebuilt, whole
from lellm_nb.state.frozen import FrozenDict, FrozenList, freeze, thaw
from lellm_nb.state.sameness import same


def messages(count: int, first: int = 0) -> list[Any]:
    return [{"role": "user", "n": n} for n in range(first, first + count)]


def kept_items(kept: Any) -> list[Any]:
    return [*whole(kept).values()] if isinstance(whole(kept), dict) else [*whole(kept)]


LISTS = {
    "added": lambda m: [*m, {"new": 1}],
    "before": lambda m: [{"new": 1}, *m],
    "window": lambda m: [*m[1:], {"new": 1}],
    "in the middle": lambda m: [*m[:9], {"new": 1}, *m[9:]],
    "exchanged": lambda m: [*m[:9], {"new": 1}, *m[10:]],
    "taken out": lambda m: [*m[:9], *m[10:]],
    "three places": lambda m: [{"new": 1}, *m[1:5], *m[6:15], {"new": 2}, *m[15:]],
}


@pytest.mark.parametrize("change", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("again", [list, copy.deepcopy], ids=["the same items", "copies of them"])
def test_items_that_stay_are_shared_and_not_pointed_to(change: Any, again: Any) -> None:
    """C14: of the new list only what is new is kept, in its place."""
    old = freeze(messages(20))
    plain = change(again(thaw(old)) if again is copy.deepcopy else list(old))

    kept = rebuilt(old, freeze(plain))

    assert type(kept) in (Tail, EditedList)
    assert whole(kept) == plain
    if again is list:
        held = {id(item) for item in old}
        assert sum(id(item) not in held for item in kept_items(kept)) <= 2


DICTS = {
    "added": lambda d: {**d, "new": 1},
    "changed": lambda d: {**d, "k3": 1},
    "taken out": lambda d: {k: v for k, v in d.items() if k != "k3"},
    "all three": lambda d: {**{k: v for k, v in d.items() if k != "k3"}, "k4": 0, "new": 1},
}


@pytest.mark.parametrize("change", DICTS.values(), ids=DICTS)
def test_values_that_stay_are_shared(change: Any) -> None:
    """C14: of a dict as well."""
    old = freeze({f"k{n}": {"n": n} for n in range(20)})
    plain = change(dict(old))

    kept = rebuilt(old, freeze(plain))

    assert type(kept) is EditedDict
    assert list(whole(kept).items()) == list(plain.items())


def test_the_order_of_keys_is_that_of_the_new_dict() -> None:
    """C14: what cannot be told by edits is kept whole."""
    old = freeze({f"k{n}": n for n in range(20)})

    kept = rebuilt(old, freeze({"new": 1, **old}))

    assert type(kept) is FrozenDict
    assert next(iter(kept)) == "new"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ({"a": 1}, {"a": True}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
    ids=["a bool", "a float", "minus zero", "inside", "another order"],
)
def test_what_is_only_equal_is_not_the_same(before: Any, after: Any) -> None:
    """C14, S10: a value takes no other's place because the two are equal."""
    old = freeze([before] * 20)
    plain = [after, *[before] * 20]

    kept = whole(rebuilt(old, freeze(plain)))

    assert repr(list(kept)) == repr(plain)


def test_a_nested_container_shares_as_well() -> None:
    """C14: a list inside of a dict that was made again costs what is new in it."""
    old = freeze({"m": messages(20), "n": 0})

    one = rebuilt(old, freeze({**old, "m": [*old["m"], {"new": 1}], "n": 1}))
    two = rebuilt(one, freeze({**whole(one), "m": [*whole(one)["m"], {"new": 2}]}))

    assert type(two) is EditedDict
    assert kept_inside(two, ("m",)).grew_from(kept_inside(one, ("m",)))
    assert whole(two)["m"][-2:] == [{"new": 1}, {"new": 2}]
    assert whole(one)["m"][-1] == {"new": 1}


@pytest.mark.parametrize(("levels", "shares"), [(20, True), (200, False)])
def test_what_is_nested_deeply_can_be_made_whole(levels: int, shares: bool) -> None:
    """C14: containers share to a depth at which they are still read without a deep stack."""

    def nested(leaf: int) -> Any:
        value: Any = {"leaf": leaf, **{f"k{n}": n for n in range(10)}}
        for _ in range(levels):
            value = {"in": value}
        return freeze(value)

    kept = nested(0)
    for leaf in range(1, 5):
        kept = rebuilt(kept, nested(leaf))

    assert isinstance(kept, EditedDict) is shares
    assert whole(kept) == nested(4)


def test_the_newest_alone_is_held_in_one_piece() -> None:
    """C14: a history of versions does not hold all their items."""
    kept = [freeze(messages(50))]
    for n in range(30):
        kept.append(rebuilt(kept[-1], freeze([{"new": n}, *whole(kept[-1])])))

    assert whole(kept[-1]) is whole(kept[-1])
    assert whole(kept[10]) is not whole(kept[10])
    assert [len(whole(one)) for one in kept] == list(range(50, 81))


def test_a_version_that_was_made_of_an_older_one_leaves_the_others_as_they_are() -> None:
    """C14: forks share, and none writes into another's log."""
    old = rebuilt(freeze(messages(20)), freeze([{"n": -1}, *messages(20)]))
    one = rebuilt(old, freeze([{"one": 1}, *whole(old)]))
    two = rebuilt(old, freeze([{"two": 2}, *whole(old)]))

    assert whole(one)[0] == {"one": 1}
    assert whole(two)[0] == {"two": 2}
    assert whole(old)[0] == {"n": -1}


@pytest.mark.parametrize("kind", [Tail, EditedList, EditedDict])
def test_a_compact_value_is_what_it_stands_for(kind: type) -> None:
    """S2: equal, pickled, copied and frozen again it is the plain thing."""
    old: Any = freeze(messages(20))
    new: Any = [*old, 1] if kind is Tail else [1, *old]
    if kind is EditedDict:
        old, new = freeze(dict.fromkeys("abcdefghij", 1)), dict.fromkeys("abcdefghij", 1) | {"a": 2}
    kept = rebuilt(old, freeze(new))

    assert type(kept) is kind
    assert kept == new
    assert same(kept, freeze(new))
    assert whole(pickle.loads(pickle.dumps(kept))) == new
    assert freeze(kept) == new
    assert type(freeze(kept)) in (FrozenList, FrozenDict)
    assert thaw(kept) == new
    assert type(thaw(kept)) in (list, dict)
    assert len(kept) == len(new)


SMALL = st.integers(0, 9).map(lambda n: {"n": n}) | st.integers(0, 3) | st.sampled_from("ab")


@st.composite
def edits_of_lists(draw: st.DrawFn) -> list[Any]:
    """Draw what becomes of a list, step by step: slices, items of before, new ones."""
    return draw(
        st.lists(
            st.tuples(st.integers(0, 30), st.integers(0, 30), st.lists(SMALL, max_size=4)),
            max_size=40,
        )
    )


@given(start=st.lists(SMALL, max_size=30), edits=edits_of_lists(), shuffle=st.randoms())
def test_any_list_made_again_is_the_list_that_was_written(
    start: list[Any], edits: list[Any], shuffle: Any
) -> None:
    """C14: whatever was shared, every version is what the node wrote."""
    versions, kept = [start], [freeze(start)]
    for at, length, items in edits:
        plain = list(whole(kept[-1]))
        plain[at : at + length] = items
        if at == 7:
            shuffle.shuffle(plain)
        versions.append(thaw(freeze(plain)))
        kept.append(rebuilt(kept[-1], freeze(plain)))

    assert [thaw(one) for one in kept] == versions


@given(
    start=st.dictionaries(st.integers(0, 30), SMALL, max_size=30),
    edits=st.lists(st.dictionaries(st.integers(0, 30), SMALL | st.none(), max_size=4), max_size=40),
)
def test_any_dict_made_again_is_the_dict_that_was_written(start: Any, edits: Any) -> None:
    """C14: and its keys stand in the order in which it was written."""
    versions, kept = [list(start.items())], [freeze(start)]
    for edit in edits:
        plain = {**whole(kept[-1]), **edit}
        plain = {k: v for k, v in plain.items() if v is not None}
        versions.append(list(thaw(freeze(plain)).items()))
        kept.append(rebuilt(kept[-1], freeze(plain)))

    assert [list(thaw(one).items()) for one in kept] == versions
