"""What is refused at the door, and what is taken for what it means."""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import arguments
from lellm_nb.errors import DebuggerError, GraphError, StateError
from lellm_nb.graph.decision import DefaultAction


class Hostile:
    """Raises whatever it is asked; by a name that a test's id can have."""

    __name__ = "Hostile"

    def __getattr__(self, name):
        raise OSError(name)

    def __repr__(self):
        raise OSError("repr")

    __index__ = __float__ = __str__ = __call__ = __fspath__ = __repr__


@given(number=st.integers(0, 1 << 60))
def test_whole_numbers_of_every_library_are_whole_numbers(number):
    """What stands for a whole number becomes an `int`, equal to it."""
    for kind in (int, numpy.int64, numpy.uint64):
        found = arguments.whole(kind(number), "n", DebuggerError)
        assert (type(found), found) == (int, number)


@pytest.mark.parametrize("wrong", [True, numpy.True_, 1.0, "1", None, -1, math.nan, [1], Hostile()])
def test_what_is_no_whole_number(wrong):
    """A bool is none, and neither is what only looks like one."""
    with pytest.raises(DebuggerError, match=r"^n is a whole number from 0, not ") as refused:
        arguments.whole(wrong, "n", DebuggerError)

    assert refused.value.argument == "n"


@pytest.mark.parametrize("right", [1, 0.5, numpy.float32(0.5), numpy.int8(1), Fraction(1, 2)])
def test_seconds_are_any_finite_number(right):
    """Of any library; what is not Python's own becomes a float."""
    found = arguments.seconds(right, "timeout", StateError)

    assert found == float(right)
    assert type(found) in (int, float)


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, "1", b"1", True, None, 1j, Hostile()])
def test_what_is_no_number_of_seconds(wrong):
    """Neither NaN nor infinity, which no wait ends after."""
    with pytest.raises(StateError, match="timeout is a number of seconds above 0"):
        arguments.seconds(wrong, "timeout", StateError)
    assert arguments.seconds(0, "backoff", StateError, zero=True) == 0


@pytest.mark.parametrize("right", [True, False, 0, 1, numpy.True_, numpy.False_])
def test_yes_and_no(right):
    """Whatever library they are of."""
    assert arguments.flag(right, "after", DebuggerError) is bool(right)


@pytest.mark.parametrize("wrong", ["no", "", None, 2, [], Hostile()])
def test_a_text_is_neither_yes_nor_no(wrong):
    """``"no"`` would be true."""
    with pytest.raises(DebuggerError, match="after is True or False"):
        arguments.flag(wrong, "after", DebuggerError)


def test_a_word_that_is_nearly_right_is_told():
    """Bad input: the choices, and the nearest of them."""
    with pytest.raises(DebuggerError, match=r"not 'kep'\. Did you mean 'keep'\?"):
        arguments.chosen("kep", "how", DebuggerError, ("keep", "drop"))
    assert arguments.chosen("keep", "how", DebuggerError, ("keep", "drop")) == "keep"


def test_a_member_is_given_itself_or_by_its_value():
    """Both mean the same."""
    for given_as in (DefaultAction.SKIP, "skip"):
        assert arguments.member(given_as, "a", GraphError, DefaultAction) is DefaultAction.SKIP
    with pytest.raises(GraphError, match=r"a is DefaultAction\.REJECT, .* not \(?'often'"):
        arguments.member("often", "a", GraphError, DefaultAction)


async def later(state):
    """An async function."""
    return state


async def each(state):
    """An async generator."""
    yield state


class Called:
    """An object whose call is async."""

    async def __call__(self, state):
        return state


@pytest.mark.parametrize(
    "wrong",
    [later, each, Called(), Called().__call__, functools.partial(later), functools.partial(each)],
    ids=["function", "generator", "object", "method", "partial", "partial generator"],
)
def test_an_async_function_gives_no_answer(wrong):
    """R1: its coroutine is always true, in whatever it is wrapped."""
    with pytest.raises(StateError, match=r"when is a plain function of \(state\)"):
        arguments.plain_function(wrong, "when", StateError, "state")


def two(a, b, *, c=1):
    return a, b, c


def needs(state, *, more):
    return state, more


@pytest.mark.parametrize("wrong", [two, needs, lambda: 1, dict.get, functools.partial(two, 1, 2)])
def test_a_function_of_other_arguments_is_told_with_its_own(wrong):
    """Bad input: what it is called with, and what it takes, as far as its signature tells."""
    with pytest.raises(StateError, match=r"^when is called with \(state\), and .*\) can't be\.$"):
        arguments.taking(wrong, "when", StateError, "state")


@pytest.mark.parametrize("right", [len, bool, "x".__eq__, functools.partial(two, 1), lambda *a: a])
def test_what_can_be_called_is_taken(right):
    """Also where there is no signature to look at."""
    assert arguments.plain_function(right, "when", StateError, "state") is right


def test_a_coroutine_is_no_answer():
    """A plain function may call an async one: what it gives back is refused, and closed."""
    with pytest.raises(TypeError, match="coroutine in place of an answer"):
        arguments.answered(later(1))
    assert arguments.answered([]) == []


def test_what_is_shown_of_what_was_given_asks_it_nothing():
    """A `repr` may raise, take long, or hold a secret."""
    assert arguments.shown(Hostile()) == "a Hostile"
    assert arguments.shown(10**5000) == "a huge number"
    assert arguments.shown("x" * 100) == f"'{'x' * 39}…"
    assert arguments.shown(later) == "an async function"
    assert arguments.shown(Path) == "the class Path"


def test_a_path_is_text_or_like_one():
    """Not a number, which would be an open file."""
    assert arguments.path_of("a", "path", StateError) == Path("a")
    assert arguments.path_of(Path("a"), "path", StateError) == Path("a")
    for wrong in (3, "", None, b"a", "a\0b", Hostile()):
        with pytest.raises(StateError, match="path is a path, not"):
            arguments.path_of(wrong, "path", StateError)


def test_an_object_has_the_methods_that_it_is_called_by():
    """And is no class of such objects."""
    for wrong in (3, object(), list, Hostile()):
        with pytest.raises(StateError, match=r"stack is a stack, an object with append\(\), pop"):
            arguments.speaking(wrong, "stack", StateError, "append pop", "a stack")
    assert arguments.speaking([], "stack", StateError, "append pop", "a stack") == []
