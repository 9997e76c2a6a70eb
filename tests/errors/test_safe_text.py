"""A value, a key or an error becomes text whatever it does (SEMANTICS S10)."""

from __future__ import annotations

from collections import Counter, namedtuple
from collections.abc import Mapping

from hypothesis import example, given
from hypothesis import strategies as st

from lellm_nb.errors.safe_text import (
    has_kind,
    safe_length,
    safe_pairs,
    safe_repr,
    safe_str,
)
from lellm_nb.state import freeze
from tests.strategies_hostile import hostile, hostile_values


class Detached:
    """A row whose session is gone."""

    def __repr__(self):
        raise RuntimeError("detached")


class Proxy:
    """What stands for a request, outside of one."""

    __class__ = property(lambda self: 1 / 0)  # type: ignore[assignment]

    def __getattr__(self, name):
        raise RuntimeError("no request")


class Lying(Mapping):
    """A mapping that has neither a length nor keys that it tells."""

    def __getitem__(self, key):
        return 1

    def __iter__(self):
        yield "a"
        raise OSError

    def __len__(self):
        raise OSError


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.integers())
        | st.sets(st.text())
    ),
)


@given(value=plain)
def test_the_text_of_a_quiet_value_is_its_repr(value):
    """Nothing is told otherwise where nothing refuses, with a limit or without."""
    frozen = freeze(value)

    assert safe_repr(value) == repr(value)
    assert safe_repr(value, 100_000) == repr(value)
    assert safe_repr(frozen, 100_000) == repr(frozen)


@given(value=plain, most=st.integers(1, 40))
@example(value=["000'"], most=4)
@example(value=b"0'00\"", most=5)
@example(value={"0'00": '00"'}, most=2)
def test_a_text_with_a_limit_is_the_beginning(value, most):
    """What is too long is cut, says so, and is as long as it may be."""
    whole, text = repr(value), safe_repr(value, most)

    assert len(text) <= most
    assert text == whole or text == f"{whole[: most - 1]}…"


@given(held=hostile_values(hostile(dict), hostile(list), hostile(set)))
def test_every_value_has_a_text_a_length_and_parts(held):
    """Nothing that a class does gets out, but for an interrupt by a person."""
    value = held.value
    texts = [safe_repr(value), safe_repr(value, 50), safe_str(value), safe_str(value, 50)]

    assert all(type(text) is str for text in texts)
    assert all(len(texts[i]) <= 50 for i in (1, 3))
    assert safe_length(value) is None or safe_length(value) >= 0
    assert has_kind(value, object)
    assert len(list(safe_pairs(value))) >= 0


def test_what_has_no_repr_is_told_in_its_place():
    """The items around it are shown as ever, in every container and at any depth."""
    point = namedtuple("point", "x y")
    value = {"a": Detached(), "b": [1, (Detached(),)], "c": point(1, Detached())}

    told = "<Detached: repr raised RuntimeError>"
    assert safe_repr(value) == f"{{'a': {told}, 'b': [1, ({told},)], 'c': point((1, {told}))}}"
    assert safe_repr(Counter({"n": 10**5000})) == "Counter({'n': <int of 5,001 digits>})"
    assert repr(freeze(value)) == safe_repr(value)


def test_an_integer_that_is_too_long_to_write_says_how_long():
    """Python refuses to write it; the text says how many digits it has."""
    assert safe_repr([10**4299, 10**4300]) == f"[1{'0' * 4299}, <int of 4,301 digits>]"
    assert safe_str(-(10**5000)) == "<int of 5,001 digits>"


def test_a_type_is_asked_and_never_the_value():
    """``__class__`` may raise or lie: `isinstance` would believe it."""
    assert not has_kind(Proxy(), (dict, str))
    assert safe_length(Proxy()) is None
    assert safe_length(Lying()) is None
    assert list(safe_pairs(Lying())) == [("a", 1)]


def test_a_value_that_contains_itself_ends():
    """Also where it is spelled item by item, for something in it has no repr."""
    value: list = [Detached()]
    value.append(value)

    assert safe_repr(value) == "[<Detached: repr raised RuntimeError>, [...]]"
